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

FindDocument = Callable[[str], Document | None]
_SHARE = 0.5  # of a quote's characters that a relevant span holds


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document says what is wanted: the spans `[start, end)` of the quote, and the characters of one to be held."""

    document: str
    spans: tuple[tuple[int, int], ...]
    needed: float

    def is_held_by(self, document: str, spans: Iterable[tuple[int, int]]) -> bool:
        """Whether some spans of a document, which do not overlap, hold enough of the quote."""
        if document != self.document:
            return False
        held = list(spans)
        return any(
            sum(max(0, min(end, there_end) - max(start, there_start)) for there_start, there_end in held) >= self.needed
            for start, end in self.spans
        )


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing to find, in every document that says it."""

    id: str
    family: str
    places: tuple[Place, ...]

    def is_held_by(self, document: str, spans: Iterable[tuple[int, int]]) -> bool:
        """Whether spans of a document hold enough of it."""
        spans = list(spans)
        return any(place.is_held_by(document, spans) for place in self.places)


def family(document: Document, find: FindDocument) -> str:
    """The name that a document and its translation share, whichever of the two names the other."""
    original = find(document.translation_of) if document.translation_of else None
    if original and original.translation_of == document.id:
        return min(document.id, original.id)
    return original.id if original else document.id


def locate(targets: Sequence[Target], find: FindDocument) -> tuple[list[Goal], list[Target]]:
    """The goals of a question, and the targets that no document holds."""
    goals: dict[tuple[str, int], list[tuple[str, Place]]] = {}
    lost = []
    seen: dict[str, int] = {}
    for target in targets:
        document = find(target.document)
        spans = tuple(_spans(target, document)) if document else ()
        if document is None or not spans:
            lost.append(target)
            continue
        start, end = spans[0]
        number = seen[document.id] = seen.get(document.id, 0) + 1
        needed = _SHARE * (end - start) if target.quote else 1
        place = Place(document.id, spans, needed)
        goals.setdefault((family(document, find), number), []).append((name_of(document.id, start, end), place))
    located = [Goal(found[0][0], key[0], tuple(place for _, place in found)) for key, found in goals.items()]
    return located, lost


def _spans(target: Target, document: Document) -> Iterator[tuple[int, int]]:
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
