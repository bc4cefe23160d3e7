"""What people say beside questions gets the reply that a person expects, and no question is taken for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from advisor import Advisor
from advisor.answering.intake import question_language
from advisor.answering.small_talk import asked_again, reply
from advisor.types import Language, Length

TITLES = ("FinOps", "AI governance")


def no_titles() -> tuple[str, ...]:
    """With 10,000 documents, reading them at each question took four fifths of its answer."""
    pytest.fail("nobody asks for the documents")


@pytest.mark.parametrize(
    ("said", "language", "holds"),
    [
        ("merci", "fr", "Avec plaisir"),
        ("Merci beaucoup !!", "fr", "Avec plaisir"),
        ("Bonjour,", "fr", "Bonjour"),
        ("salut 👋", "fr", "Bonjour"),
        ("qui es-tu ?", "fr", "conseiller"),
        ("Que peux-tu faire ?", "fr", "question"),
        ("thanks for your help!", "en", "welcome"),
        ("what is FinOps", "en", None),
        ("Who are you?", "en", "advisor"),
        ("helo", "en", "Hello"),
        ("what can you do ?", "en", "question"),
    ],
)
def test_small_talk(said: str, language: Language, holds: str | None) -> None:
    found = reply(said, language, no_titles)
    assert (found is None) if holds is None else (found is not None and holds in found)


@pytest.mark.parametrize(("said", "language"), [("What documents do you have?", "en"), ("quels sont tes documents", "fr")])
def test_who_asks_for_the_documents_gets_their_titles(said: str, language: Language) -> None:
    found = reply(said, language, lambda: TITLES)
    assert found is not None
    assert found.endswith("\n- FinOps\n- AI governance")


@pytest.mark.parametrize(
    ("said", "language", "wanted", "length"),
    [
        ("En français, s'il te plaît", "fr", "fr", None),
        ("in english please", "en", "en", None),
        ("en anglais ?", "fr", "en", None),
        ("shorter", "en", None, "short"),
        ("Shorter, one paragraph for my CEO", "en", None, "short"),
        ("plus court, en 3 points", "fr", None, "short"),
        ("la réponse complète", "fr", None, "full"),
    ],
)
def test_who_wants_the_answer_in_another_way(
    said: str, language: Language, wanted: Language | None, length: Length | None
) -> None:
    talk = asked_again(said, language)
    assert talk is not None
    assert (talk.asks_for, talk.length) == (wanted, length)


@pytest.mark.parametrize("said", ["thanks", "How do we hire in France?", "documents in French", "shorter cycle times"])
def test_who_asks_something_wants_no_answer_again(said: str) -> None:
    assert asked_again(said, "en") is None


@pytest.mark.parametrize(
    ("said", "history", "language"),
    [("salut", [], "fr"), ("Merci !", [], "fr"), ("And then?", ["", ""], "en"), ("99.9% availability", [], "en"),
     ("99,9 % de disponibilité", [], "fr"), ("And then?", ["Comment réduire la facture ?"], "fr")],
)  # fmt: skip
def test_the_language_of_a_few_words(said: str, history: list[str], language: Language) -> None:
    assert question_language(said, history) == language


def test_the_answer_before_is_given_again_in_the_language_asked_for(advisor: Advisor) -> None:
    question = "How do we start with FinOps?"
    again = advisor.ask("en français", history=[question])
    assert (again.language, again.standalone_question, again.question) == ("fr", question, "en français")
    assert {citation.document for citation in again.citations} == {"fr/finops.md"}
    assert again.status == "answered"


def test_the_answer_before_is_given_again_in_short_and_what_follows_is_about_it(advisor: Advisor) -> None:
    question = "How do we start with FinOps?"
    full, short = advisor.ask(question), advisor.ask("shorter, please", history=[question])
    assert (short.standalone_question, short.length, short.status) == (question, "short", "answered")
    assert len(short.text.split()) < len(full.text.split())
    after = advisor.ask("And what does it cost?", history=[question, "shorter, please"])
    assert after.standalone_question == f"And what does it cost? (about: {question})"


def test_no_question_of_the_sets_is_small_talk(project_root: Path) -> None:
    for path in (project_root / "evals" / "questions").glob("*.jsonl"):
        for line in filter(None, path.read_text(encoding="utf-8").split("\n")):
            entry = json.loads(line)
            for question in entry.get("turns") or [entry["question"]]:
                assert reply(question, entry["language"], no_titles) is None, question
