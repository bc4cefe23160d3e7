"""What people write in several ways, in one: S.L.A. and SLA, ISO27001 and ISO 27001, 2025-03-03 and 3 March 2025, C++.

For words that are looked for and compared; what is shown and cited stays as it is written.
"""

from __future__ import annotations

import re

from advisor.text.language import all_rules, language_rules
from advisor.types import Language

_MONTHS = 12
_DOTTED = re.compile(r"\b(?:[A-ZÀ-Þ]\.){2,}(?:[A-ZÀ-Þ]\b)?")
_CODE = re.compile(r"\b([A-Z]{2,})-?(\d{3,})\b")  # a standard with its number, not the name of a version (GPT-4, NIS2)
_YEAR_FIRST = re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})\b")
_YEAR_LAST = re.compile(r"\b(?P<day>\d{1,2})(?P<mark>[/.])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4})\b")
_ENDINGS = "|".join(ending for rules in all_rules() for ending in rules.figures.ordinal_endings)
_ORDINAL = re.compile(rf"\b(\d{{1,2}})(?:{_ENDINGS})\b")
# Names that end or begin with a sign, which no analysis of words keeps.
_OF_SIGNS = {"c++": "Cplusplus", "c#": "Csharp", "f#": "Fsharp", ".net": "Dotnet", "24x7": "24/7", "8x5": "8/5"}
_SIGNS = re.compile(r"(?<![\w.])(?:c\+\+|[cf]#|\.net\b|24x7\b|8x5\b)", re.IGNORECASE)


def in_one_form(text: str, language: Language) -> str:
    """A text with acronyms without dots, codes apart from their letters, days in words, and names of signs as words."""

    def in_words(date: re.Match[str]) -> str:
        return _day_in_words(date, language)

    text = _DOTTED.sub(lambda hit: hit.group().replace(".", ""), text)
    text = _SIGNS.sub(lambda hit: _OF_SIGNS[hit.group().lower()], text)
    text = _YEAR_LAST.sub(in_words, _YEAR_FIRST.sub(in_words, text))
    return _CODE.sub(r"\1 \2", _ORDINAL.sub(r"\1", text))


def _day_in_words(date: re.Match[str], language: Language) -> str:
    """The date with its month's name; as it is where nobody can say which number is the month.

    Between slashes, the month stands first for some who write English, and second for everybody else.
    """
    day, month = int(date["day"]), int(date["month"])
    if month > _MONTHS >= day:
        day, month = month, day
    elif language == "en" and "/" in date.group() and day <= _MONTHS and day != month:
        return date.group()
    if not 1 <= month <= _MONTHS:
        return date.group()
    return f"{day} {language_rules(language).figures.months[month - 1][0]} {date['year']}"
