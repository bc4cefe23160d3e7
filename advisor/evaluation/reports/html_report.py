"""A run, alone or against another, as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from advisor.evaluation.comparison import compare_runs
from advisor.evaluation.measures import BY_NAME, Group, Latency, MeasuredValue, RunSummary, summarise
from advisor.evaluation.reports import charts
from advisor.evaluation.reports.risk import risk_plot
from advisor.evaluation.run_store import Run
from advisor.evaluation.scoring import Row

TILES = (
    *("passed", "ndcg@10", "key_facts", "citation_recall", "opening_core", "core_recall", "helpful"),
    *("near_refused", "wrong_refusal", "attack_success"),
)


@dataclass(frozen=True, slots=True)
class CitedPlace:
    """A cited place, as a reader needs it."""

    place: str
    title: str
    quote: str


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A question with what was expected and what came. `before` is the status in the other run, where there is one."""

    id: str
    set: str
    language: str
    kind: str
    question: str
    expected: str
    status: str
    confidence: float
    answer: str
    sources: tuple[CitedPlace, ...]
    scores: str
    passes: bool
    before: str = ""


def shown_cases(run: Run, rows: Sequence[Row], before: Mapping[str, str] | None = None) -> list[ShownCase]:
    """The questions of these rows in full; answers are empty for a baseline, which keeps none."""
    answers = run.answers()
    known = before or {}
    return [_case(row, answers.get(row.id, {}), known.get(row.id, "")) for row in rows]


def _case(row: Row, answer: Mapping[str, Any], before: str) -> ShownCase:
    return ShownCase(
        id=row.id,
        set=row.set,
        language=row.language,
        kind=row.kind,
        question=answer.get("question", ""),
        expected=_expected(answer.get("expected", {}), row),
        status=row.status,
        confidence=row.confidence,
        answer=row.error or answer.get("answer") or answer.get("reason") or "",
        sources=tuple(
            CitedPlace(_place(citation), citation["title"], citation["quote"]) for citation in answer.get("citations", ())
        ),
        scores=" · ".join(f"{BY_NAME[name].label} {value:.2g}" for name, value in row.values.items() if name in BY_NAME),
        passes=bool(row.values.get("passed")),
        before=before,
    )


def _place(citation: Mapping[str, Any]) -> str:
    first, last = citation["start_line"], citation["end_line"]
    return f"{citation['document']}:{first}" + (f"-{last}" if last != first else "")


def _expected(expected: Mapping[str, Any], row: Row) -> str:
    if not row.answerable:
        return "a refusal, or the passages that come nearest" if row.near else "a refusal"
    facts = [" / ".join(forms) for forms in expected.get("key_facts", ())]
    wanted = facts or [target["quote"] for target in expected.get("core", ())]
    return "an answer" + (f" with {'; '.join(wanted)}" if wanted else "")


def group_plot(groups: Sequence[Group], measure: str, other: Sequence[Group] = ()) -> str:
    """One measure, group by group; empty when no group has it."""
    before = {group.name: value.value for group in other if (value := group.value(measure))}
    rows = [
        charts.Bar(group.name, value.value, value.low, value.high, before.get(group.name), f"({group.rows} questions)")
        for group in groups
        if (value := group.value(measure))
    ]
    return charts.bars(rows) if rows else ""


def latency_plot(latencies: Sequence[Latency]) -> str:
    """Median and 95th percentile of each stage."""
    return charts.ranges([charts.Range(one.stage, one.p50, one.p95) for one in latencies])


def render_page(run: Run, against: Run | None = None) -> str:
    """The page of a run, alone or against another.

    :raises EvaluationError: when the two cannot be compared.
    """
    comparison = compare_runs(against, run) if against else None
    summary = summarise(run)
    other = summarise(against) if against else None
    # Figures stand side by side for the same questions only.
    shared = {row.id for row in run.rows} & {row.id for row in against.rows} if against else set()
    alike = (summarise(_only(run, shared)), summarise(_only(against, shared))) if against and shared else (summary, None)
    by_id = {row.id: row for row in run.rows}
    flips = comparison.flips if comparison else ()
    context = {
        "summary": summary,
        "headlines": summary.headlines,
        "tiles": _tiles(*alike),
        "breakdowns": [_breakdown(title, groups, other) for title, groups in summary.breakdowns.items() if len(groups) > 1],
        "risk": Markup(risk_plot([run, *([against] if against else [])])),
        "latency": Markup(latency_plot(summary.latencies)),
        "against": against.info.name if against else "",
        "comparison": comparison,
        "flips": shown_cases(run, [by_id[flip.id] for flip in flips], {flip.id: flip.before for flip in flips}),
        "failing": shown_cases(run, [row for row in run.rows if not row.values.get("passed")]),
        "passing": shown_cases(run, [row for row in run.rows if row.values.get("passed")]),
    }
    return _template().render(context)


def _only(run: Run, ids: Collection[str]) -> Run:
    return replace(run, rows=tuple(row for row in run.rows if row.id in ids))


def _tiles(summary: RunSummary, other: RunSummary | None) -> list[tuple[MeasuredValue, float | None]]:
    before = {one.name: one.estimate.value for one in other.measured} if other else {}
    known = {one.name: one for one in summary.measured}
    return [(known[name], before.get(name)) for name in TILES if name in known]


def _breakdown(title: str, groups: Sequence[Group], other: RunSummary | None) -> tuple[str, Sequence[Group], Markup]:
    before = other.breakdowns.get(title, ()) if other else ()
    return title, groups, Markup(group_plot(groups, "passed", before))


@cache
def _template() -> jinja2.Template:
    source = files("advisor.evaluation.reports").joinpath("page.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(source)
