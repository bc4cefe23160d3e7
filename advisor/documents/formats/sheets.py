"""Workbooks and CSV -> each sheet as a section, each row as an item that names its columns: a sentence that can be cited."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from advisor.documents.formats.archives import check_archive
from advisor.documents.formats.encoding import decode
from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.markdown import escape, one_line
from advisor.errors import DocumentError
from advisor.text.reasons import reason

_SAMPLE = 10_000  # characters from which the sign between values is told
_SIGNS = ",;\t|"
_LONGEST_CELL = 131_072  # characters
_HEADS_WITHIN = 20  # rows


def read_workbook(data: bytes, *, max_bytes: int, max_chars: int) -> Extracted:
    """The values of a workbook, sheet by sheet; hidden sheets are left out and counted.

    :raises DocumentError: when it is damaged, protected, or over a limit.
    """
    try:
        if data.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                check_archive(archive, max_bytes)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [(sheet.name, sheet.visible, book) for sheet in book.sheets_metadata]
        hidden = 0
        parts: list[str] = []
        for name, visible, _ in sheets:
            text = _sheet(name, book.get_sheet_by_name(name).to_python(skip_empty_area=True), max_chars)
            if visible == SheetVisibleEnum.Visible:
                parts.append(text)
            else:
                hidden += len("".join(text.split()))
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as cause:
        raise DocumentError(reason("damaged_workbook", problem=one_line(str(cause)))) from cause
    return Extracted(text="\n".join(filter(None, parts)), hidden=hidden)


def read_csv(data: bytes, *, max_chars: int) -> Extracted:
    """The rows of a file of values with signs between.

    :raises DocumentError: when it is no text, or over the limit.
    """
    text = decode(data)
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:_SAMPLE], _SIGNS)
    except csv.Error:
        dialect = csv.excel
    csv.field_size_limit(_LONGEST_CELL)
    try:
        return Extracted(text=_sheet("", list(csv.reader(io.StringIO(text, newline=""), dialect)), max_chars))
    except csv.Error as cause:
        raise DocumentError(reason("no_rows", problem=str(cause))) from cause


def _sheet(name: str, rows: Sequence[Sequence[object]], max_chars: int) -> str:
    """One sheet as Markdown.

    :raises DocumentError: when it is over the limit.
    """
    filled = [cells for row in rows if any(cells := [_words(value) for value in row])]
    if not filled:
        return ""
    lines = [f"## {escape(name)}", ""] if name else []
    size = 0
    for line in _lines(filled):
        size += len(line)
        if size > max_chars:
            raise DocumentError(reason("over_characters", most=max_chars))
        lines.append(line)
    return "\n".join(lines).rstrip("\n") + "\n"


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Text above the table as paragraphs, then a line for each row: "- Team: Ops; Limit: 40"."""
    at = _heads(rows)
    if at is None:
        yield from chain.from_iterable((escape(" ".join(filter(None, row))), "") for row in rows)
        return
    yield from chain.from_iterable((escape(" ".join(filter(None, row))), "") for row in rows[:at])
    heads = rows[at]
    for row in rows[at + 1 :]:
        said = [_named(heads[column] if column < len(heads) else "", value) for column, value in enumerate(row) if value]
        yield "- " + "; ".join(said).rstrip(".") + "."


def _heads(rows: Sequence[Sequence[str]]) -> int | None:
    """The row that names the columns: the first that fills as many cells as most rows do; none for a single column."""
    widths = [sum(map(bool, row)) for row in rows]
    usual = max(widths, key=widths.count)
    if usual < 2 or len(rows) < 2:  # noqa: PLR2004 - a table has two of both
        return None
    return next((at for at, width in enumerate(islice(widths, _HEADS_WITHIN)) if width >= usual), None)


def _named(head: str, value: str) -> str:
    return f"{head.rstrip(':')}: {value}" if head else value


def _words(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    if isinstance(value, date | time | timedelta):
        return str(value)
    return one_line(str(value)) if value is not None else ""
