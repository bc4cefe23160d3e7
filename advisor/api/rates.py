"""How often: questions of one person, and guesses of a password."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_REMEMBERED_SECONDS = 15 * 60
_LONGEST_WAIT = 60.0  # seconds
_MOST_REMEMBERED = 20_000  # names and addresses; beyond that, those that wait for nothing are forgotten first


class Rates:
    """Counts the questions of the last minute, in the memory of this process."""

    def __init__(self, questions_per_minute: int) -> None:
        self._questions = RateLimitItemPerMinute(questions_per_minute, namespace="questions")
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def question(self, who: str) -> int:
        """Count a question.

        :param who: the key of the visitor.
        :returns: seconds to wait; 0 when it may be answered now.
        """
        if self._limiter.hit(self._questions, who):
            return 0
        return max(1, math.ceil(self._limiter.get_window_stats(self._questions, who).reset_time - time.time()))


@dataclass(slots=True)
class _Count:
    """How many passwords were looked at, and when the latest was."""

    number: int = 0
    latest: float = 0.0

    def wait(self, free: int, now: float) -> float:
        """Seconds before the next; it doubles with each that is not free."""
        if now - self.latest > _REMEMBERED_SECONDS:
            self.number = 0
        if self.number < free:
            return 0.0
        return max(0.0, min(_LONGEST_WAIT, 2.0 ** (self.number - free)) - (now - self.latest))


class Guesses:
    """Delays who guesses passwords, by a name and the address that tries it, and by an address alone.

    Nobody is locked out: what others try from elsewhere does not count. A guess counts before it is looked at, so that many
    at once do not pass together; one that was right is taken back. Safe to use from several threads.
    """

    OF_A_NAME, FROM_AN_ADDRESS = 5, 30

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], _Count] = {}
        self._turn = threading.Lock()

    def begin(self, name: str, address: str) -> int:
        """Count a guess; seconds to wait before one is looked at, 0 when this one is."""
        now = time.monotonic()
        with self._turn:
            counts = [(self._count(key), free) for key, free in self._keys(name, address)]
            wait = max(count.wait(free, now) for count, free in counts)
            if wait > 0:
                return math.ceil(wait)
            for count, _ in counts:
                count.number, count.latest = count.number + 1, now
        return 0

    def was_right(self, name: str, address: str) -> None:
        """Take a guess back."""
        with self._turn:
            for key, _ in self._keys(name, address):
                count = self._count(key)
                count.number = max(0, count.number - 1)

    def _keys(self, name: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
        return ((name.lower(), address), self.OF_A_NAME), (("", address), self.FROM_AN_ADDRESS)

    def _count(self, key: tuple[str, str]) -> _Count:
        if key not in self._counts and len(self._counts) >= _MOST_REMEMBERED:
            now = time.monotonic()
            for old in [old for old, count in self._counts.items() if count.wait(self.OF_A_NAME, now) == 0]:
                del self._counts[old]
        return self._counts.setdefault(key, _Count())
