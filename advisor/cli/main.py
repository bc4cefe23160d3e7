"""The command line. Results on stdout; messages and progress on stderr.

Exit status 0 success, 1 failure with one line that says what to do, 2 usage or a question that cannot be taken.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from advisor.advisor import Advisor, invalid_answer
from advisor.cli import doctor as check_up
from advisor.cli.evaluation import app as evaluation
from advisor.cli.options import Corpus, Index, Json, print_json, settings_of, takes
from advisor.cli.users import users
from advisor.errors import AdvisorError, QuestionError
from advisor.index.progress import STDERR, sync_with_progress
from advisor.index.sync import Judge, SyncOptions
from advisor.index.sync import rollback as go_back
from advisor.models.embeddings import Embeddings
from advisor.serialization import Asked, answer_json, read_questions, report_json, search_json
from advisor.settings import Settings
from advisor.types import Answer, Citation, Document, IndexReport, Language

app = typer.Typer(
    help="Answers from a curated corpus, with the lines behind every sentence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(evaluation, name="eval")
app.add_typer(users, name="users")

Question = Annotated[str | None, typer.Argument(help="The question, in French or English.")]
From = Annotated[Path | None, typer.Option("--from", help='A file of questions, one {"id", "question"} a line.')]


def main() -> None:
    """Run the command line; every deliberate error becomes one line on stderr."""
    try:
        app()
    except QuestionError as error:
        STDERR.print(f"advisor: {error}", highlight=False, markup=False, soft_wrap=True)
        sys.exit(2)
    except AdvisorError as error:
        STDERR.print(f"advisor: {error}", highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


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
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for another writer.")] = 10
    gate: Annotated[
        list[str] | None,
        typer.Option(
            "--gate", metavar="SET", help="Ask a question set first; keep the old index when answers become worse."
        ),
    ] = None
    as_json: Json = False


@app.command()
@takes(IndexOptions)
def index(options: IndexOptions) -> None:
    """Bring the index in line with the corpus folder."""
    _refuse_together(options)
    settings = settings_of(options.corpus, options.index)
    if options.rollback:
        name = go_back(settings, wait=options.wait)
        print_json({"generation": name}) if options.as_json else typer.echo(f"Back to generation {name}.")
    elif options.watch:
        _watch(settings, as_json=options.as_json)
    else:
        _index_once(settings, options)


def _refuse_together(options: IndexOptions) -> None:
    """:raises typer.BadParameter: when two options exclude each other."""
    exclusive = ("dry_run", "rebuild", "rollback", "forget", "watch")
    together = [f"--{name.replace('_', '-')}" for name in exclusive if getattr(options, name)]
    if options.gate and together and not options.rebuild:
        together.append("--gate")
    if len(together) > 1:
        message = f"{together[0]} and {together[1]} cannot be used together"
        raise typer.BadParameter(message)


def _index_once(settings: Settings, options: IndexOptions) -> None:
    # Thousands of documents and sentences come and stay: to look for garbage among them, again and again, takes time.
    gc.set_threshold(50_000)
    embeddings = Embeddings(settings)
    wanted = SyncOptions(
        rebuild=options.rebuild,
        forget=options.forget,
        dry_run=options.dry_run,
        wait=options.wait,
        judge=_judge(settings, embeddings, options.gate) if options.gate else None,
    )
    report = sync_with_progress(settings, embeddings, wanted)
    _show_report(report, dry_run=options.dry_run, as_json=options.as_json)
    if report.failed:
        raise typer.Exit(1)


def _judge(settings: Settings, embeddings: Embeddings, sets: list[str]) -> Judge:
    """The question sets as the judge of a new generation; evaluation is loaded only here."""
    from advisor.cli.evaluation_actions import judge_of_generations

    return judge_of_generations(settings, embeddings, sets)


def _watch(settings: Settings, *, as_json: bool) -> None:
    """One line for each sync, until interrupted."""
    from advisor.index.watch import follow

    STDERR.print(f"Following {settings.corpus_dir}; Ctrl-C ends it.", highlight=False, markup=False, soft_wrap=True)
    for outcome in follow(settings, Embeddings(settings)):
        if isinstance(outcome, IndexReport):
            _show_report(outcome, dry_run=False, as_json=as_json)
        else:
            STDERR.print(f"advisor: {outcome}", highlight=False, markup=False, soft_wrap=True)


def _show_report(report: IndexReport, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(report_json(report))
    else:
        typer.echo(_in_words(report, dry_run=dry_run))
    notes = [f"{hidden.document}: {hidden.characters} hidden characters were left out" for hidden in report.hidden]
    notes += [f"{failed.document}: {failed.error}" for failed in report.failed]
    for note in notes:
        STDERR.print(f"advisor: {note}", highlight=False, markup=False, soft_wrap=True)


@dataclass(frozen=True)
class SearchOptions:
    """The question, or the file of questions, and the options of `advisor search`."""

    question: Question = None
    questions: From = None
    k: Annotated[int | None, typer.Option("-k", min=1, max=1_000, help="How many passages.")] = None
    corpus: Corpus = None
    index: Index = None
    as_json: Json = False


@app.command()
@takes(SearchOptions)
def search(options: SearchOptions) -> None:
    """Find the passages nearest to a question."""
    batch = _questions(options.question, options.questions)
    advisor = Advisor.open(settings_of(options.corpus, options.index))
    for asked in batch:
        for name, text in _named_turns(asked):
            started = time.perf_counter()
            try:
                results = advisor.search(text, k=options.k)
            except QuestionError as error:
                if not options.questions:
                    raise
                STDERR.print(f"advisor: {name}: {error}", highlight=False, markup=False)
                results = []
            line = search_json(name, text, results, (time.perf_counter() - started) * 1000)
            if options.as_json:
                print_json(line)
            else:
                typer.echo(_results_in_words(line))


@dataclass(frozen=True)
class AskOptions:
    """The question, or the file of questions, and the options of `advisor ask`."""

    question: Question = None
    questions: From = None
    language: Annotated[str | None, typer.Option(help="Language of the answer: fr or en (detected).")] = None
    corpus: Corpus = None
    index: Index = None
    as_json: Json = False


@app.command()
@takes(AskOptions)
def ask(options: AskOptions) -> None:
    """Answer a question, with the lines behind every sentence."""
    batch = _questions(options.question, options.questions)
    wanted = _language(options.language)
    advisor = Advisor.open(settings_of(options.corpus, options.index))
    for asked in batch:
        history: list[str] = []
        for name, text in _named_turns(asked):
            answer = _ask(advisor, text, history, wanted, stop=options.questions is None)
            history.append(answer.standalone_question)
            if options.as_json:
                print_json(answer_json(name, answer))
            else:
                typer.echo(_answer_in_words(advisor, answer))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port; the next free one when it is taken.")] = 7860,
    corpus: Corpus = None,
    index: Index = None,
) -> None:
    """Serve the web chat; builds the index when there is none."""
    from advisor.ui.server import serve as serve_page

    serve_page(settings_of(corpus, index), host=host, port=port)


@app.command()
def mcp(corpus: Corpus = None, index: Index = None) -> None:
    """Serve the tools ask, search and read_source to an assistant, over standard input and output (MCP)."""
    from advisor.api.mcp_server import mcp_server

    advisor = Advisor.open(settings_of(corpus, index))
    mcp_server(advisor).run("stdio")
    advisor.close()


@app.command()
def doctor(corpus: Corpus = None, index: Index = None, *, as_json: Json = False) -> None:
    """Check the installation, the model, the corpus and the index, and say what to do."""
    findings = check_up.examine(settings_of(corpus, index))
    for finding in findings:
        if as_json:
            print_json({"check": finding.check, "ok": finding.ok, "detail": finding.detail, "advice": finding.advice})
        else:
            mark = "ok  " if finding.ok else "FAIL"
            typer.echo(f"{mark} {finding.check}: {finding.detail}" + (f"\n     {finding.advice}" if finding.advice else ""))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _language(code: str | None) -> Language | None:
    if code not in (None, "fr", "en"):
        message = f"--language takes fr or en, not {code!r}"
        raise typer.BadParameter(message)
    return "fr" if code == "fr" else "en" if code == "en" else None


def _questions(question: str | None, file: Path | None) -> list[Asked]:
    """What was asked on the command line or in the file.

    :raises QuestionError: when a line of the file is malformed.
    """
    if (question is None) == (file is None):
        message = "give a question, or --from FILE"
        raise typer.BadParameter(message)
    return list(read_questions(file)) if file else [Asked("1", (question or "",), is_dialogue=False)]


def _named_turns(asked: Asked) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(asked.turns, start=1):
        yield (f"{asked.id}#{number}" if asked.is_dialogue else asked.id), text


def _ask(advisor: Advisor, text: str, history: list[str], language: Language | None, *, stop: bool) -> Answer:
    """The answer; in a batch, a question that cannot be taken is recorded and the batch goes on."""
    try:
        return advisor.ask(text, history=history, language=language)
    except QuestionError as error:
        if stop:
            raise
        return invalid_answer(text, str(error), advisor.index.info)


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
        return "\n".join([f"Would change: {changes}.", *names])
    return (
        f"Generation {report.generation}: {report.documents} documents, {report.chunks} passages "
        f"({report.embedded} embedded, {report.reused} re-used) in {report.seconds:.1f} s: {changes}."
    )


def _results_in_words(line: dict[str, Any]) -> str:
    found = [
        f"{r['rank']:>2}. {r['score']:.3f}  {r['document']}:{r['start_line']}-{r['end_line']}  "
        + " > ".join([r["title"], *r["heading"]])
        + "\n    "
        + " ".join(r["text"].split())[:160]
        for r in line["results"]
    ]
    return "\n".join([line["question"], *found])


def _answer_in_words(advisor: Advisor, answer: Answer) -> str:
    if answer.status == "invalid":
        return f"{answer.question!r}: {answer.reason}"
    sources = [
        _source_in_words(citation, advisor.document(citation.document, answer.index.generation))
        for citation in answer.citations
    ]
    return "\n".join([answer.text, "", *sources]).rstrip()


def _source_in_words(citation: Citation, document: Document | None) -> str:
    lines = f":{citation.start_line}" + (f"-{citation.end_line}" if citation.end_line != citation.start_line else "")
    place = f", p. {citation.page}" if citation.page else lines  # the lines of what was read from a PDF are not its own
    section = " > ".join([citation.title, *citation.heading])
    kind = ", ".join(filter(None, (citation.evidence, citation.date)))
    also = f"  also at {', '.join(document.aliases)}" if document and document.aliases else ""
    return f"[{citation.marker}] {citation.document}{place}  {section}" + (f"  ({kind})" if kind else "") + also
