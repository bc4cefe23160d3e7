"""The Questions tab as HTML: pure functions. Whatever comes from a document or a person is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from urllib.parse import urlencode

from advisor.features.curated_answers import ChoosableLine, Kept, Refusal, ShownAs
from advisor.features.worklist import OpenQuestion, Remark
from advisor.index.catalog import ListedDocument
from advisor.limits import SEARCH
from advisor.types import Language
from advisor.ui.answer_view import render_answer
from advisor.ui.corpus_view import error_in_words
from advisor.ui.texts import CHAT_TEXTS, QUESTION_TEXTS, TAB_TEXTS, TEXTS


def render_desk(language: Language) -> str:
    """The search, and where the questions and the editor are shown."""
    words = QUESTION_TEXTS[language]
    search = escape(words.search)
    return (
        f'<div class="tab-page"><h1>{escape(words.title)}</h1><div class="listing" data-failed="{escape(words.failed)}" '
        f'data-gone="{escape(words.gone)}"><p class="lead">{escape(words.lead)}</p><form role="search">'
        f'<input type="search" name="search" maxlength="{SEARCH.most}" aria-label="{search}" placeholder="{search}">'
        f'<button type="button" class="push make" data-question="">{escape(words.new)}</button></form>'
        '<p class="said" role="status"></p><div class="results"></div></div>'
        '<section class="editor" tabindex="-1"></section></div>'
    )


def render_questions(found: Sequence[OpenQuestion], most: int, language: Language, *, searched: bool, logged: bool) -> str:
    """The first of the questions to work on, each with what can be done about it.

    :param logged: whether questions without an answer are kept.
    """
    words = QUESTION_TEXTS[language]
    hint = "" if logged else f'<p class="hint">{escape(words.log_off)}</p>'
    if not found:
        return f'<p class="count">{escape(words.none_found if searched else words.none_open)}</p>{hint}'
    count = words.shown.format(most, len(found)) if len(found) > most else words.count.format(len(found))
    rows = "".join(_question(one, language) for one in found[:most])
    return f'<p class="count">{escape(count)}</p>{hint}<ul>{rows}</ul>'


def _question(one: OpenQuestion, language: Language) -> str:
    words, texts = QUESTION_TEXTS[language], TEXTS[language]
    counted = ((words.refused, one.refused), (words.judged, len(one.remarks)))
    facts = [said[times > 1].format(times) for said, times in counted if times]
    facts += [words.last.format(texts.date(one.last)), TAB_TEXTS[language].languages[one.language]]
    near = f'<p class="kind">{escape(words.near.format(", ".join(one.nearest)))}</p>' if one.nearest else ""
    remarks = "".join(f"<li>{said}</li>" for said in (_remark(remark, language) for remark in one.remarks) if said)
    listed = f'<ul class="remarks">{remarks}</ul>' if remarks else ""
    question = escape(one.question)
    return (
        f'<li class="open"><h2 lang="{one.language}">{question}</h2><p class="kind">{escape(" · ".join(facts))}</p>{near}'
        f'{listed}<div class="after">'
        f'<button type="button" class="push make" data-question="{question}">{escape(words.make)}</button>'
        f'<button type="button" class="act word aside" data-question="{question}">{escape(words.set_aside)}</button>'
        "</div></li>"
    )


def _remark(remark: Remark, language: Language) -> str:
    """The reason and the comment of a reader; "" where there is neither."""
    reason = CHAT_TEXTS[language].reasons.get(remark.reason, "")
    comment = f"<q>{escape(remark.comment)}</q>" if remark.comment else ""
    return " ".join(filter(None, (escape(reason), comment)))


def render_editor(
    question: str, nearest: Sequence[ListedDocument], every: Sequence[ListedDocument], language: Language
) -> str:
    """The form in which an answer is put together; the page's script shows the lines and the answer.

    :param nearest: the documents nearest to the question; the first of them is chosen.
    """
    words = QUESTION_TEXTS[language]
    groups = "".join(
        f'<optgroup label="{escape(label)}">{"".join(map(_option, documents))}</optgroup>'
        for label, documents in ((words.nearest, nearest), (words.every_document, every))
        if documents
    )
    find = escape(words.find_lines)
    return (
        f'<button type="button" class="act word leave">← {escape(words.back)}</button><h2>{escape(words.editor)}</h2>'
        f'<form class="making" data-failed="{escape(words.failed)}" data-saving="{escape(words.saving)}" '
        f'data-unsaved="{escape(words.unsaved)}">'
        f'<label>{escape(words.question)}<textarea name="question" rows="2">{escape(question)}</textarea></label>'
        f'<label>{escape(words.phrasings)}<span class="kind">{escape(words.phrasings_hint)}</span>'
        '<textarea name="phrasings" rows="3"></textarea></label>'
        f'<label>{escape(words.document)}<select name="document">{groups}</select></label><div class="columns">'
        f'<section aria-labelledby="lines-title"><h3 id="lines-title">{escape(words.lines)}</h3>'
        f'<p class="kind">{escape(words.lines_hint)}</p>'
        f'<input type="search" name="find" maxlength="{SEARCH.most}" aria-label="{find}" placeholder="{find}">'
        '<div class="lines" tabindex="0" role="group" aria-labelledby="lines-title"></div></section>'
        f'<section class="side" aria-labelledby="preview-title"><h3 id="preview-title">{escape(words.preview)}</h3>'
        f'<div class="preview" aria-live="polite" data-empty="{escape(words.nothing_chosen)}"></div>'
        f'<button type="submit" class="push primary">{escape(words.save)}</button>'
        '<div class="outcome-of-saving" role="alert"></div></section></div></form>'
    )


def _option(document: ListedDocument) -> str:
    return (
        f'<option value="{escape(document.id)}" lang="{document.language}">{escape(document.title)} '
        f"({escape(document.id)})</option>"
    )


def render_lines(lines: Sequence[ChoosableLine], total: int, language: Language) -> str:
    """The lines of a document under their headings, to be chosen by a click."""
    words = QUESTION_TEXTS[language]
    if not lines:
        return f'<p class="kind">{escape(words.no_lines)}</p>'
    more = f'<p class="kind">{escape(words.more_lines.format(len(lines), total))}</p>' if total > len(lines) else ""
    parts = [more]
    for heading, some in groupby(lines, key=lambda line: line.heading):
        name = f"<h4>{escape(' › '.join(heading))}</h4>" if heading else ""
        parts.append(f"{name}{''.join(_line(line, language) for line in some)}")
    return "".join(parts)


def _line(line: ChoosableLine, language: Language) -> str:
    text = escape(line.text)
    if not line.is_alone:
        return f'<p class="line not-alone">{text} <span class="kind">{escape(QUESTION_TEXTS[language].not_alone)}</span></p>'
    return (
        f'<button type="button" class="line" aria-pressed="false" data-line="{text}"><span class="order"></span>'
        f"<span>{text}</span></button>"
    )


def render_previews(shown: Sequence[ShownAs], language: Language) -> str:
    """The answer as readers see it, for each language that it is given in."""
    words = QUESTION_TEXTS[language]
    return "".join(
        f'<p class="kind">{escape(words.seen_as[one.language])}</p><article class="turn" lang="{one.language}">'
        f'<div class="answer">{render_answer(one.answer, TEXTS[one.language])}</div></article>'
        for one in shown
    )


def render_refusal(refusal: Refusal, language: Language) -> str:
    """Why an answer cannot be kept."""
    return f'<p class="outcome">{escape(QUESTION_TEXTS[language].refusals[refusal.why].format(refusal.detail))}</p>'


def render_kept_answer(kept: Kept, question: str, language: Language) -> str:
    """Where an answer is kept, and whether it is given from now on."""
    words = QUESTION_TEXTS[language]
    if kept.problem:
        said = escape(words.not_indexed.format(error_in_words(kept.problem, TEXTS[language])))
    else:
        said = escape(words.given if kept.is_answered else words.not_given)
    address = escape(f"/{language}/?{urlencode({'q': question})}")
    return (
        f'<div class="outcome"><p>{escape(words.saved.format(kept.file))} {said}</p></div>'
        f'<div class="after"><button type="button" class="push leave">{escape(words.back)}</button>'
        f'<a href="{address}">{escape(words.ask)}</a></div>'
    )
