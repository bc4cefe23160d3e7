"""An HTML tree -> Markdown: headings, paragraphs, lists, quotations, tables and code; no inline marks.

The tree is walked without recursion: a hostile page nests deeper than Python's stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from advisor.documents.formats.html_math import in_formula, mathml_text
from advisor.documents.formats.html_table import HtmlTable, is_data_table
from advisor.documents.formats.markdown import LABEL_END, LABEL_START, escape, one_line, visible
from advisor.text.marks import raised

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "button", "caption", "center", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "legend", "li", "main",
    "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", "h1",
    "h2", "h3", "h4", "h5", "h6",
}  # fmt: skip
_BULLET = "- "
_DEEPEST = 5  # levels of lists that are indented
_LIST_START = re.compile(r"\d{1,9}", re.ASCII)
_LABEL = re.compile(rf"\s*{LABEL_START}([^{LABEL_END}]*){LABEL_END}")
_NUMBER = re.compile(r"\d{1,9}[.)]", re.ASCII)
_BACK_LINKS = ("¶", "#", "§", "↑", "^", "↩", "↩\ufe0e")
_DEEPEST_HEADING = 6

Skip = Callable[[LexborNode], bool]
Label = Callable[[LexborNode], str | None]


@dataclass(slots=True)
class _List:
    """A list being written: the number of its next item (0 for bullets), and the mark that its next line begins with."""

    number: int
    mark: str = ""
    width: int = 2


@dataclass(slots=True)
class _Writer:
    """Markdown so far, and what is open: words of a block, lists, quotations, a table, a term to be defined.

    `defined` is the term of the definition before, which another one is of as well. `folds` are the sections that a click
    opens (details, tabs); what follows one goes on under the heading before it.
    """

    blocks: list[tuple[str, str, int]] = field(default_factory=list)  # text, kind of item ("" for none), depth
    words: list[str] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    table: HtmlTable | None = None
    quotes: int = 0
    term: str = ""
    defined: str = ""
    folds: int = 0
    heading: tuple[int, str] = (0, "")
    left: bool = False

    def end_block(self, heading: int = 0, *, fold: bool = False) -> None:
        """Write the words since the last block; within a table cell they only end with a space."""
        if self.table is not None:
            self.words.append(" ")
            return
        raw = "".join(self.words)
        label = _LABEL.match(raw)
        text = escape(one_line(raw[label.end() :] if label else raw))
        self.words.clear()
        if label and text:
            text = self._numbered(label.group(1).strip(), text)
        if text:
            self._write(f"{self.term} {text}" if self.term else text, 0 if self.term else heading, fold=fold)
            self.term, self.defined = "", self.term or self.defined

    def _numbered(self, label: str, text: str) -> str:
        """An item under the number that its file gives it: as the mark of the item where Markdown has such a mark."""
        if self.lists and self.lists[-1].mark and _NUMBER.fullmatch(label):
            self.lists[-1].mark = f"{label} "
            return text
        if self.lists and self.lists[-1].mark:
            self.lists[-1].mark = _BULLET
        return f"{label} {text}"

    def end_fold_label(self) -> None:
        """Write the words since the last block as the heading of a section that a click opens."""
        self.end_block(min(_DEEPEST_HEADING, self.heading[0] + max(1, self.folds)), fold=True)

    def end_term(self) -> None:
        """Keep the words since the last block for the definition that follows; a question is a heading."""
        if self.table is not None:
            self.words.append(": ")
            return
        text = escape(one_line("".join(self.words)))
        self.words.clear()
        self.defined = ""
        if text.endswith("?"):
            self._write(text, min(_DEEPEST_HEADING, self.heading[0] + 1), fold=True)
        elif text:
            self.term = f"{self.term.rstrip(':')}, {text}:" if self.term else f"{text.rstrip(' :')}:"

    def begin_definition(self) -> None:
        """Put the term before another of its definitions, too."""
        self.term = self.term or self.defined

    def end_definition(self) -> None:
        """Keep the term of an empty definition, unless it stands there already."""
        if self.term == self.defined:
            self.term = ""
        self.flush_term()

    def flush_term(self) -> None:
        """A term without a definition in words: a list or a table follows it."""
        if self.term:
            text, self.term = self.term, ""
            self._write(text, 0)

    def _write(self, text: str, heading: int, *, fold: bool = False) -> None:
        if heading and not self.lists and not (self.folds or fold):
            self.heading, self.left = (heading, text), False
        elif self.left and not heading and not self.folds:
            self.left = False
            if self.heading[0]:
                self.blocks.append(("#" * self.heading[0] + " " + self.heading[1], "", 0))
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
        lines = self.table.markdown() if self.table else ""
        self.table = None
        self.words.clear()
        if lines:
            self.flush_term()
            self.blocks.append((lines, "", 0))

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


def to_markdown(root: LexborNode, skip: Skip, label: Label = lambda node: None) -> str:
    """What the elements below `root` say, but for those that `skip` names (with all that is in them).

    :param label: the heading of an element that the page shows elsewhere: the words on its tab.
    """
    writer = _Writer()
    code: LexborNode | None = None
    above: list[int] = []  # where the words of open superscripts begin
    for node, entering in walk(root, lambda node: skip(node) or _is_back_link(node)):
        tag = node.tag or ""
        if tag == "pre" and writer.table is None:
            if entering and code is None:
                writer.end_block()
                writer.flush_term()
                code = node
            elif not entering and code is not None and code.mem_id == node.mem_id:
                writer.end_code()
                code = None
        elif tag == "br" and entering:
            _line_break(writer, node, in_code=code is not None)
        elif code is None and tag in _BLOCKS and not (tag == "button" and in_heading(node)):
            _edge(writer, node, tag, entering=entering, label=label)
        else:
            _inline(writer, node, tag, above, entering=entering)
    writer.end_block()
    writer.flush_term()
    return writer.text()


def _inline(writer: _Writer, node: LexborNode, tag: str, above: list[int], *, entering: bool) -> None:
    """Words, and marks that change what they say."""
    if tag == "-text" and entering and not in_formula(node):
        writer.words.append(node.text_content or "")
    elif tag == "math" and entering:
        writer.words.append(mathml_text(node))
    elif tag == "sup" and entering:
        above.append(len(writer.words))
    elif tag == "sup" and above:
        start = above.pop()
        writer.words[start:] = [raised("".join(writer.words[start:]), "".join(writer.words[:start]))]


def _line_break(writer: _Writer, node: LexborNode, *, in_code: bool) -> None:
    """A line break is a space; two in a row end a paragraph."""
    if in_code:
        writer.words.append("\n")
    elif node.next is not None and node.next.tag == "br":
        writer.end_block()
    else:
        writer.words.append(" ")


def _edge(writer: _Writer, node: LexborNode, tag: str, *, entering: bool, label: Label) -> None:
    """The start or end of a block element."""
    if tag == "table" and (writer.table is not None or is_data_table(node)):
        if entering:
            writer.end_block()
            writer.table = HtmlTable()
        else:
            writer.end_table()
    elif writer.table is not None:
        _edge_in_table(writer, node, tag, entering=entering)
    elif tag in ("summary", "button") and not entering:
        writer.end_fold_label()
    elif tag == "dt" and not entering:
        writer.end_term()
    else:
        writer.end_block(0 if entering else _HEADINGS.get(tag, 0))
        if tag == "dd":
            (writer.begin_definition if entering else writer.end_definition)()
        _nest(writer, node, tag, entering=entering)
        _fold(writer, tag, label(node), entering=entering)


def _edge_in_table(writer: _Writer, node: LexborNode, tag: str, *, entering: bool) -> None:
    assert writer.table is not None
    words = one_line("".join(writer.words))
    if tag in ("tr", "td", "th", "caption"):
        writer.words.clear()
        if tag == "caption" and not entering and words:
            writer.blocks.append((escape(words), "", 0))
        elif tag == "tr" and entering:
            writer.table.open_row()
        elif tag == "tr":
            writer.table.close_row()
        elif tag != "caption" and not entering:
            writer.table.add_cell(node, escape(words))
    elif tag == "li" and entering and words:
        writer.words[:] = [words.rstrip(";"), "; "]
    elif tag == "dt" and not entering:
        writer.end_term()
    else:
        writer.words.append(" ")


def _fold(writer: _Writer, tag: str, label: str | None, *, entering: bool) -> None:
    """The start or end of a section that a click opens; `label` is its heading where it has none in the text."""
    if tag != "details" and label is None:
        return
    writer.folds += 1 if entering else -1
    if entering and label:
        writer.words.append(label)
        writer.end_fold_label()
    elif not entering and not writer.folds:
        writer.left = True


def _nest(writer: _Writer, node: LexborNode, tag: str, *, entering: bool) -> None:
    if tag in ("ul", "ol"):
        if entering:
            writer.flush_term()
            start = node.attributes.get("start") or ""
            writer.lists.append(_List(0 if tag == "ul" else int(start) if _LIST_START.fullmatch(start) else 1))
        elif writer.lists:
            writer.lists.pop()
    elif tag == "li":
        if entering:
            writer.open_item()
        elif writer.lists:
            writer.lists[-1].mark = ""
    elif tag == "dl" and not entering:
        writer.flush_term()
        writer.defined = ""
    elif tag == "blockquote":
        writer.quotes += 1 if entering else -1


def _is_back_link(node: LexborNode) -> bool:
    """A link that stands for a place, not for words: the mark of a footnote, the anchor of a heading."""
    if node.tag == "sup" or "footnote-ref" in (node.attributes.get("class") or ""):
        return node.tag == "a" or node.css_first("a") is not None
    return node.tag == "a" and one_line(node.text()) in _BACK_LINKS


def in_heading(node: LexborNode) -> bool:
    """Whether an element stands in a heading."""
    above = node.parent
    while above is not None and above.tag not in _HEADINGS:
        above = above.parent
    return above is not None


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
