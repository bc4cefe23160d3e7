"""Who is signed in: a random key in the browser's cookie, its hash here.

The key is 256 random bits that mean nothing outside this table, so there is nothing to sign: one that was not given out is
not found. A sign-in ends after some hours without use, after a week in any case, when the user signs out, is removed, or
gets another password or role.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from advisor.accounts.users import User, Users
from advisor.files import private_folder, storage_errors
from advisor.settings import Settings

IDLE_SECONDS = 12 * 3_600
LONGEST_SECONDS = 7 * 86_400
_NOTED_EVERY_SECONDS = 60  # a page asks many times a second: not each time is written down

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    key TEXT PRIMARY KEY, user TEXT NOT NULL, fingerprint TEXT NOT NULL, began REAL NOT NULL, seen REAL NOT NULL
) WITHOUT ROWID
"""


class Sessions:
    """The sign-ins of one server. Safe to use from several threads. Each method may raise StorageError."""

    def __init__(self, settings: Settings) -> None:
        self._path = private_folder(settings.state_dir) / "sessions.sqlite"
        self._lock = threading.Lock()
        with storage_errors(self._path):
            self._path.touch(mode=0o600)
            self._database = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(_SCHEMA)

    def open(self, user: User) -> str:
        """Sign a user in; the key for their cookie. Sign-ins that have ended are forgotten."""
        key, now = secrets.token_urlsafe(32), time.time()
        with self._turn():
            ended = (now - IDLE_SECONDS, now - LONGEST_SECONDS)
            self._database.execute("DELETE FROM sessions WHERE seen < ? OR began < ?", ended)
            self._database.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", (_hash(key), user.name, user.fingerprint, now, now)
            )
        return key

    def find(self, key: str, users: Users) -> User | None:
        """Whose sign-in a key is; None when it has ended."""
        now = time.time()
        with self._turn():
            row = self._database.execute(
                "SELECT user, fingerprint, seen FROM sessions WHERE key = ? AND seen >= ? AND began >= ?",
                (_hash(key), now - IDLE_SECONDS, now - LONGEST_SECONDS),
            ).fetchone()
            if row is None:
                return None
            if now - row[2] > _NOTED_EVERY_SECONDS:
                with suppress(sqlite3.OperationalError):  # a disk without room locks nobody out
                    self._database.execute("UPDATE sessions SET seen = ? WHERE key = ?", (now, _hash(key)))
        user = users.find(row[0])
        return user if user and user.fingerprint == row[1] else None

    def end(self, key: str) -> None:
        """Sign out."""
        with self._turn():
            self._database.execute("DELETE FROM sessions WHERE key = ?", (_hash(key),))

    def close(self) -> None:
        """Let go of the table."""
        self._database.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._lock, storage_errors(self._path):
            yield


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
