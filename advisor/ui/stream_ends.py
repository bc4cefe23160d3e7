"""How the stream of a page's events ends, so that no event is lost at that moment.

Gradio ends the stream of a page once none of its events runs any more. The page opens another with its next event, unless it
believes the old one to be open: what comes of an event that is sent while the word of the end is on its way would be read by
nobody. So Gradio's reply to a new event is held while a stream of the page is open, until it is clear what becomes of that:
it tells of the event, which it then serves; or it says that it ends, and the page has closed it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.types import Message, Receive, Send

_LAST_WORD = b'"msg":"close_stream"'
_ID = b'"event_id":"'  # as Gradio writes it, in what a stream says and in the reply to an event
_PATIENCE = 2.0  # seconds; a page closes its stream at once, and one that is gone is seen to be


@dataclass(slots=True, eq=False)
class _Stream:
    """An open stream of a page: the events that it has told of, and whether it has said that it ends."""

    told: set[bytes] = field(default_factory=set)
    is_ending: bool = False
    is_over: bool = False
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def serves(self, event: bytes) -> bool:
        return event in self.told and not self.is_ending


class StreamEnds:
    """The open streams, by the page that reads them. For one event loop."""

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}

    async def stream(
        self, session: str, answer: Callable[[Receive, Send], Awaitable[None]], receive: Receive, send: Send
    ) -> None:
        """Have the stream of a page answered; it ends once the page has closed it.

        :param answer: what sends the stream.
        """
        stream = self._streams[session] = _Stream()

        async def heard(message: Message) -> None:
            body = message.get("body", b"")
            stream.is_ending |= _LAST_WORD in body
            if stream.is_ending and not message.get("more_body"):
                with suppress(TimeoutError):
                    await asyncio.wait_for(_gone(receive), _PATIENCE)
            await send(message)
            if event := _event_in(body):
                stream.told.add(event)
                await _announce(stream)

        try:
            await answer(receive, heard)
        finally:  # however it ends: where the page is gone, it is cut off
            stream.is_over = True
            if self._streams.get(session) is stream:
                del self._streams[session]
            await _announce(stream)

    def event(self, session: str, send: Send) -> Send:
        """Sends the reply to a new event of a page once the stream that is open serves it, or is closed by the page."""
        start: Message | None = None

        async def held(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message  # the number of the event comes behind it
                return
            if start:
                event, stream = _event_in(message.get("body", b"")), self._streams.get(session)
                if event and stream:
                    await _settled(stream, event)
                await send(start)
                start = None
            await send(message)

        return held


def _event_in(body: bytes) -> bytes:
    """The number of the event that a message is about; empty for none. Within a text, quotation marks are escaped."""
    return body.partition(_ID)[2].partition(b'"')[0]


async def _announce(stream: _Stream) -> None:
    async with stream.news:
        stream.news.notify_all()


async def _settled(stream: _Stream, event: bytes) -> None:
    """Wait until a stream has told of an event, or is closed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE), stream.news:
            await stream.news.wait_for(lambda: stream.is_over or stream.serves(event))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
