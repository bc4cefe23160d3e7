"""A reverse proxy on loopback that has the advisor below a path, and takes that path off or leaves it, as people set theirs."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding")


class PathProxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, path: str, *, kept: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.path = path
        self.kept = kept
        self.server = ""
        self.astray: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{self.path}"

    def handle_error(self, *_: object) -> None:
        """A browser that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: PathProxy

    def do_GET(self) -> None:
        """Send the request on, and the answer back as it comes; what is not below the path belongs to somebody else."""
        proxy = self.server
        if not self.path.startswith(f"{proxy.path}/"):
            proxy.astray += [self.path] if self.path != "/favicon.ico" else []  # browsers ask for that by themselves
            self.send_error(404)
            return
        path = self.path if proxy.kept else self.path.removeprefix(proxy.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with closing(http.client.HTTPConnection(urlsplit(proxy.server).netloc, timeout=60)) as there:
            there.request(self.command, path, body, dict(self.headers))
            with closing(there.getresponse()) as answer:
                self._hand_back(answer)

    def _hand_back(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        while piece := answer.read1():
            self.wfile.write(piece)
            self.wfile.flush()

    do_POST = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the names that the library looks for

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@contextmanager
def path_proxy(path: str, *, kept: bool) -> Iterator[PathProxy]:
    """The proxy; where the advisor is is told it once that is known."""
    proxy = PathProxy(path, kept=kept)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
