"""Files of the server's own account: a folder that nobody else enters, and files that nobody else reads."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def private_folder(folder: Path) -> Path:
    """A folder, made for its own account alone where there is none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def replace_file(path: Path, data: bytes) -> None:
    """Write a private file whole or not at all."""
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.stem}-", dir=path.parent)  # mode 0600
    with os.fdopen(descriptor, "wb") as target:
        target.write(data)
    Path(scratch).replace(path)


def append_line(path: Path, line: Mapping[str, object]) -> None:
    """Add a line of JSON to a private file, at once: lines of two processes do not mix.

    :param line: what JSON can hold.
    :raises OSError: when it cannot be written.
    """
    private_folder(path.parent)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    finally:
        os.close(descriptor)
