"""What goes wrong, in one shape: `{"code", "message", "advice"}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from advisor.errors import (
    AdvisorError,
    CorpusError,
    DocumentError,
    IndexLockedError,
    IndexNotFoundError,
    QuestionError,
)


class Problem(BaseModel):
    """Why a request was not carried out."""

    code: str = Field(description="What kind of problem, for programs.", examples=["question"])
    message: str = Field(description="What went wrong, for people.", examples=["the question is empty"])
    advice: str = Field(description="What to do next.", examples=["Ask in words: 1 to 2,000 characters, with letters."])


class ProblemError(Exception):
    """A request that is refused, with its answer."""

    def __init__(self, status: int, code: str, message: str, advice: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(code=code, message=message, advice=advice)
        self.headers = headers

    def response(self) -> JSONResponse:
        """The answer to the request."""
        return JSONResponse(self.problem.model_dump(), self.status, dict(self.headers or {}))


# The first that an error is an instance of is taken.
_ADVISOR_ERRORS: tuple[tuple[type[AdvisorError], int, str, str], ...] = (
    (QuestionError, 422, "question", "Ask in words, in French or English, within the length that the message names."),
    (IndexLockedError, 409, "index_locked", "Try again when the other writer has finished."),
    (IndexNotFoundError, 503, "no_index", "Build the index: advisor index."),
    (DocumentError, 422, "document", "Repair the document, or remove it from the corpus folder."),
    (CorpusError, 503, "corpus", "Check the corpus folder: advisor doctor."),
    (AdvisorError, 503, "unavailable", "Check the installation: advisor doctor."),
)
_HTTP_ERRORS = {
    404: ("not_found", "Check the address against /api/openapi.json."),
    405: ("method", "Check the method against /api/openapi.json."),
    413: ("too_large", "Send less at once."),
}

RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "The request is refused."},
    "5XX": {"model": Problem, "description": "The advisor cannot carry the request out."},
}


def problem_of(error: AdvisorError) -> ProblemError:
    """The answer to a request that met an error of the advisor."""
    _, status, code, advice = next(row for row in _ADVISOR_ERRORS if isinstance(error, row[0]))
    return ProblemError(status, code, str(error), advice)


def install(app: FastAPI) -> None:
    """Give every error of the application its shape."""

    @app.exception_handler(ProblemError)
    async def refused(_: Request, error: ProblemError) -> JSONResponse:
        return error.response()

    @app.exception_handler(AdvisorError)
    async def failed(_: Request, error: AdvisorError) -> JSONResponse:
        return problem_of(error).response()

    @app.exception_handler(Exception)
    async def broken(_: Request, __: Exception) -> JSONResponse:
        advice = "Try again; the log of the server says what happened."
        return ProblemError(500, "internal", "the advisor failed", advice).response()

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        advice = "Check the request against /api/openapi.json."
        return ProblemError(422, "request", f"{place}: {first['msg']}", advice).response()

    @app.exception_handler(HTTPException)
    async def refused_by_framework(_: Request, error: HTTPException) -> JSONResponse:
        code, advice = _HTTP_ERRORS.get(error.status_code, ("refused", "Check the request against /api/openapi.json."))
        return ProblemError(error.status_code, code, str(error.detail), advice, error.headers).response()
