"""What curators have to work on: questions that found no answer, and answers that readers judged bad.

The first come from the log of unanswered questions, where that is kept; the second from the verdicts on the page. A question
that was handled (answered, or set aside) comes back when it is asked in vain, or its answer judged bad, once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from advisor.answering import unanswered
from advisor.features.conversations import Conversations, Reason
from advisor.settings import Settings
from advisor.storage.database import open_database, time_now
from advisor.storage.state_tables import handled, put
from advisor.text.plain import fold
from advisor.types import Language


@dataclass(frozen=True, slots=True)
class Remark:
    """What a reader said is wrong with an answer ("" for nothing)."""

    reason: Reason
    comment: str


@dataclass(frozen=True, slots=True)
class _Cause:
    """One time that a question was asked in vain (`remark` is None) or its answer judged bad; a day, or a time of it."""

    question: str
    language: Language
    time: str
    nearest: tuple[str, ...] = ()
    remark: Remark | None = None


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question to work on: how often it was asked in vain, what was said of its answers, and the last day of either."""

    question: str
    language: Language
    refused: int
    remarks: tuple[Remark, ...]
    last: str
    nearest: tuple[str, ...]


def worklist(settings: Settings, conversations: Conversations, search: str = "") -> list[OpenQuestion]:
    """The questions to work on, newest first; those with every word of `search` in the question or in what was said.

    :raises EvaluationError: when one of the files cannot be read.
    """
    handled_at: dict[str, str] = {row.question: row.time for row in conversations.database.rows(select(handled))}
    causes: dict[str, list[_Cause]] = {}
    for cause in (*_in_vain(settings), *_disliked(conversations)):
        key = fold(cause.question)
        # Of the log, only the day is known: what was asked on the day on which it was handled counts as handled.
        if cause.time > handled_at.get(key, "")[: len(cause.time)]:
            causes.setdefault(key, []).append(cause)
    found = [_opened(some) for some in causes.values()]
    words = fold(search).split()
    wanted = [one for one in found if all(word in _searched(one) for word in words)]
    return sorted(wanted, key=lambda one: one.last, reverse=True)


def handle(settings: Settings, questions: Iterable[str]) -> None:
    """Have questions leave the list: they are answered, or nobody will.

    :raises StorageError: when it cannot be written.
    """
    with open_database(settings).writing() as database:
        for question in sorted(set(map(fold, questions))):  # in one order: two replicas never wait for each other
            put(database, handled, question=question, time=time_now())


def _in_vain(settings: Settings) -> list[_Cause]:
    path = unanswered.log_file(settings)
    lines = unanswered.read(path) if path.exists() else []
    return [_Cause(line.question, line.language, line.date, line.nearest) for line in lines]


def _disliked(conversations: Conversations) -> list[_Cause]:
    return [
        _Cause(
            turn.answer.standalone_question,
            turn.answer.language,
            turn.rated,
            turn.answer.nearest,
            Remark(turn.reason, turn.comment),
        )
        for turn in conversations.disliked()
    ]


def _opened(causes: list[_Cause]) -> OpenQuestion:
    newest = max(causes, key=lambda cause: cause.time)
    remarks = tuple(cause.remark for cause in causes if cause.remark)
    nearest = next((cause.nearest for cause in reversed(causes) if cause.nearest), ())
    return OpenQuestion(newest.question, newest.language, len(causes) - len(remarks), remarks, newest.time[:10], nearest)


def _searched(one: OpenQuestion) -> str:
    return fold(" ".join((one.question, *(remark.comment for remark in one.remarks))))
