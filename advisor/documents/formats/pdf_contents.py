"""A table of contents in a PDF: it names the headings that follow with their pages, and says nothing of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from advisor.documents.formats.pdf_blocks import LONGEST_HEADING, PageBlock

_ENTRY = re.compile(r"(?P<title>[^|.].*?)\s*(?:\||[ .·…_]{4,})\s*\d{1,4}")
_WORD = re.compile(r"\w+")


def without_contents(blocks: Sequence[PageBlock]) -> list[PageBlock]:
    """The blocks, less those whose lines all end with a page, when most of what one names stands elsewhere, too."""
    named = [(block, _titles(block)) for block in blocks]
    elsewhere = {_key(line.text) for block, titles in named if not titles for line in block.lines}
    return [block for block, titles in named if 2 * sum(title in elsewhere for title in titles) <= len(titles)]


def _titles(block: PageBlock) -> list[str]:
    """What the lines of a block name beside a number; nothing where one of them is no such line."""
    lines = [line.text.strip("| ") for line in block.lines]
    entries = [_ENTRY.fullmatch(text) if len(text) <= LONGEST_HEADING else None for text in lines]
    return [_key(entry["title"]) for entry in entries if entry] if all(entries) else []


def _key(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))
