"""The Maturity check tab: a guided self-assessment, its radar chart, and what the corpus advises on the weakest points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import gradio as gr
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from advisor.api.pool import QuestionPool
from advisor.features.maturity import DOMAINS, Assessment, Domain, Statement, assess, assessment_memo, statements
from advisor.types import Language
from advisor.ui.conversation_routes import Format, Owner, memo_response
from advisor.ui.radar import radar
from advisor.ui.rendering import render
from advisor.ui.texts import TAB_TEXTS, TEXTS, Texts


def build_maturity(texts: Texts) -> None:
    """Lay the tab out inside the current Blocks; the page's script fills it."""
    gr.HTML(render("maturity", texts.language), elem_id="maturity")


def maturity_routes(pool: QuestionPool) -> APIRouter:
    """`/page/maturity…`: the form, its result and memo. The answers are in the address; nothing is kept."""
    router = APIRouter(prefix="/page/maturity", include_in_schema=False)
    advisor = pool.advisor

    @router.get("", response_class=HTMLResponse)
    def form(_user: Owner, language: Language) -> str:
        return render_form(statements(advisor.index, language), language)

    @router.get("/result", response_class=HTMLResponse)
    def result(_user: Owner, request: Request, language: Language) -> str:
        given = _given(request)
        return render_result(_assess(pool, language, given), given, TEXTS[language])

    @router.get("/memo.{kind}")
    def memo(_user: Owner, request: Request, kind: Format, language: Language) -> Response:
        assessment = _assess(pool, language, _given(request))
        names = TAB_TEXTS[language].domains
        date = datetime.now(UTC).date().isoformat()
        made = assessment_memo(assessment, names, str(request.base_url), language, date)
        return memo_response(made, made.title, kind)

    return router


def _given(request: Request) -> dict[str, str]:
    """Domain -> its answers, one character each, from the query."""
    return {domain: request.query_params[domain] for domain in DOMAINS if domain in request.query_params}


def _assess(pool: QuestionPool, language: Language, given: Mapping[str, str]) -> Assessment:
    return pool.run(lambda: assess(pool.advisor.index, pool.advisor.embeddings, language, given))


def render_form(asked: Mapping[Domain, Sequence[Statement]], language: Language) -> Markup:
    """One step a domain; the page's script shows one at a time."""
    return render("maturity_form", language, asked=asked)


def render_result(assessment: Assessment, given: Mapping[str, str], texts: Texts) -> Markup:
    """The chart, the same as a table, the weakest points with their advice, and the memo to save."""
    words = TAB_TEXTS[texts.language]
    axes = [(words.domains[score.domain], score.value or 0.0) for score in assessment.scores]
    return render(
        "maturity_result",
        texts.language,
        assessment=assessment,
        chart=radar(axes, words.radar),
        given={"language": texts.language, **given},
    )
