"""Sentences that claim nothing of the subject: they announce what follows, or say what the sources lack.

The words that tell are data: the table `verification` of `advisor/text/language/*.toml`.
"""

from __future__ import annotations

import re
from functools import cache

from advisor.text.figures import figures
from advisor.text.language import language_rules
from advisor.text.names import quotations
from advisor.text.phrases import phrase_pattern
from advisor.text.plain import fold
from advisor.text.terms import term_set
from advisor.types import Language

_OPENING = 5  # words within which a sentence about a gap names the sources, and as many to its verb
_ELISION = re.compile(r"\b([a-z]{1,2})'(?=\w)")
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_SECOND_CLAUSE = re.compile(r"[;:—–]\s|,\s(?=(?:but|yet|so|however|and|mais|donc|et|or|cependant)\b)")


@cache
def _announcing(language: Language) -> frozenset[str]:
    return term_set(" ".join(language_rules(language).verification.announcing), language)


def is_announcement(text: str, language: Language) -> bool:
    """Whether a sentence only announces what follows: "Voici les points à retenir :"."""
    own = term_set(text, language)
    return bool(own) and own <= _announcing(language) and not figures(text) and text.rstrip().endswith((":", "…", "."))


def gap_in(text: str, language: Language) -> str:
    """What a sentence says that the sources lack: "The passages do not say when"; "" for any other sentence.

    Only its first clause counts: what stands behind "but" or a colon is a claim like another. It must begin with the
    sources, all of them or none, and deny its verb.
    """
    words = language_rules(language).verification
    clause = _SECOND_CLAUSE.split(text, maxsplit=1)[0].strip()
    tokens = _TOKEN.findall(_ELISION.sub(r"\1 ", fold(clause)))
    at = next((n for n, token in enumerate(tokens[:_OPENING]) if token in words.sources), None)
    if at is None or _measures(clause) or quotations(clause):
        return ""
    verb = next((n for n in range(at + 1, min(at + _OPENING, len(tokens))) if tokens[n] in words.saying), None)
    if verb is None:
        return ""
    # "do not say", "ne disent pas", "say nothing", "none of the passages says"; and not "warn not to name"
    denied = phrase_pattern(words.negations)
    near = [*tokens[:at], tokens[verb - 1], *tokens[verb + 1 : verb + 2]]
    is_one = tokens[at] == tokens[at].removesuffix("s")
    if not any(map(denied.fullmatch, tokens[:at] if is_one else near)):
        return ""
    return clause if clause.endswith((".", "!", "…")) else f"{clause.rstrip(' ,')}."


def _measures(text: str) -> bool:
    """Whether a text states a figure that counts or measures something."""
    return any(each.unit for each in figures(text))
