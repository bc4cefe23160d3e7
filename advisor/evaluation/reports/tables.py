"""Measures, comparisons and gates as people read them in a terminal, and as programs read them in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from advisor.evaluation.comparison import Comparison
from advisor.evaluation.gaps import Coverage, Subject
from advisor.evaluation.gate import GateResult
from advisor.evaluation.measures import Group, MeasuredValue, RunSummary
from advisor.evaluation.statistics import Estimate

_FEWEST_COLUMNS = 100
STDOUT = Console(width=max(Console().width, _FEWEST_COLUMNS))
_COLOURS = {"better": "green", "worse": "red", "same": "dim", "too little data": "yellow"}
_MOST_FLIPS = 20
_LARGE = 10


def print_summary(summary: RunSummary) -> None:
    """What was measured of a run: of all of it, then group by group, where the groups tell more than was told before."""
    run = summary.info
    STDOUT.print(
        f"Run [bold]{run.name}[/bold]: {run.questions} questions in {run.seconds:.0f} s, {run.failures} failed, index "
        f"{run.index['generation']}",
        highlight=False,
    )
    if run.left_out:
        STDOUT.print(f"[yellow]note[/yellow]: {run.left_out_in_words}", highlight=False, soft_wrap=True)
    table = Table("measure", "value", "95 % interval", "of", box=None, pad_edge=False)
    for one in summary.measured:
        table.add_row(one.label, _number(one.estimate.value), interval(one.estimate), f"{one.estimate.weight:.0f}")
    STDOUT.print(table)
    STDOUT.print()
    shown: set[tuple[tuple[str, int], ...]] = set()
    for title, groups in summary.breakdowns.items():
        parted = tuple((group.name, group.rows) for group in groups)
        if len(parted) > 1 and parted not in shown:
            _print_groups(title, groups, summary.headlines)
        shown.add(parted)
    stages = ", ".join(f"{one.stage} {one.p50:.0f} / {one.p95:.0f}" for one in summary.latencies)
    STDOUT.print(f"Milliseconds, median / 95th percentile: {stages}", highlight=False)
    for identifier, error in summary.failures.items():
        STDOUT.print(f"[red]failed[/red] {identifier}: {error}", highlight=False, soft_wrap=True)


def _print_groups(title: str, groups: Sequence[Group], headlines: Mapping[str, str]) -> None:
    """One line a group, the headline measures side by side."""
    table = Table(title, "questions", *headlines.values(), box=None, pad_edge=False)
    for group in groups:
        cells = (group.value(name) for name in headlines)
        table.add_row(group.name, str(group.rows), *("" if cell is None else _number(cell.value) for cell in cells))
    STDOUT.print(table)
    STDOUT.print()


def print_comparison(comparison: Comparison, texts: Mapping[str, str]) -> None:
    """Measure by measure, then the questions that flipped.

    :param texts: question by id.
    """
    STDOUT.print(
        f"[bold]{comparison.before}[/bold] -> [bold]{comparison.after}[/bold]: {comparison.questions} questions in common"
        + (f", {comparison.left_out} left out" if comparison.left_out else ""),
        highlight=False,
    )
    for unlike in comparison.unlike:
        STDOUT.print(f"[yellow]note[/yellow]: {unlike}", highlight=False)
    table = Table(
        "measure", "before", "after", "difference", "95 % interval", "p", "detectable", "verdict", box=None, pad_edge=False
    )
    for d in comparison.differences:
        change = d.change
        table.add_row(
            d.name,
            _number(d.before),
            _number(d.after),
            f"{change.difference:+.3f}",
            "" if change.low is None or change.high is None else f"{change.low:+.3f} {change.high:+.3f}",
            f"{d.p:.2g}",
            "" if change.detectable is None else f"{change.detectable:.3f}",
            f"[{_COLOURS[d.verdict]}]{d.verdict}[/]",
        )
    STDOUT.print(table)
    broken = sum(not flip.passes for flip in comparison.flips)
    STDOUT.print(f"\n{broken} questions no longer pass, {len(comparison.flips) - broken} now do.", highlight=False)
    for flip in comparison.flips[:_MOST_FLIPS]:
        mark = "[green]+[/]" if flip.passes else "[red]-[/]"
        text = texts.get(flip.id, "")
        STDOUT.print(f" {mark} {flip.id}  {flip.before} -> {flip.after}  {text}", highlight=False, soft_wrap=True)
    if len(comparison.flips) > _MOST_FLIPS:
        STDOUT.print(f"   … {len(comparison.flips) - _MOST_FLIPS} more: advisor eval report", highlight=False)


def print_gate(result: GateResult) -> None:
    """The verdict and its reasons."""
    for line in result.lines:
        STDOUT.print(line, highlight=False, markup=False, soft_wrap=True)


def print_coverage(coverage: Coverage, texts: Mapping[str, str]) -> None:
    """The sections that no question asks about, document by document, and the questions without support."""
    unreached = coverage.unreached
    STDOUT.print(
        f"{len(coverage.sections) - len(unreached)} of {len(coverage.sections)} sections are asked about. Not asked about:",
        highlight=False,
    )
    for section in unreached:
        STDOUT.print(f"  {section.document}  {' > '.join(section.heading)}", highlight=False, markup=False, soft_wrap=True)
    for title, ids in (("Refused", coverage.refused), ("Answered without a right source", coverage.unsupported)):
        if ids:
            STDOUT.print(f"{title}:", highlight=False)
        for identifier in ids:
            STDOUT.print(f"  {identifier}  {texts[identifier]}", highlight=False, markup=False, soft_wrap=True)


def print_backlog(subjects: Sequence[Subject]) -> None:
    """Each subject with the questions that found no answer there; `×` says how often."""
    total = sum(subject.times for subject in subjects)
    STDOUT.print(f"{total} times the corpus had no answer.", highlight=False)
    for subject in subjects:
        STDOUT.print(f"\n{subject.times:>4}  {subject.name}", highlight=False, markup=False, soft_wrap=True)
        for asked in subject.questions:
            often = f" (× {asked.times})" if asked.times > 1 else ""
            line = f"      {asked.last}  {asked.question}{often}"
            STDOUT.print(line, highlight=False, markup=False, soft_wrap=True)


def summary_json(summary: RunSummary) -> dict[str, Any]:
    """What was measured of a run as `advisor eval --json` prints it."""
    return {
        "run": summary.info.name,
        "questions": summary.info.questions,
        "failures": summary.failures,
        "left_out": list(summary.info.left_out),
        "seconds": summary.info.seconds,
        "hashes": dict(summary.info.hashes),
        "measures": _measured_json(summary.measured),
        "groups": {
            title: {group.name: {"questions": group.rows, "measures": _measured_json(group.measured)} for group in groups}
            for title, groups in summary.breakdowns.items()
        },
        "ms": {one.stage: {"p50": one.p50, "p95": one.p95} for one in summary.latencies},
    }


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """What `advisor eval compare --json` prints."""
    return asdict(comparison)


def gate_json(result: GateResult) -> dict[str, Any]:
    """The verdict of the gate."""
    return {"passed": result.passed, "objections": list(result.objections), "notes": list(result.notes)}


def _measured_json(measured: Iterable[MeasuredValue]) -> dict[str, Any]:
    return {
        one.name: {
            "value": round(one.estimate.value, 4),
            "low": _rounded(one.estimate.low),
            "high": _rounded(one.estimate.high),
            "of": one.estimate.weight,
        }
        for one in measured
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _number(value: float) -> str:
    """Shares with three digits after the point, counts with fewer the larger they are."""
    digits = 3 if abs(value) <= 1 else 2 if abs(value) < _LARGE else 0
    return f"{value:.{digits}f}"


def interval(estimate: Estimate) -> str:
    """`0.71 - 0.83`; empty where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{_number(estimate.low)} - {_number(estimate.high)}"
