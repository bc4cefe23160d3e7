"""Proper names and quoted phrases of a text."""

from __future__ import annotations

import re
from collections.abc import Set
from functools import lru_cache

from advisor.text.figures import CALENDAR
from advisor.text.plain import fold
from advisor.types import Language

_QUOTED = re.compile(r"«\s*([^«»]+?)\s*»|“([^“”]+)”|\"([^\"]+)\"|`([^`]+)`")
_WORD = re.compile(r"[^\W_]+(?:[-&/][^\W_]+)*")
_ENDS_SENTENCE = re.compile(r"(?:^|[.?!:;…«“\"\[])[\s*_«“\"–—-]*$")
_SHAPED = re.compile(r"[^\W\d_]*[A-ZÀ-Þ][^\W_]*(?:[A-ZÀ-Þ]|\d)|\d+[A-Z]")  # AWS, NIS2, FinOps, K8s
_CURRENCIES = {"eur", "usd", "gbp", "chf", "cad"}
_FEWEST_LETTERS = 2

# Names with more than one form in the two languages, folded; one line a name.
_SAME_NAME = """
ia ai|ue eu|rgpd gdpr|onu un|otan nato|etats-unis us usa u.s|royaume-uni uk|france french francais francaise|aes aipd dpia
dsi cio|pdg ceo|daf cfo|rssi ciso|dg ceo|sli nds|comex excom executive|codir|bce ecb|pib gdp|r&d|roi|qps|ci/cd
allemagne germany|espagne spain|italie italy|chine china|europe european europeen europeenne|union|anglais english
""".replace("\n", "|")  # fmt: skip
_NAMES = {form: names.split()[0] for names in _SAME_NAME.split("|") for form in names.split()}

_OPENERS = """
i i'm le la les un une des du de ce cet cette ces il elle ils elles on nous vous je tu mon ma mes son sa ses leur leurs notre
nos votre vos qui que quoi dont ou quand comment pourquoi combien si mais et donc or ni car avec sans pour par sur sous dans
en entre vers chez apres avant depuis pendant selon malgre toutefois cependant ainsi alors enfin puis ensuite aussi meme plus
moins tout tous toute toutes chaque aucun aucune certains certaines plusieurs quelques autre autres au aux a d l c s n j qu y
lorsque puisque parce afin grace cela ceci celui celle ceux celles voici voila oui non tres trop peu beaucoup deux trois
quatre cinq six sept huit neuf dix faut faites soyez rien personne jamais toujours parmi outre sinon comme face quant
the an a this that these those it its he she they we you my your his her our their who what which when where why how if but
and so or nor for with without by on under in between to from at after before since during according despite however thus
then finally next also even more less all every each no none some several few other others as because while although though
one two three four five six seven eight nine ten there here yes not only most many much both either neither such once until
through among against across instead unlike like
"""
_CAPITALISED_ANYWAY = frozenset(_OPENERS.split())
# A word that opens a sentence and ends so is a verb, an adverb, a participle or a plural: no name.
_COMMON_ENDING: dict[Language, re.Pattern[str]] = {
    "fr": re.compile(r"(?:ez|er|ir|re|ons|ment|ant|e|es|te|tion|ite|ance|ence|age|eur|s)$"),
    "en": re.compile(r"(?:s|ing|ed|ly|tion|ity|ment|ness|ance|ence|ship|ism|age)$"),
}
_VERB_ENDING = re.compile(r"(?:ez|er|ir|ant|ment|ons|ing|ed|ly)$")
_VERB_FOLLOWS = re.compile(
    r"\s+(?:has|had|is|was|were|will|must|can|could|should|would|may|might|said|says|also|a|ont|est|sont|etait|sera|doit|peut"
    r"|avait|va|[a-z]{3,}(?:ed|es|s))\b"
)


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
    if _VERB_ENDING.search(folded):
        return False
    following = _WORD.match(text, end + 1)
    if following and following.group()[0].isupper() and fold(following.group()) not in _CAPITALISED_ANYWAY:
        return True
    if _COMMON_ENDING[language].search(folded):
        return False
    return language == "fr" or bool(_VERB_FOLLOWS.match(fold(text[end:]).join((" ", ""))))


def name_key(word: str) -> str:
    """A name in its usual form: folded, without the plural of an acronym, the same in both languages."""
    folded = fold(word).strip("-")
    key = _NAMES.get(folded) or _NAMES.get(folded.removesuffix("s"))
    return key or folded.removesuffix("'s").removesuffix("s")


@lru_cache(maxsize=4_000)
def words_of(text: str) -> frozenset[str]:
    """The words of a text as names are compared: folded, compounds whole and in parts."""
    whole = [found.group() for found in _WORD.finditer(text)]
    parts = [part for word in whole for part in re.split(r"[-&/]", word)]
    return frozenset(name_key(word) for word in [*whole, *parts])
