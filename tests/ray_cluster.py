"""A Ray cluster of the tests' own: two machines on loopback, each with one processor, in a folder that goes with it."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

_HEAD, _OTHER = "127.0.0.2", "127.0.0.3"
_PATIENCE = 120  # seconds: other tests run at the same time
_TESTS = Path(__file__).resolve().parent


@contextmanager
def running_ray() -> Iterator[str]:
    """The address of the cluster, for this process."""
    if not find_spec("ray"):
        if os.environ.get("CI"):
            pytest.fail("Ray is not installed")
        pytest.skip("Ray is not installed (extra `ray`)")
    folder = Path(tempfile.mkdtemp(prefix="advisor-ray-"))
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    path = os.pathsep.join([str(_TESTS.parent), str(_TESTS), *sys.path])
    environment = {**os.environ, **token, "PYTHONPATH": path, "ADVISOR_CACHE_DIR": str(folder / "cache")}
    started = list[subprocess.Popen[bytes]]()
    port = free_port(_HEAD)
    head = f"{_HEAD}:{port}"
    at_head = ["--head", f"--port={port}", f"--ray-client-server-port={free_port(_HEAD)}", f"--temp-dir={folder}"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in token.items():
            patch.setenv(name, value)
        try:
            started.append(start(environment, "--include-dashboard=false", f"--node-ip-address={_HEAD}", *at_head))
            wait_for(started[0], _HEAD, port)
            started.append(start(environment, f"--address={head}", f"--node-ip-address={_OTHER}"))
            yield head
        finally:
            for process in reversed(started):
                process.terminate()  # it ends what it has started
                process.wait()
            shutil.rmtree(folder, ignore_errors=True)


def start(environment: Mapping[str, str], *options: str) -> subprocess.Popen[bytes]:
    """One machine of the cluster, for as long as the process runs."""
    common = ("--block", "--num-cpus=1", "--disable-usage-stats", "--object-store-memory=100000000")
    command = (sys.executable, "-m", "ray.scripts.scripts", "start", *common, *options)
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def free_port(host: str) -> int:
    """A port outside those that Ray gives its workers (10002 to 19999)."""
    with socket.create_server((host, 0)) as free:
        port: int = free.getsockname()[1]
    return port


def wait_for(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((host, port)):
            return
        time.sleep(0.1)
    message = "the Ray cluster did not start"
    raise RuntimeError(message)


@dataclass(frozen=True)
class Killing:
    """Work, during which the process that first begins it is killed: `mark` is a file that it makes before."""

    work: Callable[[Iterable[object]], Iterator[object]]
    mark: Path

    def __call__(self, things: Iterable[object]) -> Iterator[object]:
        with suppress(FileExistsError):
            self.mark.touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
        return self.work(things)
