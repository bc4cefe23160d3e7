"""Questions in a language that no document is in: answered by meaning in French or English, and told so."""

from __future__ import annotations

import pytest

from advisor.text.plain import is_in_another_language

OTHERS = (
    "Wie viele Tage braucht die Freigabe einer Änderung bei uns?",
    "¿Quién decide cuando dos equipos no están de acuerdo?",
    "Chi decide quando due squadre non sono d’accordo?",
    "Wie beslist er als twee teams het oneens zijn?",
    "Quem decide quando duas equipas não estão de acordo?",
)
OWN = (
    "Qui décide quand deux équipes ne sont pas d’accord ?",
    "Who decides when two teams disagree?",
    "budget cloud prévision trimestre",
    "kubernetes cost allocation shared clusters",
    "go / no go",
    "RGPD DPO AIPD",
    "",
)


@pytest.mark.parametrize("text", OTHERS)
def test_another_language_is_seen(text):
    assert is_in_another_language(text)


@pytest.mark.parametrize("text", OWN)
def test_french_english_and_bare_terms_are_not_another_language(text):
    assert not is_in_another_language(text)


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("Welche Pflichten bringt uns der AI Act?", "ai-governance.md"),
        ("¿Qué debe hacer un nuevo CTO en sus primeros 90 días?", "cto-role.md"),
        ("Quando conviene passare ai microservizi?", "product-architecture.md"),
    ],
)
def test_such_a_question_is_answered_where_the_corpus_answers_it(advisor, question, document):
    answer = advisor.ask(question)
    assert answer.status == "answered"
    assert {citation.document.split("/")[1] for citation in answer.citations} == {document}
    assert answer.reason in ("I answer in French or English", "je réponds en français ou en anglais")


def test_where_there_is_no_answer_it_is_said_too(advisor):
    answer = advisor.ask("Was kostet ein Döner in Berlin am Wochenende?")
    assert answer.status != "answered"
    assert answer.reason.startswith(("I answer in", "je réponds en"))
