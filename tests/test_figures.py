"""Figures in French and English text: one form for one quantity, and nothing else taken for one."""

from __future__ import annotations

import unicodedata

import pytest

from advisor.text.figures import figures
from advisor.text.language import LANGUAGES, language_rules
from advisor.text.plain import fold


def keys(text):
    return [figure.key for figure in figures(text)]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("dix-sept pour cent", (17, "%")), ("17 %", (17, "%")), ("17%", (17, "%")), ("seventeen percent", (17, "%")),
        ("six mois", (6, "months")), ("a 6-month plan", (6, "months")), ("un an", (12, "months")), ("twelve months", (12, "months")),
        ("139 875 USD", (139_875, "USD")), ("$139,875", (139_875, "USD")), ("2,5 milliards d’euros", (2.5e9, "EUR")),
        ("EUR 2.5 billion", (2.5e9, "EUR")), ("quatre-vingt-dix-sept", (97, "")), ("two hundred and ten", (210, "")),
        ("le 17 octobre", (17, "day-10")), ("October 17", (17, "day-10")), ("48 heures", (172_800, "seconds")), ("2 days", (172_800, "seconds")),
        ("vingt et un jours", (1_814_400, "seconds")), ("la moitié", (50, "%")), ("twice", (2, "times")),
    ],
)  # fmt: skip
def test_a_figure_has_one_form(text, key):
    assert [figure.key for figure in figures(text)] == [key]


def test_a_range_shares_its_unit_and_names_hold_no_figures():
    assert [figure.key for figure in figures("2 à 3 semaines")] == [(1_209_600, "seconds"), (1_814_400, "seconds")]
    assert figures("NIS2, GPT-4, B2B and K8s") == ()
    assert figures("une fois le comité créé, l’un d’eux part") == ()


MONTHS = [
    (number, form)
    for language in LANGUAGES
    for number, forms in enumerate(language_rules(language).figures.months, start=1)
    for form in forms
]


@pytest.mark.parametrize(("number", "month"), MONTHS)
def test_a_month_beside_a_number_is_a_date(number, month):
    assert keys(f"le 17 {month} 2024") == keys(f"on 17 {month} 2024") == [(17, f"day-{number}"), (2024, "")]
    assert keys(f"{month} 22") == [(22, f"day-{number}")]
    assert keys(f"{month} 2024") == [(number, "month"), (2024, "")]


@pytest.mark.parametrize(("number", "month"), MONTHS)
def test_a_month_without_a_number_may_be_another_word(number, month):
    """ "sept jours", "the team may", "une mission sur mars"."""
    assert (number, "month") not in keys(f"il y a {month} et plus")
    assert not any(
        unit.startswith(("day", "month")) and (value, unit) != (7 * 12, "months") for value, unit in keys(f"{month} jours")
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sept jours", [(7 * 86_400, "seconds")]),
        ("sept pour cent", [(7, "%")]),
        ("en mars, 17 % des cas", [(17, "%")]),
        ("In March, 17 of them left", [(17, "")]),
        ("teams may take 3 days", [(3 * 86_400, "seconds")]),
    ],
)
def test_numbers_and_words_that_are_also_months(text, expected):
    assert keys(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 go-live réussis", [(3, "")]),
        ("3 Go de mémoire", [(3, "GB")]),
        ("six month-end closings", [(6, "")]),
        ("a six-month plan", [(6, "months")]),
        ("a 10-year-old system", [(120, "months")]),
        ("l’article 50 s’applique", [(50, "")]),
        ("depuis 2024 s’ajoute un délai", [(2024, "")]),
        ("un délai de 50 s", [(50, "seconds")]),
        ("3 days’ notice", [(3 * 86_400, "seconds")]),
        ("10 h d’arrêt", [(36_000, "seconds")]),
    ],
)
def test_a_unit_is_a_whole_word(text, expected):
    assert keys(text) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_unit_is_read_in_a_longer_word(language):
    for forms in language_rules(language).figures.units.values():
        for form in (form for form in forms if form.isalpha()):
            assert keys(f"3 {form}-like")[0] == (3, ""), form
            assert len(form) > 1 or keys(f"3 {form}'applique")[0] == (3, ""), form


def test_a_day_states_its_month_too():
    [day] = figures("on 5 February")
    assert day.stated == ((5, "day-2"), (2, "month"))
    assert figures("17 %")[0].stated == ((17, "%"),)


def test_places_are_in_the_folded_text():
    text = "Près de dix-sept pour cent, d’après 3 études."
    assert [fold(text)[figure.start : figure.end] for figure in figures(text)] == ["dix-sept pour cent", "3"]


@pytest.mark.parametrize("power", ["10⁶", "10^6", "2⁻³"])
def test_a_power_is_not_the_number_made_of_its_digits(power: str) -> None:
    joined = float("".join(character for character in unicodedata.normalize("NFKC", power) if character.isdigit()))
    assert joined not in {figure.value for figure in figures(f"{power} messages")}
