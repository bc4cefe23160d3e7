"""What a chat model writes -> sentences with the markers they claim, as the text arrives.

A list item keeps its sentences together; a row of a table is one sentence, made of its cells and the headers above them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from advisor.text.figures import figures
from advisor.text.names import names
from advisor.text.plain import has_words, plain, sentence_spans
from advisor.types import DraftSentence, Language, TableRow

_MARKERS = re.compile(
    r"(?:(?<!\s)\s+)?(?:\[\s*(?:passages?\s*)?(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]|【(\d{1,3})[^【】]*】|\((?:passage\s*)?(\d{1,2})\)(?=[\s.]|$))",
    re.IGNORECASE,
)
_OPEN_MARKER = re.compile(r"\s*[\[【(][^\])】]*$")
LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s|```|---|(?:\*\*|__)[^*_]*[^*_.!?…](?:\*\*|__):?\s*$)")
_LEAD = re.compile(r"^\s*(\*\*|__)(?P<words>[^*_]+)\1(?P<colon>\s*[.:])?\s+(?=[\w«“\"'’(])")
_LEAD_ALONE = re.compile(r"^\s*(?:(?:[-*•]|\d{1,2}[.)])\s+)?(\*\*|__)[^*_]+\1\W*$")
_ANY_TAG = re.compile(r"</?[a-zA-Z][\w-]*(?:\s[^<>]*)?/?>|https?://\S+")
_COLON: dict[Language, str] = {"fr": "\u00a0: ", "en": ": "}


@dataclass(slots=True)
class DraftReader:
    """Cuts a text that arrives in pieces into sentences. A marker after the full stop belongs to the sentence before it."""

    language: Language
    _buffer: str = field(default="")
    _headers: list[str] = field(default_factory=list)
    _in_item: bool = False
    _in_step: bool = False
    _line_begun: bool = False

    def feed(self, piece: str) -> Iterator[DraftSentence]:
        """The sentences that are whole now that a piece has come."""
        self._buffer += piece
        while True:
            line, newline, rest = self._buffer.partition("\n")
            if newline:
                self._buffer = rest
                yield from self._line(line)
                self._line_begun = False
                continue
            if not self._can_be_cut(line):
                return
            mark = LIST_MARK.match(line) if not self._line_begun else None
            begins = mark.end() if mark else 0  # "1." is no sentence
            spans = sentence_spans(line[begins:], self.language)
            # The last one may go on, or have its markers still to come.
            last = _MARKERS.sub("", line[begins + spans[-1][0] :]) if spans else ""
            if len(spans) < 2 or not has_words(last) or _OPEN_MARKER.match(last):  # noqa: PLR2004
                return
            cut = begins + spans[-1][0]
            if not self._line_begun and _LEAD_ALONE.match(line[:cut]):
                return
            while following := _MARKERS.match(line, cut):
                cut = following.end()
            ready, self._buffer = line[:cut], line[cut:]
            yield from self._line(ready)
            self._line_begun = True
            if not self._buffer.strip():
                return

    def finish(self, *, whole: bool) -> Iterator[DraftSentence]:
        """The rest. Of a text that was cut, what does not end as a sentence does is left out."""
        rest, self._buffer = self._buffer, ""
        found = list(self._line(rest))
        if found and not whole and not _MARKERS.sub("", rest).rstrip().endswith((".", "!", "?", "…", ":", "|")):
            found.pop()
        yield from found

    def _can_be_cut(self, line: str) -> bool:
        """Whether the sentences of a line can be told before its end: not those of a table, or of a heading or bold lead."""
        start = line.lstrip()
        return self._line_begun or not (start.startswith(("|", "#")) or start.count("**") % 2 or start.count("__") % 2)

    def _line(self, line: str) -> Iterator[DraftSentence]:
        """The sentences of a line, or of the next part of one; a bold lead belongs to the sentence behind it."""
        lead = ""
        if line.lstrip().startswith("|") and not self._line_begun:
            yield from self._row(line)
            return
        if not self._line_begun:
            self._headers = []
            self._in_item = self._in_step = False
            if not has_words(line) or (_HEADING.match(line) and not _MARKERS.search(line)):
                return
            item = LIST_MARK.match(line)
            self._in_item, self._in_step = item is not None, item is not None and item.group().strip()[:1].isdigit()
            line = line[item.end() :] if item else line
            found = _LEAD.match(line)
            if found and has_words(_MARKERS.sub("", line[found.end() :])):
                words, line = plain(found["words"] + (found["colon"] or "")), line[found.end() :]
                goes_on = words.endswith((".", ":", "!", "?")) or line[:1].islower()  # "**Commit** to one year"
                lead = words if goes_on else f"{words}."
        for text, markers in _sentences(line, self.language):
            continues = self._in_item and self._line_begun
            whole = f"{lead} {text}".strip()
            yield DraftSentence(whole, markers, "", self._in_item, continues, lead, is_step=self._in_step)
            self._line_begun, lead = True, ""

    def _row(self, line: str) -> Iterator[DraftSentence]:
        """A row of a table as a sentence: its first cell, then each other with its header.

        A header that states a figure or a name is part of every row, so that no header is shown which no row was held to.
        """
        self._in_item = False
        if not has_words(line):  # the rule below the headers
            return
        cells = [plain(_ANY_TAG.sub("", _MARKERS.sub("", cell))).strip(" *_") for cell in line.strip().strip("|").split("|")]
        if not self._headers:
            self._headers = cells
            return
        columns, colon = len(self._headers), _COLON[self.language]
        cells = [*cells[: columns - 1], " ".join(cells[columns - 1 :]), *[""] * (columns - len(cells))][:columns]
        pairs = zip(self._headers[1:], cells[1:], strict=True)
        said = [colon.join(filter(None, pair)) for pair in pairs if pair[1] or _states(pair[0])]
        opening = [self._headers[0] if _states(self._headers[0]) else "", cells[0]]
        text = colon.join(filter(None, (*opening, "; ".join(said))))
        if any(cells[1:]) and has_words(text):
            markers = [number for found in _MARKERS.finditer(line) for number in _numbers(found)]
            row = TableRow(tuple(self._headers), tuple(cells))
            yield DraftSentence(text, tuple(dict.fromkeys(markers)), row=row)


def _states(header: str) -> bool:
    """Whether a header states something that can be wrong by itself."""
    return bool(figures(header) or names(header))


def read_draft(text: str, language: Language) -> list[DraftSentence]:
    """The sentences of a whole draft."""
    reader = DraftReader(language)
    return [*reader.feed(text), *reader.finish(whole=True)]


def _sentences(body: str, language: Language) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The sentences of a text, without their markers, and the numbers of these."""
    spans = sentence_spans(body, language)
    starts = [start for start, _ in spans]
    for number, (start, end) in enumerate(spans):
        stop = starts[number + 1] if number + 1 < len(starts) else len(body)
        leading = list(_leading_markers(body, starts[number + 1])) if number + 1 < len(starts) else []
        claimed = [marker for found in _MARKERS.finditer(body, start, stop) for marker in _numbers(found)]
        if number and (mine := list(_leading_markers(body, start))):
            claimed = claimed[len(mine) :]
        text = plain(_ANY_TAG.sub("", _MARKERS.sub("", body[start : max(end, start)]))).strip(" -*")
        if has_words(text):
            yield text, tuple(dict.fromkeys([*claimed, *leading]))


def _leading_markers(body: str, start: int) -> Iterator[int]:
    """The markers at the very start of a sentence, which belong to the one before it."""
    while found := _MARKERS.match(body, start):
        yield from _numbers(found)
        start = found.end()


def _numbers(found: re.Match[str]) -> list[int]:
    return [int(number) for group in found.groups() if group for number in re.findall(r"\d+", group)]
