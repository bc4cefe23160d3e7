"""The REST interface: questions, searches, health, and the index for curators."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from anyio import CapacityLimiter, move_on_after, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from fastapi.sse import format_sse_event

from advisor.accounts.audit import record_action
from advisor.advisor import Advisor, Manner, Stage
from advisor.api import tools
from advisor.api.access import current_user, may_curate
from advisor.api.pool import Event, QuestionPool
from advisor.api.problems import RESPONSES, ProblemError
from advisor.api.schemas import (
    AnswerBody,
    AskRequest,
    Away,
    Health,
    IndexBody,
    IndexRequest,
    IndexState,
    SearchBody,
    SearchRequest,
)
from advisor.api.streams import EVENTS, answer_stream
from advisor.features.curation import WAIT_SECONDS
from advisor.index.sync import SyncOptions, sync
from advisor.serialization import answer_json, citation_json, report_json, sentence_json
from advisor.storage.database import open_database
from advisor.types import IndexInfo, SentenceReady

_EVENT = {
    "type": "object",
    "properties": {"event": {"enum": ["stage", "sentence", "answer", "error"]}, "data": {"type": "string"}},
    "required": ["event", "data"],
}
_HEALTH_SECONDS = 1


def questions_router(pool: QuestionPool) -> APIRouter:
    """`POST /ask` and `POST /search`."""
    router = APIRouter(tags=["questions"], responses=RESPONSES)

    @router.post("/ask", response_model=AnswerBody, responses={200: {"content": {EVENTS: {"schema": _EVENT}}}})
    def ask(asked: AskRequest) -> Response:
        """Answer a question, with the lines behind every sentence, or say that the corpus does not hold the answer.

        With `stream`, as server-sent events: `stage` (`search`, `write`, `verify`), `sentence` once it is verified, with the
        citations that it is the first to use, and `answer`, the whole as without `stream`. Should the answer fail on the
        way, an `error` is the last event.
        """
        manner = Manner(history=asked.history, language=asked.language, scope=asked.scope.scope, length=asked.length)
        if asked.stream:
            return answer_stream(lambda gone: pool.stream(asked.question, cancelled=gone, **manner), _Told())
        return JSONResponse(tools.ask(pool, asked.question, **manner))

    @router.post("/search", response_model=SearchBody)
    def search(asked: SearchRequest) -> Response:
        """The passages nearest to a question."""
        return JSONResponse(tools.search(pool, asked.question, asked.k, asked.scope.scope))

    return router


def health_router(advisor: Advisor) -> APIRouter:
    """`GET /health`."""
    router = APIRouter(tags=["questions"], responses=RESPONSES)
    watch = _Watch(advisor)

    @router.get("/health")
    async def health() -> Health:
        """Whether the advisor answers. `degraded` while something is away that it waits for; `problems` names it."""
        info, problems = await watch.look()
        return Health(
            status="degraded" if problems else "ok",
            problems=problems,
            version=version("cto-advisor"),
            model=advisor.embeddings.name,
            index=IndexState(generation=info.generation, documents=info.documents, chunks=info.chunks),
        )

    return router


class _Watch:
    """What is published, and what is away, as far as it is known in time: to find that out takes longer than health may."""

    def __init__(self, advisor: Advisor) -> None:
        self._advisor = advisor
        self._database = open_database(advisor.settings)
        self._info, self._problems = advisor.index.info, list[Away]()
        self._one_at_a_time = CapacityLimiter(1)  # of a thread of its own: those of the server may all be taken

    async def look(self) -> tuple[IndexInfo, list[Away]]:
        """What there is now; what was known before while that is being found out."""
        with move_on_after(_HEALTH_SECONDS):
            await to_thread.run_sync(self._look, limiter=self._one_at_a_time, abandon_on_cancel=True)
        return self._info, self._problems

    def _look(self) -> None:
        index = self._advisor.index
        self._info = index.info
        there: dict[Away, bool] = {"database": self._database.answers, "vectors": index.has_vectors}
        self._problems = [name for name, is_there in there.items() if not is_there]


def index_router(advisor: Advisor) -> APIRouter:
    """`POST /index`, for curators."""
    router = APIRouter(tags=["curators"], responses=RESPONSES)

    @router.post("/index", response_model=IndexBody)
    def index(asked: IndexRequest, request: Request) -> Response:
        """Bring the index in line with the corpus folder; answers when it is done. People go on asking meanwhile."""
        if not may_curate(request):
            raise ProblemError(403, "curators_only", "only curators change the index", "Ask a curator to do it.")
        if asked.dry_run and (asked.rebuild or asked.forget):
            raise ProblemError(422, "request", "dry_run goes with neither rebuild nor forget", "Leave one of them out.")
        options = SyncOptions(dry_run=asked.dry_run, rebuild=asked.rebuild, forget=asked.forget, wait=WAIT_SECONDS)
        report = sync(advisor.settings, advisor.embeddings, options)
        if not asked.dry_run:
            record_action(
                advisor.settings, current_user(request), "index", generation=report.generation, **asked.model_dump()
            )
        return JSONResponse(report_json(report))

    return router


class _Told:
    """The events of an answer as REST tells them."""

    def event(self, event: Event) -> bytes:
        """One of them."""
        if isinstance(event, Stage):
            return _sse("stage", {"stage": event.name})
        if isinstance(event, SentenceReady):
            cited = [citation_json(citation) for citation in event.citations]
            return _sse("sentence", {**sentence_json(event.sentence), "citations": cited})
        return _sse("answer", answer_json(event.id, event))

    def failure(self, error: ProblemError) -> bytes:
        """That there will be no answer, and why."""
        return _sse("error", error.problem.model_dump())


def _sse(name: str, data: dict[str, Any]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False))
