"""The Questions tab, for curators: what was asked in vain or answered badly, and the answers that they make of it."""

from __future__ import annotations

from typing import Annotated

import gradio as gr
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from advisor.api.access import current_user, may_curate
from advisor.api.pool import QuestionPool
from advisor.api.schemas import Text
from advisor.errors import AdvisorError
from advisor.features.conversations import Conversations
from advisor.features.curated_answers import (
    Refusal,
    WantedAnswer,
    lines_of,
    nearest_documents,
    previews,
    publish_answer,
    refusal_of,
)
from advisor.features.worklist import handle, worklist
from advisor.limits import DOCUMENT, SEARCH
from advisor.types import Language
from advisor.ui.corpus_view import render_error
from advisor.ui.gradio_gate import for_curators
from advisor.ui.questions_view import (
    render_desk,
    render_editor,
    render_kept_answer,
    render_lines,
    render_previews,
    render_questions,
    render_refusal,
)
from advisor.ui.texts import TEXTS, Texts

_MOST_SHOWN = 50  # questions: nobody works on more at once, and the search finds the others


class Question(BaseModel):
    """A question of the list."""

    question: Text


class ComposedAnswer(BaseModel):
    """An answer as the editor holds it: phrasings one a line, and the chosen lines of the document in order.

    How much each may hold is checked with everything else that can be wrong with it, and told in the words of the page.
    """

    question: Text
    phrasings: Text = ""
    document: Text = ""
    lines: list[Text] = []

    @property
    def wanted(self) -> WantedAnswer:
        """What is to be kept."""
        return WantedAnswer(self.question, tuple(self.phrasings.splitlines()), self.document, tuple(self.lines))


def curator_of(request: Request) -> str | None:
    """The curator behind a request, None where there are no users; nobody else comes in."""
    if not may_curate(request):
        raise for_curators()
    return current_user(request)


Curator = Annotated[str | None, Depends(curator_of)]
Search = Annotated[str, Query(max_length=SEARCH.most)]


def build_questions(texts: Texts) -> None:
    """Lay the tab out inside the current Blocks; the page's script fills it."""
    gr.HTML(render_desk(texts.language), elem_id="questions")


def question_routes(pool: QuestionPool, conversations: Conversations) -> APIRouter:
    """`/page/questions…`: fragments of HTML for the page's own script, for curators."""
    router = APIRouter(prefix="/page/questions", include_in_schema=False)
    advisor = pool.advisor
    settings = advisor.settings

    @router.get("", response_class=HTMLResponse)
    def listed(_curator: Curator, language: Language, search: Search = "") -> str:
        found = worklist(settings, conversations, search)
        searched, logged = bool(search.strip()), settings.unanswered_log
        return render_questions(found, _MOST_SHOWN, language, searched=searched, logged=logged)

    @router.post("/done", status_code=204)
    def set_aside(_curator: Curator, done: Question) -> None:
        handle(settings, [done.question])

    @router.get("/editor", response_class=HTMLResponse)
    def editor(_curator: Curator, language: Language, question: str = "") -> str:
        index = advisor.index
        near = pool.run(lambda: nearest_documents(advisor, question, index))
        every = {document.id: document for document in index.catalog.listing()}
        others = [document for name, document in every.items() if name not in near]
        return render_editor(question, [every[name] for name in near], others, language)

    @router.get("/lines", response_class=HTMLResponse)
    def lines(
        _curator: Curator, language: Language, document: Annotated[str, Query(max_length=DOCUMENT.most)], search: Search = ""
    ) -> str:
        return render_lines(*lines_of(advisor.index, document, search), language)

    @router.post("/preview", response_class=HTMLResponse)
    def preview(_curator: Curator, language: Language, composed: ComposedAnswer) -> str:
        index = advisor.index
        refusal = refusal_of(settings, index, composed.wanted)
        if refusal:
            return render_refusal(refusal, language)
        return render_previews(pool.run(lambda: previews(advisor, composed.wanted, index)), language)

    @router.post("/answers", response_class=HTMLResponse)
    def publish(curator: Curator, language: Language, composed: ComposedAnswer) -> HTMLResponse:
        try:
            kept = publish_answer(advisor, composed.wanted, curator)
        except AdvisorError as error:  # told in the editor, where what was put together stays
            return HTMLResponse(render_error(error, TEXTS[language]), 503)
        if isinstance(kept, Refusal):
            return HTMLResponse(render_refusal(kept, language), 422)
        return HTMLResponse(render_kept_answer(kept, composed.question, language))

    return router
