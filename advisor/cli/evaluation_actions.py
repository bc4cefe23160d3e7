"""What the commands of `advisor eval` do: read, ask, score, write, print."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from advisor.advisor import Advisor
from advisor.answering.unanswered import log_file, read
from advisor.cli.options import print_json
from advisor.errors import EvaluationError
from advisor.evaluation import checking, comparison, drafting, exchange, tables
from advisor.evaluation import evaluate as performing
from advisor.evaluation import gate as gates
from advisor.evaluation import risk as risks
from advisor.evaluation import run_store as runs
from advisor.evaluation.backlog import backlog
from advisor.evaluation.coverage import coverage as map_coverage
from advisor.evaluation.questions import find_sets, items_of, read_set, read_sets
from advisor.evaluation.summary import summarise
from advisor.index.generation import Generation
from advisor.index.progress import STDERR
from advisor.index.sync import Judge
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings


def run(
    settings: Settings,
    sets: Sequence[str],
    *,
    name: str,
    baseline: str | None,
    gate: bool,
    force: bool,
    as_json: bool,
) -> bool:
    """Ask the sets, keep the run and print it; False when the gate did not pass."""
    evals = settings.evals_dir
    rules = gates.read_gate(evals / gates.FILE) if gate else None
    if gate and not baseline and (evals / runs.BASELINE / "settings.json").is_file():
        baseline = runs.BASELINE
    before = runs.read_run(baseline, evals) if baseline else None
    done = _ask(settings, sets, name)
    summary = summarise(done)
    result = gates.judge(done.rows, before.rows if before else (), rules) if rules else None
    compared = comparison.compare(before, done, force=force) if before and not rules else None
    if as_json:
        extra = {"gate": tables.gate_json(result)} if result else {}
        extra |= {"comparison": tables.comparison_json(compared)} if compared else {}
        print_json(tables.summary_json(summary) | extra)
    else:
        tables.print_summary(summary)
        if compared:
            tables.print_comparison(compared, _texts(done))
        if result:
            tables.print_gate(result)
    return result is None or result.passed


def compare(settings: Settings, before: str, after: str, *, force: bool, as_json: bool) -> None:
    """Print what two runs differ in."""
    one, other = runs.read_run(before, settings.evals_dir), runs.read_run(after, settings.evals_dir)
    compared = comparison.compare(one, other, force=force)
    if as_json:
        print_json(tables.comparison_json(compared))
    else:
        tables.print_comparison(compared, _texts(other))


def bless(settings: Settings, name: str) -> None:
    """Make a run the baseline."""
    folder = settings.evals_dir / runs.BASELINE
    blessed = runs.read_run(name, settings.evals_dir)
    runs.bless(blessed, folder)
    tables.STDOUT.print(
        f"{folder} now holds the run {name}: {blessed.info.questions} questions. Commit it.", highlight=False
    )


def check(settings: Settings, sets: Sequence[str], *, as_json: bool) -> bool:
    """Print what is wrong with the sets; False when anything is."""
    read = [read_set(path) for path in find_sets(sets, settings.evals_dir / runs.QUESTIONS)]
    findings = checking.check(read, settings)
    questions = sum(len(one.entries) for one in read)
    if as_json:
        print_json({"questions": questions, "errors": list(findings.errors), "warnings": list(findings.warnings)})
        return not findings.errors
    for warning in findings.warnings:
        STDERR.print(f"warning: {warning}", highlight=False, markup=False, soft_wrap=True)
    for error in findings.errors:
        tables.STDOUT.print(error, highlight=False, markup=False, soft_wrap=True)
    counts = f"{len(findings.errors)} errors, {len(findings.warnings)} warnings"
    tables.STDOUT.print(f"{questions} questions in {len(read)} sets: {counts}.", highlight=False)
    return not findings.errors


def report(settings: Settings, name: str, *, against: str | None, out: Path | None, force: bool) -> None:
    """Write the page of a run, and print where it is."""
    shown = runs.read_run(name, settings.evals_dir)
    path = out or shown.folder / "report.html"
    path.write_text(performing.page(shown, against, settings.evals_dir, force=force), encoding="utf-8")
    tables.STDOUT.print(str(path), highlight=False, markup=False, soft_wrap=True)


def risk(settings: Settings, name: str, *, out: Path | None) -> None:
    """Write the curves of a run, and print its operating points."""
    shown = runs.read_run(name, settings.evals_dir)
    path = out or shown.folder / "risk-coverage.svg"
    path.write_text(risks.picture(shown), encoding="utf-8")
    sys.stdout.write(risks.table(shown) + "\n")
    STDERR.print(f"Written to {path}", highlight=False, markup=False, soft_wrap=True)


def export(settings: Settings, name: str, folder: Path) -> None:
    """Write a run in the formats of the field."""
    questions = exchange.export(runs.read_run(name, settings.evals_dir), Advisor.open(settings).index, folder)
    tables.STDOUT.print(f"{questions} questions of the run {name} written to {folder}", highlight=False, soft_wrap=True)


def import_(settings: Settings, source: Path, *, documents: Path | None, queries: Path | None, out: Path) -> None:
    """Write a question set from one of the formats of the field."""
    _refuse_existing(out)
    if source.is_dir() and documents:
        _write(exchange.read_beir(source, documents), out)
    elif queries:
        _write(exchange.read_qrels(source, queries, Advisor.open(settings).index.catalog.document), out)


def new(settings: Settings, out: Path | None) -> None:
    """Write a draft from the indexed documents."""
    _write(drafting.draft(Advisor.open(settings).index), out)


def from_feedback(feedback: Path, out: Path | None) -> None:
    """Write a draft from feedback."""
    _write(drafting.from_feedback(feedback), out)


def unanswered(settings: Settings, log: Path | None, *, as_json: bool) -> None:
    """Print the backlog of the corpus."""
    subjects = backlog(read(log or log_file(settings)))
    if as_json:
        print_json({"subjects": [asdict(subject) for subject in subjects]})
    else:
        tables.print_backlog(subjects)


def coverage(settings: Settings, sets: Sequence[str], name: str | None, *, as_json: bool) -> None:
    """Print the coverage map."""
    read = read_sets(find_sets(sets, settings.evals_dir / runs.QUESTIONS))
    items = [item for one in read for item in items_of(one)]
    rows = runs.read_run(name, settings.evals_dir).rows if name else ()
    found = map_coverage(items, Advisor.open(settings).index, rows)
    if as_json:
        print_json(asdict(found))
    else:
        tables.print_coverage(found, {item.id: item.text for item in items})


def judge_of_generations(settings: Settings, embeddings: Embeddings, names: Sequence[str]) -> Judge:
    """What `advisor index --gate SET` asks before it publishes a generation."""
    sets = read_sets(find_sets(names, settings.evals_dir / runs.QUESTIONS))
    rules = gates.read_gate(settings.evals_dir / gates.FILE)

    def judge(published: Generation, candidate: Generation) -> Sequence[str]:
        STDERR.print(f"Asking {', '.join(one.name for one in sets)} of both generations", highlight=False)
        result = gates.gate_generation(settings, embeddings, published, candidate, sets=sets, gate=rules)
        for note in result.notes:
            STDERR.print(f"note: {note}", highlight=False, soft_wrap=True)
        return result.objections

    return judge


def _ask(settings: Settings, names: Sequence[str], name: str) -> runs.Run:
    """Ask, score and keep, under a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=STDERR, transient=True) as bar:
        task = bar.add_task("Asking", total=None)
        written = performing.perform(
            Advisor.open(settings), names, name, lambda done, total: bar.update(task, completed=done, total=total)
        )
    STDERR.print(f"Written to {written.folder}", highlight=False)
    return written


def _texts(run: runs.Run) -> dict[str, str]:
    return {name: answer["question"] for name, answer in run.answers().items()}


def _refuse_existing(path: Path) -> None:
    """A file that exists may hold a person's work.

    :raises EvaluationError: when it does.
    """
    if path.exists():
        message = f"{path} exists already. Name another file with --out, or delete it"
        raise EvaluationError(message)


def _write(lines: Sequence[dict[str, Any]], out: Path | None) -> None:
    """To a new file, or to stdout."""
    text = drafting.write_draft(lines)
    if out is None:
        sys.stdout.write(text)
        return
    _refuse_existing(out)
    out.write_text(text, encoding="utf-8")
    advice = f"Read and correct them, then: advisor eval check {out}"
    STDERR.print(f"{len(lines)} questions written to {out}. {advice}", highlight=False, soft_wrap=True)
