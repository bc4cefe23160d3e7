"""The interfaces put together, behind the guard. The page is mounted on what this makes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from mcp.server.transport_security import TransportSecuritySettings

from advisor.api import problems
from advisor.api.completions import completions_router
from advisor.api.document_routes import Show, documents_router
from advisor.api.guard import Gate, Guard
from advisor.api.headers import script_hashes
from advisor.api.log import log_questions
from advisor.api.login import login_router
from advisor.api.mcp_server import mcp_server
from advisor.api.metrics import Metrics, metrics_router
from advisor.api.pool import QuestionPool
from advisor.api.problems import OPENAI_PATHS
from advisor.api.routes import health_router, index_router, questions_router
from advisor.storage.database import open_database

_DESCRIPTION = (
    "Answers from a curated corpus, with the lines behind every sentence. Where there are users, requests carry a token "
    "(`advisor users token NAME`) in `Authorization: Bearer`, or the cookie of a browser that is signed in."
)


def create_interfaces(pool: QuestionPool, show: Show, head: str, *, local: bool) -> FastAPI:
    """`/api/…`, `/v1/…`, `/mcp`, `/metrics`, `/login`, and the guard before them and before all that is added.

    :param show: renders a document for the page.
    :param head: what the page adds to its head.
    :param local: only this machine reaches it: without users, nobody signs in.
    """
    advisor = pool.advisor
    gate = Gate(advisor.settings, pool.turns, local=local)
    metrics = Metrics(advisor)
    advisor.watch(metrics.question)
    advisor.watch(log_questions(advisor.settings))
    # Hosts and origins are the guard's to check, here as everywhere.
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    tools = mcp_server(pool).streamable_http_app(stateless_http=True, json_response=True, transport_security=security)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with tools.router.lifespan_context(tools):
            yield
        pool.close()
        open_database(advisor.settings).close()

    app = FastAPI(
        title="CTO Advisor",
        version=version("cto-advisor"),
        description=_DESCRIPTION,
        openapi_url="/api/openapi.json",
        servers=[{"url": advisor.settings.root_path}] if advisor.settings.root_path else None,
        docs_url=None,  # the usual pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    problems.install(app)
    routers = (questions_router(pool), health_router(advisor), documents_router(advisor, show), index_router(advisor))
    for router in routers:
        app.include_router(router, prefix="/api")
    app.include_router(completions_router(pool), prefix=OPENAI_PATHS.rstrip("/"))
    app.include_router(login_router(gate))
    app.include_router(metrics_router(metrics))
    app.router.routes.extend(tools.routes)  # one route, /mcp
    app.add_middleware(Guard, gate=gate, count=metrics.request, known=script_hashes(head))
    return app
