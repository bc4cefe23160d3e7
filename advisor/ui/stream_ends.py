"""How the stream of a page's events ends, so that no event is lost at that moment.

Gradio ends the stream of a page once none of its events runs any more. The page opens another with its next event, unless it
believes the old one to be open: what comes of an event that is sent while the word of the end is on its way would be read by
nobody. So Gradio's reply to a new event is held until the page has closed the stream that ends.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from starlette.types import Message, Receive, Send

_LAST_WORD = b'"msg":"close_stream"'
_PATIENCE = 2.0  # seconds; a page that closes its stream does so at once, one that is gone is seen to be


class StreamEnds:
    """The pages that were told of the end of their stream and have not closed it yet. For one event loop."""

    def __init__(self) -> None:
        self._closed: dict[str, asyncio.Event] = {}

    def stream(self, session: str, receive: Receive, send: Send) -> Send:
        """Sends the stream of a page, and ends it once the page has closed it."""

        async def ended(message: Message) -> None:
            if _LAST_WORD in message.get("body", b""):
                self._closed[session] = asyncio.Event()
            elif session in self._closed and not message.get("more_body"):
                try:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(_gone(receive), _PATIENCE)
                finally:  # Starlette may end the whole request when the page is gone
                    self._closed.pop(session).set()
            await send(message)

        return ended

    def event(self, session: str, send: Send) -> Send:
        """Sends what becomes of a new event of a page once the page has closed the stream that ends."""

        async def held(message: Message) -> None:
            if (closed := self._closed.get(session)) is not None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(closed.wait(), _PATIENCE)
            await send(message)

        return held


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
