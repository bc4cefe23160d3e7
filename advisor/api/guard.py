"""The guard: every request passes it before the page, the interfaces or a document see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode

from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from advisor.accounts.sessions import Sessions
from advisor.accounts.users import Users
from advisor.api.access import SHARED_PATH, STATE_KEY, Visitor, who_takes_turns
from advisor.api.headers import SecuredSend
from advisor.api.log import log_failure, log_request
from advisor.api.origin import host_of, is_cross_origin, is_own_host
from advisor.api.problems import ProblemError, problem_of
from advisor.api.rates import Guesses, Rates
from advisor.api.turns import Turns
from advisor.errors import CrowdedError, SettingsError, StorageError
from advisor.limits import BODY
from advisor.settings import Settings

COOKIE = "advisor"
_FULL_FILES = 5  # of the largest size, in one upload
_HEALTH = "/api/health"
_OPEN = ("/login", _HEALTH)  # without signing in
_UPLOAD = "/gradio_api/upload"
_OF_A_PROXY = (b"x-forwarded-", b"forwarded", b"x-gradio-", b"x-real-ip")
_ASKED_AT_ONCE = 10  # of the database, of the twenty connections that it gives
_BODY_SECONDS = 60.0
_UPLOAD_SECONDS = 600.0
_REFUSED_SECONDS = 1.0
_WORK = ("/api/ask", "/api/search", "/v1/chat/completions", "/mcp")
_JOIN = "/gradio_api/queue/join"
_LOOKING = "/page/"  # what the page's script asks for: next questions, reasons, memos, the library, the maturity check
_LISTING = "/page/conversations"  # it is asked for after each answer, and searches nothing

Count = Callable[[str, int, float], None]
"""Told of each request: its path, its status and its seconds."""


class Gate:
    """Who may come in: users, their sign-ins, limits. What the guard and the sign-in page share."""

    def __init__(self, settings: Settings, turns: Turns, *, local: bool) -> None:
        """:param local: only this machine can reach the server."""
        self.settings = settings
        self.turns = turns
        self.users = Users(settings)
        self.sessions = Sessions(settings)
        self.asking = CapacityLimiter(_ASKED_AT_ONCE)  # threads of its own: those of the server may all be taken
        self.rates = Rates(settings.questions_per_minute)
        self.guesses = Guesses()
        self.hosts = settings.host_names
        self._public = not local or bool(self.hosts)

    @property
    def guarded(self) -> bool:
        """Whether people have to sign in. Nobody can while there are no users: the server stays shut."""
        return self._public or bool(self.users)

    def is_own_host(self, host: str) -> bool:
        """Whether a request was sent to a name of this server."""
        return (self._public and not self.hosts) or is_own_host(host, self.hosts)

    def visitor(self, request: HTTPConnection) -> Visitor | None:
        """Who sends a request; None for somebody who has to sign in.

        :raises ProblemError: for a token that is nobody's.
        """
        address = request.client.host if request.client else ""
        if not self.guarded:
            return Visitor(None, "curator", address)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            user = self.users.with_token(token.strip())
            if user is None:
                message, advice = "the token is not known", "Make one: advisor users token NAME."
                raise ProblemError(401, "token", message, advice, {"WWW-Authenticate": "Bearer"})
        else:
            key = request.cookies.get(COOKIE)
            user = self.sessions.find(key, self.users) if key else None
        return Visitor(user.name, user.role, address) if user else None


class Guard:
    """ASGI middleware: refuses what should not come in, and protects the reader of what goes out."""

    def __init__(self, app: ASGIApp, gate: Gate, count: Count, known: str) -> None:
        """:param known: the hashes of the scripts that the page adds to itself."""
        self._app = app
        self._known = known
        self._gate = gate
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let the application answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            # The server has taken from these what the settings let it believe; Gradio would believe all of it.
            scope["headers"] = [pair for pair in scope["headers"] if not pair[0].startswith(_OF_A_PROXY)]
            self._take_root_off(scope)
            await self._answer(scope, receive, SecuredSend(send, https=scope["scheme"] == "https", known=self._known))
        elif scope["type"] == "websocket":  # the page uses none
            await send({"type": "websocket.close", "code": HTTPStatus.FORBIDDEN.value})

    def _take_root_off(self, scope: Scope) -> None:
        """Leave the path below which the page is: some proxies take it off, others do not.

        The application's own address has it (`Request.base_url` reads it there), its routes do not: `root_path` would be cut
        off the beginning of any path that happens to have it.
        """
        root, path = self._gate.settings.root_path, scope["path"]
        scope["app_root_path"] = root
        if root and f"{path}/".startswith(f"{root}/"):
            scope["path"] = path.removeprefix(root) or "/"

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request = HTTPConnection(scope)
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        visitor: Visitor | None = None

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            try:
                self._check_sender(scope, request.headers)
                visitor = await self._visitor(request)
                refusal = self._ask_to_sign_in(request) if visitor is None else self._check_visitor(scope, visitor)
                most = self._most_bytes(scope)
                if refusal is None:
                    _check_length(request.headers, most)
            except ProblemError as problem:
                refusal = problem.response(scope["path"])
            except StorageError as error:
                refusal = problem_of(error).response(scope["path"])
            except SettingsError as error:  # it names files of this machine
                log_failure(error)
                message, advice = "the users cannot be read", "The log of the server says why."
                refusal = ProblemError(503, "unavailable", message, advice).response(scope["path"])
            if refusal is None:
                scope.setdefault("state", {})[STATE_KEY] = visitor
                seconds = _UPLOAD_SECONDS if self._is_upload(scope) else _BODY_SECONDS
                refusal = await self._carry_out(scope, _Limited(receive, most, seconds), noted)
            if refusal is not None:
                if refusal.status_code == HTTPStatus.TOO_MANY_REQUESTS:  # to refuse at once costs more than it spares
                    await asyncio.sleep(_REFUSED_SECONDS)
                await refusal(scope, receive, noted)
        finally:
            seconds = time.perf_counter() - started
            self._count(scope["path"], status, seconds)
            log_request(scope["method"], scope["path"], status, seconds, visitor)

    async def _visitor(self, request: HTTPConnection) -> Visitor | None:
        """Who sends a request. The database is asked in a thread: the server goes on while it is waited for.

        Whether the server is well is told without asking who asks.
        """
        if request.scope["path"] == _HEALTH:
            return None
        return await to_thread.run_sync(self._gate.visitor, request, limiter=self._gate.asking)

    async def _carry_out(self, scope: Scope, receive: Receive, send: Send) -> Response | None:
        """Let the application answer, once it is this person's turn; why it is not to answer."""
        who = who_takes_turns(scope["state"][STATE_KEY]) if _is_work(scope) else ""
        try:
            async with self._gate.turns.turn(who):
                await self._app(scope, receive, send)
        except CrowdedError as error:
            return problem_of(error).response(scope["path"])
        return None

    def _check_sender(self, scope: Scope, headers: Headers) -> None:
        host = host_of(headers)
        if not self._gate.is_own_host(host):
            message = f"{host!r} is no name of this server"
            raise ProblemError(421, "host", message, "Use its own address, or name the other in ADVISOR_HOST_NAMES.")
        if is_cross_origin(scope["method"], headers):
            message = "the request was sent by a page of another site"
            raise ProblemError(403, "origin", message, "Open the advisor's own page, and send it from there.")

    def _ask_to_sign_in(self, request: HTTPConnection) -> Response | None:
        path = request.scope["path"]
        if path in _OPEN:
            return None
        if request.scope["method"] == "GET" and "text/html" in request.headers.get("accept", ""):
            query = request.url.query
            # The link of a memo, of a conversation; the front page needs none.
            goal = f"?{urlencode({'next': f'{path}?{query}'})}" if query or path.startswith(SHARED_PATH) else ""
            return RedirectResponse(f"{self._gate.settings.root_path}/login{goal}", 303)
        message, advice = "this needs a user", "Sign in at /login, or send a token: Authorization: Bearer …"
        return ProblemError(401, "sign_in", message, advice, {"WWW-Authenticate": "Bearer"}).response(path)

    def _check_visitor(self, scope: Scope, visitor: Visitor) -> Response | None:
        path = scope["path"]
        if path.endswith(_UPLOAD) and visitor.role != "curator":
            raise ProblemError(403, "curators_only", "only curators upload documents", "Ask a curator to do it.")
        if _is_counted(scope):
            wait = self._gate.rates.question(visitor.key)
            if wait:
                message = f"more than {self._gate.settings.questions_per_minute} requests in a minute"
                raise ProblemError(429, "too_often", message, f"Wait {wait} s.", {"Retry-After": str(wait)})
        return None

    def _most_bytes(self, scope: Scope) -> int:
        return _FULL_FILES * self._gate.settings.max_file_bytes if self._is_upload(scope) else BODY.most

    def _is_upload(self, scope: Scope) -> bool:
        return bool(scope["path"].endswith(_UPLOAD))


