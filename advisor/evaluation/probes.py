"""Questions that a corpus asks of itself, to fit a calibration on: its headings, its phrasings, and the user's sets.

Each knows what would give its answer away, so that it can be hidden while the question is asked: the heading that it is, or
the entry of `asked/*.yaml` that it stands in.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.evaluation.places import SourceSpan, family, locate_goals
from advisor.evaluation.questions import Case
from advisor.index.generation import Generation
from advisor.index.phrasings import PhrasingEntry
from advisor.text.plain import fold, plain
from advisor.types import Document

_FEWEST_WORDS = 3  # of a heading: "Next steps" is no question
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*)$", re.MULTILINE)
_SEED = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """A question, and where in the corpus its answer stands.

    `family` is the document, or the name that it shares with its translation; "" where nothing in the corpus answers.
    `entry` is the entry of phrasings that the question is from, `heading` the place of the heading that it is.
    """

    question: str
    family: str = ""
    entry: PhrasingEntry | None = None
    heading: SourceSpan | None = None


def families_of(documents: Iterable[Document]) -> dict[str, str]:
    """Document -> its family: a document and its translation hold the same answers."""
    known = {document.id: document for document in documents}
    return {name: family(document, known.get) for name, document in known.items()}


class ProbeMaker:
    """Makes the questions of one index. The same index gives the same questions."""

    def __init__(self, index: Generation) -> None:
        """Read what all kinds of questions need of the index."""
        self._index = index
        self._documents = {document.id: document for document in index.catalog.documents()}
        self.families = families_of(self._documents.values())

    def of_phrasings(self, entries: Sequence[PhrasingEntry], most: int) -> list[Probe]:
        """One question of each of some entries: those that lines answer, or those that nothing answers."""
        known = set(self._index.phrasings.questions)
        there = {"", *self.families}
        placed = [one for one in entries if one.questions and one.document in there and known.issuperset(one.questions)]
        generator = random.Random(_SEED)
        return [
            Probe(generator.choice(entry.questions), self.families.get(entry.document, ""), entry)
            for entry in generator.sample(placed, min(most, len(placed)))
        ]

    def of_headings(self, most: int) -> list[Probe]:
        """Some of the headings that say something of their own: long enough, in one document, of no known kind."""
        found = [probe for name in self._documents for probe in self._headings(name)]
        times = Counter((fold(probe.question), probe.family) for probe in found)
        families = Counter(question for question, _ in times)
        own = [probe for probe in found if families[fold(probe.question)] == 1]
        return random.Random(_SEED).sample(own, min(most, len(own)))

    def _headings(self, name: str) -> Iterator[Probe]:
        text, title = self._documents[name].text, fold(self._documents[name].title)
        places = {fold(plain(_words(match))): match.span(1) for match in _HEADING.finditer(text)}
        said = dict.fromkeys(
            stored.chunk.heading for stored in self._index.catalog.chunks_of(name) if stored.chunk.sentences
        )
        for path in filter(None, said):
            question, span = plain(path[-1]), places.get(fold(plain(path[-1])))
            telling = len(question.split()) >= _FEWEST_WORDS and fold(question) != title
            if span and telling and self._index.sections.of(path) is None:
                yield Probe(question, self.families[name], heading=SourceSpan(name, *span))

    def of_cases(self, cases: Sequence[Case]) -> list[Probe]:
        """The single questions of question sets.

        Left out are those that bring documents of their own, and those whose labels do not say in which document the answer
        stands: it could not be left out.
        """
        alone = [case for case in cases if not case.turn and not case.documents]
        probes = [(case, Probe(case.text, self._family_of(case))) for case in alone]
        return [probe for case, probe in probes if bool(probe.family) == case.answerable]

    def _family_of(self, case: Case) -> str:
        """The family that a case's labels stand in; "" where it has no answer."""
        goals, _ = locate_goals((*case.targets, *case.core), self._documents.get)
        return goals[0].family if goals and case.answerable else ""


def _words(heading: re.Match[str]) -> str:
    """What a heading says, without the signs that may close it."""
    return heading[1].rstrip(" \t#")


def without_heading(document: Document, headings: Sequence[SourceSpan]) -> Document:
    """A document that says what it says under headings that say nothing, all else where it was.

    :param headings: places in it.
    """
    text = document.text
    for place in headings:
        text = text[: place.start] + "…".ljust(place.end - place.start) + text[place.end :]
    return replace(document, text=text, content_hash=f"{document.content_hash}-{len(headings)}") if headings else document


def entries_left(
    entries: Iterable[PhrasingEntry], hidden: Iterable[PhrasingEntry | None], documents: Mapping[str, object]
) -> list[PhrasingEntry]:
    """The entries that are not hidden and whose document is there, or that nothing answers."""
    out = set(hidden)
    return [entry for entry in entries if entry not in out and (not entry.document or entry.document in documents)]
