"""Why a sentence that nobody copied may not be shown, given the source sentences it rests on: the first reason found.

What is checked, in this order: figures, names, quoted phrases, and the way it points. None of it needs a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set

from advisor.text.figures import Figure, figures
from advisor.text.names import names, quotations, words_of
from advisor.text.plain import fold
from advisor.types import Language
from advisor.verification.contradiction import around, contradiction
from advisor.verification.groundedness import SourceSentence
from advisor.verification.rejection import Rejected

_CLEARLY = 2  # how many more of the words about a figure another figure of the source must share

_CLEARLY = 2  # how many more of the words about a figure another figure of the source must share


def check_facts(
    text: str,
    language: Language,
    resting: Sequence[SourceSentence],
    passages: Sequence[SourceSentence],
    context: Sequence[str],
) -> Rejected | None:
    """Why a sentence may not be shown, whatever it means as a whole, or None.

    :param resting: the source sentences that it rests on.
    :param passages: every sentence of the cited passages.
    :param context: titles and headings of the cited passages, which the reader sees with them.
    """
    wrong_figure = _check_figures(text, language, resting)
    if wrong_figure:
        return wrong_figure
    held = frozenset[str]().union(*map(words_of, [*(sentence.text for sentence in resting), *context]))
    for name, written in names(text).items():
        if not _is_held(name, held):
            return Rejected(text, "name", written)
    whole = " ".join(fold(sentence.text) for sentence in passages)
    for phrase in quotations(text):
        if fold(phrase).strip(" .,;:!?") not in whole:
            return Rejected(text, "quotation", phrase)
    return contradiction(text, language, [sentence.text for sentence in resting if sentence.language == language])


def _check_figures(text: str, language: Language, resting: Sequence[SourceSentence]) -> Rejected | None:
    """Each figure must be stated by the source, of the same thing."""
    folded = fold(text)
    stated = Counter(figure.key for figure in figures(text))
    there = Counter(key for sentence in resting for figure in figures(sentence.text) for key in figure.stated)
    for figure in figures(text):
        said = folded[figure.start : figure.end]
        if stated[figure.key] > there[figure.key]:
            return Rejected(text, "figure", said)
        about = around(folded, figure.start, figure.end, language)
        if _is_of_another(figure, about, [source for source in resting if source.language == language]):
            return Rejected(text, "figure-elsewhere", said)
    return None


def _is_of_another(figure: Figure, about: Set[str], sources: Sequence[SourceSentence]) -> bool:
    """Whether the words about a figure clearly stand about another figure of the source."""
    shared = {True: 0, False: 0}
    for source in sources:
        for other in figures(source.text):
            if other.unit == figure.unit:
                near = len(about & around(fold(source.text), other.start, other.end, source.language))
                shared[other.key == figure.key] = max(near, shared[other.key == figure.key])
    return shared[False] >= shared[True] + _CLEARLY


def _is_held(name: str, held: frozenset[str]) -> bool:
    """A compound is held whole or in all of its parts."""
    parts = words_of(name) - {name}
    return name in held or (bool(parts) and parts <= held)
