"""Turns: so many requests of one person are carried out at once; the others of theirs wait."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from advisor.errors import CrowdedError


@dataclass(slots=True)
class _Line:
    """How many turns a person has, and what waits for one of them, first come first."""

    taken: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Turns:
    """Safe to use from several threads and event loops. "" is nobody in particular, who takes any number of turns."""

    AT_ONCE, WAITING = 3, 12

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()

    def take(self, who: str) -> bool:
        """Take a turn that is free; False when none is. Each that is taken is given back."""
        with self._lock:
            line = self._lines.setdefault(who, _Line())
            if who and line.taken >= self.AT_ONCE:
                return False
            line.taken += 1
            return True

    def give_back(self, who: str) -> None:
        """Hand a turn to what waits longest, if something does."""
        with self._lock:
            line = self._lines[who]
            if line.waiting:
                following = line.waiting.popleft()
                following.get_loop().call_soon_threadsafe(self._hand_over, who, following)
                return
            line.taken -= 1
            if not line.taken:
                del self._lines[who]

    @asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        :raises CrowdedError: when too many requests of this person wait already.
        """
        if not self.take(who):
            await self._wait(who)
        try:
            yield
        finally:
            self.give_back(who)

    async def _wait(self, who: str) -> None:
        following = asyncio.get_running_loop().create_future()
        with self._lock:
            line = self._lines.setdefault(who, _Line())
            if line.taken < self.AT_ONCE:  # one became free meanwhile
                line.taken += 1
                return
            if len(line.waiting) >= self.WAITING:
                message = f"{self.AT_ONCE} of your requests are being answered, and {self.WAITING} wait"
                raise CrowdedError(message)
            line.waiting.append(following)
        try:
            await following
        except asyncio.CancelledError:
            with self._lock:
                waits = following in line.waiting
                if waits:
                    line.waiting.remove(following)
            if not waits and not following.cancelled():
                self.give_back(who)
            raise

    def _hand_over(self, who: str, following: asyncio.Future[None]) -> None:
        if following.done():  # whoever waited has gone
            self.give_back(who)
        else:
            following.set_result(None)
