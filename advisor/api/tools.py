"""What REST and MCP have in common: the advisor's answers as the JSON of `advisor.serialization`."""

from __future__ import annotations

import time
import uuid
from dataclasses import asdict
from typing import Any, Unpack

from advisor.advisor import Advisor, Manner
from advisor.api.pool import QuestionPool
from advisor.api.problems import ProblemError
from advisor.serialization import answer_json, search_json
from advisor.types import Document, Scope

MOST_CHARS = 20_000
"""The longest part of a document that is read at once."""


def ask(pool: QuestionPool, question: str, **manner: Unpack[Manner]) -> dict[str, Any]:
    """An answer, under its own id; it raises what `QuestionPool.ask` does."""
    answer = pool.ask(question, **manner)
    return answer_json(answer.id, answer)


def search(pool: QuestionPool, question: str, k: int | None, scope: Scope) -> dict[str, Any]:
    """The passages nearest to a question, best first; it raises what `QuestionPool.ask` does."""
    started = time.perf_counter()
    found = pool.search(question, k, scope)
    return search_json(uuid.uuid4().hex, question, found, (time.perf_counter() - started) * 1000)


def read_part(advisor: Advisor, document: str, start: int, end: int | None, generation: str | None) -> dict[str, Any]:
    """`[start, end)` of a document, cut at `MOST_CHARS`; `next` is where the rest begins, None when there is none.

    :raises ProblemError: when there is no such document, or no such part of it.
    """
    name = generation or advisor.index.info.generation
    found = find_document(advisor, document, name)
    wanted = len(found.text) if end is None else end
    check_span(found, start, wanted)
    last = min(wanted, start + MOST_CHARS)
    return {
        "document": found.id,
        "title": found.title,
        "language": found.language,
        "topic": found.topic,
        "evidence": found.evidence,
        "date": found.updated,
        **({"standing": asdict(found.standing)} if found.standing else {}),
        "generation": name,
        "start": start,
        "end": last,
        "next": last if last < wanted else None,
        "text": found.text[start:last],
    }


def find_document(advisor: Advisor, document: str, generation: str) -> Document:
    """A document of a generation.

    :raises ProblemError: when that generation did not hold it.
    """
    found = advisor.document(document, generation)
    if found is None:
        message = f"{document} is not in generation {generation} of the index"
        raise ProblemError(404, "not_found", message, "Take the document and the generation from a citation.")
    return found


def check_span(document: Document, start: int | None, end: int | None) -> None:
    """Check a span, which may be missing.

    :raises ProblemError: when it is not inside the document's text.
    """
    whole = start is None and end is None
    if not whole and (start is None or end is None or not 0 <= start < end <= len(document.text)):
        message = f"{start}-{end} is no span of {document.id}, which has {len(document.text)} characters"
        raise ProblemError(422, "span", message, "Take start and end from a citation.")
