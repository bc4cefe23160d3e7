"""A server on loopback that speaks the protocol of OpenAI and answers by script: for paid APIs, and for what goes wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from loopback import LoopbackHandler, LoopbackServer, running

Reply = str | Callable[["Handler"], None]
KEY = "sk-secret-key-of-the-tests"


class Handler(LoopbackHandler):
    """Each request takes the next reply of the script; the last one is repeated."""

    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def do_POST(self) -> None:  # noqa: N802 - the name that the library looks for
        body = json.loads(self.body())
        with self.server.lock:
            number = len(self.server.requests)
            self.server.requests.append(body)
        replies = self.server.replies
        reply = replies[min(number, len(replies) - 1)]
        if isinstance(reply, str):
            self.send_stream(reply)
        else:
            reply(self)

    def send_stream(self, text: str, *, finish: str | None = "stop", seconds: float = 0.0) -> None:
        """Server-sent events, a few characters each."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for at in range(0, len(text), 7):
            self.event({"choices": [{"index": 0, "delta": {"content": text[at : at + 7]}, "finish_reason": None}]})
            time.sleep(seconds)
        if finish:
            self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
            usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
            self.event({"choices": [], "usage": usage})
            self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def event(self, content: dict) -> None:
        whole = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "scripted", **content}
        self.wfile.write(b"data: " + json.dumps(whole).encode() + b"\n\n")
        self.wfile.flush()

    def fail(self, status: int, headers: Sequence[tuple[str, str]] = ()) -> None:
        self.send_body(status, json.dumps({"error": {"message": f"refused {KEY}", "type": "x"}}).encode(), headers)


class ScriptedServer(LoopbackServer):
    def __init__(self, replies: Sequence[Reply]) -> None:
        super().__init__(Handler)
        self.replies = list(replies)
        self.requests: list[dict] = []

    @property
    def url(self) -> str:
        return f"{self.address}/v1"


@contextmanager
def scripted(*replies: Reply) -> Iterator[ScriptedServer]:
    with running(ScriptedServer(replies)) as server:
        yield server
