"""The tools for assistants, called by the protocol's own client, over HTTP and over standard input and output."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent
from served import Served, serve

from advisor.accounts.users import add_user, new_token

QUESTION = "When does a blameless review take place after an outage?"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    """With a user: the client has to show a token."""
    with serve(tmp_path_factory.mktemp("mcp"), embeddings, local=False, answer_threshold=0.05) as running:
        add_user(running.settings, "ada", "correct horse battery", "user")
        yield running


def over_http(served: Served, use: Callable[[Client], Awaitable[None]], token: str | None = None) -> None:
    async def run() -> None:
        headers = {"Authorization": f"Bearer {token or new_token(served.settings, 'ada')}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(f"{served.address}/mcp", http_client=http)) as client,
        ):
            await use(client)

    in_a_thread(run())


def over_stdio(served: Served, use: Callable[[Client], Awaitable[None]]) -> None:
    settings = served.settings
    code = "from advisor.cli.main import main; main()"
    arguments = ["-c", code, "mcp", "--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir)]
    server = StdioServerParameters(command=sys.executable, args=arguments, env={"ADVISOR_ANSWER_THRESHOLD": "0.05"})

    async def run() -> None:
        async with Client(stdio_client(server)) as client:
            await use(client)

    in_a_thread(run())


def in_a_thread(use: Coroutine[Any, Any, None]) -> None:
    """Playwright keeps an event loop running in the main one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, use).result()


async def call(client: Client, tool: str, **arguments: object) -> Any:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


async def use_every_tool(client: Client) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert tools.keys() == {"ask", "search", "read_source"}
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools.values())
    answer = await call(client, "ask", question=QUESTION)
    assert answer["status"] == "answered"
    assert "within five days" in answer["answer"]
    cited = answer["citations"][0]
    part = await call(client, "read_source", document=cited["document"], start=cited["start"], end=cited["end"])
    assert (part["text"], part["next"]) == (cited["quote"], None)
    found = await call(client, "search", question=QUESTION, k=2)
    assert [result["rank"] for result in found["results"]] == [1, 2]
    assert found["results"][0]["document"] == "en/incidents.md"


@pytest.mark.parametrize("way", [over_http, over_stdio])
def test_an_assistant_asks_searches_and_reads(served: Served, way):
    way(served, use_every_tool)


def test_what_goes_wrong_is_told_in_words(served: Served):
    async def use(client: Client) -> None:
        for tool, arguments, message in (
            ("ask", {"question": "?"}, "letters"),
            ("search", {"question": ""}, "empty"),
            ("read_source", {"document": "../../etc/passwd"}, "is not in generation"),
            ("read_source", {"document": "en/board.md", "start": 9, "end": 2}, "9-2 is no span"),
            ("read_source", {"document": "en/board.md", "generation": "../x"}, "is not in generation"),
        ):
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            assert isinstance(result.content[0], TextContent)
            assert message in result.content[0].text

    over_http(served, use)


def test_a_long_document_is_read_in_parts(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("advisor.api.tools.MOST_CHARS", 50)
    whole = served.advisor.document("en/incidents.md").text

    async def use(client: Client) -> None:
        text, start = "", 0
        while start is not None:
            part = await call(client, "read_source", document="en/incidents.md", start=start)
            assert len(part["text"]) <= 50
            text, start = text + part["text"], part["next"]
        assert text == whole

    over_http(served, use)


def test_without_a_token_there_are_no_tools(served: Served):
    async def use(client: Client) -> None:
        pytest.fail("the client got in")

    with pytest.raises(BaseExceptionGroup) as caught:
        over_http(served, use, token="adv_wrong")
    assert "Server returned an error response" in str(caught.value.exceptions)
    with served.client(Authorization="Bearer adv_wrong") as client:
        assert client.post("/mcp", json={}).json()["code"] == "token"
