"""What a question must be to be taken, and the language it is in."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.errors import QuestionError
from advisor.settings import Settings
from advisor.text.plain import detect_language
from advisor.types import Language

_TOO_SHORT_TO_TELL = 2  # words


def check_question(question: str, settings: Settings) -> str:
    """The question without the white space around it and without control characters.

    :raises QuestionError: when it is empty, holds no letter, or is too long.
    """
    if len(question) > settings.max_question_chars:
        message = f"the question has {len(question):,} characters; at most {settings.max_question_chars:,} are taken"
        raise QuestionError(message)
    visible = "".join(c if c.isprintable() or c.isspace() else " " for c in question)
    cleaned = " ".join(visible.split())
    if not cleaned:
        message = "the question is empty. Ask something in French or English"
        raise QuestionError(message)
    if not any(c.isalpha() for c in cleaned):
        message = "the question holds no letters. Ask something in French or English"
        raise QuestionError(message)
    return cleaned


def question_language(question: str, history: Sequence[str]) -> Language:
    """The language of a question; a short follow-up speaks the language of what it follows."""
    if history and len(question.split()) <= _TOO_SHORT_TO_TELL:
        return detect_language(history[-1])
    return detect_language(question)
