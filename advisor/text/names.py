"""Proper names and quoted phrases of a text."""

from __future__ import annotations

import re
from collections.abc import Set
from functools import lru_cache

from advisor.text.figures import CALENDAR
from advisor.text.language import LANGUAGES, language_rules
from advisor.text.plain import fold
from advisor.types import Language

_QUOTED = re.compile(r"«\s*([^«»]+?)\s*»|“([^“”]+)”|\"([^\"]+)\"|`([^`]+)`")
_WORD = re.compile(r"[^\W_]+(?:[-&/][^\W_]+)*")
_ENDS_SENTENCE = re.compile(r"(?:^|[.?!:;…«“\"\[])[\s*_«“\"–—-]*$")
_SHAPED = re.compile(r"[^\W\d_]*[A-ZÀ-Þ][^\W_]*(?:[A-ZÀ-Þ]|\d)|\d+[A-Z]")  # AWS, NIS2, FinOps, K8s
_CURRENCIES = {"eur", "usd", "gbp", "chf", "cad"}
_FEWEST_LETTERS = 2

_RULES = [language_rules(language).names for language in LANGUAGES]
_CAPITALISED_ANYWAY = frozenset(word for rules in _RULES for word in rules.openers)
_COMMON_ENDINGS = {language: language_rules(language).names.common_endings for language in LANGUAGES}
_VERB_ENDINGS = tuple(ending for rules in _RULES for ending in rules.verb_endings)
_VERBS = "|".join(word for rules in _RULES for word in rules.verbs)
_VERB_FOLLOWS = re.compile(rf"\s+(?:{_VERBS}|[a-z]{{3,}}(?:ed|es|s))\b")


def _same_names() -> dict[str, str]:
    """Form of a name -> its usual form, whatever the language."""
    usual: dict[str, str] = {}
    for forms in (forms for rules in _RULES for forms in rules.same):
        known = next((usual[form] for form in forms if form in usual), forms[0])
        usual |= dict.fromkeys(forms, known)
    return usual


_SAME_NAMES = _same_names()


def quotations(text: str) -> list[str]:
    """The phrases of two words or more that a text puts in quotation marks."""
    found = (next(filter(None, groups)) for groups in _QUOTED.findall(text))
    return [phrase for phrase in found if len(phrase.split()) > 1]


def names(text: str, language: Language, known: Set[str] = frozenset()) -> list[str]:
    """The proper names and acronyms of a text, folded, each word of a name by itself.

    :param known: folded words of the source: a common word that it holds is no name for opening a sentence.
    """
    found: dict[str, None] = {}
    for word in _WORD.finditer(text):
        for part in re.split(r"[/&]", word.group()) if not _SHAPED.search(word.group()) else [word.group()]:
            if _is_name(text, part, word.start(), word.end(), language, known):
                found[name_key(part)] = None
    return list(found)


def _is_name(text: str, word: str, start: int, end: int, language: Language, known: Set[str]) -> bool:
    if len(word) < _FEWEST_LETTERS or not any(map(str.isalpha, word)):
        return False
    folded = fold(word)
    if _SHAPED.search(word):
        return folded not in _CURRENCIES
    if not word[0].isupper() or folded in _CAPITALISED_ANYWAY or folded in CALENDAR:
        return False
    if not _ENDS_SENTENCE.search(text[:start]):
        return True
    if folded in known:  # it proves nothing: the source holds it
        return False
    if folded.endswith(_VERB_ENDINGS):
        return False
    following = _WORD.match(text, end + 1)
    if following and following.group()[0].isupper() and fold(following.group()) not in _CAPITALISED_ANYWAY:
        return True
    if folded.endswith(_COMMON_ENDINGS[language]):
        return False
    return language == "fr" or bool(_VERB_FOLLOWS.match(fold(text[end:]).join((" ", ""))))


def name_key(word: str) -> str:
    """A name in its usual form: folded, without the plural of an acronym, the same in both languages."""
    folded = fold(word).strip("-")
    key = _SAME_NAMES.get(folded) or _SAME_NAMES.get(folded.removesuffix("s"))
    return key or folded.removesuffix("'s").removesuffix("s")


@lru_cache(maxsize=4_000)
def words_of(text: str) -> frozenset[str]:
    """The words of a text as names are compared: folded, compounds whole and in parts."""
    whole = [found.group() for found in _WORD.finditer(text)]
    parts = [part for word in whole for part in re.split(r"[-&/]", word)]
    return frozenset(name_key(word) for word in [*whole, *parts])
