"""What the questions reach of the corpus: sections that none asks about, and questions that found no support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.evaluation.places import Place, locate
from advisor.evaluation.questions import Item
from advisor.evaluation.scoring import Row
from advisor.index.generation import Generation


@dataclass(frozen=True, slots=True)
class Section:
    """A heading path of a document and the ids of the questions that it answers, by their labels."""

    document: str
    heading: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every section, and the answerable questions that were refused or answered without any of the right sources."""

    sections: tuple[Section, ...]
    refused: tuple[str, ...]
    unsupported: tuple[str, ...]

    @property
    def unreached(self) -> list[Section]:
        """The sections that no question asks about."""
        return [section for section in self.sections if not section.questions]


def coverage(items: Sequence[Item], index: Generation, rows: Sequence[Row] = ()) -> Coverage:
    """The map of the questions over the index; `rows`, of a run, tell which of them found support."""
    places: dict[str, list[tuple[str, Place]]] = {}
    for item in items:
        for goal in locate(item.targets, index.catalog.document)[0]:
            for place in goal.places:
                places.setdefault(place.document, []).append((item.id, place))
    sections: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
    for document in index.catalog.documents():
        for stored in index.catalog.chunks_of(document.id):
            chunk = stored.chunk
            reached = sections.setdefault((document.id, chunk.heading), {})
            for identifier, place in places.get(document.id, ()):
                if any(start < chunk.end and chunk.start < end for start, end in place.spans):
                    reached[identifier] = None
    asked = {item.id for item in items}
    mine = [row for row in rows if row.id in asked and row.answerable]
    return Coverage(
        tuple(Section(document, heading, tuple(ids)) for (document, heading), ids in sections.items()),
        tuple(row.id for row in mine if row.status != "answered"),
        tuple(row.id for row in mine if row.status == "answered" and row.values.get("citation_recall") == 0),
    )
