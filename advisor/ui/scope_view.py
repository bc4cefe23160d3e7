"""What a conversation is answered from, and at what length: the line below the field, and the sheet where it is chosen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from advisor.api.pool import QuestionPool
from advisor.api.schemas import AnswerLength, Within
from advisor.index.catalog import ListedDocument
from advisor.limits import SEARCH
from advisor.text.plain import fold
from advisor.types import Language
from advisor.ui.conversation_routes import Owner
from advisor.ui.rendering import render
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


def render_options(texts: Texts) -> Markup:
    """The line below the field; the page's script says in it what is searched, and how long answers are."""
    languages = TAB_TEXTS[texts.language].languages
    names = {**texts.topics, **{f"written:{code}": name for code, name in languages.items()}}
    return render("options", texts.language, names=json.dumps(names, ensure_ascii=False))


def render_choices(listing: Sequence[ListedDocument], search: str, texts: Texts) -> Markup:
    """The topics and the documents whose names hold the words, as choices; those in the reader's language first."""
    words, wanted = SCOPE_TEXTS[texts.language], fold(search).split()

    def is_wanted(name: str) -> bool:
        return all(word in fold(name) for word in wanted)

    named = {one.topic: texts.topics.get(one.topic, one.topic) for one in listing if one.topic}
    topics = [item for item in sorted(named.items(), key=lambda item: fold(item[1])) if is_wanted(" ".join(item))]
    found = [one for one in listing if is_wanted(f"{one.title} {one.id}")]
    found.sort(key=lambda one: (one.language != texts.language, fold(one.title)))
    said = "" if topics or found else words.none_found
    if len(found) > _MOST_DOCUMENTS:
        said = words.more.format(_MOST_DOCUMENTS, len(found))
    return render("scope_choices", texts.language, topics=topics, documents=found[:_MOST_DOCUMENTS], said=said)
