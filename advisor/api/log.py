"""The log on stderr, one record a line, as text or as JSON. What people ask is not in it, unless the settings say so."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

from advisor.api.access import SHARED_PATH, Visitor
from advisor.errors import AdvisorError
from advisor.settings import Settings
from advisor.tracing import span_ids
from advisor.types import Answer

_LOGGER = logging.getLogger("advisor.server")
_FIELDS = "fields"
_QUIET = ("/assets/", "/static/", "/gradio_api/", "/metrics", "/api/health")  # of a page that is open, or of a monitor
_FAILED = 400


class JsonLines(logging.Formatter):
    """A record as one line of JSON: when, how grave, who says what, in which span, with the fields it was given."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return json.dumps(_parts(record), ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """The same for people: when, how grave, who says what, and the rest as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        parts = _parts(record)
        time, level, logger, message = (str(parts.pop(name)) for name in ("time", "level", "logger", "message"))
        fields = [f"{name}={_value(part)}" for name, part in parts.items()]
        return " ".join([time, level.upper(), *map(_on_one_line, (logger, message)), *fields])


def _parts(record: logging.LogRecord) -> dict[str, object]:
    parts: dict[str, object] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
        **span_ids(),
        **getattr(record, _FIELDS, {}),
    }
    if record.exc_info and (error := record.exc_info[1]):
        parts |= {"error": type(error).__name__, "trace": places_of(error)}
    return parts


def _on_one_line(text: str) -> str:
    """Nobody writes a line of their own by what they send."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _value(part: object) -> str:
    """A value that ends where it seems to."""
    if isinstance(part, str) and part.isprintable() and not set(part) & set(' "='):
        return part
    return _on_one_line(json.dumps(part, ensure_ascii=False, default=str, separators=(",", ":")))


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


def write_log(settings: Settings) -> None:
    """Send the log of this process, and what its libraries warn of, to stderr, in the form that the settings say."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if settings.log_format == "json" else TextLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("advisor").setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda end: _log_uncaught(end.exc_type, end.exc_value, end.exc_traceback)


def _log_uncaught(kind: type[BaseException], error: BaseException | None, _: TracebackType | None) -> None:
    """What nobody foresaw and nobody caught, as Python itself would tell it: without its words."""
    _LOGGER.critical(kind.__name__, exc_info=error)


def log_request(method: str, path: str, status: int, seconds: float, visitor: Visitor | None) -> None:
    """A line for a request that says something: not for the parts of a page, nor for what it asks again and again."""
    if status < _FAILED and any(part in path for part in _QUIET):
        return
    if path.startswith(SHARED_PATH):
        path = f"{SHARED_PATH}…"  # whoever reads the log is not who the link was made for
    fields = {"method": method, "path": path, "status": status, "ms": round(seconds * 1000, 1)}
    fields |= {"user": visitor.name, "address": visitor.address} if visitor else {}
    _LOGGER.info("request", extra={_FIELDS: fields})


def log_failure(error: Exception) -> None:
    """A line for what the server cannot do, and why; with the place in the program for what nobody foresaw."""
    if isinstance(error, AdvisorError):
        _LOGGER.error(str(error), extra={_FIELDS: {"error": type(error).__name__}})
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
