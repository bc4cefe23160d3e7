"""The SQLite file that conversations are kept in: its tables, and connections to it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from advisor.errors import StorageError
from advisor.files import private_folder
from advisor.text.plain import fold

CONVERSATIONS_FILE = "conversations.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    id TEXT PRIMARY KEY, user TEXT NOT NULL, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS turns (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, answer TEXT NOT NULL, folded TEXT NOT NULL,
    asked TEXT NOT NULL, conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE
);
CREATE TABLE IF NOT EXISTS verdicts (
    turn TEXT PRIMARY KEY REFERENCES turns (id) ON DELETE CASCADE, rating TEXT NOT NULL, reason TEXT NOT NULL,
    comment TEXT NOT NULL, time TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS shares (
    conversation TEXT PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE, token TEXT UNIQUE NOT NULL,
    time TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS pins (conversation TEXT PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE);
CREATE TABLE IF NOT EXISTS deleted (
    conversation TEXT PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE, time TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS conversation_user ON conversations (user, updated);
CREATE INDEX IF NOT EXISTS turn_conversation ON turns (conversation);
"""
_LATEST_TABLES = {"shares", "pins", "deleted"}
_MAKING = threading.Lock()  # SQLite does not wait for another thread when it begins to write ahead
_WAIT_SECONDS = 15  # for another writer


class ConversationFile:
    """The file of one folder. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        """Nothing is written before the first use of `writing`."""
        self.folder = folder
        self._prepared = False

    @property
    def exists(self) -> bool:
        """Whether anything was ever kept."""
        return self._prepared or (self.folder / CONVERSATIONS_FILE).exists()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction.

        :raises StorageError: when the file cannot be written.
        """
        try:
            if not self._prepared:
                (private_folder(self.folder) / CONVERSATIONS_FILE).touch(mode=0o600)
            with self.reading() as database, database:
                yield database
        except OSError as cause:
            raise StorageError(self._cannot(cause)) from cause

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each use: SQLite's are not for several threads, and opening one takes 0.1 ms.

        :raises StorageError: when the file cannot be read.
        """
        try:
            with closing(sqlite3.connect(self.folder / CONVERSATIONS_FILE, timeout=_WAIT_SECONDS)) as database:
                if not self._prepared:
                    _make_tables(database)
                    self._prepared = True
                database.execute("PRAGMA foreign_keys = ON")
                database.create_function("fold", 1, fold, deterministic=True)
                yield database
        except sqlite3.Error as cause:
            raise StorageError(self._cannot(cause)) from cause

    def _cannot(self, cause: Exception) -> str:
        return f"conversations cannot be kept in {self.folder}: {cause}. Set ADVISOR_STATE_DIR to another folder"


def _make_tables(database: sqlite3.Connection) -> None:
    """Make those that are not there: of a new file, or of one that an older version made."""
    with _MAKING:
        there = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not there >= _LATEST_TABLES:  # else nothing is written: the file may be read-only, or another process writing
            database.executescript("PRAGMA journal_mode = WAL;" + _SCHEMA)


def time_now(*, seconds_ago: float = 0) -> str:
    """The time as it is kept, now or so many seconds ago: ISO 8601, UTC."""
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).isoformat(timespec="milliseconds")
