"""What people write in several ways is looked for in one."""

from __future__ import annotations

import pytest

from advisor.text.one_form import in_one_form
from advisor.text.terms import terms
from advisor.types import Language


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("the R.T.O. of the site", "the RTO of the site", "en"),
        ("l'usage de l'I.A. ici", "l'usage de l'IA ici", "fr"),
        ("RFC2119 and RFC-2119", "RFC 2119 and RFC 2119", "en"),
        ("since 2024-11-05", "since 5 November 2024", "en"),
        ("since 05.11.2024", "since 5th November 2024", "en"),
        ("depuis le 05/11/2024", "depuis le 5 novembre 2024", "fr"),
        ("le 1er mai 2025", "le 2025-05-01", "fr"),
        ("by 11/25/2024", "by 2024-11-25", "en"),
        ("open 24x7", "open 24/7", "en"),
    ],
)
def test_two_ways_of_writing_are_one(one: str, other: str, language: Language) -> None:
    assert terms(one, language) == terms(other, language)


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("ISO27001", "ISO27002", "en"),
        ("C++", "C#", "en"),
        ("C++", "C", "en"),
        (".NET", "the net", "en"),
        ("by 03/04/2025", "by 3 April 2025", "en"),  # nobody can say which is the month
        ("2025-13-40", "40 January 2025", "en"),
    ],
)
def test_what_differs_stays_apart(one: str, other: str, language: Language) -> None:
    assert terms(one, language) != terms(other, language)


@pytest.mark.parametrize(
    "text", ["GPT-4 and NIS2", "example.net", "e.g. a plan", "10.12.1.3", "The plan. A second plan.", "EC2"]
)
def test_what_is_written_in_one_way_stays(text: str) -> None:
    assert in_one_form(text, "en") == text
