"""The tables, the same in SQLite and PostgreSQL. `migrations` makes them; a change here is a new migration there."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Dialect, Float, ForeignKey, Index, Integer, MetaData, Table, Text, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator

REVISION = "0002"
"""The migration that the tables below are the result of."""


class _Text(TypeDecorator[str]):
    """Text without NUL, which PostgreSQL cannot hold: nobody misses it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What is kept of a value."""
        return value.replace("\0", "") if value else value


METADATA = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, _Text, nullable=False)


def _key(name: str, of: str) -> Column[str]:
    """The key of a table, which is that of another: what goes there goes here."""
    return Column(name, _Text, ForeignKey(of, ondelete="CASCADE"), primary_key=True)


conversations = Table(
    "conversations",
    METADATA,
    Column("id", _Text, primary_key=True),
    _text("user"),
    _text("title"),
    _text("created"),
    _text("updated"),
    _text("folded"),
    Index("conversation_user", "user", "updated"),
)
"""`folded` is the title as it is searched."""

turns = Table(
    "turns",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", _Text, unique=True, nullable=False),
    _text("answer"),
    _text("folded"),
    _text("asked"),
    Column("conversation", _Text, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Index("turn_conversation", "conversation"),
    sqlite_autoincrement=True,
)

verdicts = Table("verdicts", METADATA, _key("turn", "turns.id"), *map(_text, ("rating", "reason", "comment", "time")))

shares = Table(
    "shares",
    METADATA,
    _key("conversation", "conversations.id"),
    Column("token", _Text, unique=True, nullable=False),
    _text("time"),
    Column("last", Integer, nullable=False),
)
"""`last` is the number of the last turn that the link shows: the clocks of two replicas may differ, the numbers do not."""

pins = Table("pins", METADATA, _key("conversation", "conversations.id"))
deleted = Table("deleted", METADATA, _key("conversation", "conversations.id"), _text("time"))
users = Table("users", METADATA, Column("name", _Text, primary_key=True), *map(_text, ("role", "password", "made")))

tokens = Table(
    "tokens",
    METADATA,
    Column("sha256", _Text, primary_key=True),
    Column("user", _Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False, index=True),
    _text("made"),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("key", _Text, primary_key=True),
    _text("user"),
    _text("fingerprint"),
    Column("began", Float, nullable=False),
    Column("seen", Float, nullable=False),
)

handled = Table("handled", METADATA, Column("question", _Text, primary_key=True), _text("time"))


def put(connection: Connection, table: Table, **values: object) -> None:
    """Add a row, or give the one of that key these values."""
    kind = postgresql.Insert if connection.dialect.name == "postgresql" else sqlite.Insert
    row = kind(table).values(values)
    others = {name: value for name, value in values.items() if not table.c[name].primary_key}
    keys = list(table.primary_key)
    if others:
        connection.execute(row.on_conflict_do_update(index_elements=keys, set_=others))
    else:
        connection.execute(row.on_conflict_do_nothing(index_elements=keys))


def add_row(connection: Connection, table: Table, **values: object) -> None:
    """Add a row."""
    connection.execute(insert(table).values(values))
