"""The local log of questions that found no answer: what the corpus lacks. Off unless the settings turn it on.

A line has the date, the language, the question on its own, why there is no answer, and the nearest subjects. It says nothing
of who asked, from where, at what time of the day, or in which conversation; addresses of e-mail and long numbers are masked.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict

from advisor.errors import EvaluationError, StorageError
from advisor.files import append_line, private_folder, read_records, replace_file
from advisor.settings import Settings
from advisor.types import EVERYTHING, Answer, Language

Why = Literal["unsure", "unsupported", "private"]
"""Why there is no answer; "private" is only in lines that version 0.1 wrote."""
"""No passage answers surely enough; a fact of the asker's own organisation or of the future; found, but not verified."""
_FILE = "unanswered.jsonl"
MOST_BYTES = 1_000_000  # some 4,000 questions
_WAIT_SECONDS = 2  # for another process that writes
_LOGGER = logging.getLogger("advisor.answering.unanswered")
_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]++@[\w-]++(?:\.[\w-]+)+")
# A telephone number, like that of a card or a person, is nine digits or more, however parted; after a plus, seven.
_PART = r"[\s.()/\u2010-\u2015-]{0,3}\d"
_NUMBER = re.compile(rf"\+\(?\d(?:{_PART}){{6,}}|\(?\d(?:{_PART}){{8,}}")


class Unanswered(BaseModel):
    """A line of the log. `date` is a day; `nearest` are titles of documents, nearest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: str
    language: Language
    question: str
    reason: Why
    nearest: tuple[str, ...] = ()


def log_file(settings: Settings) -> Path:
    """Where the lines are kept."""
    return settings.state_dir / _FILE


def log_unanswered(settings: Settings, answer: Answer, threshold: float) -> None:
    """Add a line for a question without an answer. The asker gets the answer whether or not it can be written.

    :param threshold: the least confidence (0..1) with which it would have been answered.
    """
    if answer.status not in ("abstained", "near") or answer.scope != EVERYTHING:
        return  # what a part of the corpus lacks, the rest may hold
    line = Unanswered(
        date=datetime.now(UTC).date().isoformat(),
        language=answer.language,
        question=masked(answer.standalone_question),
        reason="unsure" if answer.confidence < threshold else "unsupported",
        nearest=answer.nearest,
    )
    path = log_file(settings)
    try:
        with FileLock(private_folder(path.parent) / f"{_FILE}.lock", timeout=_WAIT_SECONDS, mode=0o600):
            _make_room(path)
            append_line(path, line.model_dump())
    except (StorageError, OSError) as cause:  # filelock's Timeout is an OSError
        _LOGGER.warning("an unanswered question was not written to %s: %s", path, cause)


def masked(text: str) -> str:
    """A text without addresses of e-mail and without numbers long enough for a telephone's.

    Names of people are not recognised.
    """
    return _NUMBER.sub("[number]", _EMAIL.sub("[e-mail]", text))


def read(path: Path) -> list[Unanswered]:
    """The lines of the log, oldest first.

    :raises EvaluationError: when it cannot be read, or naming the line that is none of the log.
    """
    if not path.exists():
        message = f"there is no log of unanswered questions at {path}. Set ADVISOR_UNANSWERED_LOG=true, then let people ask"
        raise EvaluationError(message)
    return read_records(path, Unanswered, "the log of unanswered questions")


def _make_room(path: Path) -> None:
    """When the file is full, keep the newer half of it."""
    if not path.exists() or path.stat().st_size < MOST_BYTES:
        return
    kept = path.read_bytes()[-MOST_BYTES // 2 :]
    replace_file(path, kept[kept.index(b"\n") + 1 :])  # the first line is cut
