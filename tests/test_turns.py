"""One person's requests take turns: three at once, some wait, others are refused; other people notice nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pages import serve_app
from served import PASSWORD, Served, event_of, send_event, serve, told

from advisor.accounts.users import add_user, new_token
from advisor.advisor import Advisor
from advisor.api.turns import Turns
from advisor.errors import CrowdedError

QUESTION = "When does a blameless review take place after an outage?"
MARK = "And the flood?"


class HeldAdvisor(Advisor):
    """The real one, which answers what has the mark only once it is let; `most` is how many of these it had at once."""

    def __init__(self, advisor: Advisor) -> None:
        super().__init__(advisor.settings, advisor.embeddings, advisor.index)
        self.go_on = threading.Event()
        self.running = self.most = 0
        self._lock = threading.Lock()

    def stream(self, question: str, **options: Any) -> Iterator[Any]:
        if question != MARK:
            yield from super().stream(question, **options)
            return
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        try:
            self.go_on.wait(30)
            yield from super().stream(question, **options)
        finally:
            with self._lock:
                self.running -= 1


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("turns"), embeddings, local=False, questions_per_minute=100_000) as running:
        for name in ("ada", "flood"):
            add_user(running.settings, name, PASSWORD, "user")
        yield running


@contextmanager
def held(served: Served) -> Iterator[tuple[HeldAdvisor, httpx.Client, httpx.Client]]:
    """The advisor behind a server of its own, a client of each of two people."""
    advisor = HeldAdvisor(served.advisor)
    tokens = [new_token(served.settings, name) for name in ("ada", "flood")]
    with serve_app(advisor, local=False) as address:
        limits = httpx.Limits(max_connections=60)
        clients = [
            httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60, limits=limits)
            for token in tokens
        ]
        try:
            yield advisor, clients[0], clients[1]
        finally:
            advisor.go_on.set()
            for client in clients:
                client.close()


def until(true: Any) -> None:
    """Wait until something holds; fails when it does not within ten seconds."""
    ends = time.monotonic() + 10
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_three_requests_of_one_person_are_carried_out_at_once_and_others_are_answered(served: Served):
    with held(served) as (advisor, ada, flood), ThreadPoolExecutor(40) as many:
        asked = [many.submit(flood.post, "/api/ask", json={"question": MARK}) for _ in range(30)]
        until(lambda: sum(one.done() for one in asked) == 30 - Turns.AT_ONCE - Turns.WAITING)
        for _ in range(3):
            assert ada.post("/api/ask", json={"question": QUESTION}).status_code == 200
        advisor.go_on.set()
        answers = [one.result() for one in asked]
    refused = [answer.json() for answer in answers if answer.status_code == 429]
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [429] * 15
    assert {one["code"] for one in refused} == {"too_many"}
    assert "3 of your requests are being answered" in refused[0]["message"]
    assert advisor.most == Turns.AT_ONCE


def test_the_ways_in_share_the_turns_of_a_person(served: Served):
    with held(served) as (advisor, ada, flood), ThreadPoolExecutor(8) as many:
        event = event_of(flood, "send")
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "ask", "arguments": {"question": MARK}},
        }
        headers = {"Accept": "application/json, text/event-stream"}
        chat = {"model": "cto-advisor", "messages": [{"role": "user", "content": MARK}]}
        asked = [
            many.submit(flood.post, "/v1/chat/completions", json=chat),
            many.submit(flood.post, "/api/ask", json={"question": MARK, "stream": True}),
            many.submit(flood.post, "/mcp", json=call, headers=headers),
        ]
        until(lambda: advisor.running == Turns.AT_ONCE)
        assert "Three of your questions" in told(flood, event, [MARK, "", "", None], "fourth")
        looking = many.submit(flood.get, "/page/maturity", params={"language": "en"})
        assert 'class=\\"notice\\"' not in told(ada, event, [QUESTION, "", None], "of-ada")
        assert not looking.done()
        advisor.go_on.set()
        assert {one.result().status_code for one in asked} == {200}
        assert looking.result().status_code == 200
        assert advisor.most == Turns.AT_ONCE


def test_a_question_of_the_page_takes_a_turn_and_gives_it_back(served: Served):
    with held(served) as (advisor, _, flood), ThreadPoolExecutor(1) as one:
        event = event_of(flood, "send")
        for number in range(Turns.AT_ONCE):
            send_event(flood, event, [MARK, "", "", None], f"page {number}")
        until(lambda: advisor.running == Turns.AT_ONCE)
        waiting = one.submit(flood.post, "/api/ask", json={"question": QUESTION})
        time.sleep(0.3)
        assert not waiting.done()
        advisor.go_on.set()
        assert waiting.result().status_code == 200
        for number in range(Turns.AT_ONCE):
            assert (
                "process_completed" in flood.get("/en/gradio_api/queue/data", params={"session_hash": f"page {number}"}).text
            )
        assert "Three of your questions" not in told(flood, event, [QUESTION, "", None], "later")


def test_who_goes_away_gives_their_turn_back():
    turns = Turns()

    async def waits() -> None:
        async with turns.turn("ada"):
            pass

    async def go_away() -> list[bool]:
        taken = [turns.take("ada") for _ in range(Turns.AT_ONCE + 1)]
        waiting = [asyncio.create_task(waits()) for _ in range(Turns.WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(CrowdedError):
            await waits()
        turns.give_back("ada")  # the first is told, and goes before it hears
        waiting[0].cancel()
        waiting[1].cancel()
        for _ in range(Turns.AT_ONCE - 1):
            turns.give_back("ada")
        await asyncio.gather(*waiting, return_exceptions=True)
        return taken

    with ThreadPoolExecutor(1) as pool:  # the thread of the tests may have a loop, which the browser's library runs
        taken = pool.submit(asyncio.run, go_away()).result()
    assert taken == [True] * Turns.AT_ONCE + [False]
    assert [turns.take("ada") for _ in range(Turns.AT_ONCE + 1)] == [True] * Turns.AT_ONCE + [False]


def test_nobody_in_particular_takes_any_number_of_turns():
    turns = Turns()
    assert all(turns.take("") for _ in range(100))


def test_the_documentation_has_the_turns(project_root: Path):
    words = (project_root / "docs" / "operations.md").read_text(encoding="utf-8")
    assert f"| requests of one user that ask or look something up, at once | {Turns.AT_ONCE} |" in words
    assert f"| and that wait for their turn | {Turns.WAITING} |" in words
