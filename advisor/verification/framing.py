"""Sentences that claim nothing of the subject: they announce what follows, or say what the sources lack.

The words that tell are data: the table `verification` of `advisor/text/language/*.toml`.
"""

from __future__ import annotations

from collections.abc import Set
from functools import cache

from advisor.text.figures import figures
from advisor.text.language import language_rules
from advisor.text.names import names, quotations
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


def introduces(text: str, known: Set[str]) -> bool:
    """Whether a sentence leads to a list, and says nothing that would need a source: "Check three things before you sign:".

    :param known: names that need none, as `names` gives them.
    """
    return text.rstrip().endswith(":") and set(names(text)) <= known and not any(each.unit for each in figures(text))


def says_what_is_missing(text: str, language: Language) -> bool:
    """Whether a sentence only says that the sources lack something: "The passages do not say when"."""
    words = language_rules(language).verification
    opening, folded = fold(" ".join(text.split()[:_OPENING])), fold(text)
    if not all(phrase_pattern(part).search(opening) for part in (words.sources, words.saying)):
        return False
    lacks = phrase_pattern(words.negations).search(opening) or phrase_pattern(words.otherwise).search(folded)
    return bool(lacks) and not any(each.unit for each in figures(text)) and not quotations(text)
