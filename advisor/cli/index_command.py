"""The command `advisor index`."""

from __future__ import annotations

import gc
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from advisor.advisor import Advisor
from advisor.cli.options import Corpus, Index, Json, note, print_json, settings_of, takes
from advisor.documents.citations import page_ranges
from advisor.index.cluster import Cluster
from advisor.index.corpus_vectors import save_corpus_vectors
from advisor.index.generation import open_current
from advisor.index.progress import sync_with_progress
from advisor.index.report import IndexReport
from advisor.index.sync import Judge, SyncOptions
from advisor.index.sync import rollback as go_back
from advisor.models.chat import shown_name
from advisor.models.embeddings import Embeddings
from advisor.serialization import report_json
from advisor.settings import Settings
from advisor.spreading import Spread, alone


@dataclass(frozen=True)
class IndexOptions:
    """The options of `advisor index`."""

    corpus: Corpus = None
    index: Index = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")] = False
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build everything anew.")] = False
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the generation before.")] = False
    forget: Annotated[bool, typer.Option("--forget", help="Keep no trace of what the folder no longer holds.")] = False
    watch: Annotated[bool, typer.Option("--watch", help="Follow the folder until interrupted.")] = False
    save_vectors: Annotated[
        bool, typer.Option("--save-vectors", help="Keep the vectors beside the documents, for copies of the folder.")
    ] = False
    questions: Annotated[
        bool, typer.Option("--questions", help="Have the chat model write the questions that sections answer, into asked/.")
    ] = False
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="ADDRESS", help="Read and encode on a Ray cluster: ray://HOST:10001, auto, local."),
    ] = None
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for another writer.")] = 10
    gate: Annotated[
        list[str] | None,
        typer.Option(
            "--gate", metavar="SET", help="Ask a question set first; keep the old index when answers become worse."
        ),
    ] = None
    as_json: Json = False


@takes(IndexOptions)
def index_corpus(options: IndexOptions) -> None:
    """Bring the index in line with the corpus folder."""
    _refuse_together(options)
    settings = settings_of(options.corpus, options.index)
    if options.rollback:
        name = go_back(settings, wait=options.wait)
        print_json({"generation": name}) if options.as_json else typer.echo(f"Back to generation {name}.")
    elif options.watch:
        _watch(settings, as_json=options.as_json)
    else:
        with Cluster(options.on) if options.on else nullcontext() as cluster:
            _index_once(settings, options, cluster.spread if cluster else alone)


def _refuse_together(options: IndexOptions) -> None:
    """:raises typer.BadParameter: when two options exclude each other."""
    exclusive = ("dry_run", "rebuild", "rollback", "forget", "watch", "save_vectors")
    together = [f"--{name.replace('_', '-')}" for name in exclusive if getattr(options, name)]
    if options.questions and (options.rollback or options.watch):
        together.append("--questions")
    if options.on and (options.rollback or options.watch):
        together.append("--on")
    if options.gate and together and not options.rebuild:
        together.append("--gate")
    if len(together) > 1:
        message = f"{together[0]} and {together[1]} cannot be used together"
        raise typer.BadParameter(message)


def _index_once(settings: Settings, options: IndexOptions, spread: Spread) -> None:
    # Thousands of documents and sentences come and stay: to look for garbage among them, again and again, takes time.
    gc.set_threshold(50_000)
    embeddings = Embeddings(settings, spread)
    wanted = SyncOptions(
        rebuild=options.rebuild,
        forget=options.forget,
        dry_run=options.dry_run,
        wait=options.wait,
        judge=_judge(settings, embeddings, options.gate) if options.gate else None,
        spread=spread,
    )
    report = sync_with_progress(settings, embeddings, wanted)
    _show_report(report, dry_run=options.dry_run, as_json=options.as_json)
    if options.save_vectors:
        with closing(open_current(settings, embeddings)) as generation:
            note(f"The vectors are in {save_corpus_vectors(settings.corpus_dir, generation, embeddings)}.")
    if options.questions:
        _write_questions(settings, embeddings, wanted, as_json=options.as_json)
    if report.failed:
        raise typer.Exit(1)


