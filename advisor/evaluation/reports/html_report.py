"""A run, alone or against another, as HTML: a part of the web page, or a page of its own that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from advisor.evaluation.comparison import compare_runs, documents_differ, in_common
from advisor.evaluation.measures import Group, Latency, RunSummary, summarise
from advisor.evaluation.reports import charts
from advisor.evaluation.reports.risk import risk_plot
from advisor.evaluation.run_store import Run
from advisor.evaluation.scoring import Row
from advisor.evaluation.statistics import Estimate
from advisor.evaluation.wording import EVALUATION_WORDS, EvaluationWords
from advisor.types import Language

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


@dataclass(frozen=True, slots=True)
class Tile:
    """A measure that is looked at first; no estimate where it applies to no question, `before` is that of the other run."""

    label: str
    estimate: Estimate | None
    before: float | None


def shown_cases(
    run: Run, rows: Sequence[Row], words: EvaluationWords, before: Mapping[str, str] | None = None
) -> list[ShownCase]:
    """The questions of these rows in full; answers are empty for a baseline, which keeps none."""
    answers = run.answers()
    known = before or {}
    return [_case(row, answers.get(row.id, {}), words, known.get(row.id, "")) for row in rows]


def _case(row: Row, answer: Mapping[str, Any], words: EvaluationWords, before: str) -> ShownCase:
    scores = (
        f"{words.measures[name]} {words.number(value, 2)}" for name, value in row.values.items() if name in words.measures
    )
    return ShownCase(
        id=row.id,
        kind=words.groups.get(row.kind, row.kind),
        question=answer.get("question", ""),
        expected=_expected(answer.get("expected", {}), row, words),
        status=words.statuses[row.status],
        confidence=row.confidence,
        answer=row.error or answer.get("answer") or answer.get("reason") or "",
        sources=tuple(
            CitedPlace(_place(citation), citation["title"], citation["quote"]) for citation in answer.get("citations", ())
        ),
        scores=" · ".join(scores),
        passes=bool(row.values.get("passed")),
        before=words.statuses[before] if before else "",
    )


def _place(citation: Mapping[str, Any]) -> str:
    first, last = citation["start_line"], citation["end_line"]
    return f"{citation['document']}:{first}" + (f"-{last}" if last != first else "")


def _expected(expected: Mapping[str, Any], row: Row, words: EvaluationWords) -> str:
    if not row.answerable:
        return words.refusal_or_near if row.near else words.refusal
    facts = [" / ".join(forms) for forms in expected.get("key_facts", ())]
    wanted = facts or [target["quote"] for target in expected.get("core", ())]
    return words.answer_with.format("; ".join(wanted)) if wanted else words.answer


def group_plot(groups: Sequence[Group], measure: str, words: EvaluationWords, other: Sequence[Group] = ()) -> Markup:
    """One measure, group by group; empty when no group has it."""
    before = {group.name: value.value for group in other if (value := group.value(measure))}
    rows = [
        charts.Bar(
            label=words.groups.get(group.name, group.name),
            value=value.value,
            shown=words.number(value.value, 2),
            low=value.low,
            high=value.high,
            other=before.get(group.name),
            note=f"{words.questions}: {group.rows}",
        )
        for group in groups
        if (value := group.value(measure))
    ]
    return charts.bars(rows, words.measures[measure]) if rows else Markup()


def latency_plot(latencies: Sequence[Latency], words: EvaluationWords) -> Markup:
    """Median and 95th percentile of each stage."""
    rows = [charts.Range(words.stages[one.stage], one.p50, one.p95) for one in latencies]
    return charts.ranges(rows, words.latency)


def render_run(run: Run, against: Run | None, language: Language, shown_date: Callable[[str], str] = str) -> Markup:
    """What a web page shows of a run, alone or against another: then of the questions alone that both have.

    :param shown_date: a day in ISO 8601 as the page writes it.
    :raises EvaluationError: when the two cannot be compared.
    """
    words, info = EVALUATION_WORDS[language], run.info
    comparison = compare_runs(against, run) if against else None
    if against:
        against, run = in_common(against, run)
    summary, other = summarise(run), summarise(against) if against else None
    by_id = {row.id: row for row in run.rows}
    flips = comparison.flips if comparison else ()
    context = {
        "words": words,
        "number": words.number,
        "language": language,
        "info": info,
        "date": shown_date(info.created[:10]),
        "summary": summary,
        "tiles": _tiles(summary, other, words),
        "breakdowns": [
            (title, _breakdown(title, groups, other, words))
            for title, groups in summary.breakdowns.items()
            if len(groups) > 1
        ],
        "risk": risk_plot([run, *([against] if against else [])], words),
        "latency": latency_plot(summary.latencies, words),
        "against": against.info.name if against else "",
        "differ": against is not None and documents_differ(against, run),
        "comparison": comparison,
        "flips": shown_cases(run, [by_id[flip.id] for flip in flips], words, {flip.id: flip.before for flip in flips}),
        "failing": shown_cases(run, [row for row in run.rows if not row.values.get("passed")], words),
        "passing": shown_cases(run, [row for row in run.rows if row.values.get("passed")], words),
    }
    return charts.TEMPLATES.render("report", **context)


def render_page(run: Run, against: Run | None = None, language: Language = "en") -> Markup:
    """The report of a run as a page of its own.

    :raises EvaluationError: when the two cannot be compared.
    """
    words = EVALUATION_WORDS[language]
    report = render_run(run, against, language)
    style = Markup(report_style())
    return charts.TEMPLATES.render("page", words=words, language=language, info=run.info, style=style, report=report)


def report_style() -> str:
    """The style of a report, for the page that shows it."""
    return (files("advisor.evaluation.reports") / "report.css").read_text(encoding="utf-8")


def _tiles(summary: RunSummary, other: RunSummary | None, words: EvaluationWords) -> list[Tile]:
    before = {one.name: one.estimate.value for one in other.measured} if other else {}
    known = {one.name: one.estimate for one in summary.measured}
    return [Tile(words.measures[name], known.get(name), before.get(name)) for name in TILES]


def _breakdown(title: str, groups: Sequence[Group], other: RunSummary | None, words: EvaluationWords) -> Markup:
    before = other.breakdowns.get(title, ()) if other else ()
    return group_plot(groups, "passed", words, before)
