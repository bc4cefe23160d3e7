"""Why something cannot be done, in the words of both languages: `words/fr.toml` and `words/en.toml`.

Errors are English, on the command line as in REST; the page says them in the language of its reader. The process that reads
files gives reasons too: what this module imports, it has to hold.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import get_args

from advisor.errors import AdvisorError, Reason, Value
from advisor.types import Language


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A file that could not be read, and why."""

    document: str
    reason: Reason

    @property
    def error(self) -> str:
        """The reason in English."""
        return self.reason.text


def _texts(language: Language) -> Mapping[str, str]:
    written = (files("advisor.text") / "words" / f"{language}.toml").read_text(encoding="utf-8")
    texts: Mapping[str, str] = tomllib.loads(written)["reasons"]
    return texts


REASONS: Mapping[Language, Mapping[str, str]] = {language: _texts(language) for language in get_args(Language)}
"""A text for each code, with the names of its values in braces."""
_GROUPING: Mapping[Language, str] = {"en": ",", "fr": "\u202f"}


def reason(code: str, **values: Value) -> Reason:
    """A reason with what its text names: numbers are grouped as the language does, a reason within is said in it too."""
    return Reason(code, values, _said(code, values, "en"))


def in_words(given: Reason, language: Language) -> str:
    """A reason in a language; in English where another version of the program gave it, whose code is not known here."""
    return _said(given.code, given.values, language) if given.code in REASONS[language] else given.text


def reason_of(error: AdvisorError) -> Reason:
    """The reason of an error; one without code where it has only words."""
    found = error.args[0] if error.args else ""
    return found if isinstance(found, Reason) else Reason("", {}, str(error))


def _said(code: str, values: Mapping[str, Value], language: Language) -> str:
    return REASONS[language][code].format(**{name: _shown(value, language) for name, value in values.items()})


def _shown(value: Value, language: Language) -> str:
    if isinstance(value, Reason):
        return in_words(value, language)
    return f"{value:,}".replace(",", _GROUPING[language]) if isinstance(value, int) else value
