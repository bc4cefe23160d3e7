"""What the commands of `advisor eval` do: read, ask, score, write, print."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from advisor.advisor import Advisor
from advisor.answering.unanswered import log_file, read
from advisor.cli.options import given_corpus, note, print_json
from advisor.errors import EvaluationError
from advisor.evaluation import beir_trec, checking, drafting, gaps
from advisor.evaluation import run_store as runs
from advisor.evaluation.comparison import compare_runs
from advisor.evaluation.gate import GATE_FILE, gate_generation, judge, read_gate
from advisor.evaluation.measures import summarise
from advisor.evaluation.questions import Split, cases_of, find_sets, read_set, read_sets
from advisor.evaluation.reports import risk, tables
from advisor.evaluation.reports.html_report import render_page
from advisor.evaluation.runner import OnAsked, Order, PinnedAdvisor, run_sets
from advisor.index.generation import Generation
from advisor.index.progress import STDERR
from advisor.index.sync import Judge
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings


@dataclass(frozen=True, slots=True)
class Against:
    """What a run is held against: another run, alone or with the gate's rules."""

    baseline: str | None = None
    gate: bool = False


def ask_sets(settings: Settings, order: Order, against: Against, *, as_json: bool) -> bool:
    """Ask the sets, keep the run and print it; False when the gate did not pass."""
    rules = read_gate(settings.evals_dir / GATE_FILE) if against.gate else None
    before = _run_before(settings.evals_dir, order.split, against)
    done = _ask(settings, order)
    result = judge(done.rows, before.rows if before else (), rules) if rules else None
    if result and done.info.left_out:
        result = replace(result, notes=(*result.notes, done.info.left_out_in_words))
    compared = compare_runs(before, done) if before and not rules else None
    if as_json:
        extra = {"gate": tables.gate_json(result)} if result else {}
        extra |= {"comparison": tables.comparison_json(compared)} if compared else {}
        print_json(tables.summary_json(summarise(done)) | extra)
    else:
        tables.print_summary(summarise(done))
        if compared:
            tables.print_comparison(compared, _texts(done))
        if result:
            tables.print_gate(result)
    return result is None or result.passed


def _run_before(evals: Path, split: Split | None, against: Against) -> runs.Run | None:
    """The run to compare with, of the same part of the questions: for a gate the baseline, if there is one."""
    blessed = against.gate and (evals / runs.BASELINE / "settings.json").is_file()
    name = against.baseline or (runs.BASELINE if blessed else None)
    return runs.part_of(runs.read_run(name, evals), split) if name else None


def show_comparison(settings: Settings, names: tuple[str, str], split: Split | None, *, as_json: bool) -> None:
    """Print what two runs differ in."""
    before, after = (runs.part_of(runs.read_run(name, settings.evals_dir), split) for name in names)
    compared = compare_runs(before, after)
    if as_json:
        print_json(tables.comparison_json(compared))
    else:
        tables.print_comparison(compared, _texts(after))


def bless_run(settings: Settings, name: str) -> None:
    """Make a run the baseline."""
    folder = settings.evals_dir / runs.BASELINE
    blessed = runs.read_run(name, settings.evals_dir)
    runs.write_baseline(blessed, folder)
    tables.STDOUT.print(
        f"{folder} now holds the run {name}: {blessed.info.questions} questions. Commit it.", highlight=False
    )


def check_sets(settings: Settings, sets: Sequence[str], *, as_json: bool) -> bool:
    """Print what is wrong with the sets; False when anything is."""
    known = [read_set(path) for path in find_sets(sets, settings.evals_dir / runs.QUESTIONS)]
    findings = checking.find_faults(known, settings)
    questions = sum(len(one.entries) for one in known)
    if as_json:
        print_json({"questions": questions, "errors": list(findings.errors), "warnings": list(findings.warnings)})
        return not findings.errors
    for warning in findings.warnings:
        STDERR.print(f"warning: {warning}", highlight=False, markup=False, soft_wrap=True)
    for error in findings.errors:
        tables.STDOUT.print(error, highlight=False, markup=False, soft_wrap=True)
    counts = f"{len(findings.errors)} errors, {len(findings.warnings)} warnings"
    tables.STDOUT.print(f"{questions} questions in {len(known)} sets: {counts}.", highlight=False)
    return not findings.errors


def write_report(settings: Settings, name: str, split: Split | None, against: Against, out: Path | None) -> None:
    """Write the page of a run, and print where it is."""
    run = runs.part_of(runs.read_run(name, settings.evals_dir), split)
    other = _run_before(settings.evals_dir, split, against)
    path = out or run.folder / (f"report-{split}.html" if split else "report.html")
    path.write_text(render_page(run, other), encoding="utf-8")
    tables.STDOUT.print(str(path), highlight=False, markup=False, soft_wrap=True)


