"""What somebody sees before the first question: what the advisor is, why to trust it, what it has read, and starters."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from advisor.api.pool import QuestionPool
from advisor.features.starters import Starter, Starters
from advisor.index.generation import Generation
from advisor.types import Language
from advisor.ui.answer_view import typeset
from advisor.ui.conversation_routes import Owner
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


def render_welcome(texts: Texts) -> str:
    """What the advisor is, and where the page's script puts the rest."""
    words = f'<p class="tagline">{escape(texts.tagline)}</p><p class="trust">{escape(texts.trust)}</p>'
    return f'{words}<div class="starters"></div>'


def render_starters(starters: Sequence[Starter], texts: Texts) -> str:
    """Buttons that ask the questions; nothing for none."""
    if not starters:
        return ""
    rows = "".join(f"<li>{_button(starter, texts)}</li>" for starter in starters)
    return f"<h2>{escape(texts.try_asking)}</h2><ul>{rows}</ul>"


def _button(starter: Starter, texts: Texts) -> str:
    concern = f"<strong>{escape(texts.concerns[starter.concern])}</strong>" if starter.concern else ""
    return (
        f'<button type="button" class="ask example" data-question="{escape(starter.question)}">{concern}'
        f"<span>{typeset(starter.question)}</span></button>"
    )


def render_corpus(index: Generation, texts: Texts) -> str:
    """How much the advisor has read, and of when the latest is."""
    info = index.info
    size = texts.holds.format(
        texts.documents[info.documents > 1].format(info.documents), texts.passages[info.chunks > 1].format(info.chunks)
    )
    latest = max((document.updated for document in index.catalog.listing() if document.updated), default="")
    date = f" {texts.latest.format(texts.date(latest))}" if latest else ""
    return f'<p class="corpus">{escape(size + date)}</p>'
