"""A follow-up question -> a question that stands on its own. No model needed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.lexical import terms
from advisor.text import fold
from advisor.types import Language

# A question that opens so, or leans on a pronoun, continues the one before.
_OPENING = re.compile(
    r"^(?:et|mais|alors|donc|ok|oui|non|sinon|pourquoi pas|and|but|so|then|yes|no|okay|what about|how about|why not)\b"
)
_PRONOUN = re.compile(
    r"\b(?:cela|ca|ceci|celui-ci|celle-ci|ceux-ci|il|elle|ils|elles|lui|eux|le faire|en (?:est|sont|a|ont)|y (?:a-t-il|sont)"
    r"|it|its|they|them|their|this|that|these|those|he|she)\b"
)
_FEW_TERMS = 2
_MANY_TERMS = 6
_ABOUT: dict[Language, str] = {"fr": "à propos de", "en": "about"}


def is_follow_up(question: str, language: Language) -> bool:
    """Whether a question needs the one before it to be understood."""
    folded = fold(question)
    count = len(set(terms(question, language)))
    if count >= _MANY_TERMS:
        return False
    return count <= _FEW_TERMS - 1 or bool(_OPENING.search(folded)) or bool(_PRONOUN.search(folded))


def standalone_question(question: str, history: Sequence[str], language: Language) -> str:
    """The question with its subject.

    :param history: the standalone questions asked before, oldest first.
    """
    if not history or not is_follow_up(question, language):
        return question
    subject = history[-1]
    marker = f" ({_ABOUT[language]} : " if language == "fr" else f" ({_ABOUT[language]}: "
    return f"{question}{marker}{_innermost(subject)})"


def _innermost(subject: str) -> str:
    """The first question of a chain: a follow-up to a follow-up is about what the chain began with."""
    found = re.search(r"\((?:à propos de :|about:) (.*)\)$", subject)
    return found.group(1) if found else subject
