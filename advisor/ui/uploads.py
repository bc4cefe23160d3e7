"""Files on their way from a browser into the corpus folder: none stays behind, and a disk without room is told."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.formparsers import MultiPartException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from advisor.api.problems import problem_of
from advisor.errors import StorageError

_UPLOAD = "/gradio_api/upload"


@cache
def upload_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for what is uploaded, of this account alone, under a name that nobody knows; it goes with the process."""
    return tempfile.TemporaryDirectory(prefix="advisor-uploads-")


def tell_when_full(app: FastAPI) -> None:
    """Have Gradio's application answer an upload that cannot be written with what is wrong, and drop what it has of it."""

    @app.exception_handler(OSError)
    async def not_written(request: Request, error: OSError) -> JSONResponse:
        if not request.url.path.endswith(_UPLOAD):
            raise error
        folder = Path(upload_folder().name)
        for path in folder.iterdir():  # files that are whole lie in folders of their own
            if path.is_file():
                path.unlink(missing_ok=True)
        message = (
            f"uploads cannot be written in {folder} ({error.strerror}). Make room there, or set TMPDIR to another folder"
        )
        return problem_of(StorageError(message)).response(request.scope["path"])


class WholeUploads:
    """Tells Gradio of an upload whose sender goes away as of a damaged one: of these it keeps no half."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""

        async def whole() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                reason = "the upload ended early"
                raise MultiPartException(reason)
            return message

        is_upload = scope["type"] == "http" and scope["path"].endswith(_UPLOAD)
        await self._app(scope, whole if is_upload else receive, send)
