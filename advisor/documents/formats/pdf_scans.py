"""Pages of a PDF that are pictures -> the lines that a program recognises on them, at their places.

A page that lies on its side or upside down is turned, one that was scanned aslant is set straight. A line whose letters are
not clear is left out, with a sign in its place, so that no sentence runs over the gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from statistics import median

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from advisor.documents.formats.ocr import LONGEST_SIDE, TooSlow, Words, is_installed, make_ready, recognise
from advisor.documents.formats.pdf_layout import Line, Row, arranged
from advisor.text.reasons import reason
from advisor.types import Scan

_LEFT_OUT = "[…]"
_SAME_SIZE = 0.3  # of the usual height of lines: a difference of boxes, not of letters
_NARROW = 0.6  # of a line's height: a space within a sentence
_DRAWN = (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_SHADING)


def is_drawn(page: pdfium.PdfPage) -> bool:
    """Whether a page shows something other than letters."""
    return any(True for _ in page.get_objects(filter=list(_DRAWN)))


def read_scans(
    pdf: pdfium.PdfDocument, numbers: Sequence[int], max_scans: int, turn: Callable[[], AbstractContextManager[None]]
) -> tuple[dict[int, list[Line]], Scan]:
    """The lines of some pages in reading order, by page (from 0), and what became of the pages.

    :param max_scans: most pages that are recognised; the rest is not read.
    :param turn: what each picture is recognised in; it may raise `TooSlow`, and the page is one that is not read.
    """
    if not is_installed():
        return {}, Scan(unread=_pages(numbers), why=(reason("no_ocr"),))
    make_ready()
    found: dict[int, list[Line]] = {}
    unclear, slow = list[int](), list[int]()
    unsure = 0
    for number in numbers[:max_scans]:
        try:
            pieces, left_out = _read(pdf[number], number, turn)
        except TooSlow:
            slow.append(number)
            continue
        unsure += left_out
        if any(piece.text != _LEFT_OUT for piece in pieces):
            found[number] = pieces
        elif left_out:
            unclear.append(number)
    usual = median(piece.height for pieces in found.values() for piece in pieces) if found else 0
    lines = {number: _without_repeated_signs(arranged(_rows(pieces, usual))) for number, pieces in found.items()}
    over = numbers[max_scans:]
    why = [reason("unclear_scan")] if unclear else []
    why += [reason("slow_scan")] if slow else []
    why += [reason("many_scans", most=max_scans)] if over else []
    return lines, Scan(_pages(list(found)), _pages(sorted([*unclear, *slow, *over])), tuple(why), unsure)


def _pages(numbers: Sequence[int]) -> tuple[int, ...]:
    return tuple(number + 1 for number in numbers)


def _read(page: pdfium.PdfPage, number: int, turn: Callable[[], AbstractContextManager[None]]) -> tuple[list[Line], int]:
    """What stands on a page, set straight, and how many words of it are not clear."""
    import numpy as np  # for pictures alone: a document of letters is read without it

    width, height = page.get_size()
    scale = LONGEST_SIDE / max(width, height)
    picture = page.render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3]
    page.close()
    best: list[Words] = []
    turns = [0]
    for quarters in turns:
        turned = np.ascontiguousarray(np.rot90(picture, quarters))
        with turn():
            words = recognise(turned)
        if _clearness(words) >= _clearness(best):
            best, tall = words, turned.shape[0]
        if not words or 2 * _clearness(words) > _length(words):
            break
        if not quarters:
            upright = sum(_is_wide(each) for each in words)
            turns += [2] if 2 * upright > len(words) else [1, 3]
    unsure = sum(len(each.text.split()) for each in best if not each.is_clear)
    slope = median(map(_slope, best)) if best else 0
    return [_line(words, number, scale, tall, slope) for words in best], unsure


def _length(words: Sequence[Words]) -> int:
    return sum(len(each.text) for each in words)


def _clearness(words: Sequence[Words]) -> int:
    return _length([each for each in words if each.is_clear])


def _is_wide(words: Words) -> bool:
    (left, top), _, (right, bottom), _ = words.corners
    return abs(right - left) > abs(bottom - top)


def _rows(pieces: Sequence[Line], usual: float) -> list[Row]:
    """The pieces of a page by lines, from the top; their height is the usual one of the document where it nearly is."""
    rows: list[Row] = []
    for piece in sorted(pieces, key=lambda piece: -piece.bottom):
        even = abs(piece.height - usual) <= _SAME_SIZE * usual
        line = replace(piece, height=usual) if even else piece
        if rows and rows[-1][0].bottom - line.bottom < line.height / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_joined(sorted(row, key=lambda line: line.left)) for row in rows]


def _slope(words: Words) -> float:
    """The angle at which a line rises, in radians."""
    (left, top), (right, other) = words.corners[:2]
    return math.atan2(other - top, right - left)


def _line(words: Words, number: int, scale: float, tall: int, slope: float) -> Line:
    """In points from the bottom left corner."""
    sine, cosine = math.sin(slope), math.cos(slope)
    across = [(x * cosine + y * sine) / scale for x, y in words.corners]
    down = [(tall - (y * cosine - x * sine)) / scale for x, y in words.corners]
    text = words.text if words.is_clear else _LEFT_OUT
    return Line(text, number, min(across), max(across), min(down), max(down) - min(down), bold=False)


def _joined(row: Row) -> Row:
    """A row whose pieces are one where the space between them is narrow."""
    joined: Row = []
    for piece in row:
        last = joined[-1] if joined else None
        if last and piece.left - last.right < _NARROW * last.height:
            joined[-1] = replace(last, text=f"{last.text} {piece.text}", right=piece.right)
        else:
            joined.append(piece)
    return joined


def _without_repeated_signs(lines: Sequence[Line]) -> list[Line]:
    kept: list[Line] = []
    for line in lines:
        if not (kept and line.text == kept[-1].text == _LEFT_OUT):
            kept.append(line)
    return kept
