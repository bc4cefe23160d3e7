"""A reverse proxy on loopback that has the advisor below a path, and takes that path off or leaves it, as people set theirs."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from loopback import LoopbackHandler, LoopbackServer, running

_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding")


class PathProxy(LoopbackServer):
    def __init__(self, path: str, *, kept: bool) -> None:
        super().__init__(_Handler)
        self.path = path
        self.kept = kept
        self.server = ""
        self.astray: list[str] = []
        self.down: tuple[str, ...] = ()
        """What is answered as if nothing were behind the proxy: ends of paths."""

    @property
    def address(self) -> str:
        return f"{super().address}{self.path}"


class _Handler(LoopbackHandler):
    server: PathProxy

    def do_GET(self) -> None:  # noqa: N802 - the name that the library looks for
        """Send the request on, and the answer back as it comes; what is not below the path belongs to somebody else."""
        proxy = self.server
        if not self.path.startswith(f"{proxy.path}/"):
            proxy.astray += [self.path] if self.path != "/favicon.ico" else []  # browsers ask for that by themselves
            self.send_error(404)
            return
        if urlsplit(self.path).path.endswith(proxy.down):
            self.body()
            self.send_body(503, b"<h1>503 Service Unavailable</h1>", [("Content-Type", "text/html")])
            return
        path = self.path if proxy.kept else self.path.removeprefix(proxy.path)
        body = self.body()
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


@contextmanager
def path_proxy(path: str, *, kept: bool) -> Iterator[PathProxy]:
    """The proxy; where the advisor is is told it once that is known."""
    with running(PathProxy(path, kept=kept)) as proxy:
        yield proxy