def _is_counted(scope: Scope) -> bool:
    """Whether a request counts among those of a minute."""
    path: str = scope["path"]
    return (scope["method"] == "POST" and path.endswith((*_WORK, _JOIN))) or (
        path.startswith((_LOOKING, SHARED_PATH)) and path != _LISTING
    )


def _is_work(scope: Scope) -> bool:
    """Whether a request takes a turn. An event of the page is only put in a queue: it takes its turn when it is answered."""
    path: str = scope["path"]
    return (scope["method"] == "POST" and path.endswith(_WORK)) or path.startswith(_LOOKING)


def _check_length(headers: Headers, most: int) -> None:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > most:
        raise ProblemError(413, "too_large", f"the request has more than {most:,} bytes", "Send less at once.")


class _Limited:
    """Receives a request up to a number of bytes, and within a time: a length need not be told beforehand."""

    def __init__(self, receive: Receive, most: int, seconds: float) -> None:
        self._receive = receive
        self._left = most
        self._until: float | None = time.monotonic() + seconds

    async def __call__(self) -> Message:
        if self._until is None:  # it is there whole: what is waited for is that its sender goes
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._until - time.monotonic()))
        except TimeoutError:
            raise HTTPException(408, "the request does not come to its end") from None
        if not message.get("more_body"):
            self._until = None
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, "the request is too large")
        return message
