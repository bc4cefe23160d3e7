"""A PDF's pages -> its lines in reading order, each with its place on the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from advisor.documents.formats.pdf_layout import Line, arranged
from advisor.documents.formats.pdf_page import rows_of, values_of_fields
from advisor.documents.formats.pdf_scans import is_drawn, read_scans
from advisor.errors import DocumentError
from advisor.text.reasons import reason
from advisor.types import Scan

_FEWEST_PAGES = 2  # on which words must stand at the edge to be a running head
_RUNNING_SHARE = 0.4  # of the pages
_EDGE_LINES = 2  # at the top and at the bottom of a page
_PAGE_NUMBER = re.compile(r"\W*+(?:page|p\.)?\s*+\d{1,4}\s*+(?:(?:/|of|sur|de|von)\s*+\d{1,4})?\W*+", re.IGNORECASE)
_COVER = re.compile(r"PDF portfolio|portfolio PDF|porte-documents PDF", re.IGNORECASE)
_LONGEST_COVER = 1_000  # characters
_UNREADABLE = re.compile("[\ue000-\uf8ff\ufffd]")
_MOST_UNREADABLE = 0.3  # of the characters


@dataclass(frozen=True, slots=True)
class Pages:
    """The lines of a PDF in the order in which it writes them, running heads and page numbers left out."""

    count: int
    lines: list[Line]
    properties: dict[str, str]
    scan: Scan
    hidden: int  # characters that nobody sees


def read_pages(
    data: bytes, *, max_pages: int, max_chars: int, max_scans: int, turn: Callable[[], AbstractContextManager[None]]
) -> Pages:
    """Every line of a PDF.

    :param max_scans: most pages without letters of their own that are recognised, each in a `turn`.
    :raises DocumentError: when it is damaged, encrypted, or over a limit.
    """
    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as cause:
        protected = "password" in str(cause).lower() or "security" in str(cause).lower()
        raise DocumentError(reason("password" if protected else "damaged_pdf")) from cause
    count = len(pdf)
    if count > max_pages:
        raise DocumentError(reason("many_pages", pages=count, most=max_pages))
    if pdf.get_formtype() != raw.FORMTYPE_NONE:
        pdf.init_forms()
    pages: list[list[Line]] = []
    size = hidden = 0
    for number in range(count):
        lines, unseen = _lines(pdf, number)
        hidden += unseen
        size += sum(len(line.text) for line in lines)
        if size > max_chars:
            raise DocumentError(reason("over_characters", most=max_chars))
        pages.append(lines)
    _refuse_portfolio(pdf, data, pages)
    recognised, scan = read_scans(pdf, _silent_pages(pdf, pages), max_scans, turn)
    for number, lines in recognised.items():
        known = {line.text for line in pages[number]}
        pages[number] = [line for line in lines if line.text not in known]
    lines = _without_running_heads(pages) or [line for page in pages for line in page]
    return Pages(count, lines, pdf.get_metadata_dict(skip_empty=True), scan, hidden)


def is_unreadable(letters: str) -> bool:
    """Whether most of a text is in fonts that do not say which letters they draw."""
    return len(_UNREADABLE.findall(letters)) > _MOST_UNREADABLE * len(letters)


def _silent_pages(pdf: pdfium.PdfDocument, pages: Sequence[Sequence[Line]]) -> list[int]:
    """The pages that show something and whose letters, running heads aside, say nothing."""
    letters: dict[int, str] = {}
    for line in _without_running_heads(pages):
        letters[line.page] = letters.get(line.page, "") + line.text
    silent = [number for number in range(len(pages)) if not any(map(str.isalnum, letters.get(number, "")))]
    return sorted(
        {number for number, text in letters.items() if is_unreadable(text)}
        | {number for number in silent if is_drawn(pdf[number])}
    )


def _refuse_portfolio(pdf: pdfium.PdfDocument, data: bytes, pages: Sequence[Sequence[Line]]) -> None:
    """:raises DocumentError: when the page is only the cover of files within the file."""
    cover = " ".join(line.text for lines in pages for line in lines)
    if len(pages) > 1 or len(cover) > _LONGEST_COVER:
        return
    if b"/Collection" in data or _COVER.search(cover):
        files = raw.FPDFDoc_GetAttachmentCount(pdf.raw)
        raise DocumentError(reason("portfolio", files=files))


def _lines(pdf: pdfium.PdfDocument, number: int) -> tuple[list[Line], int]:
    """The lines of a page in reading order, and how many of its characters nobody sees."""
    try:
        page = pdf[number]
    except pdfium.PdfiumError as cause:
        raise DocumentError(reason("damaged_page", page=number + 1)) from cause
    text_page = page.get_textpage()
    rows, hidden = rows_of(page, text_page, number)
    lines = arranged([*rows, *values_of_fields(pdf, page, number)])
    text_page.close()
    page.close()
    return lines, hidden


def _without_running_heads(pages: Sequence[Sequence[Line]]) -> list[Line]:
    """The lines, without those at the edge of the page that many pages share, and without page numbers."""
    edges = [_edges(lines) for lines in pages]
    shared = Counter(key for lines in edges for key in {_key(line) for line in lines})
    enough = max(_FEWEST_PAGES, _RUNNING_SHARE * len(pages))
    running = {key for key, times in shared.items() if times >= enough}
    kept = []
    for lines, edge in zip(pages, edges, strict=True):
        dropped = [line for line in edge if _key(line) in running or (len(pages) > 1 and _PAGE_NUMBER.fullmatch(line.text))]
        kept += [line for line in lines if line not in dropped]
    return kept


def _edges(lines: Sequence[Line]) -> list[Line]:
    by_height = sorted(lines, key=lambda line: line.bottom)
    return [*by_height[:_EDGE_LINES], *by_height[-_EDGE_LINES:]]


def _key(line: Line) -> tuple[str, int]:
    """What the same running head has in common on every page: its words but for numbers, and its height on the page."""
    return re.sub(r"\d+", "#", line.text), round(line.bottom / 10)
