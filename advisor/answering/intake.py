"""What a question must be to be taken, and the language it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.answering.follow_up import FollowUp, resolve
from advisor.answering.small_talk import asked_again, spoken_in
from advisor.errors import QuestionError
from advisor.limits import HISTORY, Limit
from advisor.settings import Settings
from advisor.text.plain import detect_language
from advisor.types import Language, Length

_TOO_SHORT_TO_TELL = 2  # words


@dataclass(frozen=True, slots=True)
class Taken:
    """A question that was taken, as it is answered.

    `history` are the questions before what is meant; `again` says that the answer before is wanted in another language or
    `length`.
    """

    asked: str
    history: list[str]
    language: Language
    follow_up: FollowUp
    again: bool
    length: Length | None


def take(question: str, history: Sequence[str], language: Language | None, settings: Settings) -> Taken:
    """The question, cleaned, with what it goes on from; its language is detected when None.

    :raises QuestionError: when it, or its history, cannot be taken.
    """
    asked, before = check_question(question, settings), check_history(history, settings)
    language = language or question_language(asked, before)
    before = [earlier for earlier in before if not asked_again(earlier, language)]  # these ask nothing of their own
    again = asked_again(asked, language) if before else None
    meant, before = (before[-1], before[:-1]) if again else (asked, before)
    language, length = (again.asks_for or language, again.length) if again else (language, None)
    return Taken(asked, before, language, resolve(meant, before, language), bool(again), length)


def check_question(question: str, settings: Settings) -> str:
    """The question without the white space around it and without control characters.

    :raises QuestionError: when it is empty, holds no letter, or is too long.
    """
    _refuse(Limit("the question", settings.max_question_chars).excess(question))
    cleaned = _visible(question)
    if not cleaned:
        message = "the question is empty. Ask something in French or English"
        raise QuestionError(message)
    if not any(c.isalpha() for c in cleaned):
        message = "the question holds no letters. Ask something in French or English"
        raise QuestionError(message)
    return cleaned


def check_history(history: Sequence[str], settings: Settings) -> list[str]:
    """The questions asked before, each cleaned as a question is; they may say nothing.

    :raises QuestionError: when there are too many, or one is too long.
    """
    _refuse(HISTORY.excess(history))
    longest = Limit("a question of the history", settings.max_question_chars)
    for asked in history:
        _refuse(longest.excess(asked))
    return [_visible(asked) for asked in history]


def remembered(asked: Sequence[str]) -> list[str]:
    """Of the questions of a conversation, oldest first, those that the next one can go on from."""
    return list(asked[-HISTORY.most :])


def _visible(text: str) -> str:
    """On one line, without control characters and what is half of a character."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else " " for c in text).split())


def _refuse(reason: str) -> None:
    if reason:
        raise QuestionError(reason)


def question_language(question: str, history: Sequence[str]) -> Language:
    """The language of a question; a short follow-up speaks the language of what it follows."""
    said = [asked for asked in history if asked]
    if said and len(question.split()) <= _TOO_SHORT_TO_TELL:
        return detect_language(said[-1])
    return spoken_in(question) or detect_language(question)
