"""What is measured: each measure as a value, with how a row counts in it; and all that is measured of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from advisor.evaluation.run_store import Run, RunInfo
from advisor.evaluation.scoring import DECLINED, Row
from advisor.evaluation.statistics import Estimate, auroc, effective_number, estimate, interval_of, risk_coverage
from advisor.evaluation.wording import EVALUATION_WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

Parts = tuple[float, float]
WORDS = EVALUATION_WORDS["en"]
STAGES = ("search", "write", "verify", "total")
_FEWEST_DOCUMENTS = 10  # with fewer of equal weight, clusters of documents would tell nothing: those of facts are drawn


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio of two sums over the rows: `parts` gives what a row adds to each, None where the measure does not apply.

    `better` is 1 when higher is better, -1 when lower is, 0 when neither. `yes_no`: every row adds 0 or 1 over 1. `same` is
    the difference that nobody would notice.
    """

    name: str
    parts: Callable[[Row], Parts | None]
    better: int = 1
    yes_no: bool = False
    same: float = 0.02

    @property
    def label(self) -> str:
        """What it is called in English."""
        return WORDS.measures[self.name]


def _mean(name: str, *, better: int = 1, yes_no: bool = False, same: float = 0.02) -> Measure:
    def parts(row: Row) -> Parts | None:
        return (row.values[name], 1.0) if name in row.values else None

    return Measure(name, parts, better, yes_no, same)


def _answered(row: Row) -> Parts | None:
    return (float(row.status == "answered"), 1.0) if row.answerable else None


def _wrong_refusal(row: Row) -> Parts | None:
    return (float(row.status == "abstained"), 1.0) if row.answerable else None


def _near_refused(row: Row) -> Parts | None:
    return None if row.answerable else (float(row.status in DECLINED), 1.0)


def _abstention_recall(row: Row) -> Parts | None:
    return None if row.answerable else (float(row.status == "abstained"), 1.0)


def _abstention_precision(row: Row) -> Parts | None:
    return (float(not row.answerable), 1.0) if row.status == "abstained" else None


def _abstention_f1(row: Row) -> Parts | None:
    """F1 = 2 hits / (refusals + questions to refuse)."""
    refused, should = row.status == "abstained", not row.answerable
    return (2.0 * (refused and should), float(refused) + float(should)) if refused or should else None


def _helpful(row: Row) -> Parts | None:
    """Of all sentences shown: a long answer weighs more than a short one."""
    shown = row.values.get("sentences")
    return (row.values["helpful"] * shown, shown) if shown else None


def _withheld(row: Row) -> Parts | None:
    """Of all sentences that chat models wrote: a long draft weighs more than a short one."""
    draft = row.values.get("draft")
    return (row.values["withheld"] * draft, draft) if draft else None


