"""The server as a process of its own, as people start it: it answers while it works hard, and stops when it is told to."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from subprocess import Popen

import httpx
import pytest
from loopback import ROOT, advisor_process
from scripted_model import Handler, scripted

from advisor.index.sync import sync
from advisor.settings import Settings

QUESTION = "When does a blameless review take place after an outage?"
# What took longest of the steps that questions pass: accents, hyphens, digits, capitals, markup without an end.
HEAVY = ["\u0301", "a-", "A-1 ", "1.000,", "what is our ", "<!--", "((", "isn't "]
SECONDS = 2.0
HISTORIES = [[(seed * 2_000)[:2_000]] * 20 for seed in HEAVY]


def running(settings: Settings, **more: str) -> AbstractContextManager[tuple[Popen[str], str]]:
    """`python app.py` over the small corpus: its process and its address."""
    more["TMPDIR"] = str(settings.state_dir.parent)  # whatever is left there is seen
    return advisor_process([str(ROOT / "app.py"), "--port", "17860"], settings, more)


@pytest.fixture
def indexed(small_settings: Settings, embeddings) -> Settings:
    sync(small_settings, embeddings)
    return small_settings


def ask(address: str, history: list[str]) -> float:
    """Seconds until an answer of any kind is there, an error after the time of a question included."""
    began = time.monotonic()
    answer = httpx.post(f"{address}/api/ask", json={"question": "And then?", "history": history}, timeout=120)
    assert answer.status_code in (200, 422, 504), answer.text
    return time.monotonic() - began


def test_health_answers_while_the_heaviest_questions_run(indexed: Settings):
    """As many at once as are taken, each within its time."""
    more = {"ADVISOR_QUESTIONS_PER_MINUTE": "1000", "ADVISOR_ANSWER_SECONDS": "20"}
    with running(indexed, **more) as (_, address), ThreadPoolExecutor(8) as many:
        ask(address, [QUESTION])  # what is loaded at the first use
        asked = [many.submit(ask, address, history) for history in HISTORIES]
        waits = []
        while not all(one.done() for one in asked):
            began = time.monotonic()
            assert httpx.get(f"{address}/api/health", timeout=60).status_code == 200
            waits.append(time.monotonic() - began)
            time.sleep(0.1)
        assert max(one.result() for one in asked) < 25
    assert max(waits) < SECONDS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_while_a_question_waits_for_a_model_that_says_nothing(indexed: Settings, number: signal.Signals):
    over, asked = threading.Event(), threading.Event()

    def silent(_: Handler) -> None:
        asked.set()
        over.wait(60)

    with scripted(silent) as model:
        chat = {"ADVISOR_CHAT_MODEL": "openai:any", "ADVISOR_CHAT_URL": model.url, "ADVISOR_CHAT_KEY": "none"}
        with running(indexed, **chat) as (process, address), ThreadPoolExecutor(1) as one:
            waiting = one.submit(httpx.post, f"{address}/api/ask", json={"question": QUESTION}, timeout=60)
            assert asked.wait(30)
            process.send_signal(number)
            assert process.wait(10) == 0
            assert list(indexed.state_dir.parent.glob("advisor-uploads-*")) == []
            with suppress(httpx.HTTPError):  # it may hang up
                assert waiting.result().status_code >= 500
        over.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_while_heavy_questions_run(indexed: Settings, number: signal.Signals):
    with running(indexed, ADVISOR_QUESTIONS_PER_MINUTE="1000") as (process, address), ThreadPoolExecutor(8) as many:
        asked = [many.submit(ask, address, history) for history in HISTORIES]
        time.sleep(3)
        process.send_signal(number)
        assert process.wait(10) == 0
        for one in asked:
            one.exception()
