"""The web server: the page in both languages, and the HTTP interface that it reads documents through."""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import quote

# Before Gradio is imported: it reads this once, and would ask for its latest version over the network.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException, Query, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from advisor.console import ensure_index
from advisor.conversations import Conversations
from advisor.corpus import content_hash, document_id, list_files, read_bytes
from advisor.errors import CorpusError, SettingsError
from advisor.models import Embeddings
from advisor.pipeline import Advisor
from advisor.settings import Settings
from advisor.types import IndexInfo, Language
from advisor.ui.history import conversation_routes
from advisor.ui.maturity import maturity_routes
from advisor.ui.page import build_page, head, theme
from advisor.ui.render import render_document
from advisor.ui.sources import library_routes
from advisor.ui.texts import TEXTS

_PORTS_TRIED = 20
_GOODBYE_SECONDS = 1  # for open pages: each holds a connection for as long as it is open
_DEFAULT_LANGUAGE: Language = "en"


@dataclass(frozen=True, slots=True)
class Health:
    """That the advisor answers, and from which index."""

    status: str
    index: IndexInfo


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document as a generation of the index holds it. `html` is safe to show and has the asked span marked."""

    document: str
    title: str
    language: Language
    topic: str | None
    evidence: str | None
    date: str | None
    also_at: tuple[str, ...]
    generation: str
    text: str
    html: str


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the page until interrupted; builds the index when there is none.

    :param port: the first port tried; the next free one is taken when it is in use.
    :raises AdvisorError: when the index cannot be built or opened, or no port is free.
    """
    embeddings = Embeddings(settings)
    ensure_index(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    app = create_app(advisor, local=_is_loopback(host))
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=_GOODBYE_SECONDS)
    with _listen(host, port) as listening, suppress(KeyboardInterrupt):
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"The advisor is at http://{shown}:{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[listening])
    advisor.close()


def create_app(advisor: Advisor, *, local: bool = False) -> FastAPI:
    """The application: `/api/…`, the page at `/fr/` and `/en/`, and at `/` in the language of the browser.

    :param local: only this machine reaches it: the Corpus tab is there without a password.
    """
    curators = local or advisor.settings.curator_password is not None
    app = FastAPI(title="CTO Advisor", docs_url=None, redoc_url=None)  # those pages would load scripts from elsewhere

    @app.get("/api/health")
    def health() -> Health:
        """Whether the advisor answers."""
        return Health("ok", advisor.index.info)

    @app.get("/api/sources/{document:path}")
    def source(
        document: str,
        generation: str | None = None,
        start: Annotated[int | None, Query(ge=0)] = None,
        end: Annotated[int | None, Query(ge=0)] = None,
        language: Language = _DEFAULT_LANGUAGE,
    ) -> SourceDocument:
        """A document of the index, `[start, end)` of its text marked; `language` is that of the words around it."""
        return _source(advisor, document, generation, start, end, language)

    @app.get("/api/originals/{document:path}", response_class=Response)
    def original(document: str) -> Response:
        """The file that a document of the index was read from, as it was then."""
        return _original(advisor, document)

    conversations = Conversations(advisor.settings.conversations_dir)
    app.include_router(conversation_routes(advisor, conversations))
    app.include_router(library_routes(advisor))
    app.include_router(maturity_routes(advisor))
    for language, texts in TEXTS.items():
        gr.mount_gradio_app(
            app,
            build_page(advisor, conversations, texts, curators=curators),
            path=f"/{language}",
            theme=theme(),
            head=head(texts),
            footer_links=[],
            show_error=False,
            ssr_mode=False,
            run_history=False,
            max_file_size=advisor.settings.max_file_bytes if curators else "1kb",  # Gradio takes uploads in any case
        )
    app.router.default = _InBrowserLanguage(app)
    return app


def _source(
    advisor: Advisor, document: str, generation: str | None, start: int | None, end: int | None, language: Language
) -> SourceDocument:
    generation = generation or advisor.index.info.generation
    found = advisor.document(document, generation)
    if found is None:
        raise HTTPException(404, f"{document} is not in generation {generation} of the index")
    whole = start is None and end is None
    if not whole and (start is None or end is None or not start < end <= len(found.text)):
        raise HTTPException(422, f"{start}-{end} is no span of {document}, which has {len(found.text)} characters")
    return SourceDocument(
        document=found.id,
        title=found.title,
        language=found.language,
        topic=found.topic,
        evidence=found.evidence,
        date=found.updated,
        also_at=found.aliases,
        generation=generation,
        text=found.text,
        html=render_document(found, start, end, TEXTS[language]),
    )


def _original(advisor: Advisor, name: str) -> Response:
    """A file of the corpus folder, when the index holds just that. What is asked for is looked up there, never opened.

    Nothing of it runs on the page's behalf: a PDF is shown by the browser's own reader, any other file is handed over to be
    saved.
    """
    found = advisor.document(name)
    if found is None:
        raise HTTPException(404, f"{name} is not in the index")
    try:
        files = list_files(advisor.settings.corpus_dir)
        path = next((path for path in files if document_id(path, advisor.settings.corpus_dir) == name), None)
        data = read_bytes(path, advisor.settings) if path else b""
    except CorpusError as cause:
        raise HTTPException(404, f"{name} {cause}") from cause
    if path is None or content_hash(data) != found.content_hash:
        raise HTTPException(404, f"{name} has been changed or removed since it was indexed")
    headers = {"X-Content-Type-Options": "nosniff"}
    file_name = f"filename*=UTF-8''{quote(name.rpartition('/')[2])}"
    if path.suffix.lower() == ".pdf":
        return Response(data, 200, headers | {"Content-Disposition": f"inline; {file_name}"}, "application/pdf")
    headers |= {"Content-Disposition": f"attachment; {file_name}", "Content-Security-Policy": "sandbox"}
    return Response(data, 200, headers, "application/octet-stream")


class _InBrowserLanguage:
    """What no route takes goes to the page in the language of the browser.

    Gradio builds a page before it knows who asks. Its own translation (`gr.I18n`) reaches labels, not the HTML that most of
    this page is; words set by a load event would flicker. So there are two pages, and the request chooses: the first paint
    is in the right language.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        language = browser_language(Headers(scope=scope).get("accept-language", ""))
        await self._app({**scope, "path": f"/{language}{scope['path']}"}, receive, send)


def browser_language(accepted: str) -> Language:
    """French or English, whichever an Accept-Language header names first; English for any other."""
    for part in accepted.lower().split(","):
        code = part.strip()[:2]
        if code in ("fr", "en"):
            return "fr" if code == "fr" else "en"
    return _DEFAULT_LANGUAGE


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
