"""A question ends within its time, and no more are taken at once than can be answered: what is left behind holds nobody."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pages import serve_app
from served import Served, event_of, serve, told

from advisor.advisor import Advisor
from advisor.api.pool import QuestionPool
from advisor.errors import BusyError, DeadlineError
from advisor.types import Answer

QUESTION = "When does a blameless review take place after an outage?"
SECONDS = 2.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, embeddings) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("deadlines"), embeddings, questions_per_minute=100_000) as running:
        yield running


class HangingAdvisor(Advisor):
    """The real one, which answers only once it is let."""

    def __init__(self, advisor: Advisor, **changes: object) -> None:
        super().__init__(advisor.settings.model_copy(update=changes), advisor.embeddings, advisor.index)
        self.go_on = threading.Event()
        self.answered = 0

    def stream(self, *args: Any, **options: Any) -> Iterator[Any]:
        self.go_on.wait(30)
        self.answered += 1
        yield from super().stream(*args, **options)


def test_a_question_ends_with_an_error_after_its_time(served: Served):
    hanging = HangingAdvisor(served.advisor, answer_seconds=1)
    pool = QuestionPool(hanging)
    began = time.monotonic()
    with pytest.raises(DeadlineError, match="no answer after 1 seconds"):
        pool.ask(QUESTION)
    assert 0.9 < time.monotonic() - began < SECONDS
    hanging.go_on.set()
    assert pool.ask(QUESTION).status == served.advisor.ask(QUESTION).status


def test_too_many_questions_are_refused_at_once_and_health_answers_all_the_while(served: Served):
    hanging = HangingAdvisor(served.advisor, answer_seconds=20)
    with serve_app(hanging) as address, ThreadPoolExecutor(60) as many:
        asked = [many.submit(httpx.post, f"{address}/api/ask", json={"question": QUESTION}, timeout=60) for _ in range(40)]
        while sum(one.done() for one in asked) < 8:
            time.sleep(0.05)
        for path, most in (
            ("/api/health", 1.5),
            ("/page/conversations?language=en", SECONDS),
            ("/api/sources/en/board.md", SECONDS),
        ):
            began = time.monotonic()
            assert httpx.get(f"{address}{path}", timeout=60).status_code == 200
            assert time.monotonic() - began < most
        hanging.go_on.set()
        answers = [one.result() for one in asked]
    assert sorted(answer.status_code for answer in answers) == [200] * 32 + [503] * 8
    assert {answer.json()["code"] for answer in answers if answer.status_code == 503} == {"busy"}


@pytest.mark.parametrize("stream", [False, True])
def test_the_deadline_is_told_over_rest_and_on_the_page(served: Served, stream: bool):
    with serve_app(HangingAdvisor(served.advisor, answer_seconds=1)) as address:
        told_by_rest = httpx.post(f"{address}/api/ask", json={"question": QUESTION, "stream": stream}, timeout=60)
        assert (told_by_rest.status_code, told_by_rest.json()["code"]) == (504, "deadline")
        with httpx.Client(base_url=address, timeout=60) as client:
            words = told(client, event_of(client, "send"), [QUESTION, "", "", None], "late")
        assert "did not come in time" in words


def test_what_is_left_behind_stops_and_gives_its_place_back(served: Served):
    hanging = HangingAdvisor(served.advisor, answer_seconds=1)
    pool = QuestionPool(hanging)
    with ThreadPoolExecutor(8) as many:
        late = list(many.map(lambda _: outcome(pool), range(8)))
    assert late == ["DeadlineError"] * 8
    assert outcome(pool) == "DeadlineError"  # the places are still taken
    hanging.go_on.set()
    for _ in itertools.takewhile(lambda _: hanging.answered < 8, range(100)):
        time.sleep(0.05)
    assert pool.run(lambda: "done") == "done"


def outcome(pool: QuestionPool) -> str:
    try:
        return type(pool.ask(QUESTION)).__name__
    except (BusyError, DeadlineError) as error:
        return type(error).__name__


def test_a_pool_that_is_closed_keeps_nobody_waiting(served: Served):
    pool = QuestionPool(HangingAdvisor(served.advisor, answer_seconds=60))
    with ThreadPoolExecutor(12) as many:
        waiting = [many.submit(outcome, pool) for _ in range(12)]
        time.sleep(0.5)
        began = time.monotonic()
        pool.close()
        assert {one.result() for one in waiting} == {"DeadlineError"}
    assert time.monotonic() - began < SECONDS


def test_an_answer_is_that_of_the_advisor(served: Served):
    events = list(QuestionPool(served.advisor).stream(QUESTION))
    assert isinstance(events[-1], Answer)
    assert replace(events[-1], id="", ms={}) == replace(served.advisor.ask(QUESTION), id="", ms={})
