"""Risk against coverage: how many answers are wrong when so many questions, the surest, are answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from advisor.evaluation.measures import BY_NAME, confidences, decided, measure_rows
from advisor.evaluation.reports import charts
from advisor.evaluation.run_store import Run
from advisor.evaluation.scoring import Row
from advisor.evaluation.statistics import Estimate, risk_coverage
from advisor.evaluation.wording import EVALUATION_WORDS, EvaluationWords

_MOST_POINTS = 200
_KEPT = "report"  # the split of questions that nothing was chosen by
_LOW = 0.5  # where no line is higher, the plot ends here
_ABSTENTION = ("abstention_precision", "abstention_recall")


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a run did with its questions.

    `coverage`: share (0..1) answered; `risk`: share (0..1) of these answers that is wrong; `precision`: of the refusals, the
    share that was right; `recall`: of the questions without an answer, the share that was refused; `corrected`: how many of
    these got an answer that corrects their premise instead.
    """

    questions: int
    coverage: float
    risk: float
    precision: Estimate | None
    recall: Estimate | None
    corrected: int


def operating_point(rows: Sequence[Row]) -> OperatingPoint:
    """The operating point of the questions that were decided, of which there is at least one."""
    answered = [row for row in rows if row.status == "answered"]
    right = [row for row in answered if row.values.get("passed")]
    measured = {figure.name: figure.estimate for figure in measure_rows(rows, [BY_NAME[name] for name in _ABSTENTION])}
    return OperatingPoint(
        questions=len(rows),
        coverage=len(answered) / len(rows),
        risk=1 - len(right) / len(answered) if answered else 0.0,
        precision=measured.get(_ABSTENTION[0]),
        recall=measured.get(_ABSTENTION[1]),
        corrected=sum(not row.answerable for row in right),
    )


def risk_line(label: str, rows: Sequence[Row]) -> charts.Curve:
    """The curve of some decided questions, with their operating point marked."""
    scores, _, wrong = confidences(rows)
    coverage, risk = risk_coverage(scores, wrong)
    every = max(1, len(rows) // _MOST_POINTS)
    points = list(zip(coverage.tolist(), risk.tolist(), strict=True))
    at = operating_point(rows)
    return charts.Curve(label, [*points[:-1:every], points[-1]], (at.coverage, at.risk))


def risk_plot(runs: Sequence[Run], words: EvaluationWords) -> Markup:
    """Share of wrong answers against the share of questions answered, one line a run."""
    taken = [(run.info.name, decided(run.rows)) for run in runs]
    return charts.curves([risk_line(name, rows) for name, rows in taken if rows], words)


def by_split(run: Run) -> dict[str, list[Row]]:
    """All decided questions of a run, and those that nothing was chosen by."""
    rows = decided(run.rows)
    kept = [row for row in rows if row.split == _KEPT]
    found = {"all questions": rows, "kept for reporting": kept}
    return {label: some for label, some in found.items() if some}


def picture(run: Run) -> Markup:
    """The curves of a run as an SVG file of its own."""
    lines = [risk_line(_named(label, rows), rows) for label, rows in by_split(run).items()]
    highest = max((risk for line in lines for _, risk in line.points), default=0.0)
    return charts.curves(lines, EVALUATION_WORDS["en"], top=_LOW if highest <= _LOW else 1.0, alone=True)


def _named(label: str, rows: Sequence[Row]) -> str:
    """For the legend, with what the circle stands for."""
    at = operating_point(rows)
    return f"{label} ({at.questions}): {at.coverage:.2f} answered, {at.risk:.2f} wrong"


def table(run: Run) -> str:
    """The operating points of a run as a table in Markdown."""
    lines = [
        "| questions | answered | of these wrong | refusals: right | without an answer: refused | answered: corrected |",
        "|---|---|---|---|---|---|",
    ]
    for label, rows in by_split(run).items():
        at = operating_point(rows)
        cells = (f"{at.coverage:.3f}", f"{at.risk:.3f}", _cell(at.precision), _cell(at.recall), str(at.corrected))
        lines.append(f"| {label} ({at.questions}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(value: Estimate | None) -> str:
    if value is None:
        return ""
    spread = "" if value.low is None or value.high is None else f" ({value.low:.3f}-{value.high:.3f})"
    return f"{value.value:.3f}{spread}"
