"""`advisor eval`: questions asked, scored, compared and gated from the command line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperGroup

from advisor.console import STDERR
from advisor.evaluation import gate as gates
from advisor.evaluation import tables
from advisor.evaluation.checking import check as check_sets
from advisor.evaluation.comparison import compare as compare_runs
from advisor.evaluation.questions import find_sets, items_of, read_set, read_sets
from advisor.evaluation.running import evaluate, pinned, refuse_stale_labels
from advisor.evaluation.runs import (
    BASELINE,
    LATEST,
    QUESTIONS,
    RUNS,
    Run,
    check_name,
    describe,
    read_run,
    write_run,
)
from advisor.evaluation.runs import bless as bless_run
from advisor.evaluation.scoring import score_all
from advisor.evaluation.summary import summarise
from advisor.options import Corpus, Index, Json, print_json
from advisor.pipeline import Advisor
from advisor.settings import Settings, load_settings

Sets = Annotated[list[str] | None, typer.Argument(help="Question sets: names in evals/questions, or paths. All of them.")]
RunName = Annotated[str, typer.Option("--run", help="Name of the run: a folder of evals/runs.")]


class _RunsByDefault(TyperGroup):
    """`advisor eval article` is `advisor eval run article`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own context
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_RunsByDefault, help="Ask question sets, score the answers, compare runs.")


@app.command()
def run(
    sets: Sets = None,
    name: RunName = LATEST,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Run to compare with; with --gate, the blessed one.")
    ] = None,
    corpus: Corpus = None,
    index: Index = None,
    *,
    gate: Annotated[bool, typer.Option("--gate", help="Exit 1 when a measure fell or is below its floor.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compare what unlike runs share.")] = False,
    as_json: Json = False,
) -> None:
    """Ask the questions, score the answers, keep the run. `run` can be left out."""
    settings = _settings(corpus, index)
    evals = settings.evals_dir
    check_name(name, evals / RUNS)
    rules = gates.read_gate(evals / gates.FILE) if gate else None
    before = read_run(baseline, evals) if baseline else None
    if gate and not baseline and (evals / BASELINE / "settings.json").is_file():
        before = read_run(BASELINE, evals)
    done = _run(sets, name, settings)
    summary = summarise(done)
    result = gates.judge(done.rows, before.rows if before else (), rules) if rules else None
    comparison = compare_runs(before, done, force=force) if before and not gate else None
    if as_json:
        extra = {"gate": tables.gate_json(result)} if result else {}
        extra |= {"comparison": tables.comparison_json(comparison)} if comparison else {}
        print_json(tables.summary_json(summary) | extra)
    else:
        tables.print_summary(summary)
        if comparison:
            tables.print_comparison(comparison, _texts(done))
        if result:
            tables.print_gate(result)
    if result and not result.passed:
        raise typer.Exit(1)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(help="A run, `baseline`, or the path of one.")],
    after: Annotated[str, typer.Argument(help="Another.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Compare what unlike runs share.")] = False,
    as_json: Json = False,
) -> None:
    """Compare two runs, question by question."""
    evals = load_settings().evals_dir
    one, other = read_run(before, evals), read_run(after, evals)
    comparison = compare_runs(one, other, force=force)
    if as_json:
        print_json(tables.comparison_json(comparison))
    else:
        tables.print_comparison(comparison, _texts(other))


@app.command()
def bless(name: Annotated[str, typer.Argument(metavar="RUN", help="The run that becomes the baseline.")]) -> None:
    """Make a run the baseline that `--gate` compares with."""
    evals = load_settings().evals_dir
    blessed = read_run(name, evals)
    bless_run(blessed, evals / BASELINE)
    typer.echo(f"{evals / BASELINE} now holds the run {blessed.info.name}: {blessed.info.questions} questions. Commit it.")


@app.command()
def check(sets: Sets = None, corpus: Corpus = None, *, as_json: Json = False) -> None:
    """Check question sets: schema, ids, quotes, key facts, languages, leaks."""
    settings = _settings(corpus, None)
    read = [read_set(path) for path in find_sets(sets or [], settings.evals_dir / QUESTIONS)]
    findings = check_sets(read, settings)
    questions = sum(len(one.entries) for one in read)
    if as_json:
        print_json({"questions": questions, "errors": list(findings.errors), "warnings": list(findings.warnings)})
    else:
        for warning in findings.warnings:
            STDERR.print(f"warning: {warning}", highlight=False, markup=False, soft_wrap=True)
        for error in findings.errors:
            typer.echo(error)
        typer.echo(
            f"{questions} questions in {len(read)} sets: {len(findings.errors)} errors, {len(findings.warnings)} warnings."
        )
    if findings.errors:
        raise typer.Exit(1)


def _settings(corpus: Path | None, index: Path | None) -> Settings:
    return load_settings(corpus_dir=corpus, index_dir=index)


def _run(names: list[str] | None, name: str, settings: Settings) -> Run:
    """Ask, score and write, under a progress bar."""
    sets = read_sets(find_sets(names or [], settings.evals_dir / QUESTIONS))
    items = [item for one in sets for item in items_of(one)]
    advisor = pinned(Advisor.open(settings))
    refuse_stale_labels(items, advisor.index.catalog.document)
    started = time.perf_counter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=STDERR, transient=True) as bar:
        task = bar.add_task("Asking", total=len(items))
        outcomes = evaluate(advisor, items, lambda done, total: bar.update(task, completed=done, total=total))
    rows = score_all(outcomes)
    info = describe(name, settings, advisor.index, sets, rows, time.perf_counter() - started)
    written = write_run(settings.evals_dir / RUNS / name, info, outcomes, rows)
    STDERR.print(f"Written to {written.folder}", highlight=False)
    return written


def _texts(run: Run) -> dict[str, str]:
    return {name: answer["question"] for name, answer in run.answers().items()}
