"""Answers as server-sent events: begun once it is sure that the question can be taken, and ended whatever goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from advisor.api.pool import Event
from advisor.api.problems import ProblemError, problem_of

EVENTS = "text/event-stream"


class Teller(Protocol):
    """How the events of an answer are written."""

    def event(self, event: Event) -> bytes:
        """What is sent for an event."""

    def failure(self, error: ProblemError) -> bytes:
        """What is sent when there will be no answer."""


def answer_stream(ask: Callable[[threading.Event], Iterator[Event]], teller: Teller) -> StreamingResponse:
    """The events of an answer, each sent when it is there.

    :param ask: asks the question, which ends once what it is given is set.
    :raises AdvisorError: when the question cannot be taken: it is refused before the stream begins.
    """
    gone = threading.Event()
    events = ask(gone)
    return _AnswerStream(_written(next(events), events, teller), gone)


def _written(first: Event, events: Iterator[Event], teller: Teller) -> Generator[bytes, None, None]:
    yield teller.event(first)
    try:
        for event in events:
            yield teller.event(event)
    except Exception as error:  # noqa: BLE001 - the answer has begun: what happens can be told in no other way
        yield teller.failure(problem_of(error))


class _AnswerStream(StreamingResponse):
    """Ends the question of somebody who goes away: at once, and not when memory happens to be tidied up."""

    def __init__(self, written: Generator[bytes, None, None], gone: threading.Event) -> None:
        super().__init__(written, media_type=EVENTS, headers={"X-Accel-Buffering": "no"})
        self._written = written
        self._gone = gone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._gone.set()
            self._written.close()  # no thread is in it: what leaves a thread waits for it

    async def listen_for_disconnect(self, receive: Receive) -> None:
        """Return once whoever asked has gone; what waits for the next event is told."""
        await super().listen_for_disconnect(receive)
        self._gone.set()
