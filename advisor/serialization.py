"""The JSON of the interfaces: what the command line and the web app send, field by field."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from advisor.errors import QuestionError
from advisor.index.report import IndexReport
from advisor.limits import QUESTION_FILE
from advisor.retrieval.search import Retrieved
from advisor.text.reasons import FailedDocument
from advisor.types import EVERYTHING, Answer, AnswerSentence, Citation, Scope

_EXPECTED = 'expected {"id", "question"} or {"id", "turns": ["...", ...]}'
_LONGEST_SHOWN = 200  # characters of a line that is no question


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """One line of a question file: one question, or the turns of a dialogue; `problem` says why it is neither."""

    id: str
    turns: tuple[str, ...]
    is_dialogue: bool = False
    problem: str = ""


def read_questions(path: Path) -> Iterator[QuestionLine]:
    r"""The lines of a JSON Lines file: `{"id", "question"}` or `{"id", "turns": [...]}`.

    A line ends at "\n" alone: a question may hold any other separator of lines. One that is no question is told as such.

    :raises QuestionError: when the file cannot be read.
    """
    try:
        data = QUESTION_FILE.read(path)
    except OSError as cause:
        message = f"the question file {path} cannot be read: {cause}"
        raise QuestionError(message) from cause
    for number, line in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), start=1):
        if line.strip():
            yield _question_line(line, number)


def _question_line(line: bytes, number: int) -> QuestionLine:
    """:param number: of the line, from 1: the id of a question that has none."""
    name = str(number)
    try:
        entry = json.loads(line.decode("utf-8"))
        name = str(entry.get("id", number))
        turns = entry.get("turns")
        texts = [entry["question"]] if turns is None else turns
        if not (isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts)):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        shown = line.decode("utf-8", "replace").strip()[:_LONGEST_SHOWN]
        return QuestionLine(name, (shown,), problem=f"line {number} is no question: {_EXPECTED}")
    return QuestionLine(name, tuple(texts), turns is not None)


def invalid_search_json(asked: str, question: str, reason: str) -> dict[str, Any]:
    """One line of `advisor search` for a question that cannot be taken."""
    return {"id": asked, "question": question, "status": "invalid", "reason": reason, "results": [], "ms": 0.0}


def search_json(asked: str, question: str, found: Retrieved, ms: float) -> dict[str, Any]:
    """One line of `advisor search`."""
    return {
        "id": asked,
        "question": question,
        "results": [
            {
                "rank": result.rank,
                "score": round(result.score, 6),
                "document": result.chunk.document,
                "title": result.chunk.title,
                "heading": list(result.chunk.heading),
                "start": result.chunk.start,
                "end": result.chunk.end,
                "start_line": result.chunk.start_line,
                "end_line": result.chunk.end_line,
                "page": result.chunk.page,
                "text": result.chunk.text,
            }
            for result in found.passages
        ],
        "ms": round(ms, 2),
        **_degraded(by_words=found.by_words),
    }


def answer_json(asked: str, answer: Answer) -> dict[str, Any]:
    """One line of `advisor ask`."""
    return {
        "id": asked,
        "question": answer.question,
        "standalone_question": answer.standalone_question,
        "language": answer.language,
        "status": answer.status,
        "answer": answer.text,
        "reason": answer.reason,
        "sentences": [sentence_json(sentence) for sentence in answer.sentences],
        "withheld": [asdict(withheld) for withheld in answer.withheld],
        "citations": [citation_json(citation) for citation in answer.citations],
        "confidence": answer.confidence,
        "writer": answer.writer,
        "index": asdict(answer.index),
        "ms": answer.ms,
        # Beside the fields of the contract, where there is something to say.
        **({"model": asdict(answer.model)} if answer.model else {}),
        **({"scope": scope_json(answer.scope)} if answer.scope != EVERYTHING else {}),
        **({"length": answer.length} if answer.length != "full" else {}),
        **_degraded(by_words=answer.by_words),
    }


def _degraded(*, by_words: bool) -> dict[str, Any]:
    """What was away when this was found, beside the fields of the contract; nothing where all was there."""
    return {"degraded": ["vectors"]} if by_words else {}


def scope_json(scope: Scope) -> dict[str, str | None]:
    """The documents that a question was answered from."""
    return {"topic": scope.topic, "document": scope.document, "written": scope.written or None}


def sentence_json(sentence: AnswerSentence) -> dict[str, Any]:
    """A sentence of an answer."""
    return {
        "text": sentence.text,
        "markers": list(sentence.markers),
        "verdict": sentence.verdict,
        "support": sentence.support,
        # Beside the fields of the contract, for a bold lead and what stands in a table.
        **({"lead": sentence.lead} if sentence.lead else {}),
        **({"row": asdict(sentence.row)} if sentence.row else {}),
    }


def citation_json(citation: Citation) -> dict[str, Any]:
    """What a marker stands for."""
    return {
        "marker": citation.marker,
        "document": citation.document,
        "title": citation.title,
        "heading": list(citation.heading),
        "start": citation.start,
        "end": citation.end,
        "start_line": citation.start_line,
        "end_line": citation.end_line,
        "page": citation.page,
        "quote": citation.quote,
        "evidence": citation.evidence,
        "date": citation.date,
        **({"ocr": True} if citation.ocr else {}),  # beside the fields of the contract
        # Beside the fields of the contract, of a decision that no longer stands.
        **({"standing": asdict(citation.standing)} if citation.standing else {}),
    }


def report_json(report: IndexReport) -> dict[str, Any]:
    """The report of `advisor index`.

    `hidden`, `scans`, `left_out`, `passed_over` and `silent` are there only where they say something; the other keys are a
    contract.
    """
    told = {name: list(map(asdict, getattr(report, name))) for name in ("hidden", "left_out")}
    told["passed_over"] = list(map(_failed_json, report.passed_over))
    scans = {name: asdict(scan) | {"why": ". ".join(map(str, scan.why))} for name, scan in report.scans.items()}
    more = {name: some for name, some in {**told, "scans": scans, "silent": list(report.silent)}.items() if some}
    return {
        "generation": report.generation,
        "added": list(report.added),
        "updated": list(report.updated),
        "renamed": [list(pair) for pair in report.renamed],
        "removed": list(report.removed),
        "unchanged": report.unchanged,
        "failed": list(map(_failed_json, report.failed)),
        "documents": report.documents,
        "chunks": report.chunks,
        "embedded": report.embedded,
        "reused": report.reused,
        "seconds": report.seconds,
        **more,
    }


def _failed_json(failed: FailedDocument) -> dict[str, str]:
    return {"document": failed.document, "error": failed.error}
