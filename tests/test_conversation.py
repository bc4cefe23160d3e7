"""Follow-up questions get their subject."""

from __future__ import annotations

import pytest

from advisor.answering.follow_up import asks_for_more, is_follow_up, parts, standalone_question
from advisor.types import Language

FIRST: dict[Language, str] = {
    "fr": "Comment réduire la facture du cloud avec le FinOps ?",
    "en": "How can FinOps reduce the cloud bill of a company?",
}


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Et pourquoi cela a-t-il échoué ?", "fr"),
        ("Pourquoi ?", "fr"),
        ("Oui", "fr"),
        ("Et pour une petite équipe ?", "fr"),
        ("Combien ça coûte ?", "fr"),
        ("Même avec une seule équipe ?", "fr"),
        ("Pour une PME ?", "fr"),
        ("Au bout de combien de temps ?", "fr"),
        ("Lesquelles ?", "fr"),
        ("Pourquoi s’en méfier ?", "fr"),
        ("Le code source, il faut le marquer aussi ?", "fr"),
        ("Quels sont les pièges ?", "fr"),
        ("Quelles erreurs éviter ?", "fr"),
        ("what does the last one include?", "en"),
        ("what else?", "en"),
        ("What are the drawbacks?", "en"),
        ("any other risks?", "en"),
        ("any example of a company?", "en"),
        ("Why?", "en"),
        ("And for a small team?", "en"),
        ("How much does it cost?", "en"),
        ("What about security?", "en"),
        ("for everyone?", "en"),
        ("when should we split the two?", "en"),
        ("Lequel choisir entre les deux ?", "fr"),
    ],
)
def test_a_follow_up_gets_the_subject(question: str, language: Language) -> None:
    assert is_follow_up(question, language)
    full = standalone_question(question, [FIRST[language]], language)
    assert full.startswith(question)
    assert FIRST[language] in full


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Quels indicateurs DORA suivre pour mesurer la livraison ?", "fr"),
        ("Quelle est la place du CTO au comité de direction ?", "fr"),
        ("Pour quelles raisons peut-on extraire un microservice d’un monolithe ?", "fr"),
        ("Que doit contenir le premier paragraphe d’une note au conseil ?", "fr"),
        ("In what order should applications move to the cloud?", "en"),
        ("Which DORA metrics should an engineering team track?", "en"),
    ],
)
def test_a_new_subject_is_left_alone(question: str, language: Language) -> None:
    assert standalone_question(question, [FIRST[language]], language) == question


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_first_question_is_left_alone(language: Language) -> None:
    assert standalone_question("Pourquoi ?", [], language) == "Pourquoi ?"


def test_a_chain_keeps_its_first_subject() -> None:
    """The subject is not wrapped again at each turn."""
    history = [FIRST["fr"]]
    for question in ("Pourquoi ?", "Et combien ?", "Et ensuite ?"):
        history.append(standalone_question(question, history, "fr"))
    assert history[1:] == [f"{q} (à propos de : {FIRST['fr']})" for q in ("Pourquoi ?", "Et combien ?", "Et ensuite ?")]


def test_a_new_subject_replaces_the_old_one() -> None:
    new = "Quels indicateurs DORA suivre pour mesurer la livraison ?"
    assert standalone_question("Pourquoi ?", [FIRST["fr"], new], "fr") == f"Pourquoi ? (à propos de : {new})"


@pytest.mark.parametrize(
    ("question", "left", "language"),
    [
        ("OK. Sur un autre sujet : tous les combien revoir mon mandat ?", "tous les combien revoir mon mandat ?", "fr"),
        ("Sinon, question sécurité : combien d’incidents en 2025 ?", "combien d’incidents en 2025 ?", "fr"),
        ("Thanks. On another topic, who owns the SLO?", "who owns the SLO?", "en"),
    ],
)
def test_words_that_change_the_subject_are_left_out(question: str, left: str, language: Language) -> None:
    full = standalone_question(question, [FIRST[language]], language)
    assert full == left


def test_thanks_alone_are_left_as_they_are() -> None:
    assert parts(standalone_question("Merci !", [FIRST["fr"]], "fr"))[0] == "Merci !"


def test_the_parts_of_a_question_that_was_put_together() -> None:
    assert parts(standalone_question("Why?", [FIRST["en"]], "en")) == ("Why?", FIRST["en"])
    assert parts("Why (in short)?") == ("Why (in short)?", "")


@pytest.mark.parametrize(
    ("question", "more"),
    [
        ("Et ensuite ?", True),
        ("Quoi d’autre ?", True),
        ("Oui, donne les étapes suivantes", True),
        ("what else?", True),
        ("And then?", True),
        ("any other examples?", True),
        ("Et pourquoi ?", False),
        ("Et ensuite, combien de temps cela prend-il ?", False),
        ("is that proven?", False),
    ],
)
def test_what_asks_for_more(question: str, more: bool) -> None:
    assert asks_for_more(question) == more
