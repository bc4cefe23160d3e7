"""A span of a document as a citation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from advisor.text.plain import Lines
from advisor.types import Chunk, Citation, Document

lines_of = lru_cache(maxsize=8)(Lines)
"""The lines of a text: counted once for all the citations of an answer."""


def cite(document: Document, heading: Sequence[str], start: int, end: int, marker: int) -> Citation:
    """The citation of `[start, end)` of a document's text, which is under `heading`."""
    lines = lines_of(document.text)
    page = document.page_of(start)
    return Citation(
        marker=marker,
        document=document.id,
        title=document.title,
        heading=tuple(heading),
        start=start,
        end=end,
        start_line=lines.of(start),
        end_line=lines.of(end - 1),
        quote=document.text[start:end],
        page=page,
        evidence=document.evidence,
        date=document.updated,
        ocr=page in document.scan.read,
        standing=document.standing,
    )


def page_ranges(pages: Sequence[int]) -> str:
    """Numbers of pages in ascending order, those that follow each other as one: `1-3, 7`."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][-1] + 1:
            runs[-1][1:] = [page]
        else:
            runs.append([page])
    return ", ".join("-".join(map(str, run)) for run in runs)


def cite_passage(marker: int, chunk: Chunk, document: Document | None, start: int, end: int) -> Citation:
    """The citation of `[start, end)` of the document that a chunk is from."""
    if document is None:  # the catalog joins chunks to documents: a generation cannot hold one without the other
        message = f"{chunk.document} is not in the generation that holds its chunk"
        raise LookupError(message)
    return cite(document, chunk.heading, start, end, marker)
