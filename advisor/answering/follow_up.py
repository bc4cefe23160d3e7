"""A question in a conversation -> what it asks, and the question that it goes on from. No chat model needed.

Whether it goes on from another is told by a logistic model of its words (`follow-up.json`, fitted by
`evals/train_short_texts.py`); courtesies, changes of subject and requests for more are data: the table `follow_ups` of
`advisor/text/language/*.toml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cache

from advisor.text.language import FollowUpWords, language_rules
from advisor.text.linear_model import read_models, word_pairs
from advisor.text.plain import WORD, fold
from advisor.text.terms import term_set
from advisor.types import Language

_TECHNOLOGY = "IT"  # information technology is no pronoun
_MANY_TERMS = 8  # content words: more are counted as so many
_ABOUT: dict[Language, str] = {"fr": "{own} (à propos de : {subject})", "en": "{own} (about: {subject})"}

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a person asks: `own` are their words, `subject` the question that these go on from ("" where they stand alone).

    `more` says that it is for what the answers before it did not say ("what else?").
    """

    own: str
    subject: str = ""
    more: bool = False

    def standalone(self, language: Language) -> str:
        """The question in a form that can be understood alone. It is shown and searched for, never taken apart again."""
        return _ABOUT[language].format(own=self.own, subject=self.subject) if self.subject else self.own


def resolve(question: str, history: Sequence[str], language: Language) -> FollowUp:
    """What a question asks after the questions before it.

    :param history: the questions asked before, as they were asked, oldest first.
    """
    current = FollowUp("")
    for asked in (*history, question):
        current = _after(asked, current, language)
    return current


def _after(question: str, before: FollowUp, language: Language) -> FollowUp:
    """What a question asks after another one; a follow-up to a follow-up is about what the chain began with."""
    if not before.own:
        return FollowUp(question)
    words = _phrases(language)
    said = _without(question, words.polite) or question
    fresh = _without(said, words.new_subject)
    if fresh and fresh != said:
        return FollowUp(fresh)
    if not is_follow_up(said, language):
        return FollowUp(said)
    return FollowUp(said, before.subject or before.own, asks_for_more(said, language))


def is_follow_up(question: str, language: Language) -> bool:
    """Whether a question needs the one before it to be understood."""
    model = read_models("advisor.answering", "follow-up.json")[language]
    features = leaning(question, language, model.known)
    return asks_for_more(question, language) or model.probability(features) > 1 / 2


def leaning(question: str, language: Language, usual: Set[str]) -> list[str]:
    """What tells that a question goes on from another.

    Its words, each two in a row; how many have a content; how many of these are not `usual` in such questions: one that
    names its subject has some.
    """
    words = [word if word == _TECHNOLOGY else fold(word) for word in WORD.findall(question)]
    terms = term_set(question, language) | ({_TECHNOLOGY} & {*words})
    return [*word_pairs(words), f"{min(_MANY_TERMS, len(terms))} terms", f"{min(_MANY_TERMS, len(terms - usual))} unusual"]


def asks_for_more(question: str, language: Language) -> bool:
    """Whether a follow-up is for what the answer before it did not say."""
    words, said = _phrases(language), _words(question)
    alone = tuple(word for word in said if word not in words.fillers)
    return alone in words.more or any(_holds(said, phrase) for phrase in words.more_of)


@dataclass(frozen=True, slots=True)
class _Phrases:
    """The words of `FollowUpWords`, as they are compared."""

    polite: tuple[Phrase, ...]
    new_subject: tuple[Phrase, ...]
    fillers: frozenset[str]
    more: frozenset[Phrase]
    more_of: tuple[Phrase, ...]


@cache
def _phrases(language: Language) -> _Phrases:
    rules: FollowUpWords = language_rules(language).follow_ups
    return _Phrases(
        polite=_longest_first(rules.polite),
        new_subject=_longest_first(rules.new_subject),
        fillers=frozenset(rules.fillers),
        more=frozenset(map(_words, rules.more)),
        more_of=tuple(map(_words, rules.more_of)),
    )


def _longest_first(phrases: Iterable[str]) -> tuple[Phrase, ...]:
    return tuple(sorted(map(_words, phrases), key=lambda phrase: -len(phrase)))


def _words(text: str) -> Phrase:
    return tuple(WORD.findall(fold(text)))


def _holds(said: Phrase, phrase: Phrase) -> bool:
    """Whether the words of a phrase stand in a row in what was said."""
    return any(said[at : at + len(phrase)] == phrase for at in range(len(said) - len(phrase) + 1))


def _without(text: str, beginnings: Sequence[Phrase]) -> str:
    """A text without the first of these phrases that it begins with, and the marks after it."""
    spans = [found.span() for found in WORD.finditer(text)]
    said = tuple(fold(text[start:end]) for start, end in spans)
    for phrase in beginnings:
        if said[: len(phrase)] == phrase:
            return text[spans[len(phrase)][0] :] if len(spans) > len(phrase) else ""
    return text
