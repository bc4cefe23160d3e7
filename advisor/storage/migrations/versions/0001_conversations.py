"""What SQLite files had before there were migrations; those have it already, the older ones of them in part."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, Text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what is not there."""
    _make("conversations", Column("id", Text, primary_key=True), *_texts("user", "title", "created", "updated"))
    _make(
        "turns",
        Column("number", Integer, primary_key=True),
        Column("id", Text, unique=True, nullable=False),
        *_texts("answer", "folded", "asked"),
        Column("conversation", Text, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
        sqlite_autoincrement=True,
    )
    _make("verdicts", _key("turn", "turns.id"), *_texts("rating", "reason", "comment", "time"))
    of_a_conversation = ("conversation", "conversations.id")
    _make("shares", _key(*of_a_conversation), Column("token", Text, unique=True, nullable=False), *_texts("time"))
    _make("pins", _key(*of_a_conversation))
    _make("deleted", _key(*of_a_conversation), *_texts("time"))
    op.create_index("conversation_user", "conversations", ["user", "updated"], if_not_exists=True)
    op.create_index("turn_conversation", "turns", ["conversation"], if_not_exists=True)


def _key(name: str, of: str) -> Column[str]:
    return Column(name, Text, ForeignKey(of, ondelete="CASCADE"), primary_key=True)


def _make(name: str, *columns: Column[Any], **options: bool) -> None:
    op.create_table(name, *columns, if_not_exists=True, **options)


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]
