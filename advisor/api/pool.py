"""Questions from outside: so many at once, each within its time, whatever becomes of those that take longer."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, Unpack

from advisor.advisor import Advisor, Manner, Stage
from advisor.api.turns import Turns
from advisor.errors import BusyError, DeadlineError
from advisor.retrieval.search import Retrieved
from advisor.types import EVERYTHING, Answer, Scope, SentenceReady

_AT_ONCE = 8
_WAITING = 24  # each holds a thread of the server, which has 40: the rest are for documents, pages and signing in
_LOOK_SECONDS = 0.05  # how often what waits looks whether it was cancelled

Event = Stage | SentenceReady | Answer
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True)
class _End:
    """The last thing that a piece of work gives: what it raised, if it did."""

    error: BaseException | None = None


class _Work(Generic[Given]):
    """A piece of work in a thread of its own, and what it has given so far."""

    def __init__(self) -> None:
        self.given: queue.SimpleQueue[Given | _End] = queue.SimpleQueue()
        self.unwanted = threading.Event()

    def run(self, give: Callable[[], Iterator[Given]], leave: Callable[[], object]) -> None:
        end = _End()
        try:
            for one in give():
                if self.unwanted.is_set():
                    break
                self.given.put(one)
        except BaseException as error:  # noqa: BLE001 - it is raised where the work is waited for
            end = _End(error)
        finally:
            leave()
            self.given.put(end)


class QuestionPool:
    """Runs what people ask. Safe to use from several threads.

    What takes longer than `answer_seconds`, the wait for its turn included, ends with an error where it is waited for; its
    thread stops at its next step, and keeps its place until then.
    """

    def __init__(self, advisor: Advisor) -> None:
        self.advisor = advisor
        self.turns = Turns()  # of each person, for those who know who asks
        self._seconds = advisor.settings.answer_seconds
        self._entrance = threading.Semaphore(_AT_ONCE + _WAITING)
        self._places = threading.Semaphore(_AT_ONCE)
        self._running: set[_Work[Any]] = set()
        self._closed = False

    def ask(self, question: str, **manner: Unpack[Manner]) -> Answer:
        """As `Advisor.ask`.

        :raises BusyError: when too many questions wait already.
        :raises DeadlineError: when there is no answer in time.
        """
        return self.run(lambda: self.advisor.ask(question, **manner))

    def search(self, question: str, k: int | None = None, scope: Scope = EVERYTHING) -> Retrieved:
        """As `Advisor.retrieve`, in the documents of a scope; it raises what `ask` does."""
        return self.run(lambda: self.advisor.retrieve(question, k=k, index=self.advisor.index.within(scope)))

    def stream(
        self, question: str, *, cancelled: threading.Event | None = None, **manner: Unpack[Manner]
    ) -> Iterator[Event]:
        """As `Advisor.stream`; it raises what `ask` does.

        :param cancelled: once set, the stream ends without an answer, whatever it was waiting for.
        """
        return self._each(lambda: self.advisor.stream(question, **manner), cancelled)

    def run(self, work: Callable[[], Given]) -> Given:
        """What other work gives that takes as long as a question; it raises what `ask` does."""
        (result,) = self._each(lambda: iter((work(),)))
        return result

    def close(self) -> None:
        """End what is waited for: the server stops."""
        self._closed = True
        self._places.release(_WAITING)
        for work in list(self._running):
            work.given.put(_End(self._late()))

    def _each(self, give: Callable[[], Iterator[Given]], cancelled: threading.Event | None = None) -> Iterator[Given]:
        deadline = time.monotonic() + self._seconds
        cancelled = cancelled or threading.Event()
        if not self._entrance.acquire(blocking=False):
            message = f"{_AT_ONCE + _WAITING} questions are being answered already. Ask again in a moment"
            raise BusyError(message)
        try:
            if not self._enter(deadline, cancelled):
                return
            work: _Work[Given] = _Work()
            self._running.add(work)
            run = copy_context().run  # in the span of whoever asks, if any
            arguments = (work.run, give, self._places.release)
            threading.Thread(target=run, args=arguments, name="question", daemon=True).start()
            try:
                yield from self._given(work, deadline, cancelled)
            finally:
                work.unwanted.set()
                self._running.discard(work)
        finally:
            self._entrance.release()

    def _enter(self, deadline: float, cancelled: threading.Event) -> bool:
        """Wait for a place; False when the question was cancelled first."""
        while not cancelled.is_set():
            left = deadline - time.monotonic()
            if left <= 0 or self._closed:
                raise self._late()
            if self._places.acquire(timeout=min(left, _LOOK_SECONDS)) and not self._closed:
                return True
        return False

    def _given(self, work: _Work[Given], deadline: float, cancelled: threading.Event) -> Iterator[Given]:
        while not cancelled.is_set():
            left = deadline - time.monotonic()
            try:
                one = work.given.get(timeout=max(0.0, min(left, _LOOK_SECONDS)))
            except queue.Empty:
                if left <= 0:
                    raise self._late() from None
                continue
            if not isinstance(one, _End):
                yield one
            elif one.error is None:
                return
            else:
                raise one.error

    def _late(self) -> DeadlineError:
        message = f"there is no answer after {self._seconds:g} seconds (ADVISOR_ANSWER_SECONDS). Ask less at once"
        return DeadlineError(message)
