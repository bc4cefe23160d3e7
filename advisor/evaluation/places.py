"""From quotes to places: what in a document answers a question, and whether a span holds it.

Two quotes of a document and of its translation, the first of each, the second of each, say the same thing: they are one
goal, and finding either is finding it. A goal is named by its place, `document@start-end`, which no re-chunking moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote as percent_encoded

from advisor.evaluation.questions import Target
from advisor.types import Document

ReadDocument = Callable[[str], Document | None]
_SHARE = 0.5  # of a quote's characters that a relevant span holds


@dataclass(frozen=True, slots=True)
class SourceSpan:
    """Characters `[start, end)` of a document."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document says what is wanted: the spans `[start, end)` of the quote, and the characters of one to be held."""

    document: str
    spans: tuple[tuple[int, int], ...]
    needed: float

    def is_held_by(self, spans: Iterable[SourceSpan]) -> bool:
        """Whether spans, which do not overlap, hold enough of the quote."""
        held = [span for span in spans if span.document == self.document]
        return any(sum(_overlap(span, start, end) for span in held) >= self.needed for start, end in self.spans)

    def holds(self, span: SourceSpan) -> bool:
        """Whether a span lies by half within the quote."""
        half = (span.end - span.start) / 2
        return span.document == self.document and any(_overlap(span, start, end) >= half for start, end in self.spans)


def _overlap(span: SourceSpan, start: int, end: int) -> int:
    return max(0, min(span.end, end) - max(span.start, start))


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing to find, in every document that says it."""

    id: str
    family: str
    places: tuple[Place, ...]

    def is_held_by(self, spans: Iterable[SourceSpan]) -> bool:
        """Whether spans of one document hold enough of it, together."""
        held = list(spans)
        return any(place.is_held_by(held) for place in self.places)

    def is_said_by(self, span: SourceSpan) -> bool:
        """Whether a span says it: holds half of its quote, or lies by half within it."""
        return any(place.is_held_by([span]) or place.holds(span) for place in self.places)


def family(document: Document, read: ReadDocument) -> str:
    """The name that a document and its translation share, whichever of the two names the other."""
    original = read(document.translation_of) if document.translation_of else None
    if original and original.translation_of == document.id:
        return min(document.id, original.id)
    return original.id if original else document.id


def locate_goals(targets: Sequence[Target], read: ReadDocument) -> tuple[list[Goal], list[Target]]:
    """The goals of a question, and the targets that no document holds."""
    goals: dict[tuple[str, int], list[tuple[str, Place]]] = {}
    lost = []
    seen: dict[str, int] = {}
    for target in targets:
        document = read(target.document)
        spans = tuple(_occurrences(target, document)) if document else ()
        if document is None or not spans:
            lost.append(target)
            continue
        start, end = spans[0]
        number = seen[document.id] = seen.get(document.id, 0) + 1
        needed = _SHARE * (end - start) if target.quote else 1
        place = Place(document.id, spans, needed)
        goals.setdefault((family(document, read), number), []).append((name_of(document.id, start, end), place))
    located = [Goal(found[0][0], key[0], tuple(place for _, place in found)) for key, found in goals.items()]
    return located, lost


def _occurrences(target: Target, document: Document) -> Iterator[tuple[int, int]]:
    """Every exact occurrence of the quote; the whole document where there is none to look for."""
    if not target.quote:
        yield 0, len(document.text)
        return
    start = document.text.find(target.quote)
    while start >= 0:
        yield start, start + len(target.quote)
        start = document.text.find(target.quote, start + 1)


def name_of(document: str, start: int, end: int) -> str:
    """A place as files of TREC can hold it, without white space: `fr/cloud.md@120-260`."""
    return f"{percent_encoded(document, safe='/@')}@{start}-{end}"
