"""Users, sign-ins and handled questions move into the database; titles can be searched in SQL; links count turns."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Float, ForeignKey, Integer, Text, bindparam, column, select, table, update

from advisor.storage.older import take_in_older_files
from advisor.text.plain import fold

revision = "0002"
down_revision = "0001"

_TITLES = table("conversations", column("id"), column("title"), column("folded"))


def upgrade() -> None:
    """Add what is new, and fill it from what is there."""
    op.add_column("conversations", Column("folded", Text, nullable=False, server_default=""))
    op.add_column("shares", Column("last", Integer, nullable=False, server_default="0"))
    op.create_table("users", Column("name", Text, primary_key=True), *_texts("role", "password", "made"))
    of_a_user = ForeignKey("users.name", ondelete="CASCADE")
    op.create_table(
        "tokens", Column("sha256", Text, primary_key=True), Column("user", Text, of_a_user, nullable=False), *_texts("made")
    )
    op.create_index("ix_tokens_user", "tokens", ["user"])
    times = (Column(name, Float, nullable=False) for name in ("began", "seen"))
    op.create_table("sessions", Column("key", Text, primary_key=True), *_texts("user", "fingerprint"), *times)
    op.create_table("handled", Column("question", Text, primary_key=True), *_texts("time"))

    database = op.get_bind()
    titles = [{"of": row.id, "to": fold(row.title)} for row in database.execute(select(_TITLES))]
    if titles:
        database.execute(update(_TITLES).where(_TITLES.c.id == bindparam("of")).values(folded=bindparam("to")), titles)
    op.execute(
        "UPDATE shares SET last = (SELECT coalesce(max(number), 0) FROM turns "
        "WHERE turns.conversation = shares.conversation AND asked <= shares.time)"
    )
    if database.dialect.name == "sqlite":
        op.execute("UPDATE turns SET answer = CAST(answer AS TEXT)")  # they were written as bytes
        take_in_older_files(database)


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]
