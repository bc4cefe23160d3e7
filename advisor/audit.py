"""What was done to the corpus and its users, by whom and when: one line of JSON each, in a private file."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from advisor.settings import Settings
from advisor.users import private_folder


def audit_file(settings: Settings) -> Path:
    """Where the lines are kept."""
    return settings.state_dir / "audit.jsonl"


def record(settings: Settings, who: str | None, action: str, **details: object) -> None:
    """Add a line. Short lines appended whole do not mix with those of another process.

    :param who: the name of the user; None for whoever works on this machine, without users.
    :param details: what JSON can hold; never a secret.
    """
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "user": who, "action": action, **details}
    private_folder(settings)
    descriptor = os.open(audit_file(settings), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, (json.dumps(line, ensure_ascii=False) + "\n").encode())
    finally:
        os.close(descriptor)
