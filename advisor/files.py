"""Files that are written whole or not at all, and those that nobody but this account reads."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from advisor.errors import EvaluationError, StorageError
from advisor.text.reasons import reason

_SCRATCH = ".new-"  # how the name of a file begins that is not whole yet
_PRIVATE = 0o600
_RANDOM_DIGITS = 16
_PIECE = 1 << 30  # bytes that the system copies at once
Record = TypeVar("Record", bound=BaseModel)


def private_folder(folder: Path) -> Path:
    """A folder, made for its own account alone where there is none.

    :raises StorageError: when it cannot be made.
    """
    with storage_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def replace_file(path: Path, data: bytes, *, mode: int = _PRIVATE) -> None:
    """Write a file whole or not at all; so it stays after a power cut. What was begun and failed leaves nothing behind.

    What a process that was killed left in the folder goes, unless another process is writing there.

    :param mode: who may read it, less what the umask takes away.
    :raises StorageError: when it cannot be written; what was there before stays.
    """
    scratch = path.with_name(f"{_SCRATCH}{secrets.token_hex(_RANDOM_DIGITS // 2)}")
    with storage_errors(path), _locked(path.parent) as folder:
        try:
            with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as target:
                target.write(data)
            flush(scratch)
            scratch.replace(path)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise
        os.fsync(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    """Hold a folder while a file in it is not whole."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # another process is writing there, or the file system knows no such lock
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for leftover in folder.glob(f"{_SCRATCH}{'[0-9a-f]' * _RANDOM_DIGITS}"):
                leftover.unlink()
        with suppress(OSError):  # likewise: nobody removes anything there
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield descriptor
    finally:
        os.close(descriptor)


def append_line(path: Path, line: Mapping[str, object]) -> None:
    """Add a line of JSON to a private file, at once: lines of two processes do not mix.

    :param line: what JSON can hold.
    :raises StorageError: when it cannot be written.
    """
    private_folder(path.parent)
    data = json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    with storage_errors(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            if os.write(descriptor, data) < len(data):
                os.ftruncate(descriptor, size)  # a part of a line would spoil the next one
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(descriptor)


def read_records(path: Path, record: type[Record], what: str) -> list[Record]:
    r"""The records of a file of JSON Lines; a line ends at "\n" alone, and blank ones are none.

    :param what: the file is, for errors.
    :raises EvaluationError: when it cannot be read, or naming the line that is no such record.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as cause:
        message = f"{what} {path} cannot be read: {cause}"
        raise EvaluationError(message) from cause
    return [_record(line, record, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]


def _record(line: str, record: type[Record], place: str) -> Record:
    try:
        return record.model_validate_json(line)
    except ValidationError as cause:
        first = cause.errors()[0]
        where = "".join(f"{part}: " for part in first["loc"])
        message = f"{place}: {where}{first['msg']}. Correct the line, or delete it"
        raise EvaluationError(message) from cause


def clone_file(source: Path, target: Path) -> None:
    """Copy a file; a file system that can do so (Btrfs, XFS) lets both have the same blocks until one of them changes."""
    with source.open("rb") as old, target.open("xb") as new:
        with suppress(AttributeError, OSError):  # another system, or two file systems: what is left is copied as usual
            while os.copy_file_range(old.fileno(), new.fileno(), _PIECE):
                pass
        shutil.copyfileobj(old, new)


def link_file(source: Path, target: Path) -> None:
    """Give a file that is never written again a second name; copy it where the file system knows no such thing."""
    try:
        target.hardlink_to(source)
    except OSError:
        clone_file(source, target)


def flush(path: Path) -> None:
    """Have the disk hold what was written to a file or, for a folder, the names in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """:raises StorageError: for what the system or SQLite refuses, with the file or folder that it is about."""
    try:
        yield
    except (OSError, sqlite3.Error) as cause:
        why = getattr(cause, "strerror", None) or str(cause)
        raise StorageError(reason("not_written", path=str(path), problem=why)) from cause
