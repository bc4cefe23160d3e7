"""What people asked and the corpus could not answer, by nearest subject: what to write next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.answering.unanswered import Unanswered
from advisor.text.plain import fold

NO_SUBJECT = "(no subject is near)"
OWN_FACTS = "(facts of the asker's own organisation or of the future, which no corpus holds)"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that found no answer, how often it was asked, and the last day."""

    question: str
    times: int
    last: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The questions that are nearest to one subject, most often asked first; `times` counts them all."""

    name: str
    times: int
    questions: tuple[Asked, ...]


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
    questions = [Asked(same[-1].question, len(same), max(line.date for line in same)) for same in asked]
    ordered = sorted(questions, key=lambda one: (-one.times, one.question))
    return Subject(name, sum(one.times for one in ordered), tuple(ordered))
