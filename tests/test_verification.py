"""No sentence without support."""

from __future__ import annotations

from typing import get_args

import pytest

from advisor.answering.messages import withheld_in_words
from advisor.text.language import LANGUAGES
from advisor.types import Citation, Draft, DraftSentence, Language
from advisor.verification.rejection import Code, Rejected
from advisor.verification.verify import verify_extractive

SOURCE = "Le tagging couvre **92 %** des dépenses. Il a pris [six mois](x.md)."
SOURCES = {"a.md": SOURCE}


def citation(marker: int = 1, *, start: int = 0, end: int = len(SOURCE), quote: str | None = None) -> Citation:
    return Citation(marker, "a.md", "A", (), start, end, 1, 1, SOURCE[start:end] if quote is None else quote)


def checked(sentence: DraftSentence, *citations: Citation) -> tuple[list[str], list[tuple[str, str]]]:
    shown, rejected = verify_extractive(Draft((sentence,), citations, "extractive"), SOURCES)
    return [item.text for item in shown], [(item.code, item.detail) for item in rejected]


@pytest.mark.parametrize("text", ["Le tagging couvre 92 % des dépenses.", "Il a pris six mois."])
def test_a_sentence_of_the_cited_lines_is_shown(text: str) -> None:
    assert checked(DraftSentence(text, (1,)), citation()) == ([text], [])


@pytest.mark.parametrize(
    "text",
    [
        "Le tagging couvre 93 % des dépenses.",
        "Le tagging ne couvre pas 92 % des dépenses.",
        "Les pommes sont mûres.",
    ],
    ids=["number", "negation", "other"],
)
def test_anything_else_is_withheld(text: str) -> None:
    assert checked(DraftSentence(text, (1,)), citation()) == ([], [("not-quoted", "1")])


def test_a_sentence_of_other_lines_is_withheld() -> None:
    second = SOURCE.index("Il a pris")
    sentence = DraftSentence("Il a pris six mois.", (1,))
    assert checked(sentence, citation(end=second - 1)) == ([], [("not-quoted", "1")])
    assert checked(sentence, citation(start=second)) == (["Il a pris six mois."], [])


def test_markers() -> None:
    text = "Il a pris six mois."
    assert checked(DraftSentence(text, ()), citation()) == ([], [("uncited", "")])
    assert checked(DraftSentence(text, (2,)), citation()) == ([], [("no-passage", "2")])
    assert checked(DraftSentence(text, (1, 2)), citation()) == ([], [("no-passage", "2")])


@pytest.mark.parametrize("quote", ["Il a pris six mois.", SOURCE + " ", ""])
def test_a_quote_that_is_not_in_its_place_withholds_the_sentence(quote: str) -> None:
    found = checked(DraftSentence("Il a pris six mois.", (1,)), citation(quote=quote))
    assert found == ([], [("misquoted", "1")])


def test_a_document_that_is_not_there() -> None:
    draft = Draft((DraftSentence("Il a pris six mois.", (1,)),), (citation(),), "extractive")
    assert verify_extractive(draft, {}) == ([], [Rejected("Il a pris six mois.", "misquoted", "1")])


def test_verdict_support_and_form_are_passed_on() -> None:
    draft = Draft((DraftSentence("Il a pris six mois.", (1,), "how", is_item=True),), (citation(),), "extractive")
    [shown] = verify_extractive(draft, SOURCES)[0]
    assert (shown.verdict, shown.support, shown.group, shown.is_item, shown.markers) == ("supported", 1.0, "how", True, (1,))


def test_part_of_a_number_or_word_is_no_quote() -> None:
    """ "2 % des dépenses" stands in "92 % des dépenses" only as characters."""
    assert checked(DraftSentence("2 % des dépenses.", (1,)), citation()) == ([], [("not-quoted", "1")])


def test_an_empty_sentence_is_withheld() -> None:
    assert checked(DraftSentence(" .", (1,)), citation()) == ([], [("nothing", "")])


@pytest.mark.parametrize("code", get_args(Code))
def test_a_reason_is_told_in_the_language_of_the_question(code: Code) -> None:
    told = {language: withheld_in_words(language, [Rejected("Un texte.", code, "7")])[0].why for language in LANGUAGES}
    assert len(set(told.values())) == len(LANGUAGES)


@pytest.mark.parametrize(("language", "why"), [("fr", "ne dit rien"), ("en", "says nothing")])
def test_each_sentence_is_told_once_with_the_first_reason(language: Language, why: str) -> None:
    told = withheld_in_words(language, [Rejected("…", "nothing"), Rejected("…", "repeated")])
    assert [(one.text, one.why) for one in told] == [("…", why)]
