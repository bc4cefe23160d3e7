"""Follow-up questions get their subject."""

from __future__ import annotations

import pytest

from advisor.answering.follow_up import FollowUp, asks_for_more, is_follow_up, resolve
from advisor.text.plain import detect_language
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
    found = resolve(question, [FIRST[language]], language)
    assert (found.own, found.subject) == (question, FIRST[language])
    assert question in found.standalone(language)
    assert FIRST[language] in found.standalone(language)


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Quels indicateurs DORA suivre pour mesurer la livraison ?", "fr"),
        ("Quelle est la place du CTO au comité de direction ?", "fr"),
        ("Pour quelles raisons peut-on extraire un microservice d’un monolithe ?", "fr"),
        ("Que doit contenir le premier paragraphe d’une note au conseil ?", "fr"),
        ("In what order should applications move to the cloud?", "en"),
        ("Which DORA metrics should an engineering team track?", "en"),
        ("Why is it harder to bill teams for their Kubernetes costs?", "en"),
        ("Comment l’entreprise mesure-t-elle ses équipes de plateforme ?", "fr"),
    ],
)
def test_a_new_subject_is_left_alone(question: str, language: Language) -> None:
    assert resolve(question, [FIRST[language]], language) == FollowUp(question)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_first_question_is_left_alone(language: Language) -> None:
    assert resolve("Pourquoi ?", [], language) == FollowUp("Pourquoi ?")


def test_a_chain_keeps_its_first_subject() -> None:
    history = [FIRST["fr"]]
    for question in ("Pourquoi ?", "Et combien ?", "Et ensuite ?"):
        assert resolve(question, history, "fr").subject == FIRST["fr"]
        history.append(question)


def test_a_new_subject_replaces_the_old_one() -> None:
    new = "Quels indicateurs DORA suivre pour mesurer la livraison ?"
    assert resolve("Pourquoi ?", [FIRST["fr"], new], "fr").subject == new


@pytest.mark.parametrize("own", ["Why (about: cloud)?", "Pourquoi (à propos de : cloud) ?"])
def test_a_subject_that_the_asker_writes_is_theirs(own: str) -> None:
    """What a person puts in brackets is part of the question, and never taken for its subject."""
    assert resolve(own, [], "en") == FollowUp(own)
    assert resolve(own, [FIRST["en"]], "en").own == own


@pytest.mark.parametrize(
    ("question", "left", "language"),
    [
        ("OK. Sur un autre sujet : tous les combien revoir mon mandat ?", "tous les combien revoir mon mandat ?", "fr"),
        ("Sinon, question sécurité : combien d’incidents en 2025 ?", "sécurité : combien d’incidents en 2025 ?", "fr"),
        ("Thanks. On another topic, who owns the SLO?", "who owns the SLO?", "en"),
    ],
)
def test_words_that_change_the_subject_are_left_out(question: str, left: str, language: Language) -> None:
    assert resolve(question, [FIRST[language]], language) == FollowUp(left)


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
    assert asks_for_more(question, detect_language(question)) == more
