"""Conversations, kept for each user in the database: listed, searched, renamed, deleted, shown again as they were.

An answer is stored whole, under its own id, with the quotes it was made from: re-indexing changes nothing of it. Whatever is
read or changed is looked up by user and id together, so that nobody reaches another's conversation by guessing an id.
Curators see the answers that readers judged bad, not whose they are.
A verdict on an answer goes to `feedback.jsonl` beside it, in the form that `advisor eval from-feedback` reads.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, or_, select, update

from advisor.errors import ConversationError
from advisor.files import append_line
from advisor.limits import COMMENT
from advisor.settings import Settings
from advisor.storage.database import open_database, time_now
from advisor.storage.state_tables import add_row, conversations, deleted, pins, put, shares, turns, verdicts
from advisor.text.plain import fold
from advisor.types import Answer

FEEDBACK = "feedback.jsonl"
Rating = Literal["up", "down"]
Reason = Literal["", "wrong", "incomplete", "off-topic", "unclear", "refused"]

_ANSWERS = TypeAdapter(Answer)
_LONGEST_TITLE = 70
_GONE = "this conversation is not there any more. Reload the page"
UNDO_SECONDS = 600
"""How long a deleted conversation can be taken back; it is erased after that."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A line of the list. Times are in ISO 8601, UTC; `turns` counts its questions; `shared`: a link shows it."""

    id: str
    title: str
    created: str
    updated: str
    turns: int
    shared: bool = False
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer of a conversation, when it was given, what its reader said of it, and when ("" for nothing)."""

    answer: Answer
    asked: str
    rating: Rating | Literal[""] = ""
    reason: Reason = ""
    comment: str = ""
    rated: str = ""


_THERE = ~exists().where(deleted.c.conversation == conversations.c.id)
_TURNS_OF_IT = turns.c.conversation == conversations.c.id
_PINNED = exists().where(pins.c.conversation == conversations.c.id)
_SUMMARIES: Select[*tuple[Any, ...]] = select(
    *conversations.c["id", "title", "created", "updated"],
    select(func.count()).where(_TURNS_OF_IT).scalar_subquery(),
    exists().where(shares.c.conversation == conversations.c.id),
    _PINNED,
).where(_THERE)
_NO_VERDICT = [func.coalesce(verdicts.c[name], "") for name in ("rating", "reason", "comment", "time")]
_TURNS = (
    select(turns.c.answer, turns.c.asked, *_NO_VERDICT).join(conversations, _TURNS_OF_IT).outerjoin(verdicts).where(_THERE)
)


class Conversations:
    """The conversations of all users. Safe to use from several threads and processes."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is written before the first question is kept."""
        self.database = open_database(settings)
        self._feedback = settings.state_dir / FEEDBACK

    def find(self, user: str, search: str = "", *, limit: int = 200) -> list[Summary]:
        """The user's conversations, the pinned ones first, then the latest.

        :param search: words, each of which their title, questions or answers hold.
        """
        query = _SUMMARIES.where(conversations.c.user == user)
        for word in fold(search).split():  # `folded` of the first turn does not hold a title that was changed
            said = exists().where(_TURNS_OF_IT, turns.c.folded.contains(word, autoescape=True))
            query = query.where(or_(conversations.c.folded.contains(word, autoescape=True), said))
        latest = select(func.max(turns.c.number)).where(_TURNS_OF_IT).scalar_subquery()
        query = query.order_by(_PINNED.desc(), conversations.c.updated.desc(), latest.desc()).limit(limit)
        return [Summary(*row) for row in self.database.rows(query)]

    def summary(self, user: str, conversation: str) -> Summary | None:
        """One conversation of the user, None when there is none of that id."""
        rows = self.database.rows(_SUMMARIES.where(*_own(user, conversation)))
        return next((Summary(*row) for row in rows), None)

    def turns(self, user: str, conversation: str, *, last: int | None = None) -> list[Turn]:
        """The turns of a conversation, oldest first; none when the user has no such conversation.

        :param last: the number of the last that is wanted, where not all are.
        """
        wanted = (turns.c.number <= last,) if last is not None else ()
        return self._turns(_TURNS.where(*_own(user, conversation), *wanted).order_by(turns.c.number))

    def turn(self, user: str, answer_id: str) -> Turn | None:
        """One answer of the user's, by its id."""
        return next(iter(self._turns(_TURNS.where(conversations.c.user == user, turns.c.id == answer_id))), None)

    def disliked(self, *, limit: int = 500) -> list[Turn]:
        """The answers that any reader judged bad, latest verdict first: a verdict is for the curators. Not who judged."""
        bad = _TURNS.where(verdicts.c.rating == "down")
        return self._turns(bad.order_by(verdicts.c.time.desc()).limit(limit))

    def keep(self, user: str, answer: Answer, conversation: str | None = None, *, replacing: str | None = None) -> str:
        """Add an answer to a conversation, or begin one; returns the conversation's id.

        :param replacing: the id of an answer of that conversation; it and those after it go, in the same transaction.
        :raises StorageError: when it cannot be written.
        """
        replaced = self.turn(user, replacing) if replacing else None
        with self.database.writing() as database:
            time, title = time_now(), title_of(answer.question)
            if conversation is None or not _holds(database, user, conversation, _THERE):
                conversation = uuid.uuid4().hex
                begun = {"id": conversation, "user": user, "title": title, "folded": fold(title)}
                add_row(database, conversations, **begun, created=time, updated=time)
            this, its_turns = conversations.c.id == conversation, turns.c.conversation == conversation
            if replacing is not None:
                first = select(turns.c.number).where(turns.c.id == replacing, its_turns).correlate(None).scalar_subquery()
                database.execute(delete(turns).where(its_turns, turns.c.number >= first))
            if replaced is not None:  # a title that was made of the question goes with it
                made = (conversations.c.title == title_of(replaced.answer.question), ~exists().where(its_turns))
                database.execute(update(conversations).where(this, *made).values(title=title, folded=fold(title)))
            kept = {"id": answer.id, "answer": _ANSWERS.dump_json(answer).decode(), "asked": time}
            folded = fold(f"{answer.question}\n{answer.text}")
            add_row(database, turns, **kept, folded=folded, conversation=conversation)
            database.execute(update(conversations).where(this).values(updated=time))
        return conversation

    def rename(self, user: str, conversation: str, title: str) -> None:
        """Give a conversation another title.

        :raises ConversationError: when the title is empty, or the user has no such conversation.
        """
        short = title_of(title)
        if not short:
            message = "a conversation needs a title. Type one, or leave the one it has"
            raise ConversationError(message)
        with self.changing(user, conversation) as database:
            named = update(conversations).where(conversations.c.id == conversation)
            database.execute(named.values(title=short, folded=fold(short)))

    def pin(self, user: str, conversation: str, *, pinned: bool) -> None:
        """Put a conversation before the others in the list, or back among them.

        :raises ConversationError: when the user has no such conversation.
        """
        with self.changing(user, conversation) as database:
            if pinned:
                put(database, pins, conversation=conversation)
            else:
                database.execute(delete(pins).where(pins.c.conversation == conversation))

    def delete(self, user: str, conversation: str) -> None:
        """Delete a conversation with its answers and the verdicts on them; `feedback.jsonl` keeps what was said.

        From now on it is nowhere to be seen; `restore` takes it back, until `erase_deleted` has erased it.

        :raises ConversationError: when the user has no such conversation.
        """
        with self.changing(user, conversation) as database:
            put(database, deleted, conversation=conversation, time=time_now())

    def restore(self, user: str, conversation: str) -> None:
        """Take a deleted conversation back, as it was.

        :raises ConversationError: when the user has no such conversation, or it is erased.
        """
        with self.changing(user, conversation, there=~_THERE) as database:
            database.execute(delete(deleted).where(deleted.c.conversation == conversation))

    def erase_deleted(self) -> None:
        """Erase what anybody deleted longer ago than it can be taken back."""
        due = select(deleted.c.conversation).where(deleted.c.time < time_now(seconds_ago=UNDO_SECONDS))
        if self.database.rows(due):
            those = conversations.c.id.in_(due)
            with self.database.writing() as database:
                # Whoever is taking one back comes first: once it is held here, it is due or it is not.
                database.execute(select(conversations.c.id).where(those).order_by(conversations.c.id).with_for_update())
                database.execute(delete(conversations).where(those))

    def rate(self, user: str, answer_id: str, rating: Rating, reason: Reason = "", comment: str = "") -> None:
        """Keep what the reader says of an answer; the latest counts.

        :raises ConversationError: when the user has no such answer.
        :raises StorageError: when it cannot be written.
        """
        turn = self.turn(user, answer_id)
        message = f"there is no answer {answer_id} to say {rating!r} of. Ask again, then say it of the new answer"
        if turn is None or rating not in get_args(Rating) or reason not in get_args(Reason):
            raise ConversationError(message)
        comment = comment.strip()[: COMMENT.most]
        with self.database.writing() as database:
            if database.execute(select(turns.c.id).where(turns.c.id == answer_id).with_for_update()).first() is None:
                raise ConversationError(message)  # it was asked anew, or erased, in the meantime
            put(database, verdicts, turn=answer_id, rating=rating, reason=reason, comment=comment, time=time_now())
            self._append(turn.answer, rating, ": ".join(filter(None, (reason, comment))))

    def withdraw(self, user: str, answer_id: str) -> None:
        """Take a verdict back; the file of feedback says that it does not count any more.

        :raises ConversationError: when the user has no such answer.
        :raises StorageError: when it cannot be written.
        """
        turn = self.turn(user, answer_id)
        if turn is None:
            message = f"there is no answer {answer_id} to take a verdict back from. Reload the page"
            raise ConversationError(message)
        if turn.rating:
            with self.database.writing() as database:
                database.execute(delete(verdicts).where(verdicts.c.turn == answer_id))
                self._append(turn.answer, "withdrawn", "")

    @contextmanager
    def changing(self, user: str, conversation: str, *, there: ColumnElement[bool] = _THERE) -> Iterator[Connection]:
        """A transaction about a conversation of the user's, which nobody else changes meanwhile.

        :raises ConversationError: when the user has no such conversation.
        """
        with self.database.writing() as database:
            if not _holds(database, user, conversation, there):
                raise ConversationError(_GONE)
            yield database

    def _append(self, answer: Answer, rating: Rating | Literal["withdrawn"], comment: str) -> None:
        line = {
            "answer_id": answer.id,
            "question": answer.question,
            "standalone_question": answer.standalone_question,
            "verdict": rating,
            "comment": comment,
            "language": answer.language,
            "citations": [{"document": citation.document, "quote": citation.quote} for citation in answer.citations],
            "time": time_now(),
        }
        append_line(self._feedback, line)

    def _turns(self, query: Select[*tuple[Any, ...]]) -> list[Turn]:
        return [Turn(_ANSWERS.validate_json(answer), *rest) for answer, *rest in self.database.rows(query)]


def _own(user: str, conversation: str) -> tuple[ColumnElement[bool], ...]:
    return conversations.c.user == user, conversations.c.id == conversation


def _holds(database: Connection, user: str, conversation: str, there: ColumnElement[bool]) -> bool:
    """Whether there is such a conversation; it stays as it is until the transaction ends."""
    own = select(conversations.c.id).where(*_own(user, conversation))
    if database.execute(own.with_for_update()).first() is None:
        return False
    # Asked in one, PostgreSQL would say what was deleted before the wait for whoever held it.
    return database.execute(own.where(there)).first() is not None


def title_of(question: str) -> str:
    """A question on one line, cut at a word."""
    line = " ".join(question.split())
    if len(line) <= _LONGEST_TITLE:
        return line
    cut = line[:_LONGEST_TITLE]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:") + "…"
