"""Who is signed in: a random key in the browser's cookie, its hash here.

The key is 256 random bits that mean nothing outside this table, so there is nothing to sign: one that was not given out is
not found. A sign-in ends after some hours without use, after a week in any case, when the user signs out, is removed, or
gets another password or role.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from contextlib import suppress

from sqlalchemy import delete, or_, select, update

from advisor.accounts.users import User, Users
from advisor.errors import StorageError
from advisor.settings import Settings
from advisor.storage.database import open_database
from advisor.storage.state_tables import add_row, sessions

IDLE_SECONDS = 12 * 3_600
LONGEST_SECONDS = 7 * 86_400
_NOTED_EVERY_SECONDS = 60  # a page asks many times a second: not each time is written down


class Sessions:
    """The sign-ins of all replicas. Safe to use from several threads and processes. Each method may raise StorageError."""

    def __init__(self, settings: Settings) -> None:
        self._database = open_database(settings)

    def open(self, user: User) -> str:
        """Sign a user in; the key for their cookie. Sign-ins that have ended are forgotten."""
        key, now = secrets.token_urlsafe(32), time.time()
        ended = or_(sessions.c.seen < now - IDLE_SECONDS, sessions.c.began < now - LONGEST_SECONDS)
        with self._database.writing() as database:
            database.execute(delete(sessions).where(ended))
            add_row(database, sessions, key=_hash(key), user=user.name, fingerprint=user.fingerprint, began=now, seen=now)
        return key

    def find(self, key: str, users: Users) -> User | None:
        """Whose sign-in a key is; None when it has ended."""
        now, this = time.time(), sessions.c.key == _hash(key)
        lasting = (sessions.c.seen >= now - IDLE_SECONDS, sessions.c.began >= now - LONGEST_SECONDS)
        query = select(sessions.c.user, sessions.c.fingerprint, sessions.c.seen).where(this, *lasting)
        for name, fingerprint, seen in self._database.rows(query):
            user = users.find(name)
            if user and user.fingerprint == fingerprint:
                if now - seen > _NOTED_EVERY_SECONDS:
                    with suppress(StorageError), self._database.writing() as database:  # no room locks nobody out
                        database.execute(update(sessions).where(this).values(seen=now))
                return user
        return None

    def end(self, key: str) -> None:
        """Sign out."""
        with self._database.writing() as database:
            database.execute(delete(sessions).where(sessions.c.key == _hash(key)))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
