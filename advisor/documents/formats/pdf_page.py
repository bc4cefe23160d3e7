"""What PDFium says of a page: words with their places, turned upright; only what is seen; the values of its form."""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from advisor.documents.formats.pdf_layout import Line, Row
from advisor.text.marks import raised

_LONGEST_FONT_NAME = 128
_TALLEST_VALUE = 14  # points: a field may be much taller than its words
_LONGEST_VALUE = 20_000  # bytes of a field
_BROKEN_AT = "\ufffe\x02"  # what PDFium writes for a hyphen that ends a line, without ending its own
_WRITTEN = re.compile(f"[^\n{_BROKEN_AT}]+[{_BROKEN_AT}]?")
_WORD = re.compile(r"\S+")
_WHITE = 245  # of 255, in each colour
_SMALLER = 0.85  # times the size of the letters before: above the line, if it is higher too
_HIGHER = 0.15  # of that size
_WIDE = 0.6  # of a line's height: a wider space can part columns or cells
_INVISIBLE_MODE = 3
_FIELDS = (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)

Box = tuple[float, float, float, float]  # left, bottom, right, top


@dataclass(slots=True)
class _Piece:
    """Words with no wide space between them."""

    words: list[str] = field(default_factory=list)
    first: int = 0
    last: int = 0


class _Text:
    """A page's text, character by character."""

    def __init__(self, page: pdfium.PdfPage, text: pdfium.PdfTextPage) -> None:
        self._page, self._text = page, text
        self.count = text.count_chars()
        self._page_size = _size(page)
        self._numbers = [ctypes.c_double() for _ in range(4)]
        self._colors = [ctypes.c_uint() for _ in range(4)]

    def box(self, index: int, turned: int) -> Box:
        """The place of a character, on a page turned so that its text is upright."""
        left, bottom, right, top = self._text.get_charbox(index, loose=True)
        return _turned((left, bottom, right, top), turned, self._page_size)

    def angle(self, index: int) -> int:
        """Of a character, in quarter turns."""
        return round(float(raw.FPDFText_GetCharAngle(self._text.raw, index)) / (math.pi / 2)) % 4

    def is_seen(self, index: int) -> bool:
        """Whether a character is drawn, and not in white on white."""
        handle = raw.FPDFText_GetTextObject(self._text.raw, index)
        if handle and raw.FPDFTextObj_GetTextRenderMode(handle) == _INVISIBLE_MODE:
            return self._is_covered(index)  # the letters of a scan, recognised, below its picture
        red, green, blue, alpha = self._colors
        if not raw.FPDFText_GetFillColor(self._text.raw, index, red, green, blue, alpha):
            return True
        return min(red.value, green.value, blue.value) < _WHITE or self._is_covered(index)

    def _is_covered(self, index: int) -> bool:
        """Whether a picture or something coloured lies where a character is."""
        left, bottom, right, top = self._text.get_charbox(index)
        x, y = (left + right) / 2, (bottom + top) / 2
        return any(box[0] <= x <= box[2] and box[1] <= y <= box[3] for box in self._painted)

    @cached_property
    def _painted(self) -> list[Box]:
        kinds = [raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_SHADING]
        return [one.get_bounds() for one in self._page.get_objects(filter=kinds) if not _is_white(one)]

    def size(self, index: int) -> float:
        """Of a character, in points."""
        return float(raw.FPDFText_GetFontSize(self._text.raw, index))

    def height(self, index: int) -> float:
        """Where a character stands."""
        x, y = self._numbers[:2]
        raw.FPDFText_GetCharOrigin(self._text.raw, index, x, y)
        return y.value

    def is_bold(self, index: int) -> bool:
        """By the name of its font."""
        name = ctypes.create_string_buffer(_LONGEST_FONT_NAME)
        raw.FPDFText_GetFontInfo(self._text.raw, index, name, _LONGEST_FONT_NAME, ctypes.c_int())
        return any(word in name.value.lower() for word in (b"bold", b"black", b"heavy"))

    def word(self, word: str, start: int) -> str:
        """A word with what stands above its line marked as such."""
        if len(word) < 2 or not any(map(str.isdigit, word)):  # noqa: PLR2004 - a base and what is above it
            return word
        size, base = self.size(start), self.height(start)
        for at in range(1, len(word)):
            index = start + at
            if not word[at].isdigit() or index >= self.count:
                continue
            if self.size(index) < _SMALLER * size and self.height(index) > base + _HIGHER * size:
                end = at + 1
                while end < len(word) and word[end].isdigit():
                    end += 1
                return word[:at] + raised(word[at:end], word[:at]) + word[end:]
        return word


