"""Who may call what: the table of the documentation against the application as it runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from served import PASSWORD, Served, serve
from starlette.routing import BaseRoute, Mount, Route

from advisor.accounts.users import add_user, new_token
from advisor.ui.gradio_gate import PAGE_PATHS, GradioGate
from advisor.ui.server import create_app

STRANGERS, USERS, CURATORS = "everybody", "users", "curators"
_ROW = re.compile(r"^\| `([A-Z]+) (/\S*)` \| (everybody|users|curators) \|", re.MULTILINE)
ENDLESS = ("/gradio_api/queue/data", "/gradio_api/heartbeat/", "/gradio_api/startup-events")
POSTED = ("/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/upload")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("routes"), embeddings, local=False, questions_per_minute=100_000) as running:
        add_user(running.settings, "ada", PASSWORD, "user")
        add_user(running.settings, "grace", PASSWORD, "curator")
        yield running


def flattened(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Mount) and isinstance(route.app, GradioGate):
            for path in PAGE_PATHS:
                yield "POST" if path in POSTED else "GET", f"/{{language}}{path}"
        elif original := getattr(route, "original_router", None):
            prefix = route.include_context.prefix
            yield from ((method, prefix + path) for method, path in flattened(original.routes))
        elif isinstance(route, APIRoute | Route):
            yield from (
                (method, route.path) for method in sorted(route.methods or ["POST"]) if method not in ("HEAD", "OPTIONS")
            )
        else:
            pytest.fail(f"{route} is of a kind that is not looked at")


def table(project_root: Path) -> dict[tuple[str, str], str]:
    text = (project_root / "docs" / "safety.md").read_text(encoding="utf-8")
    return {(method, path): who for method, path, who in _ROW.findall(text)}


def test_the_table_has_every_route_and_no_other(served: Served, project_root: Path):
    async def routes() -> list[BaseRoute]:
        return create_app(served.advisor).routes  # where a loop runs: Gradio would make one, and leave it open

    with ThreadPoolExecutor(1) as pool:
        assert set(table(project_root)) == set(flattened(pool.submit(asyncio.run, routes()).result()))


def status(client: httpx.Client, method: str, path: str) -> tuple[int, str]:
    address = re.sub(r"\{language\}", "en", path)
    address = re.sub(r"\{kind\}", "md", address)
    address = re.sub(r"\{[^}]*\}|\*", "x", address)
    with client.stream(method, address, json={} if method in ("POST", "PATCH") else None) as answer:
        if answer.headers.get("content-type", "").startswith("application/json"):
            answer.read()
            body = answer.json()
            body = body.get("error", body) if isinstance(body, dict) else body  # below /v1
            return answer.status_code, body.get("code", "") if isinstance(body, dict) else ""
        return answer.status_code, ""


def test_the_table_says_who_may_call_each(served: Served, project_root: Path):
    tokens = {name: new_token(served.settings, name) for name in ("ada", "grace")}
    clients = {name: served.client(Authorization=f"Bearer {token}") for name, token in tokens.items()}
    wrong = []
    for (method, path), told in table(project_root).items():
        if any(part in path for part in ENDLESS):
            continue
        with served.client() as stranger:
            refused = status(stranger, method, path) == (401, "sign_in")
        for_curators = status(clients["ada"], method, path)[1] == "curators_only"
        assert status(clients["grace"], method, path)[1] != "curators_only"
        found = CURATORS if for_curators else USERS if refused else STRANGERS
        if found != told:
            wrong.append((method, path, found))
    for client in clients.values():
        client.close()
    assert wrong == []
