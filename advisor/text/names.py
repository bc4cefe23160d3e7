"""Proper names and quoted phrases of a text."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain

from advisor.text.language import all_rules
from advisor.text.phrases import phrase_pattern
from advisor.text.plain import fold

_QUOTED = re.compile(r"«\s*([^«»]+?)\s*»|“([^“”]+)”|\"([^\"]+)\"|`([^`]+)`")
_WORD = re.compile(r"[^\W_]+(?:[-&/][^\W_]+)*")
_ENDS_SENTENCE = re.compile(r"(?:^|[.?!:;…«“\"\[])[\s*_–—-]*$")
_SHAPED = re.compile(r"[A-ZÀ-Þ][^\W_]*[A-ZÀ-Þ\d]|\d[A-Z]")  # AWS, NIS2, FinOps, K8s
_FEWEST_LETTERS = 2

_RULES = all_rules()
_OPENERS = frozenset(word for rules in _RULES for word in rules.names.openers)
_UNITS = frozenset(form for rules in _RULES for words in rules.figures.units.values() for form in words)
_LONG_FORMS = {long: short for rules in _RULES for long, short in rules.names.long_forms.items()}
_LONG_FORM = phrase_pattern(tuple(_LONG_FORMS))


def _same_names() -> dict[str, str]:
    """Form of a name, a month or a day -> its usual form, whatever the language."""
    months, days = (rules.figures.months for rules in _RULES), (rules.figures.weekdays for rules in _RULES)
    dates = [tuple(chain(*forms)) for forms in (*zip(*months, strict=True), *zip(*days, strict=True))]
    usual: dict[str, str] = {}
    for forms in (*(forms for rules in _RULES for forms in rules.names.same), *dates):
        known = next((usual[form] for form in forms if form in usual), forms[0])
        usual |= dict.fromkeys(forms, known)
    return usual


_SAME_NAMES = _same_names()


def quotations(text: str) -> list[str]:
    """The phrases of two words or more that a text puts in quotation marks."""
    found = (next(filter(None, groups)) for groups in _QUOTED.findall(text))
    return [phrase for phrase in found if len(phrase.split()) > 1]


def names(text: str) -> dict[str, str]:
    """The proper names and acronyms of a text, each word of a name by itself: its usual form -> as it is written.

    A word that opens a sentence has its capital from there: it is a name by its form, or before another name.
    """
    found: dict[str, str] = {}
    before = 0  # where the word before it ends
    for word in _WORD.finditer(text):
        opens = _ENDS_SENTENCE.search(text, before, word.start()) is not None
        for part in re.split(r"[/&]", word.group()) if not _SHAPED.search(word.group()) else [word.group()]:
            if _may_be_name(part) and (not opens or _SHAPED.search(part) or _stands_before_name(text, word.end())):
                found[name_key(part)] = part
        before = word.end()
    return found


def _may_be_name(word: str) -> bool:
    """Whether a word is written like a name, where no sentence begins."""
    if len(word) < _FEWEST_LETTERS or not any(map(str.isalpha, word)):
        return False
    if _SHAPED.search(word):
        return fold(word) not in _UNITS
    return word[0].isupper() and fold(word) not in _OPENERS


def _stands_before_name(text: str, end: int) -> bool:
    """Whether the word that ends there is the first of a name such as "Will Larson": "Measure AI" is none."""
    following = _WORD.match(text, end + 1)
    return following is not None and _may_be_name(following.group()) and not _SHAPED.search(following.group())


def name_key(word: str) -> str:
    """A name in its usual form: folded, without the plural of an acronym, the same in both languages."""
    folded = fold(word).strip("-")
    key = _SAME_NAMES.get(folded) or _SAME_NAMES.get(folded.removesuffix("s"))
    return key or folded.removesuffix("'s").removesuffix("s")


@lru_cache(maxsize=4_000)
def words_of(text: str) -> frozenset[str]:
    """The words of a text as names are compared: folded, compounds whole and in parts, long forms in short ("CFO")."""
    whole = [found.group() for found in _WORD.finditer(text)]
    parts = [part for word in whole for part in re.split(r"[-&/]", word)]
    short = [_LONG_FORMS[hit.group()] for hit in _LONG_FORM.finditer(fold(text))]
    return frozenset(name_key(word) for word in [*whole, *parts, *short])
