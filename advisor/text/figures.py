"""Figures in French and English text, in one form: "dix-sept pour cent", "17 %" and "17%" are the same quantity.

A figure is a value with its unit. Durations are counted in seconds or in months, so that "12 mois" is "one year"; a day with
its month is one figure. Digits that belong to a name ("NIS2", "GPT-4") are part of the name, not figures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase

from advisor.text.language import all_rules, merged
from advisor.text.plain import fold


def _numbered(names: Sequence[Sequence[str]]) -> dict[str, int]:
    """Form of a name -> its place in the calendar, from 1."""
    return {form: number for number, forms in enumerate(names, start=1) for form in forms}


_RULES = [rules.figures for rules in all_rules()]
_MONTHS = merged(_numbered(rules.months) for rules in _RULES)
_WEEKDAYS = merged(_numbered(rules.weekdays) for rules in _RULES)
_NUMBERS = merged(rules.numbers for rules in _RULES)
_ONE = frozenset(word for rules in _RULES for word in rules.one)
_HUNDRED = frozenset(word for rules in _RULES for word in rules.hundred)
_THOUSAND = frozenset(word for rules in _RULES for word in rules.thousand)
_TWENTIES = frozenset(word for rules in _RULES for word in rules.twenties)
_AND = frozenset(word for rules in _RULES for word in rules.conjunction)
_AFTER_AND = frozenset(word for rules in _RULES for word in rules.after_and)
_OF = frozenset(["-", *(word for rules in _RULES for word in rules.of)])
_BETWEEN = frozenset(word for rules in _RULES for word in rules.between)
_PERCENT = frozenset(phrase for rules in _RULES for phrase in rules.percent)
_PER = frozenset(phrase[0] for phrase in _PERCENT)
_JOINS = frozenset(["-", "–", *(word for rules in _RULES for word in rules.joins)])
_SCALES = merged(rules.scales for rules in _RULES)
# A word that is a figure by itself, with its unit: an order of magnitude, a share, a multiple.
_WHOLE = merged(
    {word: (value, unit) for word, value in table.items()}
    for rules in _RULES
    for table, unit in ((rules.about, "about"), (rules.percentages, "%"), (rules.multiples, "times"))
)
_UNITS: dict[str, str] = merged({word: unit for unit, words in rules.units.items() for word in words} for rules in _RULES)
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_MONTHLY = {"month": 1, "quarter": 3, "year": 12}
_CURRENCIES = {"EUR", "USD", "GBP", "CHF", "CAD"}
_COUNTED_AS_ONE = {*_SECONDS, *_MONTHLY, "%"}  # "un mois" is a figure, "une fois" seldom

_FIRST_YEAR, _LAST_YEAR = 1_500, 2_200  # a number after a month that is a year
_NUMERAL = r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?"
_ORDINAL = "|".join(ending for rules in _RULES for ending in rules.ordinal_endings)
# A name with digits (NIS2, GPT-4, B2B), a numeral, a currency or percent sign, a word.
_TOKEN = re.compile(
    rf"[^\W\d_]+[-_]?\d[\w-]*|(?P<numeral>{_NUMERAL})(?:{_ORDINAL})?(?![^\W\d_]*\d)|us\$|[%€$£]|[^\W\d_]+|-|–|/"
)


Key = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its unit ("" for a bare number), as it stands at `[start, end)` of the folded text.

    Units: `%`, `point`, a currency, `seconds`, `months`, `times`, `day-7` (a day of July), `month` and `weekday` (named),
    `about` (an order of magnitude), or a measure.
    """

    value: float
    unit: str
    start: int
    end: int

    @property
    def key(self) -> Key:
        """What must be the same in the source."""
        return round(self.value, 6), self.unit

    @property
    def stated(self) -> tuple[Key, ...]:
        """What a source states with it: a day of a month is in the month."""
        _, day, month = self.unit.partition("day-")
        return (self.key, (float(month), "month")) if day else (self.key,)


@dataclass(slots=True)
class _Token:
    text: str
    start: int
    end: int
    numeral: bool
    elided: bool
    hyphenated: bool


