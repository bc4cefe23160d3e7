"""The two sides of a question that compares: "build or buy", "centralised versus federated"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from advisor.text.language import language_rules
from advisor.text.plain import COMPOUND
from advisor.text.terms import term_set
from advisor.types import Language


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared, in the asker's words."""

    names: tuple[str, str]
    language: Language

    def named(self, text: str) -> set[int]:
        """Which of the two (0, 1) a text names, in any form of their words."""
        said = term_set(text, self.language)
        return {at for at, name in enumerate(self.names) if term_set(name, self.language) <= said}


def sides_of(question: str, language: Language) -> Sides | None:
    """What a question compares: the telling words on either side of "or"; None where it compares nothing, or more than two.

    A word that the question has twice is what the sides have in common ("part time or full time").
    """
    words = COMPOUND.findall(question)
    alternatives = language_rules(language).alternatives
    between = [at for at, word in enumerate(words) if word.lower() in alternatives]
    if len(between) != 1:
        return None
    often = Counter(term for word in words for term in term_set(word, language))
    once = {term for term, times in often.items() if times == 1}
    telling = [set[str]() < term_set(word, language) <= once for word in words]
    before = _first(reversed(range(between[0])), telling)
    after = _first(range(between[0] + 1, len(words)), telling)
    if before is None or after is None:
        return None
    first, second = (words[at][:1].upper() + words[at][1:] for at in (before, after))
    return Sides((first, second), language)


def _first(places: Iterable[int], telling: list[bool]) -> int | None:
    return next((at for at in places if telling[at]), None)
