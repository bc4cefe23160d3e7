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
_ENDS_SENTENCE = re.compile(r"(?:^|[.?!:;…«“\"\[])[\s*_–—-]*$")
_SHAPED = re.compile(r"[A-ZÀ-Þ][^\W_]*[A-ZÀ-Þ\d]|\d[A-Z]")  # AWS, NIS2, FinOps, K8s
_CURRENCIES = {"eur", "usd", "gbp", "chf", "cad"}
_FEWEST_LETTERS = 2
_NEXT_CHARS = 80  # after a word: what shows whether it is a name

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
    before = 0  # where the word before it ends
    for word in _WORD.finditer(text):
        opens = _ENDS_SENTENCE.search(text, before, word.start()) is not None
        after = text[word.end() : word.end() + _NEXT_CHARS]
        for part in re.split(r"[/&]", word.group()) if not _SHAPED.search(word.group()) else [word.group()]:
            if _may_be_name(part) and (not opens or _SHAPED.search(part) or _opens_as_name(part, after, language, known)):
                found[name_key(part)] = None
        before = word.end()
    return list(found)


def _may_be_name(word: str) -> bool:
    """Whether a word is written like a name, where no sentence begins."""
    if len(word) < _FEWEST_LETTERS or not any(map(str.isalpha, word)):
        return False
    folded = fold(word)
    if _SHAPED.search(word):
        return folded not in _CURRENCIES
    return word[0].isupper() and folded not in _CAPITALISED_ANYWAY and folded not in CALENDAR


def _opens_as_name(word: str, after: str, language: Language, known: Set[str]) -> bool:
    """Whether the word that opens a sentence is a name, or has its capital from there.

    :param after: what follows it.
    """
    folded = fold(word)
    if folded in known:  # it proves nothing: the source holds it
        return False
    if folded.endswith(_VERB_ENDINGS):
        return False
    following = _WORD.match(after, 1)
    if following and following.group()[0].isupper() and fold(following.group()) not in _CAPITALISED_ANYWAY:
        return True
    if folded.endswith(_COMMON_ENDINGS[language]):
        return False
    return language == "fr" or bool(_VERB_FOLLOWS.match(" " + fold(after)))


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
