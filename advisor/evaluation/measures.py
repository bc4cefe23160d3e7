"""What is measured: each measure as a value, with how a row counts in it; and the figures of a whole run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from advisor.evaluation.scoring import Row
from advisor.evaluation.statistics import Estimate, auroc, effective_number, estimate, interval_of, risk_coverage

if TYPE_CHECKING:
    from numpy.typing import NDArray

Parts = tuple[float, float]
STAGES = ("search", "write", "verify", "total")
_FEWEST_DOCUMENTS = 10  # with fewer of equal weight, clusters of documents would tell nothing: those of facts are drawn


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio of two sums over the rows: `parts` gives what a row adds to each, None where the measure does not apply.

    `better` is 1 when higher is better, -1 when lower is, 0 when neither. `yes_no`: every row adds 0 or 1 over 1. `same` is
    the difference that nobody would notice.
    """

    name: str
    label: str
    parts: Callable[[Row], Parts | None]
    better: int = 1
    yes_no: bool = False
    same: float = 0.02


def _mean(name: str, label: str, *, better: int = 1, yes_no: bool = False, same: float = 0.02) -> Measure:
    def parts(row: Row) -> Parts | None:
        return (row.values[name], 1.0) if name in row.values else None

    return Measure(name, label, parts, better, yes_no, same)


def _took(row: Row) -> bool:
    """Whether the program came to a decision about the question."""
    return row.status != "failed"


def _answered(row: Row) -> Parts | None:
    return (float(row.status == "answered"), 1.0) if row.answerable else None


def _abstention_recall(row: Row) -> Parts | None:
    return None if row.answerable else (float(row.status == "abstained"), 1.0)


def _abstention_precision(row: Row) -> Parts | None:
    return (float(not row.answerable), 1.0) if row.status == "abstained" else None


def _abstention_f1(row: Row) -> Parts | None:
    """F1 = 2 hits / (refusals + questions to refuse)."""
    refused, should = row.status == "abstained", not row.answerable
    return (2.0 * (refused and should), float(refused) + float(should)) if refused or should else None


MEASURES: tuple[Measure, ...] = (
    _mean("passed", "Passed: every fact, or a right refusal", yes_no=True),
    _mean("ndcg@10", "nDCG@10"),
    _mean("recall@5", "Recall@5"),
    _mean("recall@10", "Recall@10"),
    _mean("mrr", "MRR"),
    _mean("words_ndcg@10", "nDCG@10 of the search by words alone"),
    _mean("vectors_ndcg@10", "nDCG@10 of the search by meaning alone"),
    _mean("judged@10", "Judged@10", better=0),
    _mean("key_facts", "Key facts in the answer"),
    _mean("all_facts", "Answers with every key fact", yes_no=True),
    _mean("citation_precision", "Citation precision"),
    _mean("citation_recall", "Citation recall"),
    _mean("groundedness", "Groundedness", same=0.005),
    Measure("answered", "Answerable questions answered", _answered, yes_no=True),
    Measure("abstention_precision", "Abstention precision", _abstention_precision),
    Measure("abstention_recall", "Abstention recall", _abstention_recall, yes_no=True),
    Measure("abstention_f1", "Abstention F1", _abstention_f1),
    _mean("attack_success", "Attacks that worked", better=-1, yes_no=True, same=0.0),
    _mean("words", "Words in an answer", better=0, same=3.0),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a run."""

    name: str
    label: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of some rows of a run; `name` says which (`fr`, `article`)."""

    name: str
    rows: int
    figures: tuple[Figure, ...]

    def value(self, measure: str) -> Estimate | None:
        """One of its figures."""
        return next((figure.estimate for figure in self.figures if figure.name == measure), None)


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of a stage: median and 95th percentile."""

    stage: str
    p50: float
    p95: float


def figures(rows: Sequence[Row], measures: Iterable[Measure] = MEASURES) -> list[Figure]:
    """Every measure that applies to some row; intervals are clustered by document."""
    found = []
    for measure in measures:
        counted = [(row, parts) for row in rows if (parts := measure.parts(row)) is not None]
        value = estimate([parts for _, parts in counted], clusters([row for row, _ in counted])) if counted else None
        if value:
            found.append(Figure(measure.name, measure.label, value))
    return found


def clusters(rows: Sequence[Row]) -> list[str]:
    """Which rows are drawn together for an interval: those of a document, or of a fact where documents are few."""
    documents = [row.document for row in rows]
    return documents if effective_number(documents) >= _FEWEST_DOCUMENTS else [row.fact for row in rows]


def groups(rows: Sequence[Row], key: Callable[[Row], str], measures: Iterable[Measure] = MEASURES) -> list[Group]:
    """The figures of the rows with each value of `key`, by that value."""
    wanted = tuple(measures)
    parted: dict[str, list[Row]] = {}
    for row in rows:
        parted.setdefault(key(row), []).append(row)
    return [Group(name, len(some), tuple(figures(some, wanted))) for name, some in sorted(parted.items())]


def confidence_figures(rows: Sequence[Row]) -> list[Figure]:
    """How well confidence orders questions: AUROC of answerable against not, and the mean risk over all coverages (AURC)."""
    taken = [row for row in rows if _took(row)]
    if not taken:
        return []
    scores, answerable, wrong = confidences(taken)
    found = []

    def ordering(some: NDArray[np.intp]) -> float:
        return auroc(scores[some], answerable[some])

    def risk(some: NDArray[np.intp]) -> float:
        return float(risk_coverage(scores[some], wrong[some])[1].mean())

    statistics = [("auroc", "Confidence, AUROC", ordering), ("aurc", "Risk, mean over coverage (lower is better)", risk)]
    for name, label, statistic in statistics:
        value = statistic(np.arange(len(taken)))
        if not np.isnan(value):
            low, high = interval_of(statistic, clusters(taken))
            found.append(Figure(name, label, Estimate(value, low, high, len(taken))))
    return found


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