MEASURES: tuple[Measure, ...] = (
    _mean("passed", yes_no=True),
    _mean("ndcg@10"),
    _mean("recall@5"),
    _mean("recall@10"),
    _mean("mrr"),
    _mean("words_ndcg@10"),
    _mean("vectors_ndcg@10"),
    _mean("judged@10", better=0),
    _mean("key_facts"),
    _mean("all_facts", yes_no=True),
    _mean("opening_core", yes_no=True),
    _mean("opening_useful", yes_no=True),
    _mean("core_recall"),
    Measure("helpful", _helpful),
    _mean("citation_precision"),
    _mean("citation_recall"),
    _mean("groundedness", same=0.005),
    Measure("answered", _answered, yes_no=True),
    Measure("wrong_refusal", _wrong_refusal, better=-1, yes_no=True),
    Measure("near_refused", _near_refused, yes_no=True),
    Measure("abstention_precision", _abstention_precision),
    Measure("abstention_recall", _abstention_recall, yes_no=True),
    Measure("abstention_f1", _abstention_f1),
    _mean("attack_success", better=-1, yes_no=True, same=0.0),
    _mean("documents", better=-1, same=0.1),
    _mean("words", better=0, same=3.0),
    _mean("written", yes_no=True),
    Measure("withheld", _withheld, better=0),
    _mean("cost", better=-1, same=0.0),
    _mean("model_seconds", better=-1, same=0.2),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


@dataclass(frozen=True, slots=True)
class MeasuredValue:
    """What came of one measure."""

    name: str
    label: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Group:
    """What was measured on some rows of a run; `name` says which (`fr`, `article`)."""

    name: str
    rows: int
    measured: tuple[MeasuredValue, ...]

    def value(self, measure: str) -> Estimate | None:
        """That of one measure."""
        return next((one.estimate for one in self.measured if one.name == measure), None)


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of a stage: median and 95th percentile."""

    stage: str
    p50: float
    p95: float


def measure_rows(rows: Sequence[Row], measures: Iterable[Measure] = MEASURES) -> list[MeasuredValue]:
    """Every measure that applies to some row; intervals are clustered by document."""
    found = []
    for measure in measures:
        counted = [(row, parts) for row in rows if (parts := measure.parts(row)) is not None]
        value = estimate([parts for _, parts in counted], clusters([row for row, _ in counted])) if counted else None
        if value:
            found.append(MeasuredValue(measure.name, measure.label, value))
    return found


def clusters(rows: Sequence[Row]) -> list[str]:
    """Which rows are drawn together for an interval: those of a document, or of a fact where documents are few."""
    documents = [row.document for row in rows]
    return documents if effective_number(documents) >= _FEWEST_DOCUMENTS else [row.fact for row in rows]


def groups(rows: Sequence[Row], key: Callable[[Row], str], measures: Iterable[Measure] = MEASURES) -> list[Group]:
    """What was measured on the rows with each value of `key`, by that value; rows where it is empty are in no group."""
    wanted = tuple(measures)
    parted: dict[str, list[Row]] = {}
    for row in rows:
        if name := key(row):
            parted.setdefault(name, []).append(row)
    return [Group(name, len(some), tuple(measure_rows(some, wanted))) for name, some in sorted(parted.items())]


def measure_confidence(rows: Sequence[Row]) -> list[MeasuredValue]:
    """How well confidence orders questions: AUROC of answerable against not, and the mean risk over all coverages (AURC)."""
    taken = decided(rows)
    if not taken:
        return []
    scores, answerable, wrong = confidences(taken)
    found = []

    def ordering(some: NDArray[np.intp]) -> float:
        return auroc(scores[some], answerable[some])

    def risk(some: NDArray[np.intp]) -> float:
        return float(risk_coverage(scores[some], wrong[some])[1].mean())

    for name, statistic in (("auroc", ordering), ("aurc", risk)):
        value = statistic(np.arange(len(taken)))
        if not np.isnan(value):
            low, high = interval_of(statistic, clusters(taken))
            found.append(MeasuredValue(name, WORDS.measures[name], Estimate(value, low, high, len(taken))))
    return found


def decided(rows: Iterable[Row]) -> list[Row]:
    """The questions on which the program came to a decision."""
    return [row for row in rows if row.status != "failed"]


def confidences(rows: Sequence[Row]) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Confidence, whether there is an answer, and whether answering it is wrong.

    It is when there is no answer (unless what was said corrects a false premise), when a fact lacks, and when an answer was
    refused: nobody knows what it would have said.
    """
    scores = np.array([row.confidence for row in rows])
    answerable = np.array([row.answerable for row in rows])
    wrong = np.array([not (row.status == "answered" and row.values.get("passed")) for row in rows])
    return scores, answerable, wrong


def latencies(rows: Sequence[Row]) -> list[Latency]:
    """Per stage, over the questions that went through it."""
    found = []
    for stage in STAGES:
        values = [row.ms[stage] for row in rows if row.ms.get(stage)]
        if values:
            p50, p95 = np.quantile(values, [0.5, 0.95])
            found.append(Latency(stage, round(float(p50), 1), round(float(p95), 1)))
    return found


HEADLINES = tuple(WORDS.headlines)
"""The measures that stand side by side for each group."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What was measured of a run, ready to be shown.

    `breakdowns`: title -> groups of rows; `failures`: question -> error.
    """

    info: RunInfo
    measured: tuple[MeasuredValue, ...]
    breakdowns: Mapping[str, tuple[Group, ...]]
    latencies: tuple[Latency, ...]
    failures: Mapping[str, str]

    @property
    def headlines(self) -> dict[str, str]:
        """Of `HEADLINES`, those that apply to some question of the run, with their short names in English."""
        known = {one.name for one in self.measured}
        return {name: label for name, label in WORDS.headlines.items() if name in known}


_BREAKDOWNS: Mapping[str, Callable[[Row], str]] = {
    "category": lambda row: row.category,
    "set": lambda row: row.set,
    "set, split": lambda row: f"{row.set}, {row.split}",
    "language": lambda row: row.language,
    "split": lambda row: row.split,
    "kind": lambda row: row.kind,
    "style": lambda row: row.style,
    "topic": lambda row: row.topic,
    "answer": lambda row: "in the corpus" if row.answerable else "near" if row.near else "none",
}


def summarise(run: Run) -> RunSummary:
    """What was measured of a run."""
    headlines = [BY_NAME[name] for name in HEADLINES]
    return RunSummary(
        info=run.info,
        measured=(*measure_rows(run.rows), *measure_confidence(run.rows)),
        breakdowns={title: tuple(groups(run.rows, key, headlines)) for title, key in _BREAKDOWNS.items()},
        latencies=tuple(latencies(run.rows)),
        failures={row.id: row.error or "" for row in run.rows if row.status == "failed"},
    )
