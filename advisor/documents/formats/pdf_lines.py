"""A PDF's pages -> its lines, each with its place on the page; the only module that imports PDFium."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from advisor.errors import DocumentError

_FEWEST_PAGES = 3  # on which words must stand at the edge to be a running head
_RUNNING_SHARE = 0.4  # of the pages
_EDGE_LINES = 2  # at the top and at the bottom of a page
_PAGE_NUMBER = re.compile(r"\W*(?:page|p\.)?\s*\d{1,4}\s*(?:(?:/|of|sur|de|von)\s*\d{1,4})?\W*", re.IGNORECASE)
_LONGEST_FONT_NAME = 128
_BROKEN_AT = "\ufffe\x02"  # what PDFium writes for a hyphen that ends a line, without ending its own
_WRITTEN = re.compile(f"[^\n{_BROKEN_AT}]+[{_BROKEN_AT}]?")


@dataclass(frozen=True, slots=True)
class Line:
    """Words on one line. `page` counts from 0; places and `height` are in points, from the bottom left corner."""

    text: str
    page: int
    left: float
    right: float
    bottom: float
    height: float
    bold: bool


@dataclass(frozen=True, slots=True)
class Pages:
    """The lines of a PDF in the order in which it writes them, running heads and page numbers left out."""

    count: int
    lines: list[Line]
    properties: dict[str, str]


def read_pages(data: bytes, *, max_pages: int, max_chars: int) -> Pages:
    """Every line of a PDF.

    :raises DocumentError: when it is damaged, encrypted, or over a limit.
    """
    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as cause:
        protected = "password" in str(cause).lower() or "security" in str(cause).lower()
        why = "is protected by a password. Save it without one" if protected else "is a damaged PDF. Export it again"
        raise DocumentError(why) from cause
    count = len(pdf)
    if count > max_pages:
        message = f"has {count:,} pages, over the limit of {max_pages:,} (ADVISOR_MAX_PAGES)"
        raise DocumentError(message)
    pages: list[list[Line]] = []
    size = 0
    for number in range(count):
        lines = list(_lines(pdf, number))
        size += sum(len(line.text) for line in lines)
        if size > max_chars:
            message = f"holds over {max_chars:,} characters, the limit (ADVISOR_MAX_TEXT_CHARS). Split it"
            raise DocumentError(message)
        pages.append(lines)
    return Pages(count, _without_running_heads(pages), pdf.get_metadata_dict(skip_empty=True))


def _lines(pdf: pdfium.PdfDocument, number: int) -> Iterator[Line]:
    try:
        page = pdf[number]
    except pdfium.PdfiumError as cause:
        message = f"is damaged at page {number + 1}. Export it again"
        raise DocumentError(message) from cause
    text_page = page.get_textpage()
    last = text_page.count_chars() - 1
    for written in _WRITTEN.finditer(text_page.get_text_range()):
        text = written.group().strip()
        if text:
            first = min(written.start() + len(written.group()) - len(written.group().lstrip()), last)
            end = min(first + len(text.rstrip(_BROKEN_AT)) - 1, last)
            left, bottom, _, top = text_page.get_charbox(first, loose=True)
            _, _, right, _ = text_page.get_charbox(max(first, end), loose=True)
            bold = _is_bold(text_page, first) and _is_bold(text_page, end)
            yield Line(text, number, left, right, bottom, max(top - bottom, 1), bold)
    text_page.close()
    page.close()


def _is_bold(text_page: pdfium.PdfTextPage, index: int) -> bool:
    name = ctypes.create_string_buffer(_LONGEST_FONT_NAME)
    raw.FPDFText_GetFontInfo(text_page.raw, index, name, _LONGEST_FONT_NAME, ctypes.c_int())
    return any(word in name.value.lower() for word in (b"bold", b"black", b"heavy"))


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
