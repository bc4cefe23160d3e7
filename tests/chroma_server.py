"""A Chroma server of the tests' own: on loopback, in a folder that goes with it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

_PATIENCE = 60  # seconds: other tests run at the same time


class ChromaServer:
    """The server at `url`."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.start()

    def start(self) -> None:
        program = Path(sys.executable).with_name("chroma")
        places = ("--path", self.folder, "--host", "127.0.0.1", "--port", str(self.port))
        self._process = subprocess.Popen([program, "run", *places], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        message = "the Chroma server did not start"
        raise RuntimeError(message)

    def kill(self) -> None:
        """At once, as when the machine goes down."""
        self._process.kill()
        self._process.wait()

    def collections(self) -> list[str]:
        """Their names, as another client sees them."""
        found = httpx.get(f"{self.url}/api/v2/tenants/default_tenant/databases/default_database/collections")
        return sorted(each["name"] for each in found.json())


@contextmanager
def running_chroma() -> Iterator[ChromaServer]:
    folder = Path(tempfile.mkdtemp(prefix="advisor-chroma-"))
    server = ChromaServer(folder)
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)