@lru_cache(maxsize=4_000)
def figures(text: str) -> tuple[Figure, ...]:
    """The figures of a text, in order. Offsets are in `fold(text)`."""
    folded = fold(text)
    tokens = [_token(hit, folded) for hit in _TOKEN.finditer(folded)]
    found: list[Figure] = []
    at = 0
    while at < len(tokens):
        figure, after = _figure(tokens, at)
        if figure:
            found.append(figure)
        at = max(after, at + 1)
    return tuple(_with_shared_units(found, folded))


def _token(hit: re.Match[str], folded: str) -> _Token:
    after, next_but_one = folded[hit.end() : hit.end() + 1], folded[hit.end() + 1 : hit.end() + 2]
    elided = after == "'" and len(hit.group()) == 1
    return _Token(hit.group(), *hit.span(), hit["numeral"] is not None, elided, after == "-" and next_but_one.isalpha())


def _figure(tokens: list[_Token], at: int) -> tuple[Figure | None, int]:
    """The figure that begins at a token, if one does, and the token after it."""
    token = tokens[at]
    if not token.numeral:
        word = token.text
        date, after = _dated(tokens, at)
        if date:
            return date, after
        if word in _WEEKDAYS:
            return Figure(_WEEKDAYS[word], "weekday", token.start, token.end), at + 1
        if word in _WHOLE:
            return Figure(*_WHOLE[word], token.start, token.end), at + 1
    value, after = _value(tokens, at)
    if value is None:
        return None, at + 1
    return _with_unit(tokens, at, value, after)


def _with_unit(tokens: list[_Token], at: int, value: float, after: int) -> tuple[Figure | None, int]:
    """The figure of a value that ends before token `after`: its scale, its currency, its unit."""
    end = tokens[after - 1].end
    if _text(tokens, after) in _SCALES:
        value, end, after = value * _SCALES[_text(tokens, after)], tokens[after].end, after + 1
    if _text(tokens, after) == "m" and _text(tokens, after + 1) in ("€", "$", "£"):
        value, after = value * 1e6, after + 1
    before = _UNITS.get(_text(tokens, at - 1), "")
    if before in _CURRENCIES and tokens[at].start - tokens[at - 1].end <= 1:
        return Figure(value, before, tokens[at - 1].start, end), after
    if (_text(tokens, after), _text(tokens, after + 1)) in _PERCENT:
        return Figure(value, "%", tokens[at].start, tokens[after + 1].end), after + 2
    if _text(tokens, after) == "percentage":
        after += 1
    unit_at = after + 1 if _text(tokens, after) in _OF | _BETWEEN else after
    unit = "" if _is_part(tokens, unit_at) else _UNITS.get(_text(tokens, unit_at), "")
    # "6-month", "the 12 next months", "10 millions d'euros"
    close = unit_at == after or _text(tokens, after) in _BETWEEN | {"-"} or unit in _CURRENCIES
    is_second = _text(tokens, unit_at) == "second"  # "un second fournisseur"
    if tokens[at].text in _ONE and after == at + 1 and (unit not in _COUNTED_AS_ONE or is_second):
        return None, at + 1
    if unit and close:
        value, unit = _in_base_unit(value, unit)
        return Figure(value, unit, tokens[at].start, tokens[unit_at].end), unit_at + 1
    month = _MONTHS.get(_text(tokens, after))
    if month and tokens[at].numeral:
        return Figure(value, f"day-{month}", tokens[at].start, tokens[after].end), after + 1
    return Figure(value, "", tokens[at].start, end), after


def _text(tokens: list[_Token], at: int) -> str:
    return tokens[at].text if 0 <= at < len(tokens) else ""


def _is_part(tokens: list[_Token], at: int) -> bool:
    """Whether a token is part of a longer word: "go" in "3 go-live", "s" in "l'article 50 s'applique"."""
    if at >= len(tokens):
        return False
    return tokens[at].elided or (tokens[at].hyphenated and _text(tokens, at - 1) != "-")


