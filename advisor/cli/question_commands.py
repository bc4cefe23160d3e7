"""The commands `advisor search` and `advisor ask`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from advisor.advisor import Advisor, Manner
from advisor.answering.intake import remembered
from advisor.answering.messages import in_plain_text, standing_in_words
from advisor.answering.near import invalid_answer
from advisor.api.pool import QuestionPool
from advisor.cli.options import Corpus, Index, Json, note, print_json, settings_of, takes
from advisor.errors import QuestionError
from advisor.limits import RESULTS
from advisor.serialization import QuestionLine, answer_json, invalid_search_json, read_questions, search_json
from advisor.types import Answer, Citation, Document, Language, Scope

Topic = Annotated[str, typer.Option(help="Only from documents of this topic.")]
FromDocument = Annotated[str, typer.Option("--document", help="Only from this document.")]
Written = Annotated[str | None, typer.Option(help="Only from documents in this language: fr or en.")]
QuestionArgument = Annotated[str | None, typer.Argument(help="The question, in French or English.")]
From = Annotated[Path | None, typer.Option("--from", help='A file of questions, one {"id", "question"} a line.')]


@dataclass(frozen=True)
class SearchOptions:
    """The question, or the file of questions, and the options of `advisor search`."""

    question: QuestionArgument = None
    questions: From = None
    k: Annotated[int | None, typer.Option("-k", min=1, max=RESULTS.most, help="How many passages.")] = None
    topic: Topic = ""
    document: FromDocument = ""
    written: Written = None
    corpus: Corpus = None
    index: Index = None
    as_json: Json = False


@takes(SearchOptions)
def search_passages(options: SearchOptions) -> None:
    """Find the passages nearest to a question."""
    batch = _questions(options.question, options.questions)
    pool = QuestionPool(Advisor.open(settings_of(options.corpus, options.index)))
    for line in batch:
        for name, text in _named_turns(line):
            found = _search(pool, line, name, text, options)
            if options.as_json:
                print_json(found)
            else:
                typer.echo(_results_in_words(found))


def _search(pool: QuestionPool, line: QuestionLine, name: str, text: str, options: SearchOptions) -> dict[str, Any]:
    """The passages; in a batch, a question that cannot be taken is recorded and the batch goes on."""
    started = time.perf_counter()
    try:
        _refuse_no_question(line)
        results = pool.search(text, options.k, _scope(options))
    except QuestionError as error:
        if not options.questions:
            raise
        note(f"{name}: {error}")
        return invalid_search_json(name, text, str(error))
    return search_json(name, text, results, (time.perf_counter() - started) * 1000)


def _refuse_no_question(line: QuestionLine) -> None:
    """:raises QuestionError: when a line of a file is no question."""
    if line.problem:
        raise QuestionError(line.problem)


@dataclass(frozen=True)
class AskOptions:
    """The question, or the file of questions, and the options of `advisor ask`."""

    question: QuestionArgument = None
    questions: From = None
    language: Annotated[str | None, typer.Option(help="Language of the answer: fr or en (detected).")] = None
    short: Annotated[bool, typer.Option("--short", help="The opening thought and the few most important ones.")] = False
    topic: Topic = ""
    document: FromDocument = ""
    written: Written = None
    corpus: Corpus = None
    index: Index = None
    as_json: Json = False


@takes(AskOptions)
def ask_questions(options: AskOptions) -> None:
    """Answer a question, with the lines behind every sentence."""
    batch = _questions(options.question, options.questions)
    how = Manner(language=_language(options.language), scope=_scope(options), length="short" if options.short else "full")
    advisor = Advisor.open(settings_of(options.corpus, options.index))
    pool = QuestionPool(advisor)
    for line in batch:
        history: list[str] = []
        for name, text in _named_turns(line):
            how["history"] = remembered(history)
            try:
                _refuse_no_question(line)
                answer = pool.ask(text, **how)
            except QuestionError as error:
                if not options.questions:
                    raise
                answer = invalid_answer(text, str(error), advisor.index.info)
            if answer.status != "invalid":
                history.append(answer.question)
            if options.as_json:
                print_json(answer_json(name, answer))
            else:
                typer.echo(_answer_in_words(advisor, answer))


def _scope(options: SearchOptions | AskOptions) -> Scope:
    return Scope(options.topic, options.document, _language(options.written, "--written") or "")


def _language(code: str | None, option: str = "--language") -> Language | None:
    if code not in (None, "fr", "en"):
        message = f"{option} takes fr or en, not {code!r}"
        raise typer.BadParameter(message)
    return "fr" if code == "fr" else "en" if code == "en" else None


def _questions(question: str | None, file: Path | None) -> Iterable[QuestionLine]:
    """What was asked on the command line or in the file.

    :raises QuestionError: when the file cannot be read.
    """
    if (question is None) == (file is None):
        message = "give a question, or --from FILE"
        raise typer.BadParameter(message)
    return list(read_questions(file)) if file else [QuestionLine("1", (question or "",))]


def _named_turns(line: QuestionLine) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(line.turns, start=1):
        yield (f"{line.id}#{number}" if line.is_dialogue else line.id), text


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
    return "\n".join([in_plain_text(answer), "", *sources]).rstrip()


def _source_in_words(citation: Citation, document: Document | None) -> str:
    lines = f":{citation.start_line}" + (f"-{citation.end_line}" if citation.end_line != citation.start_line else "")
    ocr = ", read by OCR" if citation.ocr else ""
    place = f", p. {citation.page}{ocr}" if citation.page else lines  # the lines of what was read from a PDF are not its own
    section = " > ".join([citation.title, *citation.heading])
    kind = ", ".join(filter(None, (citation.evidence, citation.date, standing_in_words("en", citation.standing))))
    also = f"  also at {', '.join(document.aliases)}" if document and document.aliases else ""
    return f"[{citation.marker}] {_one_line(citation.document)}{place}  {section}" + (f"  ({kind})" if kind else "") + also


def _one_line(name: str) -> str:
    """The name of a file, what would break the line written as an escape."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in name)
