"""Why a sentence that nobody copied may not be shown, given the source sentences it rests on: the first reason found.

What is checked, in this order: figures, names, quoted phrases, and the sense of what is said in nearly the same words. None
of it needs a model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from advisor.text.figures import Figure, figures
from advisor.text.names import names, quotations, words_of
from advisor.text.plain import fold
from advisor.types import Language
from advisor.verification.contradiction import contradiction
from advisor.verification.groundedness import SourceSentence
from advisor.verification.rejection import Rejected
from advisor.verification.support_features import held_share

_SAME_WORDS = 0.75  # share of its words in one source sentence: from there on, a word turned round is a changed sense
_WORD = re.compile(r"[^\W\d_]+")
_LIST_ENDS = re.compile(r"[,;]\s*(?:and|or|et|ou)?\s+|\s(?:and|or|et|ou)\s")


def check_facts(
    text: str, language: Language, resting: Sequence[SourceSentence], passages: Sequence[SourceSentence], asked: str
) -> Rejected | None:
    """Why a sentence may not be shown, whatever it means as a whole, or None.

    :param resting: the source sentences that it rests on.
    :param passages: every sentence of the cited passages.
    :param asked: the question, whose own figures and names are the asker's.
    """
    wrong_figure = _unstated_figure(text, language, resting, asked)
    if wrong_figure:
        return Rejected(text, "figure", wrong_figure)
    headings = {line for sentence in resting for line in sentence.heading}
    held = frozenset[str]().union(*map(words_of, [*(sentence.text for sentence in resting), *headings, asked]))
    common = frozenset[str]().union(*(_written_small(sentence.text) for sentence in passages))
    for name, written in names(text).items():
        if not _is_held(name, held) and written.lower() not in common:
            return Rejected(text, "name", written)
    whole = " ".join(fold(sentence.text) for sentence in passages)
    for phrase in quotations(text):
        if fold(phrase).strip(" .,;:!?") not in whole:
            return Rejected(text, "quotation", phrase)
    own = [sentence.text for sentence in resting if sentence.language == language]
    is_near = any(held_share(text, language, [each]) >= _SAME_WORDS for each in own)
    return contradiction(text, language, own) if is_near else None


def _unstated_figure(text: str, language: Language, resting: Sequence[SourceSentence], asked: str) -> str:
    """The first figure that neither the sources nor the asker state; "" where there is none."""
    folded = fold(text)
    there = {key for sentence in resting for figure in figures(sentence.text) for key in figure.stated}
    there |= {key for figure in figures(asked) for key in figure.stated}
    for figure in figures(text):
        none_at_all = not figure.value and not figure.unit  # "zero risk"
        if figure.key not in there and not none_at_all and not _counts_a_list(figure, folded):
            return folded[figure.start : figure.end]
    return ""


def _counts_a_list(figure: Figure, folded: str) -> bool:
    """Whether a number tells how many things the sentence itself lists behind it: "three risks: cost, delay and debt"."""
    head, colon, listed = folded[figure.end :].partition(":")
    if figure.unit or not colon or figures(head):
        return False
    return len(_LIST_ENDS.split(listed.strip(" .;"))) == figure.value


@lru_cache(maxsize=4_000)
def _written_small(text: str) -> frozenset[str]:
    """The words of a text that are written without a capital: a capital elsewhere makes no name of them."""
    return frozenset(word for word in _WORD.findall(text) if word.islower())


def _is_held(name: str, held: frozenset[str]) -> bool:
    """A compound is held whole or in all of its parts."""
    parts = words_of(name) - {name}
    return name in held or (bool(parts) and parts <= held)
