"""The Sources tab: the corpus by topic and language, full text search, what links to what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Annotated, Literal

import gradio as gr
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from advisor.advisor import Advisor
from advisor.api.pool import QuestionPool
from advisor.features.library import Hit, Library, Links
from advisor.index.catalog import ListedDocument
from advisor.limits import DOCUMENT, KEY, SEARCH
from advisor.types import Language
from advisor.ui.conversation_routes import Owner
from advisor.ui.rendering import render
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


def render_tab(topics: Sequence[str], texts: Texts) -> Markup:
    """The form, and where its results and a document are shown."""
    return render("library", texts.language, topics=topics, longest_search=SEARCH.most)


def render_documents(documents: Sequence[ListedDocument], texts: Texts) -> Markup:
    """The documents under their topics."""
    topics = [(topic, _translations(some, texts)) for topic, some in groupby(documents, key=lambda document: document.topic)]
    return render("library_documents", texts.language, topics=topics, total=len(documents))


def _translations(documents: Iterable[ListedDocument], texts: Texts) -> list[list[ListedDocument]]:
    """The documents, each with its translation, that in the language of the page before it."""
    groups: dict[str, list[ListedDocument]] = {}
    for document in documents:
        groups.setdefault(document.translation_of or document.id, []).append(document)
    for group in groups.values():
        group.sort(key=lambda document: document.language != texts.language)
    return sorted(groups.values(), key=lambda group: group[0].title.casefold())


def render_hits(hits: Sequence[Hit], texts: Texts) -> Markup:
    """The passages found, the words searched for marked."""
    return render("library_hits", texts.language, hits=[(hit, list(_pieces(hit))) for hit in hits])


def _pieces(hit: Hit) -> Iterator[tuple[str, bool]]:
    """The text of a hit, cut at the words searched for, which are to be marked."""
    at = 0
    for start, end in hit.words:
        yield hit.text[at:start], False
        yield hit.text[start:end], True
        at = end
    yield hit.text[at:], False


def render_links(links: Links, texts: Texts) -> Markup:
    """The neighbours of a document, as buttons that open them."""
    words = TAB_TEXTS[texts.language]
    groups = (
        (words.translation, (links.translation,) if links.translation else ()),
        (words.links_to, links.to),
        (words.linked_from, links.from_),
    )
    return render("library_links", texts.language, groups=groups)
