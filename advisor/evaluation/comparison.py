"""Two runs of the same questions, measure by measure: better, worse, the same, or too little data to tell.

Questions are paired by id; those on one fact, in any language, move together. The probabilities of all measures are made
good together (Holm), so that looking at many of them finds no more differences than looking at one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from advisor.errors import EvaluationError
from advisor.evaluation.measures import MEASURES, Measure
from advisor.evaluation.run_store import Run
from advisor.evaluation.scoring import Row
from advisor.evaluation.statistics import Change, compare_parts, holm, ratio_of
from advisor.text.reasons import reason

Direction = Literal["better", "worse", "same", "too little data"]
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of a measure. `p` is made good for the number of measures; `questions` counts the pairs."""

    name: str
    label: str
    before: float
    after: float
    change: Change
    p: float
    questions: int
    verdict: Direction


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that passes in one run and not in the other."""

    id: str
    category: str
    language: str
    passes: bool
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs over the questions that both asked and scored by the same labels; `left_out` counts the others.

    `unlike` says, in words, in what the two runs differ besides.
    """

    questions: int
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]
    before: str = ""
    after: str = ""
    left_out: int = 0
    unlike: tuple[str, ...] = ()


def compare_runs(before: Run, after: Run, *, measures: Iterable[Measure] = MEASURES) -> Comparison:
    """Compare two runs on the questions that they have in common.

    :raises EvaluationError: when they have none.
    """
    shared = compare_rows(before.rows, after.rows, measures)
    ids = {row.id for row in before.rows} | {row.id for row in after.rows}
    left_out = len(ids) - shared.questions
    unlike = _unlike(before, after, left_out)
    if not shared.questions:
        raise EvaluationError(reason("nothing_in_common", before=before.info.name, after=after.info.name))
    return replace(shared, before=before.info.name, after=after.info.name, left_out=left_out, unlike=unlike)


def compare_rows(before: Sequence[Row], after: Sequence[Row], measures: Iterable[Measure] = MEASURES) -> Comparison:
    """Compare what the rows share, on the measures of which more or less is better."""
    pairs = _pairs(before, after)
    compared = [measure for measure in measures if measure.better]
    return Comparison(len(pairs), tuple(_differences(pairs, compared)), tuple(_flips(pairs)))


def in_common(before: Run, after: Run) -> tuple[Run, Run]:
    """Two runs, each of the questions alone that both have under the same labels."""
    pairs = _pairs(before.rows, after.rows)
    return replace(before, rows=tuple(old for old, _ in pairs)), replace(after, rows=tuple(new for _, new in pairs))


def _pairs(before: Sequence[Row], after: Sequence[Row]) -> list[tuple[Row, Row]]:
    """The rows of the same question under the same labels."""
    known = {row.id: row for row in before}
    return [(known[row.id], row) for row in after if row.id in known and known[row.id].digest == row.digest]


def _unlike(before: Run, after: Run, left_out: int) -> tuple[str, ...]:
    found = []
    if left_out:
        count = "1 question is" if left_out == 1 else f"{left_out} questions are"
        found.append(f"{count} in one only, or changed, and not compared")
    if documents_differ(before, after):
        found.append("the documents differ: what changed may be they or the program")
    return tuple(found)


def documents_differ(before: Run, after: Run) -> bool:
    """Whether two runs are of different documents."""
    return bool(before.info.hashes["corpus"] != after.info.hashes["corpus"])


def _differences(pairs: Sequence[tuple[Row, Row]], measures: Sequence[Measure]) -> list[Difference]:
    found: list[tuple[Measure, float, float, Change, int]] = []
    for measure in measures:
        parted = [(old, measure.parts(old), measure.parts(new)) for old, new in pairs]
        counted = [(old, one or (0.0, 0.0), other or (0.0, 0.0)) for old, one, other in parted if one or other]
        if not any(one for _, one, _ in parted) or not any(other for *_, other in parted):
            continue  # one run has nothing to compare: it is older than the measure, or never came to what it measures
        before, after = [one for _, one, _ in counted], [other for _, _, other in counted]
        change = compare_parts(before, after, [old.fact for old, *_ in counted], yes_no=measure.yes_no)
        found.append((measure, ratio_of(before), ratio_of(after), change, len(counted)))
    adjusted = holm([change.p for _, _, _, change, _ in found])
    return [
        Difference(measure.name, measure.label, before, after, change, p, count, _verdict(measure, change, p))
        for (measure, before, after, change, count), p in zip(found, adjusted, strict=True)
    ]


def _verdict(measure: Measure, change: Change, p: float) -> Direction:
    if p < ALPHA:
        return "better" if change.difference * measure.better > 0 else "worse"
    if change.low is None or change.high is None or max(-change.low, change.high) > measure.same:
        return "too little data"
    return "same"


def _flips(pairs: Sequence[tuple[Row, Row]]) -> list[Flip]:
    """What broke first, then what was mended."""
    changed = [(old, new) for old, new in pairs if old.values.get("passed") != new.values.get("passed")]
    flips = [
        Flip(new.id, new.category, new.language, bool(new.values.get("passed")), old.status, new.status)
        for old, new in changed
    ]
    return sorted(flips, key=lambda flip: (flip.passes, flip.id))
