"""An HTML tree -> Markdown: headings, paragraphs, lists, quotations, tables and code; no inline marks.

The tree is walked without recursion: a hostile page nests deeper than Python's stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from advisor.documents.formats.markdown import escape, one_line, visible

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "legend", "li", "main",
    "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "h1",
    "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
_BULLET = "- "
_DEEPEST = 5  # levels of lists that are indented
_LIST_START = re.compile(r"\d{1,9}", re.ASCII)
_BACK_LINKS = ("¶", "#", "§", "↑", "^")
_IN_LAYOUT_ONLY = "h1, h2, h3, h4, h5, h6, ul, ol, pre, blockquote"

Skip = Callable[[LexborNode], bool]


@dataclass(slots=True)
class _List:
    """A list being written: the number of its next item (0 for bullets), and the mark that its next line begins with."""

    number: int
    mark: str = ""
    width: int = 2


@dataclass(slots=True)
class _Writer:
    """Markdown so far, and what is open: words of a block, lists, quotations, a table."""

    blocks: list[tuple[str, str, int]] = field(default_factory=list)  # text, kind of item ("" for none), depth
    words: list[str] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    rows: list[list[str]] | None = None
    quotes: int = 0

    def end_block(self, heading: int = 0) -> None:
        """Write the words since the last block; within a table cell they only end with a space."""
        if self.rows is not None:
            self.words.append(" ")
            return
        text = escape(one_line("".join(self.words)))
        self.words.clear()
        if not text:
            return
        lists = self.lists[:_DEEPEST]
        indent = "".join(" " * one.width for one in lists)
        mark = self.lists[-1].mark if self.lists else ""
        if self.lists and mark:
            self.lists[-1].mark = ""
            indent = indent[: -lists[-1].width] + mark
        elif heading and not self.lists:
            indent = "#" * heading + " "
        quote = "> " if self.quotes and not heading else ""
        self.blocks.append((quote + indent + text, mark.lstrip("0123456789"), len(lists)))

    def open_item(self) -> None:
        if not self.lists:
            self.lists.append(_List(0))
        current = self.lists[-1]
        current.mark = f"{current.number}. " if current.number else _BULLET
        current.width = len(current.mark)
        current.number += 1 if current.number else 0

    def end_table(self) -> None:
        rows = [[cell.replace("|", "\\|") for cell in row] for row in self.rows or [] if any(row)]
        self.rows = None
        if not rows:
            return
        width = max(map(len, rows))
        lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
        lines.insert(1, "|" + " --- |" * width)
        self.blocks.append(("\n".join(lines), "", 0))

    def end_code(self) -> None:
        code = visible("".join(self.words)).strip("\n").rstrip()
        self.words.clear()
        if code:
            fence = "```"
            while fence in code:
                fence += "`"
            self.blocks.append((f"{fence}\n{code}\n{fence}", "", 0))

    def text(self) -> str:
        """The blocks, a blank line between them but for the items of one list."""
        parts: list[str] = []
        kind_before, depth_before = "", 0
        for text, kind, depth in self.blocks:
            # Without a blank line, only a bullet or "1." begins a list below another text.
            together = kind and kind == kind_before and (kind == _BULLET or depth <= depth_before)
            parts += ["\n" if together else "\n\n", text]
            kind_before, depth_before = kind, depth
        return "".join([*parts[1:], "\n"]) if parts else ""


def to_markdown(root: LexborNode, skip: Skip) -> str:
    """What the elements below `root` say, but for those that `skip` names (with all that is in them)."""
    writer = _Writer()
    code: LexborNode | None = None
    for node, entering in walk(root, lambda node: skip(node) or _is_back_link(node)):
        tag = node.tag or ""
        if tag == "-text" and entering:
            writer.words.append(node.text_content or "")
        elif tag == "pre" and writer.rows is None:
            if entering and code is None:
                writer.end_block()
                code = node
            elif not entering and code is not None and code.mem_id == node.mem_id:
                writer.end_code()
                code = None
        elif tag == "br" and entering:
            _line_break(writer, node, in_code=code is not None)
        elif code is None and tag in _BLOCKS:
            _edge(writer, node, tag, entering=entering)
    writer.end_block()
    return writer.text()


def _line_break(writer: _Writer, node: LexborNode, *, in_code: bool) -> None:
    """A line break is a space; two in a row end a paragraph."""
    if in_code:
        writer.words.append("\n")
    elif node.next is not None and node.next.tag == "br":
        writer.end_block()
    else:
        writer.words.append(" ")


def _edge(writer: _Writer, node: LexborNode, tag: str, *, entering: bool) -> None:
    """The start or end of a block element."""
    if tag == "table" and (writer.rows is not None or is_data_table(node)):
        if entering:
            writer.end_block()
            writer.rows = []
        else:
            writer.end_table()
    elif writer.rows is not None and tag in ("tr", "td", "th"):
        _cell_edge(writer, tag, entering=entering)
    else:
        writer.end_block(0 if entering else _HEADINGS.get(tag, 0))
        _nest(writer, node, tag, entering=entering)


def _cell_edge(writer: _Writer, tag: str, *, entering: bool) -> None:
    assert writer.rows is not None
    if entering:
        writer.words.clear()
        if tag == "tr":
            writer.rows.append([])
    elif tag != "tr":
        if not writer.rows:
            writer.rows.append([])
        writer.rows[-1].append(escape(one_line("".join(writer.words))))
        writer.words.clear()


def _nest(writer: _Writer, node: LexborNode, tag: str, *, entering: bool) -> None:
    if tag in ("ul", "ol"):
        if entering:
            start = node.attributes.get("start") or ""
            writer.lists.append(_List(0 if tag == "ul" else int(start) if _LIST_START.fullmatch(start) else 1))
        elif writer.lists:
            writer.lists.pop()
    elif tag == "li":
        if entering:
            writer.open_item()
        elif writer.lists:
            writer.lists[-1].mark = ""
    elif tag == "blockquote":
        writer.quotes += 1 if entering else -1


def is_data_table(table: LexborNode) -> bool:
    """Whether a table holds data: rows of several cells, and nothing that only a page laid out with tables puts there."""
    inner = [one for one in table.css("table") if one.mem_id != table.mem_id]
    rows = [len(row.css("td, th")) for row in table.css("tr")]
    return not inner and len(rows) > 1 and max(rows) > 1 and table.css_first(_IN_LAYOUT_ONLY) is None


def _is_back_link(node: LexborNode) -> bool:
    """A link that stands for a place, not for words: the mark of a footnote, the anchor of a heading."""
    if node.tag == "sup":
        return node.css_first("a") is not None
    return node.tag == "a" and one_line(node.text()) in _BACK_LINKS


def walk(root: LexborNode, skip: Skip) -> Iterator[tuple[LexborNode, bool]]:
    """Every node in document order, when it opens (True) and when it closes (False)."""
    node, opening = root, True
    while True:
        below = None
        if opening and not skip(node):
            yield node, True
            below = node.first_child
            if below is None:
                yield node, False
        elif not opening:
            yield node, False
        if below is not None:
            node = below
            continue
        if node.mem_id == root.mem_id:
            return
        following = node.next
        above = node.parent
        if following is not None:
            node, opening = following, True
        elif above is not None:
            node, opening = above, False
        else:
            return
