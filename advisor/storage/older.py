"""What stood in files of its own before there was one database: taken in when the database is first opened."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from advisor.errors import SettingsError
from advisor.storage.state_tables import add_row, handled, put, sessions, tokens, users

_USERS, _SESSIONS, _HANDLED = OLDER_FILES = ("users.json", "sessions.sqlite", "handled.jsonl")
_TAKEN_IN = ".moved"


def take_in_older_files(connection: Connection) -> None:
    """Copy users, sign-ins and handled questions into the tables of the SQLite file beside which they stand.

    :raises SettingsError: when one of the files cannot be read.
    """
    folder = Path(str(connection.engine.url.database)).parent
    for name, take in ((_USERS, _take_users), (_SESSIONS, _take_sessions), (_HANDLED, _take_handled)):
        path = folder / name
        try:
            if path.exists():
                take(connection, path)
        except (OSError, ValueError, KeyError, TypeError, sqlite3.Error) as cause:
            message = f"{path} cannot be read ({cause}), and what it holds is needed. Restore it, or take it away"
            raise SettingsError(message) from cause


def put_older_files_aside(folder: Path) -> None:
    """Give what was taken in a name that says so. Whoever stopped in between has it still under the old one, unread."""
    for name in OLDER_FILES:
        if (folder / name).exists():
            (folder / name).replace(folder / f"{name}{_TAKEN_IN}")


def _take_users(connection: Connection, path: Path) -> None:
    for entry in json.loads(path.read_text(encoding="utf-8"))["users"]:
        of_the_user = entry.pop("tokens")
        add_row(connection, users, **entry)
        for token in of_the_user:
            add_row(connection, tokens, user=entry["name"], **token)


def _take_sessions(connection: Connection, path: Path) -> None:
    with closing(sqlite3.connect(path)) as older:
        older.row_factory = sqlite3.Row
        for row in older.execute("SELECT * FROM sessions"):
            add_row(connection, sessions, **dict(row))


def _take_handled(connection: Connection, path: Path) -> None:
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            put(connection, handled, **json.loads(line))
