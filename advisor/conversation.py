"""A follow-up question -> a question that stands on its own. No model needed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.lexical import terms
from advisor.text import fold
from advisor.types import Language

# A question that opens so continues the one before, whatever follows.
_OPENING = re.compile(
    r"^(?:et|mais|alors|donc|ok|oui|non|sinon|pourquoi pas|and|but|so|then|yes|no|okay|what about|how about|why not)\b"
)
# So opens a condition put on what was said before, when little else follows.
_CONDITION = re.compile(r"^(?:meme|pour|avec|sans|chez|dans|seulement|for|even|with|without|in|only|just|at)\b")
# These stand for something said before; "il" and "elle" also close a French question that names its subject.
_PRONOUN = re.compile(
    r"\b(?:cela|ca|ceci|celui-ci|celle-ci|ceux-ci|lui|eux|le faire|it|its|they|them|their|this|that|these|those|he|she)\b"
)
_INVERTED = re.compile(r"\b(?:il|elle|ils|elles)\b")
_BARE = re.compile(
    r"^(?:combien(?: de temps)?|pourquoi|comment|quand|ou|qui|how (?:long|much|many|so)|how|why|when|who|where)\W*$"
)
_FEW_TERMS = 2
_MANY_TERMS = 4
_ABOUT: dict[Language, str] = {"fr": "à propos de", "en": "about"}


def is_follow_up(question: str, language: Language) -> bool:
    """Whether a question needs the one before it to be understood."""
    folded = fold(re.sub(r"\bIT\b", "", question))  # information technology is no pronoun
    count = len(set(terms(question, language)))
    if not count or _OPENING.search(folded) or _BARE.search(folded):
        return True
    if count <= _FEW_TERMS and _CONDITION.search(folded):
        return True
    return bool(count <= _MANY_TERMS and _PRONOUN.search(folded)) or bool(count <= _FEW_TERMS and _INVERTED.search(folded))


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
