"""What stands before Gradio, which believes what it is sent: only what the page itself asks for gets to it.

Gradio serves more than its page needs (a proxy, monitoring, calls by name), fetches addresses that stand for files, and
takes any path of this machine for a file that was uploaded. Each event of the page comes through here as its components send
it, with nothing else beside, and its files are those that lie in the folder of uploads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.blocks import Block
from gradio.utils import get_upload_folder
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from advisor.api.problems import ProblemError
from advisor.limits import DOCUMENT, FILES, KEY

_OF_THE_PAGE = re.compile(
    r"/(?:config|theme\.css|manifest\.json|favicon\.ico|(?:static|assets)/.+|gradio_api/(?:info|startup-events|theme\.css"
    r"|queue/(?:join|data)|cancel|reset|heartbeat/[^/]+|upload|upload_progress|file=.+))?"
)
_FILE = "/gradio_api/file="
_JOIN = "/gradio_api/queue/join"


class GradioGate:
    """Hands to Gradio what is allowed; the rest is not there, or refused."""

    def __init__(self, app: ASGIApp, page: gr.Blocks) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let Gradio answer it."""
        path = scope["path"].removeprefix(scope["root_path"])
        if scope["type"] == "http":
            if not _OF_THE_PAGE.fullmatch(path) or (path.startswith(_FILE) and not _uploaded(path.removeprefix(_FILE))):
                raise HTTPException(HTTPStatus.NOT_FOUND, "there is nothing at this address")
            if path == _JOIN and scope["method"] == "POST":
                body = self._checked(await Request(scope, receive).body())
                receive = _Replayed(body, receive)
        await self._app(scope, receive, send)

    def _checked(self, body: bytes) -> bytes:
        """An event as the page sends it, and nothing else.

        :raises ProblemError: when no event of the page has this form.
        """
        try:
            event = _Event.model_validate_json(body)
            function = self._page.fns.get(event.fn_index)
            if function is None:
                message = f"the page has no event {event.fn_index}"
                raise ProblemError(422, "request", message, "Reload the page.")
            event.data = _values(function, event.data)
        except ValidationError as error:
            first = error.errors()[0]
            message = f"an event of the page has another form: {first['msg']}"
            raise ProblemError(422, "request", message, "Reload the page.") from error
        return event.model_dump_json().encode()


class _Event(BaseModel):
    """What the page sends: a number of each event and of its trigger, a value for each input, and which page it is."""

    model_config = ConfigDict(strict=True)

    data: list[Any]
    fn_index: int
    trigger_id: int | None = None
    session_hash: Annotated[str, Field(max_length=KEY.most)]


class _Replayed:
    """Receives a body that was read before, then what follows it."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def _uploaded(path: str) -> Path | None:
    """The file of that path in the folder of uploads, None when there is none: no other file, and no address."""
    try:
        found = Path(path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # not there; a NUL in it; links that go in a circle
        return None
    return found if found.is_file() and found.is_relative_to(Path(get_upload_folder()).resolve()) else None


def _in_folder(path: str) -> str:
    found = _uploaded(path)
    if found is None:
        message = "the file was not uploaded"
        raise ValueError(message)
    return str(found)


class _File(BaseModel):
    """A file that was uploaded. Its address is Gradio's to make."""

    path: Annotated[str, AfterValidator(_in_folder)]
    meta: dict[str, str] = Field(default={"_type": "gradio.FileData"}, init=False)


_TEXT: TypeAdapter[str | None] = TypeAdapter(str | None)
_NAMES: TypeAdapter[list[str] | None] = TypeAdapter(list[Annotated[str, Field(max_length=DOCUMENT.most)]] | None)
_UPLOADED: TypeAdapter[list[_File]] = TypeAdapter(Annotated[list[_File], Field(max_length=FILES.most)])
_NOTHING: TypeAdapter[None] = TypeAdapter(None)


def _values(function: BlockFunction, data: Sequence[object]) -> list[Any]:
    """The values of the inputs of an event, each of the form that its component sends.

    :raises ValidationError: when there are more or fewer, or one has another form.
    """
    adapters = [_adapter_of(component) for component in function.inputs]
    shape = TypeAdapter(Annotated[list[Any], Field(min_length=len(adapters), max_length=len(adapters))])
    given = shape.validate_python(list(data))
    return [adapter.validate_python(value, strict=True) for adapter, value in zip(adapters, given, strict=True)]


def _adapter_of(component: Block) -> TypeAdapter[Any]:
    if isinstance(component, gr.State):
        return _NOTHING  # it is kept here, and never sent
    if isinstance(component, gr.File):
        return _UPLOADED
    if isinstance(component, gr.CheckboxGroup) or (isinstance(component, gr.Dropdown) and component.multiselect):
        return _NAMES
    return _TEXT
