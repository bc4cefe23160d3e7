"""The words that rules are made of, as data: a file a language (`language/fr.toml`), read and checked once.

A further language is a further file, and its code in `advisor.types.Language`.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from advisor.errors import SettingsError
from advisor.types import Language, Length

LANGUAGES: tuple[Language, ...] = get_args(Language)
_FOLDER = files("advisor.text") / "language"

Value = TypeVar("Value")


def _split(text: object) -> object:
    return tuple(text.split()) if isinstance(text, str) else text


def _folded(word: str) -> str:
    if unicodedata.normalize("NFKD", word.casefold()) != word:
        message = f"{word!r} is not folded: write it in lower case, without accents"
        raise ValueError(message)
    return word


Word = Annotated[str, AfterValidator(_folded)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_split)]
"""Folded words, set apart by white space in the file."""
WordsAsWritten = Annotated[tuple[str, ...], BeforeValidator(_split)]
Unit = Literal[
    "%", "point", "times", "ms", "second", "minute", "hour", "day", "week", "month", "quarter", "year",
    "EUR", "USD", "GBP", "CHF", "CAD", "kB", "MB", "GB", "TB", "km", "kg", "kWh", "MW", "GW",
]  # fmt: skip
Axis = Literal["amount", "size", "time", "duty", "extent"]


class WordTable(BaseModel):
    """A table of a file of words: each of its names is asked for, and no other is taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Checked = TypeVar("Checked", bound=WordTable)


class NameWords(WordTable):
    """What tells a proper name from a word with a capital.

    `same`: the forms of one name, a line of words each; `long_forms`: phrases that a name is short for; `openers`: words
    that have a capital for opening a sentence.
    """

    same: tuple[Words, ...]
    long_forms: dict[Word, Word]
    openers: Words


class FigureWords(WordTable):
    """How figures are written: numbers in words, units, dates. The file says what each table is for."""

    months: Annotated[tuple[Words, ...], Field(min_length=12, max_length=12)]
    weekdays: Annotated[tuple[Words, ...], Field(min_length=7, max_length=7)]
    one: Words
    hundred: Words
    thousand: Words
    twenties: Words
    after_and: Words
    conjunction: Words
    of: Words
    between: Words
    percent: tuple[Words, ...]
    joins: Words
    ordinal_endings: Words
    numbers: dict[Word, int]
    scales: dict[Word, float]
    about: dict[Word, float]
    percentages: dict[Word, float]
    multiples: dict[Word, float]
    units: dict[Unit, Words]


class FollowUpWords(WordTable):
    """Words around a question that goes on from another. Phrases are folded words with spaces between them.

    `polite` and `new_subject` begin a question and are no part of it. `more` are whole questions for what was not said yet,
    without their `fillers`; `more_of` are such requests within a question.
    """

    polite: tuple[Word, ...]
    new_subject: tuple[Word, ...]
    fillers: Words
    more: tuple[Word, ...]
    more_of: tuple[Word, ...]


class Opposites(WordTable):
    """Words that point one way, and those that point the other way, of the same things."""

    up: tuple[Word, ...]
    down: tuple[Word, ...]


class VerificationWords(WordTable):
    """What tells which way a sentence points. In phrases, an asterisk stands for any letters.

    `negations` deny, but for the `idioms` that hold a word of these lists and point no way. A sentence of `announcing` words
    alone says nothing, nor does one of `bridging` words too that leads to a list, or of words for what was said before
    (`following`: "In that order."). One that begins with a word for the `sources`, one of `saying` and a negation, or one of
    `instead` behind them, says what the sources lack. `cues` are the kinds of word that change what a sentence claims.
    """

    negations: tuple[Word, ...]
    idioms: tuple[Word, ...]
    announcing: Words
    bridging: Words
    following: Words
    instead: tuple[Word, ...]
    sources: Words
    saying: Words
    cues: dict[str, tuple[Word, ...]]
    opposites: dict[Axis, Opposites]


class StandingWords(WordTable):
    """How a record of a decision says that it no longer stands.

    `names` of the field; what its value begins with; `by` stands before the decision that replaced it.
    """

    names: Words
    superseded: tuple[Word, ...]
    deprecated: tuple[Word, ...]
    rejected: tuple[Word, ...]
    by: Words


class TitleWords(WordTable):
    """How titles of sections become questions.

    `about`, `in_any`: a title that is named, beside its document and in any; `of`: a question, behind the title of its
    document. Behind a word of `reorder` the verb goes before the person; any other title asks where one of the `verbs`
    follows, if the language has such, and one for oneself ("How to") begins as `of_oneself` says.
    """

    about: str
    in_any: str
    of: str
    end: str
    reorder: Words
    verbs: Words
    persons: Words
    of_oneself: dict[Word, str]


class SmallTalk(WordTable):
    """What people say beside questions, folded and without punctuation, and the reply to it.

    `asks_for` and `length`: the language and the length in which the answer before is wanted; the reply is for who has
    asked nothing yet.
    """

    said: tuple[Word, ...]
    reply: str
    lists_documents: bool = False
    asks_for: Language | None = None
    length: Length | None = None


class LanguageRules(WordTable):
    """The words of one language."""

    stemmer: str
    stop_words: Words
    function_words: WordsAsWritten
    abbreviations: WordsAsWritten
    interrogatives: Words
    offices: Words
    names: NameWords
    figures: FigureWords
    follow_ups: FollowUpWords
    verification: VerificationWords
    standing: StandingWords
    titles: TitleWords
    small_talk: tuple[SmallTalk, ...]


def read_table(file: Traversable, table: type[Checked]) -> Checked:
    """The words of a file.

    :raises SettingsError: when it is missing, is no TOML, lacks a name, or holds one that nobody reads.
    """
    try:
        return table.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"the words of a language cannot be read from {file}: {error}"
        raise SettingsError(message) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        message = f"{file}: {where}: {first['msg']}"
        raise SettingsError(message) from error


def read_words(package: str, table: type[Checked]) -> dict[Language, Checked]:
    """The words of a package in every language, from the files in its folder `words`."""
    folder = files(package) / "words"
    return {language: read_table(folder / f"{language}.toml", table) for language in LANGUAGES}


@cache
def language_rules(language: Language) -> LanguageRules:
    """The rules of a language."""
    return read_table(_FOLDER / f"{language}.toml", LanguageRules)


def all_rules() -> tuple[LanguageRules, ...]:
    """The rules of every language, for texts that mix them."""
    return tuple(map(language_rules, LANGUAGES))


def merged(tables: Iterable[Mapping[str, Value]]) -> dict[str, Value]:
    """One table of those of all languages.

    :raises SettingsError: when a word means one thing in one language and another in the next.
    """
    whole: dict[str, Value] = {}
    for table in tables:
        for word, meaning in table.items():
            if whole.setdefault(word, meaning) != meaning:
                message = f"{word!r} means {whole[word]} in one language and {meaning} in another"
                raise SettingsError(message)
    return whole
