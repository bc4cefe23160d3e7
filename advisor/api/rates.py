"""How often: questions of one person, and guesses of a password."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_GUESSES_OF_A_NAME = RateLimitItemPerMinute(10, multiples=15, namespace="name")
_GUESSES_FROM_AN_ADDRESS = RateLimitItemPerMinute(30, multiples=15, namespace="address")


class Rates:
    """Counts what happened in the last minutes, in the memory of this process."""

    def __init__(self, questions_per_minute: int) -> None:
        self._questions = RateLimitItemPerMinute(questions_per_minute, namespace="questions")
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def question(self, who: str) -> int:
        """Count a question.

        :param who: the key of the visitor.
        :returns: seconds to wait; 0 when it may be answered now.
        """
        return 0 if self._limiter.hit(self._questions, who) else self._wait(self._questions, who)

    def guesses(self, name: str, address: str) -> int:
        """Seconds before another password of that name, or from that address, is looked at; 0 for now."""
        waits = [self._wait(item, key) for item, key in _guesses(name, address) if not self._limiter.test(item, key)]
        return max(waits, default=0)

    def wrong_password(self, name: str, address: str) -> None:
        """Count a password that was wrong."""
        for item, key in _guesses(name, address):
            self._limiter.hit(item, key)

    def _wait(self, item: RateLimitItemPerMinute, key: str) -> int:
        return max(1, math.ceil(self._limiter.get_window_stats(item, key).reset_time - time.time()))


def _guesses(name: str, address: str) -> tuple[tuple[RateLimitItemPerMinute, str], ...]:
    return (_GUESSES_OF_A_NAME, name.lower()), (_GUESSES_FROM_AN_ADDRESS, address)
