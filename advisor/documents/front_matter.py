"""What a file says of itself before its text: YAML between lines of `---`, TOML between lines of `+++`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from itertools import chain
from typing import Any

from advisor.documents.instructions import is_order_by_words
from advisor.documents.yaml_values import BadYamlError, yaml_value
from advisor.errors import DocumentError
from advisor.text.invisible import INVISIBLE
from advisor.text.language import all_rules
from advisor.text.plain import fold
from advisor.text.reasons import reason
from advisor.types import Language, Source

_NEWLINE = r"(?>\r\n?|\n)"
_BEFORE = rf"\A\ufeff?(?:<!--(?:(?!-->).)*-->[ \t]*{_NEWLINE}\s*)?"
_YAML = re.compile(rf"{_BEFORE}---[ \t]*{_NEWLINE}(?P<block>.*?)(?<=[\r\n])(?:---|\.\.\.)[ \t]*(?:{_NEWLINE}|\Z)", re.DOTALL)
_TOML = re.compile(rf"{_BEFORE}\+\+\+[ \t]*{_NEWLINE}(?P<block>.*?)(?<=[\r\n])\+\+\+[ \t]*(?:{_NEWLINE}|\Z)", re.DOTALL)
_BEFORE_A_KEY = rf"(?:[ \t]*+(?:#[^\r\n]*+)?{_NEWLINE})*+[ \t]*+"
_BEGINS_WITH_A_KEY = re.compile(rf"{_BEFORE_A_KEY}[\"']?[\w-]+[\"']?[ \t]*:")
_BEGINS_WITH_WORDS = re.compile(rf"{_BEFORE_A_KEY}[\w-]+(?:[ \t]+[\w()/-]+){{1,4}}[ \t]*:")
_LONGEST = 20_000  # characters
_LONGEST_VALUE = 40  # characters of what is shown beside a citation
_TOPIC = re.compile(r"[^\W_]+(?:[ /&-][^\W_]+){0,2}")
_FIGURE = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]+")
_EVIDENCE = ("case", "survey", "standard", "regulation", "practice", "opinion")
_OF_DATES = frozenset(
    chain(
        *(chain(*rules.figures.months, *rules.figures.weekdays) for rules in all_rules()),
        ("t", "z", "utc", "st", "nd", "rd", "th", "er", "le", "of", "h"),
    )
)
_DATES = ("updated", "last updated", "last_updated", "last modified", "last_modified", "lastmod", "modified", "date")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The fields of a document's front matter, and the offset where its text begins."""

    end: int
    title: str | None = None
    language: Language | None = None
    topic: str | None = None
    translation_of: str | None = None
    updated: str | None = None
    evidence: str | None = None
    status: str | None = None
    sources: tuple[Source, ...] = ()


def read_front_matter(text: str) -> FrontMatter:
    """The front matter of a text. A block that begins with no key is part of the text.

    :raises DocumentError: when it begins with a key and cannot be parsed: its values would be lost without a word.
    """
    toml = _TOML.match(text)
    if toml:
        return _fields(_parse_toml(toml["block"]), toml.end())
    found = _YAML.match(text)
    if found and _BEGINS_WITH_A_KEY.match(found["block"]):
        return _fields(_parse_yaml(found["block"]), found.end())
    if found and _BEGINS_WITH_WORDS.match(found["block"]):
        # As well a sentence with a colon between two rules: only what is YAML throughout is none.
        try:
            front = _parse_yaml(found["block"])
        except DocumentError:
            front = None
        if isinstance(front, dict):
            return _fields(front, found.end())
    return FrontMatter(1 if text.startswith("\ufeff") else 0)


def _fields(values: dict[str, Any], end: int) -> FrontMatter:
    front = {fold(str(key)): value for key, value in values.items()}
    language = _string(front.get("language") or front.get("lang"))
    evidence = _string(front.get("evidence"))
    return FrontMatter(
        end=end,
        title=_string(front.get("title")),
        language="fr" if language == "fr" else "en" if language == "en" else None,
        topic=_topic(_string(front.get("topic"))),
        translation_of=_string(front.get("translation_of")),
        updated=_date(next(filter(None, (_string(front.get(name)) for name in _DATES)), None)),
        evidence=evidence if evidence in _EVIDENCE else None,
        status=_string(front.get("status")),
        sources=_sources(front.get("sources")),
    )


def _parse_toml(block: str) -> dict[str, Any]:
    problem = f"it is longer than {_LONGEST:,} characters" if len(block) > _LONGEST else ""
    try:
        if not problem:
            return tomllib.loads(block.replace("\r\n", "\n").replace("\r", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as cause:
        problem = str(cause)
    raise DocumentError(reason("front_matter", problem=problem))


def _parse_yaml(block: str) -> dict[str, Any]:
    problem, line = f"it is longer than {_LONGEST:,} characters", None
    try:
        if len(block) <= _LONGEST:
            front: dict[str, Any] = yaml_value(block)
            return front
    except BadYamlError as cause:
        problem, line = cause.problem, cause.line
    if line:
        raise DocumentError(reason("yaml_front_matter_line", line=line + 1, problem=problem))
    raise DocumentError(reason("yaml_front_matter", problem=problem))


def _string(value: object) -> str | None:
    """A scalar as text (YAML reads dates and numbers as such), without what nobody sees; None for anything else."""
    if value is None or isinstance(value, dict | list):
        return None
    return INVISIBLE.sub("", str(value)).strip() or None


def _topic(said: str | None) -> str | None:
    """One to three words; None for anything else: it is shown beside what is cited."""
    return said if said and len(said) <= _LONGEST_VALUE and _TOPIC.fullmatch(said) else None


def _date(said: str | None) -> str | None:
    """A date, in figures or with the name of a month; None for anything else."""
    is_date = (
        said and len(said) <= _LONGEST_VALUE and _FIGURE.search(said) and set(_LETTERS.findall(fold(said))) <= _OF_DATES
    )
    return said if is_date else None


def _sources(value: object) -> tuple[Source, ...]:
    entries = value if isinstance(value, list) else []
    return tuple(
        Source(
            organisation=_string(entry.get("organisation")) or "",
            document=_string(entry.get("document")) or "",
            year=entry["year"] if isinstance(entry.get("year"), int) else None,
        )
        for entry in entries
        if isinstance(entry, dict) and not any(is_order_by_words(_string(word) or "") for word in entry.values())
    )
