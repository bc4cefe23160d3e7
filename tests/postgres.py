"""A PostgreSQL server of the tests' own: on loopback, with a password, in a folder that goes with it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

PASSWORD = "a-secret-of-the-database"


def binaries() -> Path:
    """Where the programs are; Debian has them in no folder of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    program = found[-1] if found else shutil.which("initdb")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("no PostgreSQL on this machine")
        pytest.skip("no PostgreSQL on this machine")
    return Path(program).resolve().parent


class Postgres:
    """The server; `url` gives the address of a new, empty schema, with the password."""

    def __init__(self, folder: Path, port: int) -> None:
        self._programs, self._folder, self._port, self._schemas = binaries(), folder, port, 0
        # The server refuses to run as root.
        self._account = {"user": "postgres", "group": "postgres", "extra_groups": ()} if os.geteuid() == 0 else {}
        if self._account:
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "--no-sync", "-A", "scram-sha-256", "-U", "advisor", "--pwfile", str(self._password_file()))
        self.start()

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -c port={self._port} -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-s", "-l", str(self._folder / "log"), "-o", options)

    def stop(self) -> None:
        """At once, as when the machine goes down."""
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate")

    def url(self) -> str:
        self._schemas += 1
        name = f"schema_{self._schemas}"
        server = f"advisor:{PASSWORD}@127.0.0.1:{self._port}/postgres"
        with psycopg.connect(f"postgresql://{server}", autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"postgresql+psycopg://{server}?options=-csearch_path%3D{name}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [self._programs / program, "-D", self._folder / "data", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **self._account)

    def _password_file(self) -> Path:
        path = self._folder / "password"
        path.write_text(PASSWORD)
        path.chmod(0o644)
        return path


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="advisor-postgres-"))
    try:
        server = Postgres(folder, port)
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)
