"""What a conversation is answered from, and at what length: the line below the field, and the sheet where it is chosen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from advisor.api.pool import QuestionPool
from advisor.api.schemas import AnswerLength, Within
from advisor.index.catalog import ListedDocument
from advisor.limits import SEARCH
from advisor.text.plain import fold
from advisor.types import Language
from advisor.ui.conversation_routes import Owner
from advisor.ui.texts import SCOPE_TEXTS, TAB_TEXTS, TEXTS, Texts

_MOST_DOCUMENTS = 50  # listed at once


class PageManner(Within):
    """What the page sends with a question: the documents to answer from, and the length of the answer."""

    length: AnswerLength = "full"


def scope_routes(pool: QuestionPool) -> APIRouter:
    """`/page/scope`: a fragment for the page's own script. The index may have changed since the page was built."""
    router = APIRouter(prefix="/page", include_in_schema=False)

    @router.get("/scope", response_class=HTMLResponse)
    def choices(_user: Owner, language: Language, search: Annotated[str, Query(max_length=SEARCH.most)] = "") -> str:
        return render_choices(pool.advisor.index.catalog.listing(), search, TEXTS[language])

    return router


def render_options(texts: Texts) -> str:
    """The line below the field; the page's script says in it what is searched, and how long answers are."""
    words = SCOPE_TEXTS[texts.language]
    names = {**texts.topics, **{f"written:{code}": name for code, name in TAB_TEXTS[texts.language].languages.items()}}
    hint = escape(words.short_hint)
    return (
        f'<div class="options" data-names="{escape(json.dumps(names, ensure_ascii=False))}" '
        f'data-search-in="{escape(words.search_in)}" data-everything="{escape(words.everything)}"><span class="chip">'
        f'<button type="button" class="open-scope" aria-haspopup="dialog"><span>'
        f"{escape(words.search_in.format(words.everything))}</span></button>"
        f'<button type="button" class="widen" aria-label="{escape(words.widen)}" title="{escape(words.widen)}" hidden>×'
        f'</button></span><button type="button" class="shorten" aria-pressed="false" title="{hint}">{escape(words.short)}'
        "</button></div>"
    )


def render_scope_sheet(texts: Texts) -> str:
    """The content of the sheet: a field to find what to search in, what it found, and the language of documents."""
    words, tabs = SCOPE_TEXTS[texts.language], TAB_TEXTS[texts.language]
    find = escape(words.find)
    languages: dict[str, str] = {"": tabs.any_language} | {str(code): name for code, name in tabs.languages.items()}
    written = "".join(
        f'<label><input type="radio" name="written" value="{code}"{"" if code else " checked"}> {escape(name)}</label>'
        for code, name in languages.items()
    )
    return (
        f'<form class="content" data-failed="{escape(words.failed)}">'
        f'<input type="search" maxlength="{SEARCH.most}" aria-label="{find}" placeholder="{find}">'
        f'<label><input type="radio" name="where" checked> {escape(words.everything.capitalize())}</label>'
        f'<div class="choices"></div><fieldset class="row"><legend>{escape(tabs.language)}</legend>{written}'
        "</fieldset></form>"
    )


def render_choices(listing: Sequence[ListedDocument], search: str, texts: Texts) -> str:
    """The topics and the documents whose names hold the words, as choices; those in the reader's language first."""
    words, wanted = SCOPE_TEXTS[texts.language], fold(search).split()

    def is_wanted(name: str) -> bool:
        return all(word in fold(name) for word in wanted)

    topics = {one.topic: texts.topics.get(one.topic, one.topic) for one in listing if one.topic}
    of_topics = [
        f'<label><input type="radio" name="where" data-topic="{escape(code)}"> {escape(name)}</label>'
        for code, name in sorted(topics.items(), key=lambda item: fold(item[1]))
        if is_wanted(f"{code} {name}")
    ]
    found = [one for one in listing if is_wanted(f"{one.title} {one.id}")]
    found.sort(key=lambda one: (one.language != texts.language, fold(one.title)))
    documents = [_document(one, texts) for one in found[:_MOST_DOCUMENTS]]
    more = words.more.format(_MOST_DOCUMENTS, len(found)) if len(found) > _MOST_DOCUMENTS else ""
    nothing = "" if of_topics or documents else words.none_found
    said = f'<p role="status">{escape(more or nothing)}</p>' if more or nothing else ""
    return _group(words.topics, of_topics, "row") + _group(words.documents, documents, "") + said


def _document(one: ListedDocument, texts: Texts) -> str:
    language = TAB_TEXTS[texts.language].languages[one.language]
    return (
        f'<label><input type="radio" name="where" data-document="{escape(one.id)}" '
        f'data-title="{escape(one.title)}"> <span><span lang="{one.language}">{escape(one.title)}</span> '
        f"<small>{escape(language)}</small></span></label>"
    )


def _group(title: str, choices: Sequence[str], name: str) -> str:
    return f'<fieldset class="{name}"><legend>{escape(title)}</legend>{"".join(choices)}</fieldset>' if choices else ""
