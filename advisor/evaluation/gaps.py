"""What is missing: sections that no question asks about, questions that found no support, and what people asked in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.answering.unanswered import Unanswered
from advisor.evaluation.places import Place, locate_goals
from advisor.evaluation.questions import Case
from advisor.evaluation.scoring import Row
from advisor.index.generation import Generation
from advisor.text.plain import fold

NO_SUBJECT = "(no subject is near)"
OWN_FACTS = "(facts of the asker's own organisation or of the future, which no corpus holds)"


@dataclass(frozen=True, slots=True)
class CoveredSection:
    """A heading path of a document and the ids of the questions that it answers, by their labels."""

    document: str
    heading: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every section, and the answerable questions that were refused or answered without any of the right sources."""

    sections: tuple[CoveredSection, ...]
    refused: tuple[str, ...]
    unsupported: tuple[str, ...]

    @property
    def unreached(self) -> list[CoveredSection]:
        """The sections that no question asks about."""
        return [section for section in self.sections if not section.questions]


def map_coverage(cases: Sequence[Case], index: Generation, rows: Sequence[Row] = ()) -> Coverage:
    """The map of the questions over the index; `rows`, of a run, tell which of them found support."""
    places: dict[str, list[tuple[str, Place]]] = {}
    for case in cases:
        for goal in locate_goals(case.targets, index.catalog.document)[0]:
            for place in goal.places:
                places.setdefault(place.document, []).append((case.id, place))
    sections: dict[tuple[str, tuple[str, ...]], dict[str, None]] = {}
    for document, chunks in index.catalog.chunks_by_document().items():
        for chunk in chunks:
            reached = sections.setdefault((document, chunk.heading), {})
            for identifier, place in places.get(document, ()):
                if any(start < chunk.end and chunk.start < end for start, end in place.spans):
                    reached[identifier] = None
    asked = {case.id for case in cases}
    mine = [row for row in rows if row.id in asked and row.answerable]
    return Coverage(
        tuple(CoveredSection(document, heading, tuple(ids)) for (document, heading), ids in sections.items()),
        tuple(row.id for row in mine if row.status != "answered"),
        tuple(row.id for row in mine if row.status == "answered" and row.values.get("citation_recall") == 0),
    )


@dataclass(frozen=True, slots=True)
class AskedInVain:
    """A question that found no answer, how often it was asked, and the last day."""

    question: str
    times: int
    last: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The questions that are nearest to one subject, most often asked first; `times` counts them all."""

    name: str
    times: int
    questions: tuple[AskedInVain, ...]


def backlog(lines: Sequence[Unanswered]) -> list[Subject]:
    """The unanswered questions by their nearest subject, the subject most asked about first.

    A question is counted once for each time, whatever the case and accents. Facts that no corpus holds come last.
    """
    subjects: dict[str, dict[str, list[Unanswered]]] = {}
    for line in lines:
        name = OWN_FACTS if line.reason == "private" else next(iter(line.nearest), NO_SUBJECT)
        subjects.setdefault(name, {}).setdefault(fold(line.question), []).append(line)
    found = [_subject(name, list(asked.values())) for name, asked in subjects.items()]
    return sorted(found, key=lambda subject: (subject.name == OWN_FACTS, -subject.times, subject.name))


def _subject(name: str, asked: Sequence[Sequence[Unanswered]]) -> Subject:
    questions = [AskedInVain(same[-1].question, len(same), max(line.date for line in same)) for same in asked]
    ordered = sorted(questions, key=lambda one: (-one.times, one.question))
    return Subject(name, sum(one.times for one in ordered), tuple(ordered))
