"""Proper names: what is one, in which forms, and what only has a capital."""

from __future__ import annotations

import pytest

from advisor.text.names import names, quotations, words_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Le rapport de Deloitte cite AWS et NIS2.", ["Deloitte", "AWS", "NIS2"]),
        ("Will Larson describes four archetypes.", ["Will", "Larson"]),
        ("AWS rests on six pillars.", ["AWS"]),
        ("Le coût est de 10 USD, soit 9 EUR.", []),
        ("It was signed in November 2024.", ["November"]),
    ],
)
def test_names_are_found(text, found):
    assert list(names(text).values()) == found


@pytest.mark.parametrize(
    "opener",
    [
        "Put",
        "Keep",
        "Take",
        "Make",
        "Measure",
        "Read",
        "Within",
        "Mieux",
        "Seul",
        "Soyez",
        "Placez",
        "Quelle",
        "Trust",
        "Moins",
    ],
)
@pytest.mark.parametrize(
    "rest", ["a budget in place.", "vaut un budget.", "is first.", "AI first.", "est la clé.", "has helped."]
)
def test_a_word_that_opens_a_sentence_is_no_name_for_its_capital(opener, rest):
    assert opener not in names(f"{opener} {rest}").values()
    assert opener not in names(f"The board met. {opener} {rest}").values()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the CFO", "the chief financial officer"), ("le DAF", "the CFO"), ("le DAF", "la directrice financière"),
        ("le PDG", "the CEO"), ("le DG", "the CEO"), ("le PDG", "le président-directeur général"),
        ("le COMEX", "the executive committee"), ("l’IA", "artificial intelligence"), ("the EU", "l’Union européenne"),
        ("US firms", "firms of the United States"), ("in November", "en novembre"), ("on Monday", "lundi"),
    ],
)  # fmt: skip
def test_a_name_is_held_in_its_other_form(one, other):
    assert names(one).keys() <= words_of(other)


def test_a_name_is_not_held_by_another():
    assert not names("the CFO").keys() <= words_of("the chief technology officer")
    assert not names("in November").keys() <= words_of("en octobre")


def test_quotations_are_phrases():
    assert quotations("Il dit « valeur à court terme », “two words” et `un`.") == ["valeur à court terme", "two words"]
