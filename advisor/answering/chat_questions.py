"""What a chat model is asked beside the answer: a follow-up rewritten, a compound question split. Neither is trusted."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.answering.draft_reader import LIST_MARK
from advisor.answering.follow_up import is_follow_up
from advisor.answering.prompting import prompts_of, rewriting_messages, splitting_messages
from advisor.models.chat import ChatFailure, ChatModel
from advisor.text.figures import figures
from advisor.text.language import language_rules
from advisor.text.names import names
from advisor.text.phrases import phrase_pattern
from advisor.text.plain import detect_language, fold, has_words
from advisor.text.terms import term_set
from advisor.types import Language, ModelUse

_MOST_PARTS = 3
_LONGEST_QUESTION = 300  # characters of a question that a model wrote
_OWN_WORDS = 0.7  # share of its words that must come from the conversation
_KEPT_WORDS = 0.5  # share that it must keep of the asker's words, and of the subject's
_SIDE_SECONDS = 10.0  # for a question rewritten or split: the answer is still to come


def rewritten_question(chat: ChatModel, by_rule: str, history: Sequence[str], language: Language, use: ModelUse) -> str:
    """A follow-up question with its subject, by the model; by rule where what it writes cannot be trusted.

    :param by_rule: the question with its subject, as `FollowUp.standalone` puts them together.
    """
    try:
        written = chat.complete(
            rewriting_messages(prompts_of(chat), by_rule, history, language),
            use,
            seconds=_SIDE_SECONDS,
        )
    except ChatFailure:
        return by_rule
    lines = [line.strip(' \u00a0-*"«»“”') for line in written.splitlines() if has_words(line)]
    return lines[0] if len(lines) == 1 and _is_faithful(lines[0], by_rule, history, language) else by_rule


def sub_questions(chat: ChatModel, question: str, language: Language, use: ModelUse) -> list[str]:
    """The simple questions in a compound one; none when it is simple, or the model's are not made of its words."""
    if not _is_compound(question, language) or is_follow_up(question, language):
        return []
    try:
        written = chat.complete(splitting_messages(prompts_of(chat), question, language), use, seconds=_SIDE_SECONDS)
    except ChatFailure:
        return []
    lines = [LIST_MARK.sub("", line).strip() for line in written.splitlines() if line.rstrip().endswith("?")]
    faithful = [line for line in lines if _is_made_of(line, [question], language)]
    return faithful if 1 < len(faithful) <= _MOST_PARTS and len(faithful) == len(lines) else []


def _is_compound(question: str, language: Language) -> bool:
    """Whether a question has two question marks, or a second part that asks: "and how"."""
    rules = language_rules(language)
    joined = tuple(f"{word} {asking}" for word in rules.figures.conjunction for asking in rules.interrogatives)
    return question.count("?") > 1 or bool(phrase_pattern(joined).search(fold(question)))


def _is_faithful(written: str, question: str, history: Sequence[str], language: Language) -> bool:
    """Whether a question keeps both what is asked now and, of what was asked before, the subject."""
    asked, before, own = (term_set(text, language) for text in (question, " ".join(history), written))
    kept = (len(part & own) >= _KEPT_WORDS * len(part) for part in (asked & before, asked - before))
    return all(kept) and _is_made_of(written, [question, *history], language)


def _is_made_of(written: str, said: Sequence[str], language: Language) -> bool:
    """Whether a question is one, in the right language, of the words said before, with no figure or name of its own."""
    if len(written) > _LONGEST_QUESTION or not written.endswith("?") or detect_language(written) != language:
        return False
    before = " ".join(said)
    own, known = term_set(written, language), term_set(before, language)
    new_figures = {figure.key for figure in figures(written)} - {figure.key for figure in figures(before)}
    new_names = set(names(written)) - set(names(before)) - {fold(word) for word in before.split()}
    return bool(own) and not new_figures and not new_names and len(own & known) >= _OWN_WORDS * len(own)
