"""The web server: the page in both languages and the small HTTP interface behind it."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

# Before Gradio is imported: it reads this once, and would ask for its latest version over the network.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse

from advisor.console import ensure_index
from advisor.errors import SettingsError
from advisor.models import Embeddings
from advisor.pipeline import Advisor
from advisor.settings import Settings
from advisor.types import Language
from advisor.ui.page import build_page, theme
from advisor.ui.render import render_document
from advisor.ui.texts import TEXTS

_ASSETS = Path(__file__).parent / "assets"
_PORTS_TRIED = 20


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Serve the page until interrupted; builds the index when there is none.

    :param port: the first port tried; the next free one is taken when it is in use.
    :raises AdvisorError: when the index cannot be built or opened, or no port is free.
    """
    embeddings = Embeddings(settings)
    ensure_index(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    chosen = _free_port(host, port)
    sys.stdout.write(f"The advisor is at http://{host}:{chosen}\n")
    sys.stdout.flush()
    uvicorn.run(create_app(advisor), host=host, port=chosen, log_level="warning")


def create_app(advisor: Advisor) -> FastAPI:
    """The application: `/api/…`, the page at `/fr` and `/en`, and `/` that chooses by the browser's language."""
    app = FastAPI(title="CTO Advisor", docs_url=None, redoc_url=None)

    @app.get("/", include_in_schema=False)
    def choose_language(request: Request) -> RedirectResponse:
        return RedirectResponse(f"/{_browser_language(request.headers.get('accept-language', ''))}/")

    @app.get("/api/health")
    def health() -> dict[str, Any]:
        info = advisor.index.info
        return {
            "status": "ok",
            "index": {"generation": info.generation, "documents": info.documents, "chunks": info.chunks},
        }

    @app.get("/api/sources/{document:path}")
    def source(
        document: str,
        generation: str | None = None,
        start: int | None = None,
        end: int | None = None,
        language: Language = "fr",
    ) -> dict[str, Any]:
        found = advisor.document(document, generation)
        if found is None:
            where = f"generation {generation}" if generation else "the index"
            raise HTTPException(404, f"{document} is not in {where}")
        if start is not None and end is not None and not 0 <= start < end <= len(found.text):
            raise HTTPException(422, f"{start}-{end} is no span of {document} ({len(found.text)} characters)")
        return {
            "document": found.id,
            "title": found.title,
            "language": found.language,
            "topic": found.topic,
            "evidence": found.evidence,
            "date": found.updated,
            "generation": generation or advisor.index.info.generation,
            "text": found.text,
            "html": render_document(found, start, end, TEXTS[language]),
        }

    for language, texts in TEXTS.items():
        gr.mount_gradio_app(
            app,
            build_page(advisor, texts),
            path=f"/{language}",
            theme=theme(),
            head=_head(),
            footer_links=[],
            show_error=False,
            ssr_mode=False,
            run_history=False,
        )
    return app


def _head() -> str:
    """Our style and script, in the page itself. Gradio would rewrite the selectors of a style that is handed to it."""
    style = (_ASSETS / "advisor.css").read_text(encoding="utf-8")
    script = (_ASSETS / "advisor.js").read_text(encoding="utf-8")
    return f"<style>{style}</style><script>{script}</script>"


def _browser_language(accepted: str) -> Language:
    """French or English, whichever the browser names first; English for any other."""
    for part in accepted.lower().split(","):
        code = part.split(";")[0].strip()[:2]
        if code == "fr":
            return "fr"
        if code == "en":
            return "en"
    return "en"


def _free_port(host: str, first: int) -> int:
    for port in range(first, first + _PORTS_TRIED):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    message = f"no free port from {first} to {first + _PORTS_TRIED - 1} on {host}. Name another with --port"
    raise SettingsError(message)
