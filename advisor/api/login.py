"""Signing in and out: a page without scripts, in the language of the browser."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from advisor.accounts.audit import record_action
from advisor.accounts.sessions import LONGEST_SECONDS
from advisor.api.access import SHARED_PATH, browser_language
from advisor.api.guard import COOKIE, Gate
from advisor.limits import PASSWORD, USER_NAME
from advisor.text.language import WordTable, read_words
from advisor.text.templates import Templates
from advisor.types import Language


class LoginWords(WordTable):
    """The page in one language."""

    title: str
    name: str
    password: str
    enter: str
    wrong: str
    wait: str


_WORDS = read_words("advisor.api", LoginWords)
_TEMPLATES = Templates("advisor.api")

_HASHES_AT_ONCE = 2  # each takes 64 MiB
_MOST_WAITING = 50
_BUSY_SECONDS = 5
_PAGES = re.compile(rf"/|/fr/|/en/|{SHARED_PATH}[\w-]+", re.ASCII)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'"


def login_router(gate: Gate) -> APIRouter:
    """`GET` and `POST /login`, `POST /logout`."""
    router = APIRouter(include_in_schema=False)
    root = gate.settings.root_path
    hashing = CapacityLimiter(_HASHES_AT_ONCE)  # of threads of its own: those of the server are for everybody else

    @router.get("/login")
    def ask(request: Request) -> Response:
        if not gate.guarded:
            return RedirectResponse(root + _goal(request), 303)
        return _page(request)

    @router.post("/login")
    async def sign_in(
        request: Request,
        name: Annotated[str, Form(max_length=USER_NAME.most)] = "",
        password: Annotated[str, Form(max_length=PASSWORD.most)] = "",
    ) -> Response:
        address, words = request.client.host if request.client else "", _WORDS[_language(request)]
        is_busy = hashing.statistics().tasks_waiting >= _MOST_WAITING
        wait = _BUSY_SECONDS if is_busy else gate.guesses.begin(name, address)
        if wait:
            return _page(request, words.wait.format(wait), status=429, headers={"Retry-After": str(wait)})
        key = await to_thread.run_sync(_key_for, gate, name, password, address, limiter=hashing)
        if key is None:
            return _page(request, words.wrong, status=401)
        gate.guesses.was_right(name, address)
        answer = RedirectResponse(root + _goal(request), 303)
        is_secure = request.url.scheme == "https"
        answer.set_cookie(
            COOKIE, key, max_age=LONGEST_SECONDS, path=root or "/", httponly=True, samesite="lax", secure=is_secure
        )
        return answer

    @router.post("/logout")
    def sign_out(request: Request) -> Response:
        if gate.guarded:
            gate.sessions.end(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse(f"{root}/login", 303)
        answer.delete_cookie(COOKIE, path=root or "/", httponly=True, samesite="lax")
        return answer

    return router


def _key_for(gate: Gate, name: str, password: str, address: str) -> str | None:
    """The key of a new sign-in; None when the password is not that of the name."""
    user = gate.users.with_password(name, password)
    if user is None:
        record_action(gate.settings, None, "failed sign-in", name=name, address=address)
        return None
    record_action(gate.settings, user.name, "sign-in", address=address)
    return gate.sessions.open(user)


def _goal(request: Request) -> str:
    """Where somebody was going before they were asked to sign in: a page of the advisor, and nothing else."""
    try:
        wanted = urlsplit(request.query_params.get("next", ""))
    except ValueError:
        return "/"
    is_own = not wanted.scheme and not wanted.netloc and _PAGES.fullmatch(wanted.path)
    if not is_own or not (wanted.query or wanted.path.startswith(SHARED_PATH)):
        return "/"
    return f"{wanted.path}?{wanted.query}" if wanted.query else wanted.path


def _language(request: Request) -> Language:
    return browser_language(request.headers.get("accept-language", ""))


def _page(request: Request, message: str = "", *, status: int = 200, headers: dict[str, str] | None = None) -> HTMLResponse:
    language = _language(request)
    action = "login" + (f"?{request.url.query}" if request.url.query else "")
    page = _TEMPLATES.render("login", language=language, words=_WORDS[language], action=action, message=message)
    return HTMLResponse(page, status, {"Content-Security-Policy": _POLICY, **(headers or {})})
