"""What was done to the corpus and its users, by whom and when: one line of JSON each, in a private file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from advisor.files import append_line
from advisor.settings import Settings


def audit_file(settings: Settings) -> Path:
    """Where the lines are kept."""
    return settings.state_dir / "audit.jsonl"


def record_action(settings: Settings, who: str | None, action: str, **details: object) -> None:
    """Add a line.

    :param who: the name of the user; None for whoever works on this machine, without users.
    :param details: what JSON can hold; never a secret.
    """
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "user": who, "action": action, **details}
    append_line(audit_file(settings), line)
