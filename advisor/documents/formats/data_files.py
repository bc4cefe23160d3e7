"""Notebooks, JSON and YAML -> what they say in words: cells as they stand, values under their keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from advisor.documents.formats.encoding import decode
from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.markdown import escape, one_line, visible
from advisor.documents.yaml_values import yaml_values
from advisor.errors import DocumentError, NoProseError
from advisor.text.reasons import reason

_WORDS_OF_PROSE = 6  # a value of fewer words is a setting, not a sentence
_FEWEST_SENTENCES = 0.02  # of the values: a lock file has one in hundreds
_DEEPEST = 40
_MOST_HEADING = 6


def read_notebook(data: bytes) -> Extracted:
    """The text cells of a notebook as they are, its code as code; results are left out.

    :raises DocumentError: when it is no notebook.
    """
    try:
        cells = json.loads(decode(data))["cells"]
        parts = [_cell(cell) for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError) as cause:
        raise DocumentError(reason("no_notebook", problem=type(cause).__name__)) from cause
    return Extracted(text="\n\n".join(filter(None, parts)) + "\n")


def _cell(cell: dict[str, Any]) -> str:
    lines = cell["source"]
    text = visible("".join(lines) if isinstance(lines, list) else str(lines)).strip()
    if not text or cell["cell_type"] == "markdown":
        return text
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text}\n{fence}"


def read_data(data: bytes, kind: str) -> Extracted:
    """The sentences of a JSON or YAML file under the names of their keys.

    :raises NoProseError: when it holds none: settings are no document.
    :raises DocumentError: when it cannot be parsed.
    """
    text = decode(data)
    try:
        values = [json.loads(text)] if kind == "JSON" else yaml_values(text) or [None]
    except (ValueError, RecursionError) as cause:
        raise DocumentError(reason("no_data", kind=kind, problem=one_line(str(cause))[:200])) from cause
    blocks = [block for value in values for block in _blocks(value, "", 1)]
    values_said = [block for block in blocks if not block.startswith("#")]
    if sum(map(_is_prose, values_said)) <= _FEWEST_SENTENCES * len(values_said):
        raise NoProseError(reason("no_sentences"))
    return Extracted(text="\n\n".join(blocks) + "\n", title=_title(values[0]))


def _is_prose(said: str) -> bool:
    return sum(any(map(str.isalpha, word)) for word in said.split()) >= _WORDS_OF_PROSE


def _title(value: object) -> str | None:
    if isinstance(value, dict) and isinstance(value.get("info"), dict):  # a description of an API
        value = value["info"]
    title = value.get("title") or value.get("name") if isinstance(value, dict) else None
    return one_line(title) or None if isinstance(title, str) else None


def _blocks(value: object, name: str, level: int) -> Iterator[str]:
    """Headings for keys with more below them, "key: value" for the others."""
    if level > _DEEPEST:
        return
    if isinstance(value, dict):
        if name:
            yield f"{'#' * min(level, _MOST_HEADING)} {escape(name)}"
        for key, each in value.items():
            yield from _blocks(each, one_line(str(key)), level + 1)
    elif isinstance(value, list):
        if name and any(isinstance(each, dict | list) for each in value):
            yield f"{'#' * min(level, _MOST_HEADING)} {escape(name)}"
            name = ""
        for each in value:
            yield from _blocks(each, name, level + 1)
    elif value is not None and str(value).strip():
        said = one_line(str(value))
        yield escape(said if _is_prose(said) and not name else f"{name}: {said}" if name else said)
