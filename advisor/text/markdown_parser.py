"""The parser of Markdown, in time that grows with the length of the text.

markdown-it takes every line after a quoted one for more of the quote until a line is empty, although only the text of a
paragraph goes on without its mark (CommonMark, 5.1: laziness), and then gives them back: thousands of quoted lines that are
no text take minutes. Here a quote ends where such a line is not followed by another quoted one.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block.blockquote import blockquote
from markdown_it.rules_block.state_block import StateBlock

# Nothing, code, a heading or its line, a rule, a list, HTML, a table, a fence, a definition.
_NO_TEXT = re.compile(r"\Z|#{1,6}(?:\s|\Z)|=+\s*\Z|[-+*_](?:\s|[-*_ ]+\Z|\Z)|\d{1,9}[.)](?:\s|\Z)|[<|`~]|\[[^\]]{0,999}\]:")
_INDENTED = re.compile(r"(?:>\s?)+(?:\t| {4})")


def markdown_parser(*, html: bool = True) -> MarkdownIt:
    """A parser of CommonMark and tables.

    :param html: whether elements of HTML are such; else they are text.
    """
    parser = MarkdownIt("commonmark", {"html": html}).enable("table")
    parser.block.ruler.at("blockquote", _quote, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    return parser


def _quote(state: StateBlock, first: int, end: int, silent: bool) -> bool:
    return blockquote(state, first, end if silent else _end_of_quote(state, first, end), silent)


def _end_of_quote(state: StateBlock, first: int, end: int) -> int:
    """The line behind the last that a quote can hold which begins on the first one."""
    goes_on = True
    for at in range(first, end):
        line = state.src[state.bMarks[at] + state.tShift[at] : state.eMarks[at]]
        if line.startswith(">"):
            goes_on = not _INDENTED.match(line) and _is_text(line.lstrip("> \t"))
        elif not (goes_on and _is_text(line)):
            return at
    return end


def _is_text(line: str) -> bool:
    """Whether a line can be one of a paragraph, and none of anything else."""
    return not _NO_TEXT.match(line)
