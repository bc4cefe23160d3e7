"""A proxy on loopback between a client and a server, which breaks each connection in the way that its script says."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

FAULTS = ("none", "refuse", "reset", "half", "stall", "garbage", "429", "500", "not-http")
_BUFFER = 256


@dataclass
class FaultProxy:
    """Connection `n` gets fault `n` of the script, which begins again at its end; `after` bytes of a response pass before."""

    server: tuple[str, int]
    script: Sequence[tuple[str, int]]
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    met: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1"

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            fault, after = self.script[len(self.met) % len(self.script)]
            self.met.append(fault)
            threading.Thread(target=self._break, args=(client, fault, after), daemon=True).start()

    def _break(self, client: socket.socket, fault: str, after: int) -> None:
        with closing(client):
            try:
                self._pass(client, fault, after)
            except OSError:  # the client went away, which is its right
                return

    def _pass(self, client: socket.socket, fault: str, after: int) -> None:
        if fault == "refuse":
            return self._reset(client)
        request = client.recv(65_536)
        if fault in ("429", "500"):
            client.sendall(f"HTTP/1.1 {fault} Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            return None
        if fault == "not-http":
            client.sendall(b"\x00\x01\x02 SSH-2.0-whatever\r\n")
            return None
        with closing(socket.create_connection(self.server)) as server:
            server.sendall(request)
            server.settimeout(0.05)
            return self._answer(client, server, fault, after)

    def _answer(self, client: socket.socket, server: socket.socket, fault: str, after: int) -> None:
        passed = 0
        client.setblocking(False)
        while not self.stopped.is_set():
            with suppress(BlockingIOError):
                server.sendall(client.recv(65_536))  # the rest of a request that came in parts
            try:
                piece = server.recv(_BUFFER)
            except TimeoutError:
                continue
            if not piece:
                return
            client.setblocking(True)
            if fault != "none" and passed + len(piece) > after:
                client.sendall(piece[: after - passed])
                if fault == "reset":
                    self._reset(client)
                elif fault == "garbage":
                    client.sendall(b"\xff\xfe\x00{]data: }\r\n\r\n" * 9)
                elif fault == "stall":
                    self.stopped.wait(30)
                return
            client.sendall(piece)
            passed += len(piece)
            client.setblocking(False)

    @staticmethod
    def _reset(client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def faults(url: str, script: Sequence[tuple[str, int]]) -> Iterator[FaultProxy]:
    """A proxy before the server at an address."""
    where = urlsplit(url)
    proxy = FaultProxy((where.hostname or "", where.port or 0), script)
    threading.Thread(target=proxy.serve, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.stopped.set()
        proxy.listener.close()
