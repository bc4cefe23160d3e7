"""What goes wrong, in one shape: `{"code", "message", "advice"}`; below `/v1`, in the one that OpenAI's clients read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from advisor.api.log import log_failure
from advisor.errors import (
    AdvisorError,
    BusyError,
    ConversationError,
    CorpusError,
    CrowdedError,
    DatabaseError,
    DeadlineError,
    EmbeddingServerError,
    IndexLockedError,
    IndexNotFoundError,
    ModelError,
    QuestionError,
    ScopeError,
    StorageError,
    VectorServerError,
)


class Problem(BaseModel):
    """Why a request was not carried out."""

    code: str = Field(description="What kind of problem, for programs.", examples=["question"])
    message: str = Field(description="What went wrong, for people.", examples=["the question is empty"])
    advice: str = Field(description="What to do next.", examples=["Ask in words: 1 to 2,000 characters, with letters."])


class OpenAIError(BaseModel):
    """Why a request in OpenAI's protocol was not carried out."""

    message: str = Field(description="What went wrong, and what to do next.")
    type: str
    code: str
    param: str | None = None


class OpenAIProblem(BaseModel):
    """The shape of OpenAI's errors."""

    error: OpenAIError


class ProblemError(Exception):
    """A request that is refused, with its answer."""

    def __init__(self, status: int, code: str, message: str, advice: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(code=code, message=message, advice=advice)
        self.headers = headers

    def response(self, path: str) -> JSONResponse:
        """The answer to a request for that path."""
        if not path.startswith(OPENAI_PATHS):
            return JSONResponse(self.problem.model_dump(), self.status, dict(self.headers or {}))
        # Its clients know no 422: what they may not send again as it is has 400.
        status = HTTPStatus.BAD_REQUEST if self.status == HTTPStatus.UNPROCESSABLE_ENTITY else self.status
        return JSONResponse(self.as_openai(), status, dict(self.headers or {}))

    def as_openai(self) -> dict[str, Any]:
        """The problem in the shape of OpenAI's errors."""
        kind = "server_error" if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
        message = f"{self.problem.message}. {self.problem.advice}"
        error = OpenAIError(message=message, type=_OPENAI_TYPES.get(self.status, kind), code=self.problem.code)
        return OpenAIProblem(error=error).model_dump()


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of error is told. `message` takes the place of its own words, which name files of this machine."""

    error: type[Exception]
    status: int
    code: str
    message: str | None
    advice: str
    retry_seconds: int | None = None


_ASK_IN_WORDS = "Ask in words, in French or English, within the length that the message names."
# The first that an error is an instance of is taken.
_KINDS = (
    _Kind(QuestionError, 422, "question", None, _ASK_IN_WORDS),
    _Kind(ScopeError, 422, "scope", None, "Name one that the index holds, or leave it out."),
    _Kind(CrowdedError, 429, "too_many", None, "Wait until one of yours is answered."),
    _Kind(BusyError, 503, "busy", None, "Try again in a moment."),
    _Kind(DeadlineError, 504, "deadline", None, "Ask about one thing at a time."),
    _Kind(ConversationError, 404, "not_found", None, "Reload the page."),
    _Kind(IndexLockedError, 409, "index_locked", "the index is being written", "Try again when that has finished."),
    _Kind(IndexNotFoundError, 503, "no_index", "there is no index", "Build the index: advisor index."),
    _Kind(VectorServerError, 503, "vectors", "the Chroma server is away", "Try again in a moment.", retry_seconds=5),
    _Kind(CorpusError, 503, "corpus", "the corpus folder cannot be used", "The log of the server says why."),
    _Kind(DatabaseError, 503, "database", "the database cannot be reached", "Try again in a moment.", retry_seconds=5),
    _Kind(StorageError, 503, "storage", "the server cannot write its files", "The log of the server says why."),
    _Kind(
        EmbeddingServerError,
        503,
        "embedding_server",
        "the embedding server cannot be used",
        "Try again in a moment; the log of this server says why.",
    ),
    _Kind(ModelError, 503, "model", "a model cannot be used", "The log of the server says why."),
    _Kind(AdvisorError, 503, "unavailable", "the advisor cannot be used", "The log of the server says why."),
    _Kind(Exception, 500, "internal", "the advisor failed", "Try again; the log of the server says what happened."),
)
_HTTP_ERRORS = {
    404: ("not_found", "Check the address against /api/openapi.json."),
    405: ("method", "Check the method against /api/openapi.json."),
    408: ("too_slow", "Send the whole request at once."),
    413: ("too_large", "Send less at once."),
}

OPENAI_PATHS = "/v1/"
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}

RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "The request is refused."},
    "5XX": {"model": Problem, "description": "The advisor cannot carry the request out."},
}
OPENAI_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {**response, "model": OpenAIProblem} for status, response in RESPONSES.items()
}


def problem_of(error: Exception) -> ProblemError:
    """The answer to a request that met an error. What is not told to whoever asked is in the log."""
    if _kind_of(error).message is not None:
        log_failure(error)
    return _told(error)


def _kind_of(error: Exception) -> _Kind:
    return next(kind for kind in _KINDS if isinstance(error, kind.error))


def _told(error: Exception) -> ProblemError:
    kind = _kind_of(error)
    headers = {"Retry-After": str(kind.retry_seconds)} if kind.retry_seconds else None
    return ProblemError(kind.status, kind.code, kind.message or str(error), kind.advice, headers)


def install(app: FastAPI) -> None:
    """Give every error of the application its shape."""

    @app.exception_handler(ProblemError)
    async def refused(request: Request, error: ProblemError) -> JSONResponse:
        return error.response(request.scope["path"])

    @app.exception_handler(AdvisorError)
    async def failed(request: Request, error: AdvisorError) -> JSONResponse:
        return problem_of(error).response(request.scope["path"])

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        return _told(error).response(request.scope["path"])  # the web server writes it to the log

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        advice = "Check the request against /api/openapi.json."
        return ProblemError(422, "request", f"{place}: {first['msg']}", advice).response(request.scope["path"])

    @app.exception_handler(HTTPException)
    async def refused_by_framework(request: Request, error: HTTPException) -> JSONResponse:
        code, advice = _HTTP_ERRORS.get(error.status_code, ("refused", "Check the request against /api/openapi.json."))
        refusal = ProblemError(error.status_code, code, str(error.detail), advice, error.headers)
        return refusal.response(request.scope["path"])
