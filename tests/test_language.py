"""The words of rules: a file a language, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from advisor.answering.messages import ANSWER_WORDS
from advisor.errors import SettingsError
from advisor.features.memo_words import WORDS
from advisor.text import language as words
from advisor.text.language import LANGUAGES, LanguageRules, WordTable, language_rules, merged, read_table
from advisor.types import Language
from advisor.ui.texts import CHAT_TEXTS, EVALUATION_TEXTS, TAB_TEXTS, TEXTS
from advisor.verification.rejection import Code

FILES = {path.stem: path for path in (Path(words.__file__).parent / "language").glob("*.toml")}


def test_each_language_has_a_file_and_each_file_a_language() -> None:
    assert set(FILES) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_is_read_once(language: str) -> None:
    assert language_rules(language) is language_rules(language)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_stands_twice_in_a_list(language: str) -> None:
    rules = language_rules(language)  # type: ignore[arg-type]
    for listed in (rules.stop_words, rules.function_words, rules.abbreviations, rules.names.openers):
        assert len(set(listed)) == len(listed)


def blanks(words: object, place: str = "") -> dict[str, int]:
    """Place of each text in a table of words -> how many blanks it has to fill in."""
    if isinstance(words, str):
        return {place: sum(field is not None for _, field, _, _ in Formatter().parse(words))}
    inner = words.items() if isinstance(words, dict) else enumerate(words)
    return {key: number for name, value in inner for key, number in blanks(value, f"{place}.{name}").items()}


@pytest.mark.parametrize("tables", [TEXTS, CHAT_TEXTS, TAB_TEXTS, EVALUATION_TEXTS, WORDS, ANSWER_WORDS])
def test_both_languages_say_the_same_things(tables: Mapping[str, WordTable]) -> None:
    french, english = (blanks(tables[language].model_dump()) for language in ("fr", "en"))
    assert french == english


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_to_withhold_a_sentence_has_its_words(language: Language) -> None:
    assert set(ANSWER_WORDS[language].why) == set(get_args(Code))


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('stemmer = "french"', "", "stemmer: Field required"),
        ('stemmer = "french"', 'stemmer = "french"\nstemer = "french"', "stemer: Extra inputs are not permitted"),
        ("janvier", "Janvier", "figures.months.0.0: .*'Janvier' is not folded"),
        ("fevrier", "février", "figures.months.1.0: .*'février' is not folded"),
        ('"avril", ', "", "figures.months: .*at least 12 items"),
        ("zero = 0", 'zero = "none"', "figures.numbers.zero: "),
        ('km = "km"', 'miles = "miles"', "figures.units.miles.* Input should be"),
        ("[figures]", "[figures", "cannot be read from .*fr.toml"),
    ],
    ids=["lacks", "unknown", "capital", "accent", "short", "type", "unit", "syntax"],
)
def test_a_bad_file_is_refused_with_the_place(tmp_path: Path, was: str, becomes: str, said: str) -> None:
    text = FILES["fr"].read_text(encoding="utf-8")
    assert was in text
    bad = tmp_path / "fr.toml"
    bad.write_text(text.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(SettingsError, match=said) as raised:
        read_table(bad, LanguageRules)
    assert str(bad) in str(raised.value)


def test_a_language_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"es\.toml"):
        read_table(tmp_path / "es.toml", LanguageRules)


def test_a_word_that_means_two_things_is_refused() -> None:
    assert merged([{"mai": 5}, {"may": 5, "mai": 5}]) == {"mai": 5, "may": 5}
    with pytest.raises(SettingsError, match="'mai' means 5 in one language and 6 in another"):
        merged([{"mai": 5}, {"mai": 6}])
