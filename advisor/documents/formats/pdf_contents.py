"""A table of contents in a PDF: it names the headings that follow with their pages, and says nothing of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import digits

from advisor.documents.formats.pdf_blocks import LONGEST_HEADING, PageBlock

_LONGEST_PAGE = 4  # digits
_LEADERS, _FEWEST_LEADERS = " .·…_", 4  # what leads from a title to its page
_WORD = re.compile(r"\w+")


def without_contents(blocks: Sequence[PageBlock]) -> list[PageBlock]:
    """The blocks, less those whose lines all end with a page, when most of what one names stands elsewhere, too.

    The heading above them goes with them: it would stand over all that follows.
    """
    named = [(block, _titles(block)) for block in blocks]
    elsewhere = {_key(line.text) for block, titles in named if not titles for line in block.lines}
    says = [2 * sum(title in elsewhere for title in titles) <= len(titles) for _, titles in named]
    return [
        block
        for (block, _), said, next_said in zip(named, says, [*says[1:], True], strict=True)
        if said and (next_said or not block.level)
    ]


def _titles(block: PageBlock) -> list[str]:
    """What the lines of a block name beside a number; nothing where one of them is no such line."""
    lines = [line.text.strip("| ") for line in block.lines]
    titles = [_title(text) if len(text) <= LONGEST_HEADING else "" for text in lines]
    return [_key(title) for title in titles] if all(titles) else []


def _title(line: str) -> str:
    """What a line names before the number at its end; "" where it is no entry."""
    before = line.rstrip(digits)
    if not 1 <= len(line) - len(before) <= _LONGEST_PAGE:
        return ""
    cell, title = before.rstrip(), before.rstrip(_LEADERS)
    if cell.endswith("|"):
        return cell[:-1].strip()
    return title if len(before) - len(title) >= _FEWEST_LEADERS else ""


def _key(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
