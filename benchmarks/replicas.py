"""Two replicas behind Caddy, one PostgreSQL, one Chroma server: what people see of a re-index, and of machines that go down.

    python benchmarks/replicas.py --work /tmp/replicas [--users 30] [--minutes 5]

The processes are those of deploy/compose.yaml, on loopback, with its Caddyfile; `caddy` and PostgreSQL must be installed.
People ask as in `load.py`, half on the page and half over REST. Meanwhile a document is added and indexed, one replica is
killed and started again, and so is the Chroma server. Prints the answers and the failures after each of these, and how long
answers took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx
from common import load
from load import Seen, person
from pydantic import SecretStr

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests"))
from chroma_server import ChromaServer, running_chroma  # noqa: E402 - the servers of the tests
from postgres import running_postgres  # noqa: E402

from advisor.accounts.users import Role, add_user, new_token  # noqa: E402
from advisor.settings import Settings  # noqa: E402

ADVISOR = [sys.executable, "-c", "from advisor.cli.main import main; main()"]
PATIENCE = 300  # seconds, for a replica or an index


def main() -> None:
    """Rehearse and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--users", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=5)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    shutil.copytree(ROOT / "corpus", arguments.work / "corpus")
    with ExitStack() as opened:
        topology = Topology(arguments.work, opened)
        tokens = [topology.add(f"user{number}", "user") for number in range(arguments.users)]
        print(f"{arguments.users} users, {arguments.minutes:g} minutes; load {load()}", flush=True)
        asyncio.run(rehearse(topology, tokens, arguments.minutes * 60))


class Topology:
    """The running processes."""

    def __init__(self, work: Path, opened: ExitStack) -> None:
        self.work = work
        self.chroma: ChromaServer = opened.enter_context(running_chroma())
        database = opened.enter_context(running_postgres()).url()
        self.settings = Settings(
            corpus_dir=work / "corpus",
            index_dir=work / "index",
            state_dir=work / "state",
            chroma_url=self.chroma.url,
            database_url=SecretStr(database),
        )
        self._environment = environment_of(self.settings) | {"ADVISOR_DATABASE_URL": database}
        self.curator = self.add("curator", "curator")
        started = time.monotonic()
        subprocess.run([*ADVISOR, "index"], env=self._environment, check=True)
        print(f"the index took {time.monotonic() - started:.0f} s", flush=True)
        self.ports, self.address = [free_port(), free_port()], f"http://127.0.0.1:{free_port()}"
        self.replicas = [self.start(number) for number in range(2)]
        opened.callback(self._end)
        for port in self.ports:
            wait_for(f"http://127.0.0.1:{port}/api/health")
        opened.enter_context(caddy(self.address, self.ports, work))
        wait_for(f"{self.address}/api/health")

    def _end(self) -> None:
        for replica in self.replicas:
            replica.kill()

    def add(self, name: str, role: Role) -> str:
        """The token of a new user."""
        add_user(self.settings, name, "only for this measurement", role)
        return new_token(self.settings, name)

    def start(self, number: int) -> subprocess.Popen[bytes]:
        """Start a replica."""
        with (self.work / f"replica-{number}.log").open("ab") as log:
            command = [*ADVISOR, "serve", "--port", str(self.ports[number])]
            return subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def reindex(self) -> None:
        """Add a document, and have whichever replica takes the request index it."""
        text = "# Rota\n\nTamarin is the code name of the rota of this rehearsal, and Grace keeps it.\n"
        (self.settings.corpus_dir / "en" / "rota.md").write_text(text, encoding="utf-8")
        headers = {"Authorization": f"Bearer {self.curator}"}
        with httpx.Client(base_url=self.address, headers=headers, timeout=PATIENCE) as client:
            report = client.post("/api/index", json={}).raise_for_status().json()
            shown = client.post("/api/search", json={"question": "Tamarin", "k": 1}).raise_for_status().json()
        print(f"    generation {report['generation']} in {report['seconds']} s, found: {shown['results'][0]['document']}")

    def kill_replica(self) -> None:
        """As when its machine goes down."""
        self.replicas[0].kill()
        self.replicas[0].wait()

    def restart_replica(self) -> None:
        """Start it again, and wait until it answers."""
        self.replicas[0] = self.start(0)
        wait_for(f"http://127.0.0.1:{self.ports[0]}/api/health")

    def problems(self) -> list[str]:
        """What the second replica says is away."""
        with suppress(httpx.HTTPError):
            found: list[str] = httpx.get(f"http://127.0.0.1:{self.ports[1]}/api/health").json()["problems"]
            return found
        return ["no answer"]


