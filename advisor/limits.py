"""How much of anything is taken from outside: one table, whatever the way in.

The longest question and the largest file are settings (`max_question_chars`, `max_file_bytes`); the rest is here.
"""

from __future__ import annotations

import errno
from collections.abc import Sized
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that is taken of `what`, counted in `unit`."""

    what: str
    most: int
    unit: str = "characters"

    def excess(self, given: Sized) -> str:
        """Why so much is not taken; "" when it is."""
        if len(given) <= self.most:
            return ""
        return f"{self.what} has {len(given):,} {self.unit}; at most {self.most:,} are taken"

    def read(self, path: Path) -> bytes:
        """The bytes of a file, which are never more than these.

        :raises OSError: when it cannot be read, or holds more.
        """
        with path.open("rb") as source:
            data = source.read(self.most + 1)
        if len(data) > self.most:
            raise OSError(errno.EFBIG, f"{self.what} has at most {self.most:,} {self.unit}", str(path))
        return data


HISTORY = Limit("the history", 20, "questions")
RESULTS = Limit("a search", 1_000, "passages")
TOOL_RESULTS = Limit("a search of an assistant", 50, "passages")
SEARCH = Limit("a search of the page", 200)
TITLE = Limit("a title", 500)
COMMENT = Limit("a comment", 2_000)
DOCUMENT = Limit("the name of a document", 1_000)
FILE_NAME = Limit("the name of a file", 255, "bytes")
FILES = Limit("an upload", 50, "files")
KEY = Limit("an id", 100)
RUN_NAME = Limit("the name of a run", 100)
USER_NAME = Limit("the name of a user", 64)
PASSWORD = Limit("a password", 1_024)
PHRASINGS = Limit("the ways to ask for a curated answer", 50, "questions")
LINES = Limit("a curated answer", 50, "lines")
CORPUS_FILE = Limit("a file beside the documents", 2_000_000, "bytes")
QUESTION_FILE = Limit("a file of questions", 20_000_000, "bytes")
BODY = Limit("a request", 1_000_000, "bytes")

LIMITS = tuple(value for value in vars().copy().values() if isinstance(value, Limit))
"""All of them."""
