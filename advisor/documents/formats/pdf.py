"""PDF -> paragraphs, headings and lists as Markdown, with the place where each page begins.

A PDF holds lines, not paragraphs: which lines belong together is told by their places, heights and last characters. A
paragraph that runs over the end of a page stays whole, so that its sentences do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.markdown import escape, one_line
from advisor.documents.formats.pdf_blocks import PageBlock, page_blocks
from advisor.documents.formats.pdf_contents import without_contents
from advisor.documents.formats.pdf_layout import Line
from advisor.documents.formats.pdf_lines import is_unreadable, read_pages
from advisor.errors import DocumentError
from advisor.text.reasons import reason

_HYPHEN = re.compile(r"(?<!\w)(\w+)[-\u2010\u00ad\x02\ufffe]\Z")
_WORD = re.compile(r"\w+(?:[-\u2010\u2011]\w+)*")
_FIRST_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010\u2011]\w+)*")
_STAYS_HYPHENATED = (
    "il", "ils", "elle", "elles", "on", "je", "tu", "nous", "vous", "le", "la", "les", "lui", "leur", "moi", "y", "en",
    "ci", "là", "même", "mêmes", "être", "à-dire", "t-il", "t-elle", "t-on", "based", "driven", "like",
)  # fmt: skip
_SHORT_PREFIX = 3  # letters: "e-commerce", "co-founder", "non-conforme"
_CELL_END = re.compile(r"(?<!\\)\|(?!\Z)")
_OF_A_PROGRAM = re.compile(r"(?i)untitled|sans titre|(?:microsoft )?(?:word|powerpoint|excel) - .*|.*\.\w{2,5}|document\d*")
_DATE = re.compile(r"D:(\d{4})(\d\d)(\d\d)")


def read_pdf(
    data: bytes,
    *,
    max_pages: int,
    max_chars: int,
    max_scans: int = 0,
    turn: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Extracted:
    """The text of a PDF.

    :param max_scans: most pages that are pictures and are recognised, where the extra for that is installed.
    :param turn: what each of them is recognised in: it takes seconds, and is given up when that raises `TooSlow`.
    :raises DocumentError: when it is damaged, encrypted, over a limit, or holds no text.
    """
    pages = read_pages(data, max_pages=max_pages, max_chars=max_chars, max_scans=max_scans, turn=turn)
    letters = "".join(line.text for line in pages.lines)
    if not any(map(str.isalnum, letters)):
        why = pages.scan.why
        raise DocumentError(reason("scanned", remedy=why[0]) if why else reason("no_letters"))
    if is_unreadable(letters):
        raise DocumentError(reason("fonts", remedy=reason("no_ocr")))
    text, starts = _write(without_contents(page_blocks(pages.lines)), pages.count, _vocabulary(pages.lines))
    title = one_line(pages.properties.get("Title", ""))
    date = _DATE.match(pages.properties.get("ModDate") or pages.properties.get("CreationDate") or "")
    return Extracted(
        text=text,
        pages=starts,
        title=title if any(map(str.isalnum, title)) and not _OF_A_PROGRAM.fullmatch(title) else None,
        updated="-".join(date.groups()) if date else None,
        scan=pages.scan,
        hidden=pages.hidden,
    )


def _vocabulary(lines: list[Line]) -> set[str]:
    """The words that stand whole on a line, folded: they tell whether a hyphen at the end of another belongs to its word."""
    return {
        word.group().casefold().replace("\u2010", "-")
        for line in lines
        for word in _WORD.finditer(_HYPHEN.sub("", line.text))
    }


def _write(blocks: list[PageBlock], num_pages: int, vocabulary: set[str]) -> tuple[str, tuple[int, ...]]:
    """The Markdown, and where in it each page begins."""
    parts: list[str] = []
    length = 0
    starts: list[int] = []

    def add(part: str) -> None:
        nonlocal length
        parts.append(part)
        length += len(part)

    kind = ""
    for block in blocks:
        if block.is_table:
            _write_table(block, add, starts, lambda: length, first=not parts)
            kind = ""
            continue
        if parts:
            add("\n" if kind and block.mark[-2:] == kind else "\n\n")
        kind = block.mark[-2:]
        mark = "#" * block.level + " " if block.level else block.mark
        broken = None
        for number, line in enumerate(block.lines):
            if broken:
                word = _FIRST_WORD.match(line.text)
                add(_joint(broken.group(1), word.group() if word else "", vocabulary))
            elif number:
                add(" ")
            starts += [length] * (line.page + 1 - len(starts))
            broken = _HYPHEN.search(line.text) if number + 1 < len(block.lines) else None
            text = escape(one_line(line.text))
            add(("" if number else mark) + (text.rstrip("-\u2010") if broken else text))
    starts += [length] * (num_pages - len(starts))
    return "".join(parts) + "\n", tuple(starts)


def _write_table(
    block: PageBlock, add: Callable[[str], None], starts: list[int], at: Callable[[], int], *, first: bool
) -> None:
    add("" if first else "\n\n")
    for number, line in enumerate(block.lines):
        if number:
            add("\n")
        starts += [at()] * (line.page + 1 - len(starts))
        add(one_line(line.text))
        if not number:
            add("\n|" + " --- |" * len(_CELL_END.findall(line.text)))


def _joint(left: str, right: str, vocabulary: set[str]) -> str:
    """What stands between the two halves of a word that was broken at a hyphen: the hyphen, or nothing."""
    if not right[:1].islower():
        return "-"
    if f"{left}{right}".casefold() in vocabulary:
        return ""
    hyphenated = f"{left}-{right}".casefold() in vocabulary
    return "-" if hyphenated or len(left) <= _SHORT_PREFIX or right.casefold() in _STAYS_HYPHENATED else ""
