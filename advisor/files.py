"""Files that are written whole or not at all, and those that nobody but this account reads."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from advisor.errors import StorageError

SCRATCH = ".new-"
"""How the name of a file begins that is not whole yet."""
_PRIVATE = 0o600


def private_folder(folder: Path) -> Path:
    """A folder, made for its own account alone where there is none.

    :raises StorageError: when it cannot be made.
    """
    with _named(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def replace_file(path: Path, data: bytes, *, mode: int = _PRIVATE) -> None:
    """Write a file whole or not at all; so it stays after a power cut. What was begun and failed leaves nothing behind.

    :param mode: who may read it, less what the umask takes away.
    :raises StorageError: when it cannot be written; what was there before stays.
    """
    scratch = path.with_name(f"{SCRATCH}{secrets.token_hex(8)}")
    with _named(path):
        try:
            with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as target:
                target.write(data)
            flush(scratch)
            scratch.replace(path)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise
        flush(path.parent)


def append_line(path: Path, line: Mapping[str, object]) -> None:
    """Add a line of JSON to a private file, at once: lines of two processes do not mix.

    :param line: what JSON can hold.
    :raises StorageError: when it cannot be written.
    """
    private_folder(path.parent)
    data = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    with _named(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            if os.write(descriptor, data) < len(data):
                os.ftruncate(descriptor, size)  # a part of a line would spoil the next one
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)


def flush(path: Path) -> None:
    """Have the disk hold what was written to a file or, for a folder, the names in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """:raises StorageError: for what the system refuses, with the file that it is about."""
    try:
        yield
    except OSError as cause:
        message = f"{path} cannot be written ({cause.strerror}). Make room there, or give this account the right to write"
        raise StorageError(message) from cause