def _in_base_unit(value: float, unit: str) -> tuple[float, str]:
    if unit in _SECONDS:
        return value * _SECONDS[unit], "seconds"
    return (value * _MONTHLY[unit], "months") if unit in _MONTHLY else (value, unit)


def _value(tokens: list[_Token], at: int) -> tuple[float | None, int]:
    """The number that begins at a token, in digits or in words, and the token after it."""
    token = tokens[at]
    if token.numeral:
        return _numeral(token.text.rstrip(ascii_lowercase)), at + 1
    total, group, used = 0.0, 0.0, at
    while used < len(tokens):
        word = tokens[used].text
        if word in _NUMBERS:
            # "quatre-vingt", in which four twenties are eighty
            group = group * 20 if word in _TWENTIES and group == 4 else group + _NUMBERS[word]  # noqa: PLR2004
        elif word in _HUNDRED and _text(tokens, used - 1) not in _PER:
            group = max(group, 1) * 100
        elif word in _ONE and (used == at or group):
            group += 1
        elif word in _THOUSAND and (group or used == at):
            total, group = total + max(group, 1) * 1_000, 0
        elif not ((word == "-" or word in _AND) and used > at and _continues(tokens, used)):
            break
        used += 1
    return (total + group, used) if used > at else (None, at)


def _continues(tokens: list[_Token], at: int) -> bool:
    """Whether a hyphen or "et" stands inside one number word: "vingt et un", "quatre-vingt-dix", "a hundred and ten"."""
    before, after = _text(tokens, at - 1), _text(tokens, at + 1)
    number = after in _NUMBERS or after in _ONE or after in _HUNDRED
    if tokens[at].text == "-":
        return number and tokens[at].start == tokens[at - 1].end
    tens = _NUMBERS.get(before, 0) >= 20  # noqa: PLR2004 - twenty
    return (tens and after in _AFTER_AND) or (before in _HUNDRED and number)


def _numeral(digits: str) -> float:
    """`1,000`, `139 875` and `2,5` as numbers: a comma before exactly three digits sets off thousands."""
    compact = digits.replace(" ", "")
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", compact):
        return float(compact.replace(",", ""))
    return float(compact.replace(",", "."))


def _dated(tokens: list[_Token], at: int) -> tuple[Figure | None, int]:
    """A month with the day or the year after it: "July 22", "July 2024". Alone it may be another word: "may", "sept"."""
    token, following = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else None
    month = _MONTHS.get(token.text)
    if not month or not following or not following.numeral:
        return None, at + 1
    day = re.fullmatch(rf"(\d{{1,2}})(?:{_ORDINAL})?", following.text)
    if day and following.start == token.end + 1:  # no comma: "in March, 17 of them"
        return Figure(float(day[1]), f"day-{month}", token.start, following.end), at + 2
    year = _FIRST_YEAR <= _numeral(following.text.rstrip(ascii_lowercase)) < _LAST_YEAR
    return (Figure(month, "month", token.start, token.end) if year else None), at + 1


def _with_shared_units(found: list[Figure], folded: str) -> list[Figure]:
    """As in "2 à 3 semaines": the first number takes the unit of the second."""
    for number in range(len(found) - 2, -1, -1):
        left, right = found[number], found[number + 1]
        between = folded[left.end : right.start].strip()
        shared = right.unit and not right.unit.startswith(("month", "weekday", "about"))
        if not left.unit and shared and between in _JOINS:
            factor = _factor(folded[right.start : right.end], right)
            found[number] = Figure(left.value * factor, right.unit, left.start, left.end)
    return found


def _factor(text: str, figure: Figure) -> float:
    """What one of a figure's unit as written is worth in its base unit: 7 days for "3 semaines"."""
    words = [found.group() for found in _TOKEN.finditer(text)]
    unit = next((_UNITS[word] for word in reversed(words) if word in _UNITS), "")
    scale = next((_SCALES[word] for word in words if word in _SCALES), 1.0)
    return float(_SECONDS.get(unit, 0) or _MONTHLY.get(unit, 0) or 1) * scale if figure.unit else 1.0