def rows_of(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage, number: int) -> tuple[list[Row], int]:
    """What each line of a page says, as pieces between wide spaces, and how many characters are not seen."""
    text = _Text(page, text_page)
    found = [(written, text.angle(written.start())) for written in _WRITTEN.finditer(text_page.get_text_range())]
    turns = Counter[int]()
    for written, turned in found:
        turns[turned] += len(written.group())
    rows: dict[int, list[Row]] = {turned: [] for turned, _ in turns.most_common()}
    hidden = 0
    for written, turned in found:
        pieces, unseen = _pieces(text, written, turned)
        hidden += unseen
        row = [_line(text, piece, turned, number) for piece in pieces]
        if row:
            rows[turned].append(row)
    return [row for turned in rows for row in rows[turned]], hidden


def _pieces(text: _Text, written: re.Match[str], turned: int) -> tuple[list[_Piece], int]:
    pieces: list[_Piece] = []
    hidden, right = 0, 0.0
    for word in _WORD.finditer(written.group()):
        start = min(written.start() + word.start(), text.count - 1)
        last = min(start + len(word.group().rstrip(_BROKEN_AT)) - 1, text.count - 1)
        if not text.is_seen(start):
            hidden += len(word.group())
            continue
        box = text.box(start, turned)
        if not pieces or box[0] - right > _WIDE * (box[3] - box[1]):
            pieces.append(_Piece(first=start))
        pieces[-1].words.append(text.word(word.group(), start))
        pieces[-1].last = max(last, start)
        right = text.box(pieces[-1].last, turned)[2]
    return pieces, hidden


def _line(text: _Text, piece: _Piece, turned: int, number: int) -> Line:
    left, bottom, _, top = text.box(piece.first, turned)
    right = text.box(piece.last, turned)[2]
    bold = text.is_bold(piece.first) and text.is_bold(piece.last)
    return Line(" ".join(piece.words), number, left, right, bottom, max(top - bottom, 1), bold)


def _size(page: pdfium.PdfPage) -> tuple[float, float]:
    """Width and height of a page before it is turned."""
    width, height = page.get_size()
    return (height, width) if page.get_rotation() % 180 else (width, height)


def _turned(box: Box, quarters: int, size: tuple[float, float]) -> Box:
    left, bottom, right, top = box
    width, height = size
    if quarters == 1:
        return height - top, left, height - bottom, right
    if quarters == 2:  # noqa: PLR2004 - upside down
        return width - right, height - top, width - left, height - bottom
    return (bottom, width - right, top, width - left) if quarters else box


def _is_white(drawn: pdfium.PdfObject) -> bool:
    """Whether something drawn leaves the ground white: white itself, or only an outline."""
    if drawn.type != raw.FPDF_PAGEOBJ_PATH:
        return False
    colors = [ctypes.c_uint() for _ in range(4)]
    mode, stroked = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(drawn.raw, mode, stroked)
    filled = mode.value != raw.FPDF_FILLMODE_NONE and raw.FPDFPageObj_GetFillColor(drawn.raw, *colors)
    return not filled or min(color.value for color in colors[:3]) >= _WHITE


def values_of_fields(pdf: pdfium.PdfDocument, page: pdfium.PdfPage, number: int) -> Iterator[Row]:
    """The values that stand in the fields of a form, and notes written on the page, each at its place."""
    for index in range(raw.FPDFPage_GetAnnotCount(page.raw)):
        annotation = raw.FPDFPage_GetAnnot(page.raw, index)
        kind, place = raw.FPDFAnnot_GetSubtype(annotation), raw.FS_RECTF()
        value = ""
        if kind == raw.FPDF_ANNOT_WIDGET and pdf.formenv:
            if raw.FPDFAnnot_GetFormFieldType(pdf.formenv.raw, annotation) in _FIELDS:
                value = _string(partial(raw.FPDFAnnot_GetFormFieldValue, pdf.formenv.raw, annotation))
        elif kind == raw.FPDF_ANNOT_FREETEXT:
            value = _string(partial(raw.FPDFAnnot_GetStringValue, annotation, b"Contents"))
        if value.strip() and raw.FPDFAnnot_GetRect(annotation, place):
            height = max(1, min(place.top - place.bottom, _TALLEST_VALUE))
            words = " ".join(value.split())
            yield [Line(words, number, place.left, place.right, place.bottom, height, bold=False, ends=True)]
        raw.FPDFPage_CloseAnnot(annotation)


def _string(get: Callable[[object, int], int]) -> str:
    buffer = ctypes.create_string_buffer(_LONGEST_VALUE)
    size = get(ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), _LONGEST_VALUE)
    return buffer.raw[: max(min(size, _LONGEST_VALUE) - 2, 0)].decode("utf-16-le", "replace")
