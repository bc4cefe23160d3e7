"""One writer of an index at a time. The operating system frees the lock of a process that died."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from advisor.errors import BrokenIndexError, IndexLockedError
from advisor.text.reasons import reason

_LOCK = "writer.lock"


def now() -> str:
    """The time in ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def writer_lock(index_dir: Path, doing: str, *, wait: float = 0) -> Iterator[None]:
    """Hold the index for writing.

    :param doing: told to whoever finds it locked: "indexing /corpus".
    :param wait: how many seconds to wait for another writer.
    :raises IndexLockedError: naming that writer.
    :raises BrokenIndexError: when the system refuses what is done under the lock: no room, no right.
    """
    with _named_failures(index_dir):
        index_dir.mkdir(parents=True, exist_ok=True)
        holder = index_dir / f"{_LOCK}.holder"
        lock = FileLock(index_dir / _LOCK)
        try:
            lock.acquire(timeout=wait, poll_interval=0.1)
        except Timeout as cause:
            why = reason("index_locked", folder=str(index_dir), holder=_holder(holder))
            raise IndexLockedError(why) from cause
        try:
            holder.write_text(f"process {os.getpid()} on {socket.gethostname()} since {now()}, {doing}", encoding="utf-8")
            yield
        finally:
            holder.unlink(missing_ok=True)
            lock.release()


@contextmanager
def _named_failures(index_dir: Path) -> Iterator[None]:
    """:raises BrokenIndexError: for what the system refuses to who writes."""
    try:
        yield
    except (OSError, sqlite3.Error) as cause:
        raise BrokenIndexError(reason("index_unwritable", folder=str(index_dir), problem=str(cause))) from cause


def _holder(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") or "another process"
    except FileNotFoundError:  # it has just begun, or just finished
        return "another process"
