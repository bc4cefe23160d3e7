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
        ("What is FinOps, and how do we report to the board?", "en", ["What is FinOps", "how do we report to the board?"]),
        (
            "qu'est-ce que le finops et comment parler au conseil",
            "fr",
            ["qu'est-ce que le finops", "comment parler au conseil"],
        ),
        (
            "Faut-il un comité IA ? Faut-il passer au multicloud ?",
            "fr",
            ["Faut-il un comité IA ?", "Faut-il passer au multicloud ?"],
        ),
        ("Should the CISO report to the CTO? Who decides that?", "en", []),
        ("Faut-il un comité IA ? Qui en décide ?", "fr", []),
        ("How do we cut costs and risks?", "en", []),
        ("We are 30 people. How do we start with FinOps?", "en", []),
    ],
)
def test_questions_of_a_message(message: str, language: Language, questions: list[str]) -> None:
    assert questions_in(message, language)[1] == questions


def test_what_is_told_goes_before_each_question() -> None:
    told, asked = questions_in("Our bill doubled. How do we start with FinOps? And what do boards want to hear?", "en")
    assert (told, asked) == ("Our bill doubled.", ["How do we start with FinOps?", "what do boards want to hear?"])


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
    assert answer.reason == "Sans réponse dans le corpus : « combien coûte une licence Jira pour 80 personnes ? »"


def test_a_message_that_is_answered_as_one_question_stays_whole(advisor: Advisor) -> None:
    answer = advisor.ask("What is a platform team? When is a platform team too early?")
    assert answer.status == "answered"
    assert not any(group.endswith("?") for group in groups(answer))
    assert answer.reason is None


def test_a_message_of_which_nothing_is_covered_is_refused(advisor: Advisor) -> None:
    answer = advisor.ask("Who won the last Champions League? What will the weather be in Lyon tomorrow?")
    assert answer.status == "abstained"
