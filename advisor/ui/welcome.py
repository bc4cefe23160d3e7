"""What somebody sees before the first question: what the advisor is, why to trust it, what it has read, and starters."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from advisor.api.pool import QuestionPool
from advisor.features.starters import Starter, Starters
from advisor.index.generation import Generation
from advisor.types import Language
from advisor.ui.conversation_routes import Owner
from advisor.ui.rendering import render
from advisor.ui.texts import TEXTS, Texts


def welcome_routes(pool: QuestionPool) -> APIRouter:
    """`/page/start`: a fragment for the page's own script. The index may have changed since the page was built."""
    router = APIRouter(prefix="/page", include_in_schema=False)
    starters = Starters(pool.advisor, {language: texts.proposed for language, texts in TEXTS.items()})

    @router.get("/start", response_class=HTMLResponse)
    def start(_user: Owner, language: Language) -> str:
        found = pool.run(lambda: starters.of(language))
        return render_starters(found, TEXTS[language]) + render_corpus(pool.advisor.index, TEXTS[language])

    return router


def render_welcome(texts: Texts) -> Markup:
    """What the advisor is, and where the page's script puts the rest."""
    return render("welcome", texts.language)


def render_starters(starters: Sequence[Starter], texts: Texts) -> Markup:
    """Buttons that ask the questions; nothing for none."""
    return render("starters", texts.language, starters=starters)


def render_corpus(index: Generation, texts: Texts) -> Markup:
    """How much the advisor has read, and of when the latest is."""
    latest = max((document.updated for document in index.catalog.listing() if document.updated), default="")
    return render("corpus_size", texts.language, info=index.info, latest=latest)
