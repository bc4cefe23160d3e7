"""The log: one JSON object a line on stderr. What people ask is not in it, unless the settings say so."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from advisor.api.access import Visitor
from advisor.errors import AdvisorError
from advisor.settings import Settings
from advisor.types import Answer

_LOGGER = logging.getLogger("advisor.server")
_FIELDS = "fields"
_QUIET = ("/assets/", "/static/", "/gradio_api/", "/metrics", "/api/health")  # of a page that is open, or of a monitor
_FAILED = 400


class JsonLines(logging.Formatter):
    """A record as one line of JSON, with the fields it was given."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info:
            line["error"] = places_of(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def places_of(error: BaseException | None) -> str:
    """The kinds of an error and of what led to it, with their places in the program: its words may repeat what was sent."""
    told, seen = list[str](), set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = traceback.extract_tb(error.__traceback__)
        places = (f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
        told.append(" < ".join([type(error).__name__, *reversed(list(places))]))
        error = error.__cause__ or error.__context__
    return " | after ".join(told)


def write_log() -> None:
    """Send the log of this process, and what its libraries warn of, to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    _LOGGER.setLevel(logging.INFO)


def log_request(method: str, path: str, status: int, seconds: float, visitor: Visitor | None) -> None:
    """A line for a request that says something: not for the parts of a page, nor for what it asks again and again."""
    if status < _FAILED and any(part in path for part in _QUIET):
        return
    fields = {"method": method, "path": path, "status": status, "ms": round(seconds * 1000, 1)}
    fields |= {"user": visitor.name, "address": visitor.address} if visitor else {}
    _LOGGER.info("request", extra={_FIELDS: fields})


def log_failure(error: Exception) -> None:
    """A line for what the server cannot do, and why; with the place in the program for what nobody foresaw."""
    if isinstance(error, AdvisorError):
        _LOGGER.error(str(error))
    else:
        _LOGGER.error(type(error).__name__, exc_info=error)


def log_questions(settings: Settings) -> Callable[[Answer | AdvisorError], None]:
    """What to call with each answer: a line about it, without its words."""

    def log(answer: Answer | AdvisorError) -> None:
        if isinstance(answer, AdvisorError):
            fields: dict[str, object] = {"outcome": type(answer).__name__}
        else:
            fields = {
                "id": answer.id,
                "outcome": answer.status,
                "language": answer.language,
                "confidence": answer.confidence,
                "citations": len(answer.citations),
                "generation": answer.index.generation,
                "ms": answer.ms,
            }
            fields |= {"question": answer.question} if settings.log_questions else {}
        _LOGGER.info("question", extra={_FIELDS: fields})

    return log
