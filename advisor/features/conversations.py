"""Conversations, kept for each user in one SQLite file: listed, searched, renamed, deleted, shown again as they were.

An answer is stored whole, under its own id, with the quotes it was made from: re-indexing changes nothing of it. Whatever is
read or changed is looked up by user and id together, so that nobody reaches another's conversation by guessing an id.
Curators see the answers that readers judged bad, not whose they are.
A verdict on an answer goes to `feedback.jsonl` beside it, in the form that `advisor eval from-feedback` reads.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import TypeAdapter

from advisor.errors import ConversationError
from advisor.features.conversation_file import ConversationFile, time_now
from advisor.files import append_line
from advisor.limits import COMMENT
from advisor.text.plain import fold
from advisor.types import Answer

FEEDBACK = "feedback.jsonl"
Rating = Literal["up", "down"]
Reason = Literal["", "wrong", "incomplete", "off-topic", "unclear", "refused"]

_ANSWERS = TypeAdapter(Answer)
_LONGEST_TITLE = 70
_THERE = "c.id NOT IN (SELECT conversation FROM deleted)"
_OWN = f"c.user = ? AND c.id = ? AND {_THERE}"
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


class Conversations:
    """The conversations of all users of one folder. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        """Nothing is written before the first question is kept."""
        self.folder = folder
        self.file = ConversationFile(folder)

    def find(self, user: str, search: str = "", *, limit: int = 200) -> list[Summary]:
        """The user's conversations, the pinned ones first, then the latest.

        :param search: words, each of which their title, questions or answers hold.
        """
        where, values = ["c.user = ?"], [user]
        for word in fold(search).split():
            # `folded` of the first turn does not hold a title that was changed.
            where.append("(instr(fold(c.title), ?) OR c.id IN (SELECT conversation FROM turns WHERE instr(folded, ?)))")
            values += [word, word]
        order = "ORDER BY c.id IN (SELECT conversation FROM pins) DESC, c.updated DESC, c.rowid DESC"
        return self._summaries(f"{' AND '.join(where)} {order} LIMIT ?", (*values, limit))

    def summary(self, user: str, conversation: str) -> Summary | None:
        """One conversation of the user, None when there is none of that id."""
        return next(iter(self._summaries(_OWN, (user, conversation))), None)

    def turns(self, user: str, conversation: str) -> list[Turn]:
        """The turns of a conversation, oldest first; none when the user has no such conversation."""
        return self._turns(f"{_OWN} ORDER BY t.number", (user, conversation))

    def turn(self, user: str, answer_id: str) -> Turn | None:
        """One answer of the user's, by its id."""
        return next(iter(self._turns("c.user = ? AND t.id = ?", (user, answer_id))), None)

    def disliked(self, *, limit: int = 500) -> list[Turn]:
        """The answers that any reader judged bad, latest verdict first: a verdict is for the curators. Not who judged."""
        return self._turns("v.rating = 'down' ORDER BY v.time DESC LIMIT ?", (limit,))

    def keep(self, user: str, answer: Answer, conversation: str | None = None, *, replacing: str | None = None) -> str:
        """Add an answer to a conversation, or begin one; returns the conversation's id.

        :param replacing: the id of an answer of that conversation; it and those after it go, in the same transaction.
        :raises StorageError: when it cannot be written.
        """
        replaced = self.turn(user, replacing) if replacing else None
        with self.file.writing() as database:
            database.execute("BEGIN IMMEDIATE")
            time = time_now()  # when the turn to write has come: a link that is made meanwhile does not show it
            own = "SELECT c.id FROM conversations c WHERE " + _OWN
            if conversation is None or not database.execute(own, (user, conversation)).fetchone():
                conversation = uuid.uuid4().hex
                values = (conversation, user, title_of(answer.question), time, time)
                database.execute("INSERT INTO conversations VALUES (?, ?, ?, ?, ?)", values)
            if replacing is not None:
                first = "(SELECT number FROM turns WHERE id = ? AND conversation = ?)"
                query = f"DELETE FROM turns WHERE conversation = ? AND number >= {first}"
                database.execute(query, (conversation, replacing, conversation))
            if replaced is not None:  # a title that was made of the question goes with it
                titles = (title_of(answer.question), conversation, title_of(replaced.answer.question))
                none_left = "NOT EXISTS (SELECT 1 FROM turns WHERE conversation = conversations.id)"
                database.execute(f"UPDATE conversations SET title = ? WHERE id = ? AND title = ? AND {none_left}", titles)
            database.execute(
                "INSERT INTO turns (id, answer, folded, asked, conversation) VALUES (?, ?, ?, ?, ?)",
                (answer.id, _ANSWERS.dump_json(answer), fold(f"{answer.question}\n{answer.text}"), time, conversation),
            )
            database.execute("UPDATE conversations SET updated = ? WHERE id = ?", (time, conversation))
        return conversation

    def rename(self, user: str, conversation: str, title: str) -> None:
        """Give a conversation another title.

        :raises ConversationError: when the title is empty, or the user has no such conversation.
        """
        short = title_of(title)
        if not short:
            message = "a conversation needs a title. Type one, or leave the one it has"
            raise ConversationError(message)
        self._change("UPDATE conversations AS c SET title = ? WHERE " + _OWN, (short, user, conversation))

    def pin(self, user: str, conversation: str, *, pinned: bool) -> None:
        """Put a conversation before the others in the list, or back among them.

        :raises ConversationError: when the user has no such conversation.
        """
        own = "SELECT c.id FROM conversations c WHERE " + _OWN
        query = f"REPLACE INTO pins {own}" if pinned else f"DELETE FROM pins WHERE conversation IN ({own})"
        self._change(query, (user, conversation))

    def delete(self, user: str, conversation: str) -> None:
        """Delete a conversation with its answers and the verdicts on them; `feedback.jsonl` keeps what was said.

        From now on it is nowhere to be seen; `restore` takes it back, until `erase_deleted` has erased it.

        :raises ConversationError: when the user has no such conversation.
        """
        own = "SELECT c.id, ? FROM conversations c WHERE " + _OWN
        self._change(f"INSERT INTO deleted {own}", (time_now(), user, conversation))

    def restore(self, user: str, conversation: str) -> None:
        """Take a deleted conversation back, as it was.

        :raises ConversationError: when the user has no such conversation, or it is erased.
        """
        own = "SELECT id FROM conversations WHERE user = ? AND id = ?"
        self._change(f"DELETE FROM deleted WHERE conversation IN ({own})", (user, conversation))

    def erase_deleted(self) -> None:
        """Erase what anybody deleted longer ago than it can be taken back."""
        due = "SELECT conversation FROM deleted WHERE time < ?"
        limit = (time_now(seconds_ago=UNDO_SECONDS),)
        if not self.file.exists:
            return
        with self.file.reading() as database:
            is_due = database.execute(due, limit).fetchone() is not None
        if is_due:
            with self.file.writing() as database:
                database.execute(f"DELETE FROM conversations WHERE id IN ({due})", limit)

    def rate(self, user: str, answer_id: str, rating: Rating, reason: Reason = "", comment: str = "") -> None:
        """Keep what the reader says of an answer; the latest counts.

        :raises ConversationError: when the user has no such answer.
        :raises StorageError: when it cannot be written.
        """
        turn = self.turn(user, answer_id)
        if turn is None or rating not in get_args(Rating) or reason not in get_args(Reason):
            message = f"there is no answer {answer_id} to say {rating!r} of. Ask again, then say it of the new answer"
            raise ConversationError(message)
        comment = comment.strip()[: COMMENT.most]
        with self.file.writing() as database:
            database.execute(
                "REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)", (answer_id, rating, reason, comment, time_now())
            )
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
            with self.file.writing() as database:
                database.execute("DELETE FROM verdicts WHERE turn = ?", (answer_id,))
                self._append(turn.answer, "withdrawn", "")

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
        append_line(self.folder / FEEDBACK, line)

    def _summaries(self, where: str, values: tuple[str | int, ...]) -> list[Summary]:
        if not self.file.exists:
            return []
        query = (
            "SELECT c.id, c.title, c.created, c.updated, (SELECT count(*) FROM turns WHERE conversation = c.id), "
            "c.id IN (SELECT conversation FROM shares), c.id IN (SELECT conversation FROM pins) "
            f"FROM conversations c WHERE {_THERE} AND {where}"
        )
        with self.file.reading() as database:
            return [Summary(*row[:5], *map(bool, row[5:])) for row in database.execute(query, values)]

    def _turns(self, where: str, values: tuple[str | int, ...]) -> list[Turn]:
        if not self.file.exists:
            return []
        query = (
            "SELECT t.answer, t.asked, coalesce(v.rating, ''), coalesce(v.reason, ''), coalesce(v.comment, ''), "
            "coalesce(v.time, '') "
            "FROM turns t JOIN conversations c ON c.id = t.conversation LEFT JOIN verdicts v ON v.turn = t.id "
            f"WHERE {_THERE} AND {where}"
        )
        with self.file.reading() as database:
            rows = database.execute(query, values).fetchall()
        return [Turn(_ANSWERS.validate_json(answer), *rest) for answer, *rest in rows]

    def _change(self, query: str, values: tuple[str, ...]) -> None:
        with self.file.writing() as database:
            if not database.execute(query, values).rowcount:
                message = "this conversation is not there any more. Reload the page"
                raise ConversationError(message)


def title_of(question: str) -> str:
    """A question on one line, cut at a word."""
    line = " ".join(question.split())
    if len(line) <= _LONGEST_TITLE:
        return line
    cut = line[:_LONGEST_TITLE]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;:") + "…"
