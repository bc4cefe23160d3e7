"""Links that show a conversation to others, to read only: made, renewed, ended, and followed.

A link shows the answers that were there when it was made or renewed, whatever is asked later. Its token is all that leads
to them: long enough that nobody guesses it, and worthless once the link is ended or the conversation deleted.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from advisor.errors import ConversationError
from advisor.features.conversation_file import time_now
from advisor.features.conversations import Conversations, Turn

_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Share:
    """What a link shows: `shown` of the `turns` answers of a conversation. `token` is "" where there is no link."""

    conversation: str
    token: str
    shown: int
    turns: int


@dataclass(frozen=True, slots=True)
class SharedConversation:
    """What whoever follows a link gets to read: whose it is, the title, the turns, and as of when, as `2026-11-23`."""

    owner: str
    title: str
    turns: tuple[Turn, ...]
    date: str


class Shares:
    """The links of all users. Safe to use from several threads and processes."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._file = conversations.file

    def share(self, user: str, conversation: str) -> Share:
        """Make a link to the user's conversation, or let the one there is show the answers given since.

        :raises ConversationError: when the user has no such conversation.
        :raises StorageError: when it cannot be written.
        """
        self._own(user, conversation)
        query = "INSERT INTO shares VALUES (?, ?, ?) ON CONFLICT (conversation) DO UPDATE SET time = excluded.time"
        with self._file.writing() as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute(query, (conversation, secrets.token_urlsafe(_TOKEN_BYTES), time_now()))
        return self.of(user, conversation)

    def end(self, user: str, conversation: str) -> None:
        """End the link to the user's conversation, if there is one: its address shows nothing from now on.

        :raises ConversationError: when the user has no such conversation.
        :raises StorageError: when it cannot be written.
        """
        self._own(user, conversation)
        with self._file.writing() as database:
            database.execute("DELETE FROM shares WHERE conversation = ?", (conversation,))

    def of(self, user: str, conversation: str) -> Share:
        """The link to the user's conversation.

        :raises ConversationError: when the user has no such conversation.
        """
        turns = self._own(user, conversation)
        with self._file.reading() as database:
            query = "SELECT token, time FROM shares WHERE conversation = ?"
            token, time = database.execute(query, (conversation,)).fetchone() or ("", "")
        return Share(conversation, token, sum(turn.asked <= time for turn in turns), len(turns))

    def find(self, token: str) -> SharedConversation | None:
        """What a link shows; None when it leads to nothing, or to nothing any more."""
        if not self._file.exists:
            return None
        shared = "shares s JOIN conversations c ON c.id = s.conversation"
        with self._file.reading() as database:
            query = f"SELECT c.user, c.id, c.title, s.time FROM {shared} WHERE s.token = ?"
            found = database.execute(query, (token,)).fetchone()
        if found is None:
            return None
        user, conversation, title, time = found
        turns = tuple(turn for turn in self._conversations.turns(user, conversation) if turn.asked <= time)
        return SharedConversation(user, title, turns, time[:10]) if turns else None

    def _own(self, user: str, conversation: str) -> list[Turn]:
        turns = self._conversations.turns(user, conversation)
        if not turns:
            message = "this conversation is not there any more. Reload the page"
            raise ConversationError(message)
        return turns
