"""A table of HTML -> a table of Markdown, each cell under its own column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

_IN_LAYOUT_ONLY = "h1, h2, h3, h4, h5, h6, ul, ol, pre, blockquote"
_OF_DATA = "th, thead, caption"
_NUMBER = re.compile(r"\d{1,5}", re.ASCII)
_MOST_COLUMNS = 200  # that one cell covers
_MOST_FILLED = 20_000  # cells that spans fill: more is no table


@dataclass(slots=True)
class HtmlTable:
    """The rows of a table; a cell that covers several columns or rows stands in each of them."""

    rows: list[list[str]] = field(default_factory=list)
    heads: int = 0  # rows of headings at the top
    _below: dict[int, tuple[int, str]] = field(default_factory=dict)  # column -> rows that a cell goes on for, its text
    _filled: int = 0
    _cells: int = 0  # of the row that is open, as the file has them
    _only_heads: bool = True

    def open_row(self) -> None:
        """Begin a row."""
        self.rows.append([])
        self._cells, self._only_heads = 0, True
        self._fill()

    def add_cell(self, node: LexborNode, text: str) -> None:
        """The next cell of the row that is open."""
        if not self.rows:
            self.open_row()
        row = self.rows[-1]
        self._cells += 1
        self._only_heads = self._only_heads and node.tag == "th"
        wide, high = (_span(node, name) if self._filled < _MOST_FILLED else 1 for name in ("colspan", "rowspan"))
        for _ in range(min(wide, _MOST_COLUMNS)):
            if high > 1:
                self._below[len(row)] = (high - 1, text)
            row.append(text)
        self._filled += wide - 1
        self._fill()

    def close_row(self) -> None:
        """End a row. One cell across the whole table is a line of its own, not the value of each column."""
        row = self.rows[-1] if self.rows else []
        while further := [column for column in self._below if column >= len(row)]:
            row += [""] * (min(further) - len(row))
            self._fill()
        if self._cells == 1 and len(set(row)) == 1:
            row[1:] = [""] * (len(row) - 1)
        if row and self._only_heads and self.heads == len(self.rows) - 1:
            self.heads += 1

    def _fill(self) -> None:
        """The cells of the rows above that go on in this one, where it stands now."""
        row = self.rows[-1]
        while len(row) in self._below and self._filled < _MOST_FILLED:
            left, text = self._below.pop(len(row))
            if left > 1:
                self._below[len(row)] = (left - 1, text)
            row.append(text)
            self._filled += 1
        if self._filled >= _MOST_FILLED:
            self._below.clear()

    def markdown(self) -> str:
        """The table; "" when it has no words. Rows of headings are one."""
        rows = [row for row in self.rows if any(row)]
        if not rows:
            return ""
        width = max(map(len, rows))
        cells = [[cell.replace("|", "\\|") for cell in row] + [""] * (width - len(row)) for row in rows]
        heads = min(max(self.heads, 1), len(cells))
        head = [" ".join(dict.fromkeys(filter(None, column))) for column in zip(*cells[:heads], strict=True)]
        lines = ["| " + " | ".join(row) + " |" for row in (head, *cells[heads:])]
        lines.insert(1, "|" + " --- |" * width)
        return "\n".join(lines)


def _span(node: LexborNode, name: str) -> int:
    value = node.attributes.get(name) or ""
    return max(1, int(value)) if _NUMBER.fullmatch(value) else 1


def is_data_table(table: LexborNode) -> bool:
    """Whether a table holds data: rows of several cells, and nothing that only a page laid out with tables puts there."""
    inner = [one for one in table.css("table") if one.mem_id != table.mem_id]
    rows = [len(row.css("td, th")) for row in table.css("tr")]
    if inner or len(rows) < 2 or max(rows) < 2:  # noqa: PLR2004 - two rows of two cells
        return False
    return table.css_first(_OF_DATA) is not None or table.css_first(_IN_LAYOUT_ONLY) is None
