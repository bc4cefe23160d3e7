"""The routes behind the chat: verdicts, memos, next questions, reasons of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from pydantic import BaseModel, Field

from advisor.advisor import Advisor
from advisor.api.access import owner_of
from advisor.api.pool import QuestionPool
from advisor.api.schemas import Text
from advisor.errors import ScopeError
from advisor.features.conversations import Conversations, Rating, Reason, Turn, title_of
from advisor.features.memo import Memo, MemoContext, answers_memo
from advisor.features.memo_formats import memo_as_docx, memo_as_markdown
from advisor.features.suggestions import next_questions
from advisor.limits import COMMENT, KEY
from advisor.retrieval.confidence import is_doubtful, origin_of, thresholds_of
from advisor.text.plain import stem_of
from advisor.types import Answer, Language, ScoredChunk
from advisor.ui.rendering import render
from advisor.ui.texts import TEXTS
from advisor.ui.why_view import PresentIndex, render_why

Format = Literal["docx", "md"]
MEDIA = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "md": "text/markdown; charset=utf-8",
}
_LONGEST_NAME = 60
_NEAREST = 3  # documents after a refusal


class Opinion(BaseModel):
    """What a reader says of an answer."""

    rating: Rating
    reason: Reason = ""
    comment: Text = Field(default="", max_length=COMMENT.most)


def user_of(request: Request) -> str:
    """The user behind a request; 401 for nobody."""
    user = owner_of(request)
    if user is None:
        raise HTTPException(401, "sign in first")
    return user


Owner = Annotated[str, Depends(user_of)]
Id = Annotated[str, Path(max_length=KEY.most)]


def conversation_routes(pool: QuestionPool, conversations: Conversations) -> APIRouter:
    """`/page/conversations/…/memo…` and `/page/answers/…`: fragments of HTML and files for the page's own script."""
    router = APIRouter(prefix="/page", include_in_schema=False)
    advisor = pool.advisor

    @router.get("/conversations/{conversation}/memo.{kind}")
    def conversation_memo(user: Owner, request: Request, conversation: Id, kind: Format, language: Language) -> Response:
        found = conversations.summary(user, conversation)
        turns = conversations.turns(user, conversation)
        if found is None or not turns:
            raise HTTPException(404, "this conversation is not there any more")
        return _memo(turns, found.title, kind, _context(advisor, request, language))

    @router.get("/answers/{answer}/memo.{kind}")
    def answer_memo(user: Owner, request: Request, answer: Id, kind: Format, language: Language) -> Response:
        return _memo([_turn(conversations, user, answer)], "", kind, _context(advisor, request, language))

    @router.post("/answers/{answer}/verdict", status_code=204)
    def rate(user: Owner, answer: Id, verdict: Opinion) -> None:
        conversations.rate(user, answer, verdict.rating, verdict.reason, verdict.comment)

    @router.delete("/answers/{answer}/verdict", status_code=204)
    def withdraw(user: Owner, answer: Id) -> None:
        conversations.withdraw(user, answer)

    @router.get("/answers/{answer}/why", response_class=HTMLResponse)
    def why(user: Owner, answer: Id, language: Language) -> str:
        found = _turn(conversations, user, answer).answer
        question = found.standalone_question[: advisor.settings.max_question_chars]  # with its subject it may be longer
        index = advisor.index
        try:
            part = index.within(found.scope)
            passages = pool.run(lambda: advisor.search(question, index=part))
        except ScopeError:  # what it was asked of has left the index, and no passage of that is left
            passages = []
        own = index.calibration
        thresholds = thresholds_of(advisor.settings, own, doubtful=is_doubtful(index))
        origin = origin_of(index.manifest.embedding_digest, own)
        return render_why(found, passages, PresentIndex(index.info.generation, thresholds, origin), TEXTS[language])

    @router.get("/answers/{answer}/next", response_class=HTMLResponse)
    def following(user: Owner, answer: Id) -> str:
        found = _turn(conversations, user, answer).answer
        questions = pool.run(lambda: next_questions(advisor, found))
        if found.status != "abstained":
            return render_next(found, questions)
        nearest = pool.run(lambda: advisor.search(found.question[: advisor.settings.max_question_chars]))
        return render_after_refusal(found, nearest, questions)

    return router


def _turn(conversations: Conversations, user: str, answer: str) -> Turn:
    turn = conversations.turn(user, answer)
    if turn is None:
        raise HTTPException(404, "this answer is not there any more")
    return turn


def _context(advisor: Advisor, request: Request, language: Language) -> MemoContext:
    return MemoContext(language, str(request.base_url), advisor.document, advisor.index.sections)


def _memo(turns: list[Turn], title: str, kind: Format, context: MemoContext) -> Response:
    memo = answers_memo([turn.answer for turn in turns], title, turns[-1].asked[:10], context)
    return memo_response(memo, f"{context.words.title} {title or title_of(turns[0].answer.question)}", kind)


def memo_response(memo: Memo, name: str, kind: Format) -> Response:
    """A memo as a file to save, under a name that every system takes."""
    content = memo_as_docx(memo) if kind == "docx" else memo_as_markdown(memo).encode()
    stem = stem_of(name, _LONGEST_NAME)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{stem}.{kind}')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(content, 200, headers, MEDIA[kind])


def render_after_refusal(answer: Answer, nearest: Sequence[ScoredChunk], questions: Sequence[str]) -> Markup:
    """What to do when there is no answer: read the nearest documents, ask a question that has one, tell the curators."""
    own = [one.chunk for one in nearest if one.chunk.language == answer.language] or [one.chunk for one in nearest]
    first = {chunk.title: chunk for chunk in reversed(own)}
    titles = list(dict.fromkeys(chunk.title for chunk in own))[:_NEAREST]
    return render(
        "after_refusal",
        answer.language,
        generation=answer.index.generation,
        nearest=[first[title] for title in titles],
        question=questions[0] if questions else "",
    )


def render_next(answer: Answer, questions: Sequence[str]) -> Markup:
    """Buttons that ask the questions; nothing for none."""
    return render("next", answer.language, questions=questions)
