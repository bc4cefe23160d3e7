"""The Maturity check tab: a guided self-assessment, its radar chart, and what the corpus advises on the weakest points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import urlencode

import gradio as gr
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from advisor.api.pool import QuestionPool
from advisor.features.maturity import DOMAINS, Assessment, Domain, Statement, Weakness, assess, assessment_memo, statements
from advisor.text.plain import plain
from advisor.types import Language
from advisor.ui.answer_view import evidence_name, place
from advisor.ui.conversation_routes import Format, Owner, memo_response
from advisor.ui.radar import radar
from advisor.ui.texts import TAB_TEXTS, TEXTS, Texts


def build_maturity(texts: Texts) -> None:
    """Lay the tab out inside the current Blocks; the page's script fills it."""
    words = TAB_TEXTS[texts.language]
    gr.HTML(
        f'<div class="tab-page"><h1>{escape(words.maturity)}</h1><p class="lead">{escape(words.maturity_lead)}</p>'
        f'<div class="questions" data-failed="{escape(words.failed)}"></div><div class="result" tabindex="-1"></div></div>',
        elem_id="maturity",
    )


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


def render_form(asked: Mapping[Domain, Sequence[Statement]], language: Language) -> str:
    """One step a domain; the page's script shows one at a time."""
    words = TAB_TEXTS[language]
    if not asked:
        return f'<p class="empty">{escape(words.no_checklist)}</p>'
    steps = "".join(
        f'<fieldset class="domain" data-domain="{domain}"><legend><span class="step">'
        f"{escape(words.step.format(number, len(asked)))}</span> {escape(words.domains[domain])}</legend>"
        f"{''.join(_statement(domain, place_, one, language) for place_, one in enumerate(some))}</fieldset>"
        for number, (domain, some) in enumerate(asked.items(), 1)
    )
    return (
        f'<form><progress max="{len(asked)}" value="1" aria-hidden="true"></progress>{steps}<div class="turning">'
        f'<button type="button" class="back">{escape(words.previous)}</button>'
        f'<button type="button" class="forward">{escape(words.following)}</button>'
        f'<button type="submit">{escape(words.finish)}</button></div></form>'
    )


def _statement(domain: str, number: int, statement: Statement, language: Language) -> str:
    choices = "".join(
        f'<label><input type="radio" name="{domain}-{number}" value="{value}"> <span>{escape(label)}</span></label>'
        for value, label in enumerate(TAB_TEXTS[language].answers)
    )
    return (
        f'<fieldset class="statement"><legend>{escape(statement.item.text)}</legend>'
        f'<div class="scale">{choices}</div></fieldset>'
    )


def render_result(assessment: Assessment, given: Mapping[str, str], texts: Texts) -> str:
    """The chart, the same as a table, the weakest points with their advice, and the memo to save."""
    words = TAB_TEXTS[texts.language]
    axes = [(words.domains[score.domain], score.value or 0.0) for score in assessment.scores]
    rows = "".join(
        f'<tr><th scope="row">{escape(words.domains[score.domain])}</th>'
        f"<td>{'–' if score.value is None else texts.percent.format(score.value * 100)}</td>"
        f"<td>{score.answered}/{score.statements}</td></tr>"
        for score in assessment.scores
    )
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in (words.domain, words.score, words.answered))
    weak = "".join(_weakness(weakness, assessment.generation, texts) for weakness in assessment.weakest)
    query = escape(urlencode({"language": texts.language, **given}))
    return (
        f"<h2>{escape(words.result)}</h2><div class='outcome'><figure>{radar(axes, words.radar)}"
        f"<figcaption>{escape(words.radar)}</figcaption></figure>"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        f"<h2>{escape(words.weakest)}</h2>{f'<ol>{weak}</ol>' if weak else f'<p>{escape(words.none_weak)}</p>'}"
        f'<p class="after"><button type="button" class="again">{escape(words.again)}</button> '
        f"{escape(words.memo)}{texts.colon} "
        f'<a href="../page/maturity/memo.docx?{query}" download>Word (.docx)</a> · '
        f'<a href="../page/maturity/memo.md?{query}" download>Markdown (.md)</a></p>'
    )


def _weakness(weakness: Weakness, generation: str, texts: Texts) -> str:
    words = TAB_TEXTS[texts.language]
    said = words.you_said.format(words.answers[weakness.answer])
    advice = ""
    if weakness.advice:
        source = weakness.advice
        kind = " · ".join(filter(None, (source.title, evidence_name(source.evidence, texts), texts.date(source.date))))
        advice = (
            f"<h4>{escape(words.advice)}</h4><blockquote>{escape(plain(source.quote))}</blockquote>"
            f'<p class="kind">{escape(kind)} <button type="button" class="read" {place(source, generation)}>'
            f"{escape(words.read)}</button></p>"
        )
    return (
        f"<li><h3>{escape(weakness.statement)}</h3>"
        f'<p class="kind">{escape(words.domains[weakness.domain])} · {escape(said)}</p>{advice}</li>'
    )
