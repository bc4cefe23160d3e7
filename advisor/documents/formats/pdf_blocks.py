"""Lines of a PDF -> blocks: headings, paragraphs and list items, told apart by place, height, weight and last characters."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from advisor.documents.formats.pdf_layout import Line

_SIGNS = "•◦▪▫■□●○‣⁃∙\uf0b7\uf0a7\uf0d8\uf0fc\uf0e0"
_DASHES = "·–—*-"
_ITEM = re.compile(
    rf"(?:(?P<sign>[{_SIGNS}]|o(?=\s))|(?P<dash>[{_DASHES}])|(?P<number>\d{{1,2}})[.)]"
    r"|(?P<label>\(?(?:[a-z]|[ivx]{1,5}|\d{1,2})\)|(?:[a-h]|[ivx]{1,5})\.))(?:\s+(?=\S)|\Z)"
)
_SECTION = re.compile(r"\d{1,2}(?P<dots>(?:\.\d{1,2}){1,3})\.?\s+[^\W\d_a-zà-ÿ]")
_END = re.compile(r"[.!?:;…][»”\"'’)\]\d\s]*\Z")
_LARGER = 1.12  # times the height of most lines: a heading
_LEVELS = 4
LONGEST_HEADING = 200  # characters
_LOOSE = 1.3  # times the usual distance of lines: more is another block
_SAME_ROW = 0.3  # of a line's height
_INDENT = 0.7  # of a line's height
_SHORT = 0.85  # of the way to the right edge: a shorter line can be the last of a paragraph


@dataclass(slots=True)
class PageBlock:
    """Lines that belong together: a paragraph, an item (`mark`), a heading (`level` from 1) or a table."""

    lines: list[Line] = field(default_factory=list)
    mark: str = ""
    level: int = 0

    @property
    def is_table(self) -> bool:
        """Whether its lines are rows of a table."""
        return bool(self.lines) and self.lines[0].row


@dataclass(frozen=True, slots=True)
class _Measures:
    """What is usual in a document: height of lines, their distance in heights, levels by height, right edge of a page."""

    height: float
    leading: float
    levels: dict[int, int]
    edges: dict[int, float]

    def level(self, line: Line) -> int:
        section = _SECTION.match(line.text)
        if section and not line.row and self.is_short(line) and not _END.search(line.text):
            return self.levels.get(round(line.height), 0) or min(len(self.levels) + section["dots"].count("."), _LEVELS + 1)
        larger = not (line.row or line.ends) and line.height > _LARGER * self.height and len(line.text) <= LONGEST_HEADING
        return self.levels.get(round(line.height), 0) if larger else 0

    def is_near(self, above: Line, line: Line) -> bool:
        """Whether a line stands right below another, or beside it."""
        distance = above.bottom - line.bottom
        return above.page == line.page and -_SAME_ROW * line.height <= distance <= _LOOSE * self.leading * line.height

    def is_short(self, line: Line) -> bool:
        return line.right < _SHORT * self.edges[line.page]


def page_blocks(lines: Sequence[Line]) -> list[PageBlock]:
    """The blocks of a document in reading order."""
    measures = _measure(lines)
    blocks: list[PageBlock] = []
    for line in lines:
        last = blocks[-1] if blocks else PageBlock()
        level = measures.level(line)
        item = None if level or line.row else _ITEM.match(line.text)
        if item and _begins_item(item, last, line, measures):
            number = item.group("number")
            rest = line.text[item.end() :]
            blocks.append(PageBlock([replace(line, text=rest)] if rest else [], f"{number}. " if number else "- "))
            if item.group("label"):
                blocks[-1] = PageBlock([line], "- ")
        elif line.row or last.is_table:
            if line.row and last.is_table and last.lines[0].page == line.page:
                last.lines.append(line)
            else:
                blocks.append(PageBlock([line], level=level))
        elif (last.mark and not last.lines) or (last.lines and _continues(last, line, level, measures)):
            last.lines.append(line)
        else:
            blocks.append(PageBlock([line], level=level))
    blocks = [block for block in blocks if block.lines]
    _raise_bold_lines(blocks, min(len(measures.levels), _LEVELS) + 1)
    return blocks


def _measure(lines: Sequence[Line]) -> _Measures:
    height = _usual((line.height, len(line.text)) for line in lines) or 1.0
    large = sorted({round(line.height) for line in lines if line.height > _LARGER * height}, reverse=True)
    edges: dict[int, float] = {}
    for line in lines:
        edges[line.page] = max(edges.get(line.page, 0.0), line.right)
    pairs = itertools.pairwise(lines)
    steps = [(above.bottom - line.bottom) / line.height for above, line in pairs if above.page == line.page]
    leading = _usual((step, 1) for step in steps if step > _SAME_ROW) or 1.0
    return _Measures(height, leading, {tall: min(place, _LEVELS) for place, tall in enumerate(large, start=1)}, edges)


def _usual(weighted: Iterable[tuple[float, int]]) -> float | None:
    weights: Counter[float] = Counter()
    for value, weight in weighted:
        weights[round(value, 1)] += weight
    return weights.most_common(1)[0][0] if weights else None


def _begins_item(found: re.Match[str], last: PageBlock, line: Line, measures: _Measures) -> bool:
    """A dash or a number can also go on a sentence: it begins an item where the words before it end."""
    if found.group("sign") or last.mark or not last.lines or last.level:
        return True
    before = last.lines[-1]
    return bool(_END.search(before.text)) or not measures.is_near(before, line)


def _continues(block: PageBlock, line: Line, level: int, measures: _Measures) -> bool:
    """Whether a line goes on with a block."""
    first, above = block.lines[0], block.lines[-1]
    if above.ends:
        return False
    near = measures.is_near(above, line)
    if level or block.level:
        return near and level == block.level
    ended = bool(_END.search(above.text))
    if above.page != line.page or line.bottom > above.bottom + line.height:  # on the next page, or in the next column
        return not ended and (line.text[:1].islower() or not measures.is_short(above))
    if not near or not 1 / _LARGER <= line.height / above.height <= _LARGER:
        return False
    if measures.is_short(above) and (ended or above.bold != line.bold):
        return False
    if block.mark:
        return not ended or line.left > first.left + _INDENT * line.height
    outdented = len(block.lines) > 1 and line.left < above.left - _INDENT * line.height
    return not outdented and not (ended and line.left > above.left + _INDENT * line.height)


def _raise_bold_lines(blocks: list[PageBlock], level: int) -> None:
    """A short bold block above another is a heading, where most of the text is not bold."""
    bold = sum(len(line.text) for block in blocks for line in block.lines if line.bold)
    if 2 * bold > sum(len(line.text) for block in blocks for line in block.lines):
        return
    for block, below in itertools.pairwise(blocks):
        words = " ".join(line.text for line in block.lines)
        plain = not (block.mark or block.level or block.is_table) and len(words) <= LONGEST_HEADING / 2
        is_bold = all(line.bold for line in block.lines) and (below.is_table or not below.lines[0].bold)
        if plain and is_bold and not _END.search(words):
            block.level = level