def draw_risk(settings: Settings, name: str, out: Path | None) -> None:
    """Write the curves of a run, and print its operating points."""
    shown = runs.read_run(name, settings.evals_dir)
    path = out or shown.folder / "risk-coverage.svg"
    path.write_text(risk.picture(shown), encoding="utf-8")
    sys.stdout.write(risk.table(shown) + "\n")
    STDERR.print(f"Written to {path}", highlight=False, markup=False, soft_wrap=True)


def write_exchange(settings: Settings, name: str, folder: Path) -> None:
    """Write a run in the formats of the field."""
    questions = beir_trec.export_run(runs.read_run(name, settings.evals_dir), Advisor.open(settings).index, folder)
    tables.STDOUT.print(f"{questions} questions of the run {name} written to {folder}", highlight=False, soft_wrap=True)


def import_beir(folder: Path, documents: Path, out: Path) -> None:
    """Write a question set from a BEIR folder, and its corpus into `documents`."""
    _refuse_existing(out)
    _write(beir_trec.read_beir(folder, documents), out)


def import_qrels(settings: Settings, judgements: Path, queries: Path, out: Path) -> None:
    """Write a question set from judgements of TREC."""
    _refuse_existing(out)
    _write(beir_trec.read_qrels(judgements, queries, Advisor.open(settings).index.catalog.document), out)


def draft_set(settings: Settings, wanted: drafting.DraftOrder, out: Path | None) -> None:
    """Write a draft from the indexed documents."""
    lines = drafting.draft_from_index(Advisor.open(settings).index, settings, wanted)
    _write(lines, out, settings)
    if all(line["answerable"] for line in lines):
        advice = "Add some, or draft them of documents that are near and not indexed: --held-out FOLDER"
        note(f"None of the questions is without an answer, so none tells whether the advisor refuses. {advice}")


def draft_from_verdicts(feedback: Path, out: Path | None) -> None:
    """Write a draft from feedback."""
    _write(drafting.draft_from_feedback(feedback), out)


def show_backlog(settings: Settings, log: Path | None, *, as_json: bool) -> None:
    """Print the backlog of the corpus."""
    subjects = gaps.backlog(read(log or log_file(settings)))
    if as_json:
        print_json({"subjects": [asdict(subject) for subject in subjects]})
    else:
        tables.print_backlog(subjects)


def show_coverage(settings: Settings, sets: Sequence[str], name: str | None, *, as_json: bool) -> None:
    """Print the coverage map."""
    known = read_sets(find_sets(sets, settings.evals_dir / runs.QUESTIONS))
    cases = [case for one in known for case in cases_of(one)]
    rows = runs.read_run(name, settings.evals_dir).rows if name else ()
    found = gaps.map_coverage(cases, Advisor.open(settings).index, rows)
    if as_json:
        print_json(asdict(found))
    else:
        tables.print_coverage(found, {case.id: case.text for case in cases})


def judge_of_generations(settings: Settings, embeddings: Embeddings, names: Sequence[str]) -> Judge:
    """What `advisor index --gate SET` asks before it publishes a generation."""
    sets = read_sets(find_sets(names, settings.evals_dir / runs.QUESTIONS))
    rules = read_gate(settings.evals_dir / GATE_FILE)

    def speaks_against(published: Generation, candidate: Generation) -> Sequence[str]:
        STDERR.print(f"Asking {', '.join(one.name for one in sets)} of both generations", highlight=False)
        before, after = (PinnedAdvisor(settings, embeddings, generation) for generation in (published, candidate))
        result = gate_generation(before, after, sets, rules)
        for each in result.notes:
            STDERR.print(f"note: {each}", highlight=False, soft_wrap=True)
        return result.objections

    return speaks_against


def _ask(settings: Settings, order: Order) -> runs.Run:
    """Ask, score and keep, under a progress bar."""
    with asking_bar("Asking") as on_asked:
        written = run_sets(Advisor.open(settings), order, on_asked)
    STDERR.print(f"Written to {written.folder}", highlight=False)
    return written


@contextmanager
def asking_bar(what: str) -> Iterator[OnAsked]:
    """A progress bar of questions on stderr; who asks tells it how many are done, of how many."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=STDERR, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _texts(run: runs.Run) -> Mapping[str, str]:
    return {name: answer["question"] for name, answer in run.answers().items()}


def _refuse_existing(path: Path) -> None:
    """A file that exists may hold a person's work.

    :raises EvaluationError: when it does.
    """
    if path.exists():
        message = f"{path} exists already. Name another file with --out, or delete it"
        raise EvaluationError(message)


def _write(lines: Sequence[dict[str, Any]], out: Path | None, settings: Settings | None = None) -> None:
    """To a new file, or to stdout.

    :param settings: of the documents that the questions are about, where they are known.
    """
    text = drafting.write_draft(lines)
    if out is None:
        sys.stdout.write(text)
        return
    _refuse_existing(out)
    out.write_text(text, encoding="utf-8")
    checking_them = f"advisor eval check {shlex.quote(str(out))}{given_corpus(settings) if settings else ''}"
    advice = f"Read and correct them, then: {checking_them}"
    STDERR.print(f"{len(lines)} questions written to {out}. {advice}", highlight=False, soft_wrap=True)