def _write_questions(settings: Settings, embeddings: Embeddings, wanted: SyncOptions, *, as_json: bool) -> None:
    """Have the chat model write, and index what it wrote; whatever ends it, what was written is kept."""
    from advisor.features.question_writing import outstanding, write_questions

    advisor = Advisor.open(settings, embeddings)
    with closing(advisor):
        missing = outstanding(advisor.index)
        count = f"{len(missing.sections)} of {missing.total} sections have no questions yet"
        note(f"{count}: as many calls of {shown_name(settings.chat_model) if settings.chat_model else 'a chat model'}.")
        if wanted.dry_run or not missing.sections:
            return
        kept = 0
        try:
            for progress in write_questions(advisor, missing.sections):
                kept = progress.kept
                told = f"{kept} questions kept, {progress.missed} that do not find their section"
                note(f"{progress.sections} of {len(missing.sections)} sections: {told}")
        finally:
            if kept:
                once_more = replace(wanted, rebuild=False, forget=False)
                _show_report(sync_with_progress(settings, embeddings, once_more), dry_run=False, as_json=as_json)


def _judge(settings: Settings, embeddings: Embeddings, sets: list[str]) -> Judge:
    """The question sets as the judge of a new generation; evaluation is loaded only here."""
    from advisor.cli.evaluation_actions import judge_of_generations

    return judge_of_generations(settings, embeddings, sets)


def _watch(settings: Settings, *, as_json: bool) -> None:
    """One line for each sync, until interrupted."""
    from advisor.index.watch import follow

    note(f"following {settings.corpus_dir}; Ctrl-C ends it")
    for outcome in follow(settings, Embeddings(settings)):
        if isinstance(outcome, IndexReport):
            _show_report(outcome, dry_run=False, as_json=as_json)
        else:
            note(str(outcome))


def _show_report(report: IndexReport, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(report_json(report))
    else:
        typer.echo(_in_words(report, dry_run=dry_run))
    notes = [f"{hidden.document}: {hidden.characters} hidden characters were left out" for hidden in report.hidden]
    notes += [
        f"{one.document}, line {one.line}: “{one.text}” was left out: an order to an assistant" for one in report.left_out
    ]
    for name, scan in report.scans.items():
        read, unread = page_ranges(scan.read), page_ranges(scan.unread)
        unsure = f" ({scan.unsure} words left out as unclear)" if scan.unsure else ""
        notes += [f"{name}: pages {read} are pictures and were read by OCR{unsure}"] if read else []
        notes += [f"not read: {name}, pages {unread}: they are pictures. {'. '.join(map(str, scan.why))}"] if unread else []
    notes += [f"{name}: no passage was found in it, so nothing can be answered from it" for name in report.silent]
    notes += [f"not read: {passed.document}: {passed.error}" for passed in report.passed_over]
    notes += [f"{failed.document}: {failed.error}" for failed in report.failed]
    for each in notes:
        note(each)


def _in_words(report: IndexReport, *, dry_run: bool) -> str:
    counts = {
        "added": len(report.added),
        "updated": len(report.updated),
        "renamed": len(report.renamed),
        "removed": len(report.removed),
        "unchanged": report.unchanged,
        "failed": len(report.failed),
    }
    changes = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    if dry_run:
        names = [f"  + {name}" for name in report.added] + [f"  ~ {name}" for name in report.updated]
        names += [f"  {old} -> {new}" for old, new in report.renamed] + [f"  - {name}" for name in report.removed]
        return "\n".join([f"Would change: {changes}. Passages to embed: {report.embedded:,}.", *names])
    return (
        f"Generation {report.generation}: {report.documents} documents, {report.chunks} passages "
        f"({report.embedded} embedded, {report.reused} re-used) in {report.seconds:.1f} s: {changes}."
    )
