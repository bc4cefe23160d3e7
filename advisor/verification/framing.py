"""Sentences that claim nothing of the subject: they announce what follows, or say what the sources lack.

The words that tell are data: the table `verification` of `advisor/text/language/*.toml`.
"""

from __future__ import annotations

from functools import cache

from advisor.text.figures import figures
from advisor.text.language import language_rules
from advisor.text.names import quotations
from advisor.text.phrases import phrase_pattern
from advisor.text.plain import fold
from advisor.text.terms import term_set
from advisor.types import Language

_OPENING = 10  # words within which a sentence about a gap names the sources, denies, and has its verb


@cache
def _announcing(language: Language) -> frozenset[str]:
    return term_set(" ".join(language_rules(language).verification.announcing), language)


def is_announcement(text: str, language: Language) -> bool:
    """Whether a sentence only announces what follows: "Voici les points à retenir :"."""
    return (
        term_set(text, language) <= _announcing(language) and not figures(text) and text.rstrip().endswith((":", "…", "."))
    )


def says_what_is_missing(text: str, language: Language) -> bool:
    """Whether a sentence only says that the sources lack something: "The passages do not say when"."""
    words = language_rules(language).verification
    opening = fold(" ".join(text.split()[:_OPENING]))
    parts = (phrase_pattern(part) for part in (words.sources, words.negations, words.saying))
    return all(part.search(opening) for part in parts) and not figures(text) and not quotations(text)
