"""The Sources tab: the corpus by topic and language, full text search, what links to what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from typing import Annotated, Literal

import gradio as gr
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse

from advisor.advisor import Advisor
from advisor.api.pool import QuestionPool
from advisor.features.library import Hit, Library, Links
from advisor.index.catalog import ListedDocument
from advisor.limits import DOCUMENT, KEY, SEARCH
from advisor.types import Language
from advisor.ui.answer_view import evidence_name
from advisor.ui.conversation_routes import Owner
from advisor.ui.reader_view import render_original, render_tools
from advisor.ui.texts import TAB_TEXTS, TEXTS, Texts


def build_sources(advisor: Advisor, texts: Texts) -> None:
    """Lay the tab out inside the current Blocks; the page's script fills it."""
    gr.HTML(render_tab(Library().topics(advisor.index), texts), elem_id="library")


def library_routes(pool: QuestionPool) -> APIRouter:
    """`/page/library…`: fragments of HTML for the page's own script."""
    router = APIRouter(prefix="/page/library", include_in_schema=False)
    advisor, library = pool.advisor, Library()

    @router.get("", response_class=HTMLResponse)
    def browse(
        _user: Owner,
        language: Language,
        search: Annotated[str, Query(max_length=SEARCH.most)] = "",
        topic: Annotated[str, Query(max_length=KEY.most)] = "",
        written: Literal["", "fr", "en"] = "",
    ) -> str:
        index = advisor.index
        if search.strip():
            hits = pool.run(lambda: library.search(index, search, topic=topic, language=written))
            return render_hits(hits, TEXTS[language])
        return render_documents(library.documents(index, topic=topic, language=written), TEXTS[language])

    @router.get("/links", response_class=HTMLResponse)
    def links(_user: Owner, language: Language, document: Annotated[str, Query(max_length=DOCUMENT.most)]) -> str:
        index = advisor.index
        found = index.catalog.document(document)
        if found is None:
            raise HTTPException(404, f"{document} is not in the index")
        return render_links(library.links(index, found), TEXTS[language])

    return router


def render_tab(topics: Sequence[str], texts: Texts) -> str:
    """The form, and where its results and a document are shown."""
    words = TAB_TEXTS[texts.language]
    of_topics = "".join(f'<option value="{escape(t)}">{escape(texts.topics.get(t, t))}</option>' for t in topics)
    languages = "".join(f'<option value="{code}">{escape(name)}</option>' for code, name in words.languages.items())
    return (
        f'<div class="tab-page"><h1>{escape(words.sources)}</h1><p class="lead">{escape(words.sources_lead)}</p>'
        f'<form role="search" data-failed="{escape(words.failed)}">'
        f'<input type="search" name="search" maxlength="{SEARCH.most}" aria-label="{escape(words.search)}" '
        f'placeholder="{escape(words.search)}">'
        f'<select name="topic" aria-label="{escape(words.topic)}"><option value="">{escape(words.any_topic)}</option>'
        f'{of_topics}</select><select name="written" aria-label="{escape(words.language)}">'
        f'<option value="">{escape(words.any_language)}</option>{languages}</select></form>'
        '<div class="columns"><div class="results"></div>'
        f'<section class="reader" aria-label="{escape(words.reader)}" data-unreadable="{escape(texts.unreadable)}" '
        "data-reader>"
        f'<button type="button" class="act word leave">← {escape(words.back)}</button>'
        f'<p class="empty">{escape(words.choose)}</p><div class="links"></div>'
        f"{render_tools(texts)}"
        f'<div class="both">{render_original(texts)}<article class="document" tabindex="-1"></article></div>'
        "</section></div></div>"
    )


def render_documents(documents: Sequence[ListedDocument], texts: Texts) -> str:
    """The documents under their topics."""
    words = TAB_TEXTS[texts.language]
    parts = [f'<p class="count" role="status">{escape(words.count.format(len(documents)))}</p>']
    for topic, some in groupby(documents, key=lambda document: document.topic):
        name = texts.topics.get(topic, topic) if topic else words.other_topic
        rows = "".join(
            f"<li>{''.join(_document(document, texts) for document in group)}</li>" for group in _translations(some, texts)
        )
        parts.append(f"<h2>{escape(name)}</h2><ul>{rows}</ul>")
    return "".join(parts)


def _translations(documents: Iterable[ListedDocument], texts: Texts) -> list[list[ListedDocument]]:
    """The documents, each with its translation, that in the language of the page before it."""
    groups: dict[str, list[ListedDocument]] = {}
    for document in documents:
        groups.setdefault(document.translation_of or document.id, []).append(document)
    for group in groups.values():
        group.sort(key=lambda document: document.language != texts.language)
    return sorted(groups.values(), key=lambda group: group[0].title.casefold())


def _document(document: ListedDocument, texts: Texts) -> str:
    words = TAB_TEXTS[texts.language]
    language = words.languages[document.language]
    kind = " · ".join(filter(None, (language, evidence_name(document.evidence, texts), texts.date(document.updated))))
    return (
        f'<button type="button" class="read" data-document="{escape(document.id)}"><span lang="{document.language}">'
        f'{escape(document.title)}</span><span class="kind">{escape(kind)}</span></button>'
    )


def render_hits(hits: Sequence[Hit], texts: Texts) -> str:
    """The passages found, the words searched for marked."""
    words = TAB_TEXTS[texts.language]
    if not hits:
        return f'<p class="count" role="status">{escape(words.nothing)}</p>'
    rows = "".join(f"<li>{_hit(hit)}</li>" for hit in hits)
    return f'<p class="count" role="status">{escape(words.found.format(len(hits)))}</p><ul class="hits">{rows}</ul>'


def _hit(hit: Hit) -> str:
    where = " › ".join((hit.chunk.title, *hit.chunk.heading))
    return (
        f'<button type="button" class="read" lang="{hit.chunk.language}" data-document="{escape(hit.chunk.document)}" '
        f'data-start="{hit.start}" data-end="{hit.end}"><span>{_marked(hit)}</span>'
        f'<span class="kind">{escape(where)}</span></button>'
    )


def _marked(hit: Hit) -> str:
    parts, at = [], 0
    for start, end in hit.words:
        parts += [escape(hit.text[at:start]), "<mark>", escape(hit.text[start:end]), "</mark>"]
        at = end
    return "".join([*parts, escape(hit.text[at:])])


def render_links(links: Links, texts: Texts) -> str:
    """The neighbours of a document, as buttons that open them."""
    words = TAB_TEXTS[texts.language]
    groups = (
        (words.translation, (links.translation,) if links.translation else ()),
        (words.links_to, links.to),
        (words.linked_from, links.from_),
    )
    return "".join(
        f"<div><h2>{escape(name)}</h2><ul>{''.join(_neighbour(document) for document in documents)}</ul></div>"
        for name, documents in groups
        if documents
    )


def _neighbour(document: ListedDocument) -> str:
    return (
        f'<li><button type="button" class="read" lang="{document.language}" data-document="{escape(document.id)}">'
        f"{escape(document.title)}</button></li>"
    )
