"""Links that show a conversation to others, to read only: made, renewed, ended, and followed.

A link shows the answers that were there when it was made or renewed, whatever is asked later. Its token is all that leads
to them: long enough that nobody guesses it, and worthless once the link is ended or the conversation deleted.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from advisor.errors import ConversationError
from advisor.features.conversations import Conversations, Turn
from advisor.storage.database import time_now
from advisor.storage.state_tables import conversations, put, shares, turns

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
        self._database = conversations.database

    def share(self, user: str, conversation: str) -> Share:
        """Make a link to the user's conversation, or let the one there is show the answers given since.

        :raises ConversationError: when the user has no such conversation.
        :raises StorageError: when it cannot be written.
        """
        with self._conversations.changing(user, conversation) as database:
            its_turns = turns.c.conversation == conversation
            last = database.execute(select(func.max(turns.c.number)).where(its_turns)).scalar() or 0
            found = database.execute(select(shares.c.token).where(shares.c.conversation == conversation)).scalar()
            token = found or secrets.token_urlsafe(_TOKEN_BYTES)
            put(database, shares, conversation=conversation, token=token, time=time_now(), last=last)
        return self.of(user, conversation)

    def end(self, user: str, conversation: str) -> None:
        """End the link to the user's conversation, if there is one: its address shows nothing from now on.

        :raises ConversationError: when the user has no such conversation.
        :raises StorageError: when it cannot be written.
        """
        with self._conversations.changing(user, conversation) as database:
            database.execute(delete(shares).where(shares.c.conversation == conversation))

    def of(self, user: str, conversation: str) -> Share:
        """The link to the user's conversation.

        :raises ConversationError: when the user has no such conversation.
        """
        there = len(self._conversations.turns(user, conversation))
        if not there:
            message = "this conversation is not there any more. Reload the page"
            raise ConversationError(message)
        query = select(shares.c.token, shares.c.last).where(shares.c.conversation == conversation)
        token, last = next(iter(self._database.rows(query)), ("", 0))
        return Share(conversation, token, len(self._conversations.turns(user, conversation, last=last)), there)

    def find(self, token: str) -> SharedConversation | None:
        """What a link shows; None when it leads to nothing, or to nothing any more."""
        columns = (*conversations.c["user", "id", "title"], *shares.c["time", "last"])
        for user, conversation, title, time, last in self._database.rows(
            select(*columns).join(shares).where(shares.c.token == token)
        ):
            shown = tuple(self._conversations.turns(user, conversation, last=last))
            return SharedConversation(user, title, shown, time[:10]) if shown else None
        return None
