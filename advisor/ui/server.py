"""The web server: the page in both languages, on top of the interfaces and behind their guard."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
from contextlib import suppress
from http import HTTPStatus
from typing import cast

# Before Gradio is imported: it reads this once, and would ask for its latest version over the network.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
import gradio.queueing
import gradio.routes
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from advisor.accounts.users import Users
from advisor.advisor import Advisor
from advisor.api.access import browser_language
from advisor.api.application import create_interfaces
from advisor.api.connections import server_config
from advisor.api.document_routes import Show
from advisor.api.log import write_log
from advisor.api.origin import is_loopback
from advisor.api.pool import QuestionPool
from advisor.api.problems import OPENAI_PATHS
from advisor.documents.provenance import provenance_of
from advisor.errors import SettingsError
from advisor.features.conversations import Conversations
from advisor.index.progress import ensure_index
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings, traces_wanted
from advisor.tracing import send_traces
from advisor.types import Document, Language
from advisor.ui.account import account_routes
from advisor.ui.conversation_routes import conversation_routes
from advisor.ui.document_view import render_document
from advisor.ui.gradio_gate import GradioGate, QuietTraceback
from advisor.ui.list_routes import list_routes
from advisor.ui.maturity_tab import maturity_routes
from advisor.ui.original_routes import original_routes
from advisor.ui.page import build_page, head, theme
from advisor.ui.questions_tab import question_routes
from advisor.ui.scope_view import scope_routes
from advisor.ui.share_routes import share_routes
from advisor.ui.share_view import SHARED_POLICY, render_nowhere
from advisor.ui.sources_tab import library_routes
from advisor.ui.texts import TEXTS, Texts
from advisor.ui.uploads import WholeUploads, tell_when_full, upload_folder
from advisor.ui.welcome import welcome_routes

_PORTS_TRIED = 20


def serve_page(settings: Settings, *, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the page until interrupted; builds the index when there is none.

    :param port: the first port tried; the next free one is taken when it is in use.
    :raises AdvisorError: when the index cannot be built or opened, no port is free, or others could reach the page and
        there are no users.
    """
    local, anybody = is_loopback(host), bool(Users(settings))  # asked even where nobody signs in: it tells of later tables
    if not (local and not settings.host_names) and not anybody:
        where = host if not local else f"the names {', '.join(sorted(settings.host_names))}"
        message = f"others can reach {where}, and there are no users. Add one first: advisor users add NAME --curator"
        raise SettingsError(message)
    stop_traces = send_traces() if traces_wanted() else None
    write_log(settings)
    embeddings = Embeddings(settings)
    ensure_index(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    app = create_app(advisor, local=local)
    # Once it has stopped, the web server sends itself the signal again: it ends this function, not the process at once.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _listen(host, port) as listening, suppress(KeyboardInterrupt):
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"The advisor is at http://{shown}:{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(server_config(app, settings)).run(sockets=[listening])
    advisor.close()
    if stop_traces:
        stop_traces()
    upload_folder().cleanup()


def create_app(advisor: Advisor, *, local: bool = False) -> FastAPI:
    """The application: the interfaces, the page at `/fr/` and `/en/`, and at `/` in the language of the browser.

    :param local: only this machine reaches it: without users, nobody has to sign in, and everybody is a curator.
    """
    os.environ["GRADIO_TEMP_DIR"] = upload_folder().name
    for module in (gradio.queueing, gradio.routes):
        module.traceback = QuietTraceback()  # type: ignore[attr-defined]
    pool = QuestionPool(advisor)
    app = create_interfaces(
        pool,
        _show_with(advisor.settings),
        "".join(head(texts, advisor.settings.root_path) for texts in TEXTS.values()),
        local=local,
    )
    conversations = Conversations(advisor.settings)
    for router in (
        account_routes(),
        welcome_routes(pool),
        scope_routes(pool),
        list_routes(conversations),
        conversation_routes(pool, conversations),
        share_routes(advisor.settings, conversations),
        library_routes(pool),
        original_routes(advisor),
        maturity_routes(pool),
        question_routes(pool, conversations),
    ):
        app.include_router(router)
    for texts in TEXTS.values():
        _mount(app, build_page(pool, conversations, texts), texts, advisor.settings)
    app.router.default = _InBrowserLanguage(app)
    _tell_people_in_a_page(app, advisor.settings.root_path)
    return app


def _tell_people_in_a_page(app: FastAPI, root: str) -> None:
    """Have an address that leads to nothing answer a browser with a page; programs get the problem as it is."""
    for_programs = app.exception_handlers[HTTPException]

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        accepted = request.headers.get("accept", "")
        if error.status_code != HTTPStatus.NOT_FOUND or "text/html" not in accepted:
            return await for_programs(request, error)  # type: ignore[misc, no-any-return]
        asked = request.query_params.get("language")
        words: Language = (
            "fr"
            if asked == "fr"
            else "en"
            if asked == "en"
            else browser_language(request.headers.get("accept-language", ""))
        )
        return HTMLResponse(render_nowhere(words, root), error.status_code, {"Content-Security-Policy": SHARED_POLICY})


def _mount(app: FastAPI, page: gr.Blocks, texts: Texts, settings: Settings) -> None:
    """Put the page of a language into the application, behind its gate."""
    path = f"/{texts.language}"
    gr.mount_gradio_app(
        app,
        page,
        path=path,
        root_path=f"{settings.root_path}{path}" if settings.root_path else None,
        theme=theme(),
        head=head(texts, settings.root_path),
        i18n=gr.I18n(**dict.fromkeys(TEXTS, texts.gradio)),  # it would take its words from the language of the browser
        footer_links=[],
        show_error=False,
        ssr_mode=False,
        run_history=False,
        max_file_size=settings.max_file_bytes,
    )
    mounted = next(route for route in app.routes if isinstance(route, Mount) and route.path == path)
    tell_when_full(cast("FastAPI", mounted.app))
    mounted.app = GradioGate(WholeUploads(mounted.app), page)


def _show_with(settings: Settings) -> Show:
    """What renders documents with who added and approved them."""

    def show(document: Document, start: int | None, end: int | None, language: Language) -> str:
        provenance = provenance_of(settings, document.id, document.content_hash)
        return render_document(document, start, end, TEXTS[language], provenance)

    return show


class _InBrowserLanguage:
    """What no route takes goes to the page in the language of the browser.

    Gradio builds a page before it knows who asks. Its own translation (`gr.I18n`) reaches labels, not the HTML that most of
    this page is; words set by a load event would flicker. So there are two pages, and the request chooses: the first paint
    is in the right language.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(("/api/", OPENAI_PATHS)):
            raise HTTPException(404, f"{scope['path']} is not there")
        language = browser_language(Headers(scope=scope).get("accept-language", ""))
        await self._app.router({**scope, "path": f"/{language}{scope['path']}"}, receive, send)


def _listen(host: str, first: int) -> socket.socket:
    """A socket that listens on the first free port from `first` on: whoever reads the address can connect at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, min(first + _PORTS_TRIED, 65_536)):
        try:
            return socket.create_server((host, port), family=family)
        except OSError as cause:
            if cause.errno != errno.EADDRINUSE:
                message = f"cannot listen on {host}, port {port}: {cause.strerror}. Name others with --host and --port"
                raise SettingsError(message) from cause
    message = f"no free port from {first} to {first + _PORTS_TRIED - 1} on {host}. Name another with --port"
    raise SettingsError(message)
