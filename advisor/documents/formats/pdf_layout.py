"""Pieces of a page's lines -> lines in reading order: columns one after the other, tables row by row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean, median

_SIGN, _NUMBER = re.compile(r"[^\w\s]"), re.compile(r"\(?\w{1,2}[.)]")  # in front of an item
_FEWEST_ROWS = 2  # of a table
_FEWEST_LINES = 4  # of columns
_WORDS_OF_PROSE = 3.2  # a line of a column has more, a cell of a table has fewer
_FULL = 0.6  # of a column's width: how far its lines go
_MOST_COLUMNS = 12
_UPWARDS = 0.6  # of the steps from line to line: a page drawn from its bottom
_NEAR = 2.6  # line heights: rows of one table are no farther apart


@dataclass(frozen=True, slots=True)
class Line:
    """Words on one line. `page` counts from 0; places and `height` are in points, from the bottom left corner.

    `row` says that it is a row of a table, its cells between bars; `ends` that nothing goes on with it.
    """

    text: str
    page: int
    left: float
    right: float
    bottom: float
    height: float
    bold: bool
    row: bool = False
    ends: bool = False


Row = list[Line]
"""What stands on one line, from left to right, with wide spaces between."""


def arranged(rows: Sequence[Row]) -> list[Line]:
    """The lines of one page in reading order.

    :param rows: as the file draws them.
    """
    ordered = _in_order(_on_one_line(rows))
    lines: list[Line] = []
    at = 0
    while at < len(ordered):
        end = _region(ordered, at)
        region = ordered[at:end]
        columns = _columns(region)
        if not _are_columns(region, columns) or _are_items(region, columns[0]):
            lines += [_joined(row) for row in region]
        elif _is_prose(region, columns):
            lines += [piece for column in columns for row in region for piece in row if _within(piece, column)]
        else:
            lines += _table(region, columns)
        at = end
    return lines


def _on_one_line(rows: Sequence[Row]) -> list[Row]:
    """Rows that the file draws piece by piece, put together."""
    found: list[Row] = []
    for row in rows:
        above = found[-1] if found else []
        if above and _same_line(above[-1], row[0]) and row[0].left >= above[-1].right:
            above.extend(row)
        else:
            found.append(list(row))
    for row in [row for row in found if len(row) == 1]:
        field = row[0]
        label = next((other for other in found if other is not row and _is_label_of(other, field)), None)
        if label:
            label.append(field)
            found.remove(row)
    return found


def _is_label_of(row: Row, field: Line) -> bool:
    """Whether a row ends with a colon or line, and a value stands beside it that the file draws elsewhere."""
    last = row[-1]
    return last.text.endswith((":", "_", "…")) and _same_line(last, field) and 0 <= field.left - last.right < 3 * last.height


def _same_line(left: Line, right: Line) -> bool:
    return abs(left.bottom - right.bottom) < 0.4 * min(left.height, right.height)


def _in_order(rows: list[Row]) -> list[Row]:
    """Rows from top to bottom where the file draws most of them the other way."""
    steps = [below[0].bottom - above[0].bottom for above, below in pairwise(rows)]
    upwards = sum(step > 0 for step in steps)
    if len(steps) > 1 and upwards > _UPWARDS * len(steps):
        return sorted(rows, key=lambda row: -row[0].bottom)
    return rows


def _region(rows: Sequence[Row], start: int) -> int:
    """Where the rows end that stand in columns together: each has several pieces, or one that crosses no gap."""
    if len(rows[start]) == 1:
        end = start + 1
        while end < len(rows) and len(rows[end]) == 1:
            end += 1
        return end
    end, columns = start + 1, [(piece.left, piece.right) for piece in rows[start]]
    while end < len(rows):
        above, row = rows[end - 1][0], rows[end]
        distance = above.bottom - row[0].bottom
        merged = _merged([*columns, *((piece.left, piece.right) for piece in row)])
        if not 0 < distance <= _NEAR * max(above.height, row[0].height) or len(merged) < max(2, min(len(columns), len(row))):
            break
        columns, end = merged, end + 1
    while end > start + 1 and len(rows[end - 1]) == 1 and rows[end - 1][0].left <= columns[0][1]:
        end -= 1  # a paragraph below the table, as narrow as its first column
    return end


def _columns(rows: Sequence[Row]) -> list[tuple[float, float]]:
    return _merged([(piece.left, piece.right) for row in rows for piece in row])


def _are_columns(rows: Sequence[Row], columns: Sequence[tuple[float, float]]) -> bool:
    """Whether the gaps of some rows are above each other, and not by chance: narrow ones in more rows than wide ones."""
    if not 1 < len(columns) <= _MOST_COLUMNS:
        return False
    gap = min(right[0] - left[1] for left, right in pairwise(columns))
    fewest = _FEWEST_ROWS + (gap < rows[0][0].height)
    return sum(len(row) > 1 for row in rows) >= fewest


def _are_items(rows: Sequence[Row], first: tuple[float, float]) -> bool:
    """Whether what stands in the first of some columns is only the marks of items."""
    begins = [row for row in rows if len(row) > 1 and _within(row[0], first)]
    return bool(begins) and all(_SIGN.fullmatch(row[0].text) or _is_numbered_pair(row) for row in begins)


def _is_numbered_pair(row: Row) -> bool:
    return not row[2:] and bool(_NUMBER.fullmatch(row[0].text))


def _merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans that overlap as one, from left to right."""
    merged: list[tuple[float, float]] = []
    for left, right in sorted(spans):
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(right, merged[-1][1]))
        else:
            merged.append((left, right))
    return merged


def _within(piece: Line, column: tuple[float, float]) -> bool:
    return column[0] <= piece.left <= column[1]


def _is_prose(rows: Sequence[Row], columns: Sequence[tuple[float, float]]) -> bool:
    """Whether columns hold running text: long lines at even distances that fill their column."""
    if len(rows) < _FEWEST_LINES:
        return False
    for column in columns:
        pieces = [piece for row in rows for piece in row if _within(piece, column)]
        width = column[1] - column[0]
        if len(pieces) < _FEWEST_LINES - 1 or median(len(piece.text.split()) for piece in pieces) < _WORDS_OF_PROSE:
            return False
        if fmean((piece.right - piece.left) / width for piece in pieces) < _FULL:
            return False
    return True


def _joined(row: Row) -> Line:
    first = row[0]
    if len(row) == 1:
        return first
    bold = all(piece.bold for piece in row)
    return replace(first, text=" ".join(piece.text for piece in row), right=row[-1].right, bold=bold, ends=row[-1].ends)


def _table(rows: Sequence[Row], columns: Sequence[tuple[float, float]]) -> list[Line]:
    """Rows of cells; a row without its first cell goes on with the one above."""
    lines: list[Line] = []
    table: list[list[str]] = []
    for row in rows:
        cells = [" ".join(piece.text for piece in row if _within(piece, column)) for column in columns]
        goes_on = table and not cells[0] and lines[-1].bottom - row[0].bottom < _NEAR / 2 * row[0].height
        if goes_on:
            table[-1] = [" ".join(filter(None, pair)) for pair in zip(table[-1], cells, strict=True)]
            lines[-1] = replace(lines[-1], bottom=row[0].bottom)
        else:
            table.append(cells)
            lines.append(_joined(row))
    bars = ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in table]
    return [replace(line, text=text, row=True, bold=False) for line, text in zip(lines, bars, strict=True)]
