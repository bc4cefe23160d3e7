"""Servers of the tests on loopback: what each has in common, whatever it answers."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO, TypeVar

from advisor.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PATH = (str(ROOT), *sys.path)  # before OpenCV puts a folder of its own on it, which hides modules of Python


class LoopbackHandler(BaseHTTPRequestHandler):
    """Says nothing on stderr."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def send_body(self, status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> None:
        """An answer of JSON, unless the headers say otherwise."""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class LoopbackServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler: type[LoopbackHandler], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A client that went away is no news."""

    def go_away(self) -> None:
        self.shutdown()
        self.server_close()


Running = TypeVar("Running", bound=LoopbackServer)


@contextmanager
def running(server: Running) -> Iterator[Running]:
    """The server, in a thread of its own."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.go_away()


def places_of(settings: Settings) -> dict[str, str]:
    """The variables that lead a process to the same folders."""
    return {f"ADVISOR_{name.upper()}": str(getattr(settings, name)) for name in ("corpus_dir", "index_dir", "state_dir")}


@contextmanager
def advisor_process(
    arguments: Sequence[str], settings: Settings, variables: Mapping[str, str], *, stderr: IO[str] | None = None
) -> Iterator[tuple[Popen[str], str]]:
    """The advisor as a process of its own, as people start it: the process, and the address that it tells.

    :param arguments: of Python.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    path = {"PYTHONPATH": os.pathsep.join(PATH)}
    environment = clean | path | places_of(settings) | dict(variables)
    with Popen([sys.executable, *arguments], env=environment, stdout=PIPE, stderr=stderr, text=True) as process:
        try:
            told = re.search(r"http://\S+", process.stdout.readline())
            assert told
            yield process, told[0]
        finally:
            process.kill()
