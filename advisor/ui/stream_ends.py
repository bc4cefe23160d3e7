"""How the stream of a page's events ends, so that no event is lost at that moment.

Gradio ends the stream of a page once none of its events runs any more. The page opens another with its next event, unless it
believes the old one to be open: what comes of an event that is sent while the word of the end is on its way would be read by
nobody. So Gradio's reply to a new event is held until the page has closed the stream that ends; and, while a stream is open,
for a moment, since Gradio may have decided to end it before the word of that has come by here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.types import Message, Receive, Send

_LAST_WORD = b'"msg":"close_stream"'
_MOMENT = 0.05  # seconds; longer than the word of the end is on its way through this process
_PATIENCE = 2.0  # seconds; a page closes its stream at once, and one that is gone is seen to be


class StreamEnds:
    """The pages with an open stream, and those that were told of its end and have not closed it yet. For one event loop."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._closed: dict[str, asyncio.Event] = {}

    async def stream(
        self, session: str, answer: Callable[[Receive, Send], Awaitable[None]], receive: Receive, send: Send
    ) -> None:
        """Have the stream of a page answered; it ends once the page has closed it.

        :param answer: what sends the stream.
        """
        closed = asyncio.Event()

        async def ended(message: Message) -> None:
            if _LAST_WORD in message.get("body", b""):
                self._closed[session] = closed
            elif self._closed.get(session) is closed and not message.get("more_body"):
                with suppress(TimeoutError):
                    await asyncio.wait_for(_gone(receive), _PATIENCE)
            await send(message)

        self._open[session] += 1
        try:
            await answer(receive, ended)
        finally:  # however it ends: where the page is gone, it is cut off
            self._open -= Counter([session])  # what is left of none is dropped
            closed.set()
            if self._closed.get(session) is closed:
                del self._closed[session]

    def event(self, session: str, send: Send) -> Send:
        """Sends the reply to a new event of a page once the page has closed the stream that ends."""

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start" and session in self._open:
                await asyncio.sleep(_MOMENT)
            if (closed := self._closed.get(session)) is not None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(closed.wait(), _PATIENCE)
            await send(message)

        return held


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
