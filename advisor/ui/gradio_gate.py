"""What stands before Gradio, which believes what it is sent: only what the page itself asks for gets to it.

Gradio serves more than its page needs (a proxy, monitoring, calls by name), fetches addresses that stand for files, and
takes any path of this machine for a file that was uploaded. Each event of the page comes through here as its components send
it, with nothing else beside, from somebody whose role has it, and its files are those that lie in the folder of uploads.
What an event gives goes to the visitor who sent it.
"""

from __future__ import annotations

import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
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

from advisor.api.access import may_curate, visitor_of
from advisor.api.log import log_failure
from advisor.api.problems import ProblemError
from advisor.limits import DOCUMENT, FILES, KEY
from advisor.ui.stream_ends import StreamEnds

PAGE_PATHS = (
    *("/", "/config", "/theme.css", "/manifest.json", "/favicon.ico", "/static/*", "/assets/*"),
    *("/gradio_api/info", "/gradio_api/startup-events", "/gradio_api/theme.css", "/gradio_api/heartbeat/*"),
    *("/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/cancel", "/gradio_api/reset"),
    *("/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/file=*"),
)
"""Of Gradio's routes, those that the page uses; an asterisk stands for anything."""
_OF_THE_PAGE = re.compile("|".join(re.escape(path).replace(r"\*", ".+") for path in PAGE_PATHS))
_API = "/gradio_api/"
_FILE, _BEAT = f"{_API}file=", f"{_API}heartbeat/"
_JOIN, _DATA, _CANCEL, _RESET = (f"{_API}{name}" for name in ("queue/join", "queue/data", "cancel", "reset"))
_UPLOADS = (f"{_API}upload", f"{_API}upload_progress")
CURATORS_TABS = ("tab-corpus", "tab-questions", "tab-evaluations")
"""What is in these tabs, and the tabs themselves, is for curators."""
_MOST_SESSIONS = 20_000  # Gradio itself keeps 10,000


class GradioGate:
    """Hands to Gradio what is allowed; the rest is not there, or refused."""

    def __init__(self, app: ASGIApp, page: gr.Blocks) -> None:
        self._app = app
        self._page = page
        self._curators_events = curators_events(page)
        self._sessions = _Sessions()
        self._ends = StreamEnds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let Gradio answer it."""
        path = scope["path"].removeprefix(scope["root_path"])
        if scope["type"] == "http":
            if not _OF_THE_PAGE.fullmatch(path or "/") or (
                path.startswith(_FILE) and not _uploaded(path.removeprefix(_FILE))
            ):
                raise HTTPException(HTTPStatus.NOT_FOUND, "there is nothing at this address")
            request = Request(scope, receive)
            is_post = scope["method"] == "POST"
            if path in _UPLOADS and not may_curate(request):
                raise for_curators()
            if path == _JOIN and is_post:
                event = self._checked(await request.body(), request)
                receive = _Replayed(event.model_dump_json().encode(), receive)
                send = self._ends.event(event.session_hash, send)
            elif path in (_CANCEL, _RESET) and is_post:
                body = await request.body()
                self._sessions.check(_session_in(body), request)
                receive = _Replayed(body, receive)
            elif path == _DATA:
                session = request.query_params.get("session_hash", "")
                self._sessions.check(session, request)
                return await self._ends.stream(session, partial(self._hand_over, scope), receive, send)
            elif path.startswith(_BEAT):
                self._sessions.check(path.removeprefix(_BEAT), request)
        return await self._hand_over(scope, receive, send)

    async def _hand_over(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Gradio knows its whole address, below the path that a proxy has the page under, and takes that off by itself.
        await self._app({**scope, "path": scope.get("app_root_path", "") + scope["path"]}, receive, send)

    def _checked(self, body: bytes, request: Request) -> _Event:
        """An event as the page sends it, and nothing else.

        :raises ProblemError: when no event of the page has this form, or none that this visitor may send.
        """
        try:
            event = _Event.model_validate_json(body)
            function = self._page.fns.get(event.fn_index)
            if function is None:
                message = f"the page has no event {event.fn_index}"
                raise ProblemError(422, "request", message, "Reload the page.")
            if event.fn_index in self._curators_events and not may_curate(request):
                raise for_curators()
            event.data = _values(function, event.data)
            self._sessions.check(event.session_hash, request)
        except ValidationError as error:
            first = error.errors()[0]
            message = f"an event of the page has another form: {first['msg']}"
            raise ProblemError(422, "request", message, "Reload the page.") from error
        return event


class QuietTraceback:
    """What Gradio prints of an error in an event, without the words of the error: they can repeat what was sent."""

    def print_exc(self) -> None:
        """Write the error that is being handled to the log."""
        error = sys.exception()
        if isinstance(error, Exception):
            log_failure(error)


class _Event(BaseModel):
    """What the page sends: a number of each event and of its trigger, a value for each input, and which page it is."""

    model_config = ConfigDict(strict=True)

    data: list[Any]
    fn_index: int
    trigger_id: int | None = None
    session_hash: Annotated[str, Field(max_length=KEY.most)]


class _Cancelled(BaseModel):
    """What the page sends to stop an event."""

    session_hash: Annotated[str, Field(max_length=KEY.most)] = ""


def _session_in(body: bytes) -> str:
    try:
        return _Cancelled.model_validate_json(body).session_hash
    except ValidationError as error:
        raise ProblemError(422, "request", "this stops no event of the page", "Reload the page.") from error


class _Sessions:
    """Whose each open page is: that of the visitor who used its number first. Safe to use from several threads."""

    def __init__(self) -> None:
        self._visitors: OrderedDict[str, str] = OrderedDict()
        self._turn = threading.Lock()

    def check(self, session: str, request: Request) -> None:
        """Take a number that is free, for the visitor of a request.

        :raises HTTPException: when it is another visitor's.
        """
        visitor = visitor_of(request)
        if not session or visitor is None:
            return
        with self._turn:
            if self._visitors.setdefault(session, visitor.key) != visitor.key:
                raise HTTPException(HTTPStatus.NOT_FOUND, "there is nothing at this address")
            self._visitors.move_to_end(session)
            if len(self._visitors) > _MOST_SESSIONS:
                self._visitors.popitem(last=False)


def curators_events(page: gr.Blocks) -> frozenset[int]:
    """The numbers of the events of a page that are for curators: those that begin in their tabs."""
    return frozenset(
        number
        for number, function in page.fns.items()
        if any(_is_curators(page.blocks.get(target)) for target, _ in function.targets if target is not None)
    )


def _is_curators(block: Block | None) -> bool:
    while block is not None:
        if getattr(block, "elem_id", None) in CURATORS_TABS:
            return True
        block = block.parent
    return False


def for_curators() -> ProblemError:
    """What somebody is told who is no curator."""
    return ProblemError(HTTPStatus.FORBIDDEN, "curators_only", "this is for curators", "Ask a curator to do it.")


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
