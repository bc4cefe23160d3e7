"""The Questions tab as HTML: what its templates are given."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup

from advisor.features.curated_answers import ChoosableLine, Kept, Refusal, ShownAs
from advisor.features.worklist import OpenQuestion
from advisor.index.catalog import ListedDocument
from advisor.limits import SEARCH
from advisor.types import Language
from advisor.ui.answer_view import render_answer
from advisor.ui.corpus_view import error_in_words
from advisor.ui.rendering import render
from advisor.ui.texts import CHAT_TEXTS, QUESTION_TEXTS, TAB_TEXTS, TEXTS


def render_desk(language: Language) -> Markup:
    """The search, and where the questions and the editor are shown."""
    return render("questions_desk", language, longest_search=SEARCH.most)


def render_questions(
    found: Sequence[OpenQuestion], most: int, language: Language, *, searched: bool, logged: bool
) -> Markup:
    """The first of the questions to work on, each with what can be done about it.

    :param logged: whether questions without an answer are kept.
    """
    words = QUESTION_TEXTS[language]
    count = words.shown.format(most, len(found)) if len(found) > most else words.count.format(len(found))
    if not found:
        count = words.none_found if searched else words.none_open
    questions = [(one, _facts(one, language), _remarks(one, language)) for one in found[:most]]
    return render("questions", language, count=count, logged=logged, questions=questions)


def _facts(one: OpenQuestion, language: Language) -> list[str]:
    words, texts = QUESTION_TEXTS[language], TEXTS[language]
    counted = ((words.refused, one.refused), (words.judged, len(one.remarks)))
    facts = [said[times > 1].format(times) for said, times in counted if times]
    return [*facts, words.last.format(texts.date(one.last)), TAB_TEXTS[language].languages[one.language]]


def _remarks(one: OpenQuestion, language: Language) -> list[tuple[str, str]]:
    """The reason and the comment of each reader who gave one of them."""
    reasons = CHAT_TEXTS[language].reasons
    said = ((reasons.get(remark.reason, ""), remark.comment) for remark in one.remarks)
    return [each for each in said if any(each)]


def render_editor(
    question: str, nearest: Sequence[ListedDocument], every: Sequence[ListedDocument], language: Language
) -> Markup:
    """The form in which an answer is put together; the page's script shows the lines and the answer.

    :param nearest: the documents nearest to the question; the first of them is chosen.
    """
    return render("editor", language, question=question, nearest=nearest, every=every, longest_search=SEARCH.most)


def render_lines(lines: Sequence[ChoosableLine], total: int, language: Language) -> Markup:
    """The lines of a document under their headings, to be chosen by a click."""
    more = QUESTION_TEXTS[language].more_lines.format(len(lines), total) if total > len(lines) else ""
    groups = [(heading, list(some)) for heading, some in groupby(lines, key=lambda line: line.heading)]
    return render("lines", language, groups=groups, more=more)


def render_previews(shown: Sequence[ShownAs], language: Language) -> Markup:
    """The answer as readers see it, for each language that it is given in."""
    previews = [(one.language, render_answer(one.answer, TEXTS[one.language])) for one in shown]
    return render("previews", language, previews=previews)


def render_refusal(refusal: Refusal, language: Language) -> Markup:
    """Why an answer cannot be kept."""
    said = QUESTION_TEXTS[language].refusals[refusal.why].format(refusal.detail)
    return render("message", language, message=said, announced=False, title="")


def render_kept_answer(kept: Kept, question: str, language: Language) -> Markup:
    """Where an answer is kept, and whether it is given from now on."""
    words = QUESTION_TEXTS[language]
    said = words.given if kept.is_answered else words.not_given
    if kept.problem:
        said = words.not_indexed.format(error_in_words(kept.problem, TEXTS[language]))
    return render("kept_answer", language, file=kept.file, said=said, question=question)
