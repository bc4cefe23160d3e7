"""Two or three questions in one message: each is answered, or named as not answered."""

from __future__ import annotations

import pytest

from advisor.advisor import Advisor
from advisor.answering.compound import questions_in
from advisor.types import Answer, Language


def groups(answer: Answer) -> list[str]:
    return list(dict.fromkeys(sentence.group for sentence in answer.sentences))


@pytest.mark.parametrize(
    ("message", "language", "questions"),
    [
        ("What is FinOps? What is NIS2?", "en", ["What is FinOps?", "What is NIS2?"]),
        ("How do we start with FinOps, and how do we report to the board?", "en",
         ["How do we start with FinOps?", "How do we report to the board?"]),
        ("comment démarrer le finops et comment parler au conseil", "fr",
         ["Comment démarrer le finops\u00a0?", "Comment parler au conseil\u00a0?"]),
        ("Faut-il un comité IA ? Et faut-il passer au multicloud ?", "fr",
         ["Faut-il un comité IA ?", "Faut-il passer au multicloud ?"]),
        ("What is a platform team?! What is FinOps?", "en", ["What is a platform team?!", "What is FinOps?"]),
        ("Should the CISO report to the CTO? Who decides that?", "en", []),
        ("Faut-il un comité IA ? Qui en décide ?", "fr", []),
        ("How do we cut costs and risks?", "en", []),
        ("For how long and how far can a clause bind me in California?", "en", []),
        ("We are 30 people. How do we start with FinOps?", "en", []),
        ("Our bill doubled. Where do we look first? What do boards want to hear?", "en", []),
        ("When and how should we migrate to the cloud?", "en", []),
        ("How do I hire engineers who care and who stay?", "en", []),
        ("What is the difference between what a CTO does and what a CIO does?", "en", []),
        ("Dois-je dire au conseil que le projet est en retard et que le budget est dépassé ?", "fr", []),
        ("Quel préavis et quelle durée pour un contrat cloud ?", "fr", []),
        ("Qui est pour et qui est contre la mesure par personne ?", "fr", []),
        ("and", "en", []),
        ("et " * 660, "fr", []),
        ("?", "en", []),
    ],
)  # fmt: skip
def test_questions_of_a_message(message: str, language: Language, questions: list[str]) -> None:
    assert questions_in(message, language) == questions


def test_both_questions_are_answered_under_their_own_words(advisor: Advisor) -> None:
    answer = advisor.ask("What is FinOps? How do we report technology to the board?")
    assert groups(answer) == ["What is FinOps?", "How do we report technology to the board?"]
    assert {citation.document for citation in answer.citations} == {"en/finops.md", "en/board-communication.md"}
    assert [citation.marker for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert "\n\nWhat is FinOps?\n\n" in "\n\n" + answer.text
    assert answer.reason is None


def test_the_half_that_is_not_covered_is_named(advisor: Advisor) -> None:
    answer = advisor.ask("Comment réduire notre dette technique ? Et combien coûte une licence Jira pour 80 personnes ?")
    assert answer.status == "answered"
    assert groups(answer) == ["Comment réduire notre dette technique ?"]
    assert answer.reason == "Sans réponse sûre dans le corpus : « Combien coûte une licence Jira pour 80 personnes ? »"


def test_a_message_that_is_answered_as_one_question_stays_whole(advisor: Advisor) -> None:
    answer = advisor.ask("What is a platform team? When is a platform team too early?")
    assert answer.status == "answered"
    assert not any(group.endswith("?") for group in groups(answer))
    assert answer.reason is None


def test_a_message_of_which_nothing_is_covered_is_refused(advisor: Advisor) -> None:
    answer = advisor.ask("Who won the last Champions League? What will the weather be in Lyon tomorrow?")
    assert answer.status == "abstained"


def test_a_message_that_a_curator_answers_is_not_taken_apart(advisor: Advisor) -> None:
    answer = advisor.ask("How much notice and what fees apply if we leave our cloud provider in Europe?")
    assert answer.writer == "curated"
    assert answer.reason is None


def test_what_else_after_two_questions_repeats_nothing(advisor: Advisor) -> None:
    asked = "What is a platform team? How do we start with FinOps?"
    said, more = advisor.ask(asked), advisor.ask("What else?", history=[asked])
    assert len(groups(said)) == 2
    assert not {each.text for each in said.sentences} & {each.text for each in more.sentences}


def test_two_questions_are_two_in_the_other_language_too(advisor: Advisor) -> None:
    asked = "What is a platform team? How do we start with FinOps?"
    again = advisor.ask("In French, please", history=[asked])
    assert again.language == "fr"
    assert groups(again) == ["What is a platform team?", "How do we start with FinOps?"]
