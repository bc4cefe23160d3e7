"""Which way a sentence points: negation, opposites such as more and less, before and after, and what its figures are of.

Only a contradiction counts: the source says the opposite of the same words. What the source does not say at all is for
`advisor.verification.groundedness` to judge. The words are data: the table `verification` of `advisor/text/language/*.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache

from advisor.text.figures import Figure, figures
from advisor.text.language import Axis, language_rules
from advisor.text.phrases import phrase_pattern
from advisor.text.plain import fold
from advisor.text.terms import terms
from advisor.types import Language
from advisor.verification.rejection import Rejected

_NEAR = 4  # content words on either side that a mark or a figure is about
_CLEARLY = 2  # how many more of the words about a figure another figure of the source must share
_CLAUSE_END = re.compile(r"(?<=[.!?;:])\s")
_ENOUGH = 0.75  # share of the words that a negation is about: with those, the other side speaks of the same thing


@dataclass(frozen=True, slots=True)
class Mark:
    """A word that points one way (1 or 2) of an axis, or denies (no axis), with the stems of the content words about it."""

    axis: Axis | None
    way: int
    word: str
    about: frozenset[str]


@cache
def _patterns(language: Language) -> list[tuple[Axis | None, re.Pattern[str]]]:
    words = language_rules(language).verification
    return [
        (None, phrase_pattern(words.negations)),
        *((axis, phrase_pattern(opposites.up, opposites.down)) for axis, opposites in words.opposites.items()),
    ]


@lru_cache(maxsize=4_000)
def marks(text: str, language: Language) -> tuple[Mark, ...]:
    """The words of a text that point one way, and its negations, each about the words of its clause."""
    folded = fold(text)
    idioms = phrase_pattern(language_rules(language).verification.idioms).finditer(folded)
    for start, end in [*((figure.start, figure.end) for figure in figures(text)), *(hit.span() for hit in idioms)]:
        folded = folded[:start] + " " * (end - start) + folded[end:]  # "31 May" allows nothing
    return tuple(
        Mark(axis, hit.lastindex or 0, hit.group(), around(clause, *hit.span(), language))
        for clause in _CLAUSE_END.split(folded)
        for axis, pattern in _patterns(language)
        for hit in pattern.finditer(clause)
    )


def around(folded: str, start: int, end: int, language: Language) -> frozenset[str]:
    """The stems of the nearest content words before and after `[start, end)`, numbers left out."""
    near = [*terms(folded[:start], language)[-_NEAR:], *terms(folded[end:], language)[:_NEAR]]
    return frozenset(stem for stem in near if not stem.isdigit())


def contradiction(text: str, language: Language, sources: Sequence[str]) -> Rejected | None:
    """By which word a text turns the sense of what the source says, or None.

    Codes: "figure-elsewhere", "opposite", "denies", "affirms".

    :param sources: the sentences that the text rests on, in its language.
    """
    elsewhere = _figure_elsewhere(text, language, sources)
    if elsewhere:
        return Rejected(text, "figure-elsewhere", elsewhere)
    own = marks(text, language)
    theirs = [mark for source in sources for mark in marks(source, language)]
    pointing = [mark for mark in own if mark.axis]
    _, left = _unpaired(pointing, [mark for mark in theirs if mark.axis])  # what the text has too stands against nothing
    for mark in pointing:
        if _is_opposed(mark, [o for o in theirs if o.axis == mark.axis and (o.way == mark.way or o in left)]):
            return Rejected(text, "opposite", mark.word)
    mine, others = _unpaired([m for m in own if not m.axis], [m for m in theirs if not m.axis])
    for mark in mine:
        if _hold(sources, mark, language) and not any(_shares(mark, other) for other in others):
            return Rejected(text, "denies", mark.word)
    for mark in others:
        if _hold([text], mark, language) and not any(_shares(mark, other) for other in mine):
            return Rejected(text, "affirms", mark.word)
    return None


def _is_opposed(mark: Mark, others: Sequence[Mark]) -> bool:
    """Whether the source points the other way about the same words, and not also this way."""
    same = max((len(mark.about & other.about) for other in others if other.way == mark.way), default=0)
    return any(len(mark.about & other.about) > same for other in others if other.way != mark.way)


def _unpaired(own: Sequence[Mark], theirs: Sequence[Mark]) -> tuple[list[Mark], list[Mark]]:
    """Without the same word about the same words on both sides: the same cannot stand for another negation too."""
    mine, others = [], list(theirs)
    for mark in own:
        twin = next((other for other in others if other.word == mark.word and _shares(mark, other)), None)
        if twin:
            others.remove(twin)
        else:
            mine.append(mark)
    return mine, others


def _hold(texts: Sequence[str], mark: Mark, language: Language) -> bool:
    """Whether texts hold the words that a negation is about."""
    held = frozenset(term for text in texts for term in terms(text, language))
    return len(mark.about & held) >= _ENOUGH * len(mark.about) > 0


def _shares(mark: Mark, other: Mark) -> bool:
    """Whether two negations are about the same words."""
    return bool(mark.about & other.about) or not mark.about or not other.about


def _figure_elsewhere(text: str, language: Language, sources: Sequence[str]) -> str:
    """The first figure that the sources clearly state of something else; "" where there is none."""
    folded = fold(text)
    for figure in figures(text):
        if _is_of_another(figure, around(folded, figure.start, figure.end, language), language, sources):
            return folded[figure.start : figure.end]
    return ""


def _is_of_another(figure: Figure, about: Set[str], language: Language, sources: Sequence[str]) -> bool:
    """Whether the words about a figure clearly stand about another figure of the source."""
    shared = {True: 0, False: 0}
    for source in sources:
        for other in figures(source):
            if other.unit == figure.unit:
                near = len(about & around(fold(source), other.start, other.end, language))
                shared[other.key == figure.key] = max(near, shared[other.key == figure.key])
    return shared[False] >= shared[True] + _CLEARLY