@dataclass
class Phase:
    """A part of the rehearsal: what began it, and what people had seen by then."""

    name: str
    began: float
    answers: dict[str, int]
    failures: int
    problems: list[str] = field(default_factory=list)


async def rehearse(topology: Topology, tokens: list[str], seconds: float) -> None:
    """Let people ask while things happen, and print what they saw."""
    plan: list[tuple[float, str, Callable[[], None]]] = [
        (0.2, "a document is added and indexed", topology.reindex),
        (0.4, "one replica is killed", topology.kill_replica),
        (0.5, "it is started again", topology.restart_replica),
        (0.65, "the Chroma server is killed", topology.chroma.kill),
        (0.8, "it is started again", topology.chroma.start),
    ]
    seen, began = Seen(), time.monotonic()
    people = [
        asyncio.create_task(
            person(topology.address, token, sets(), random.Random(number), began + seconds, seen, page=number % 2 == 0)
        )
        for number, token in enumerate(tokens)
    ]
    phases = [phase("nothing happens", seen)]
    for share, name, act in plan:
        await asyncio.sleep(max(0.0, began + share * seconds - time.monotonic()))
        phases[-1].problems = await asyncio.to_thread(topology.problems)
        phases.append(phase(name, seen))
        await asyncio.to_thread(act)
    await asyncio.gather(*people)
    phases[-1].problems = await asyncio.to_thread(topology.problems)
    show([*phases, phase("", seen)], seen, began)


def phase(name: str, seen: Seen) -> Phase:
    """A phase that begins now."""
    return Phase(name, time.monotonic(), {way: len(each) for way, each in seen.seconds.items()}, len(seen.failures))


def show(phases: list[Phase], seen: Seen, began: float) -> None:
    """Print the figures."""
    for this, following in pairwise(phases):
        some = [
            seconds for way, each in seen.seconds.items() for seconds in each[this.answers[way] : following.answers[way]]
        ]
        p50, p95 = (statistics.quantiles(some, n=20)[at] for at in (9, 18)) if len(some) > 1 else (0.0, 0.0)
        failed = following.failures - this.failures
        print(
            f"{this.began - began:4.0f} s  {this.name}: {len(some)} answers, {failed} failed, p50 {p50:.2f} s, "
            f"p95 {p95:.2f} s, longest {max(some, default=0):.2f} s; away at its end: {this.problems}"
        )
    print(f"answers: {dict(seen.statuses)}; failed: {len(seen.failures)}; load {load()}")
    for failure in seen.failures:
        print(f"  {failure}")


def sets() -> list[str]:
    """The questions of the sets."""
    lines = [line for path in sorted((ROOT / "evals" / "questions").glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    return [entry["question"] for entry in map(json.loads, lines) if "question" in entry]


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables that lead a process to the same folders and servers."""
    names = ("corpus_dir", "index_dir", "state_dir", "chroma_url")
    return {**os.environ, **{f"ADVISOR_{name.upper()}": str(getattr(settings, name)) for name in names}}


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def wait_for(address: str) -> None:
    """Wait until there is an answer."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if httpx.get(address, timeout=5).is_success:
                return
        time.sleep(0.2)
    sys.exit(f"no answer from {address}")


@contextmanager
def caddy(address: str, ports: list[int], work: Path) -> Iterator[None]:
    """Caddy with the file of deploy/."""
    replicas = " ".join(f"127.0.0.1:{port}" for port in ports)
    environment: Mapping[str, str] = {**os.environ, "SITE": address, "REPLICAS": replicas, "HOME": str(work)}
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(ROOT / "deploy" / "Caddyfile")]
    with (work / "caddy.log").open("wb") as log, subprocess.Popen(command, env=environment, stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
