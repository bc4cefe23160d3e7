"""Fifty people ask for half an hour, half of them on the page, half over REST: every question must be answered.

    python benchmarks/load.py --questions evals/questions --work /tmp/load [--users 50] [--minutes 30]

A server of its own on a loopback port, with users; it ends with the measurement. Each person signs in with a token, asks a
question drawn from the sets, reads for a while (10 s on average), and asks again. Prints how long answers took, what failed,
and the memory of the server minute by minute; its log is in the work folder.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from common import load

from advisor.accounts.users import add_user, new_token
from advisor.settings import Settings

READING = 10.0  # seconds between two questions of one person, on average
SERVE = [sys.executable, "-c", "from advisor.cli.main import main; main()", "serve", "--port", "7900"]


class NoAnswerError(Exception):
    """The server let a question end without an answer."""


@dataclass
class Seen:
    """What the people saw: seconds of each answer by way of asking, and what failed."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {"page": [], "REST": []})
    statuses: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=30)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    settings = Settings(state_dir=arguments.work / "state")
    tokens = []
    for number in range(arguments.users):
        add_user(settings, f"user{number}", "only for this measurement", "user")
        tokens.append(new_token(settings, f"user{number}"))
    questions = [
        entry["question"]
        for path in sorted(arguments.questions.glob("*.jsonl"))
        for entry in map(json.loads, path.read_text(encoding="utf-8").splitlines())
        if "question" in entry
    ]
    print(f"{arguments.users} users, {arguments.minutes:g} minutes, {len(questions)} questions; load {load()}", flush=True)
    environment = {**os.environ, "ADVISOR_STATE_DIR": str(settings.state_dir)}
    log = (arguments.work / "log.jsonl").open("w")
    server = subprocess.Popen(SERVE, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        found = re.search(r"http://\S+", server.stdout.readline() if server.stdout else "")
        if not found:
            sys.exit("the server did not start")
        seen, memory = asyncio.run(ask_all(found[0], tokens, questions, arguments.minutes * 60, server.pid))
    finally:
        server.terminate()
        server.wait(30)
        log.close()
    show(seen, memory)


async def ask_all(
    address: str, tokens: list[str], questions: list[str], seconds: float, pid: int
) -> tuple[Seen, list[float]]:
    """Let everybody ask until the time is over; the memory of the server in MB, minute by minute."""
    seen, memory, until = Seen(), [resident(pid)], time.monotonic() + seconds
    people = [
        asyncio.create_task(person(address, token, questions, random.Random(number), until, seen, page=number % 2 == 0))
        for number, token in enumerate(tokens)
    ]
    while time.monotonic() < until:
        await asyncio.sleep(min(60, max(0.0, until - time.monotonic())))
        memory.append(resident(pid))
    await asyncio.gather(*people)
    return seen, memory


async def person(
    address: str, token: str, questions: list[str], chance: random.Random, until: float, seen: Seen, *, page: bool
) -> None:
    """One user's half hour."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as client:
        event, session = (await page_event(client) if page else 0), f"{chance.random():.16f}"
        while True:
            await asyncio.sleep(chance.expovariate(1 / READING))
            if time.monotonic() >= until:
                return
            question, started = chance.choice(questions), time.perf_counter()
            try:
                ask = ask_page(client, event, question, session) if page else ask_rest(client, question)
                seen.statuses[await ask] += 1
                seen.seconds["page" if page else "REST"].append(time.perf_counter() - started)
            except (httpx.HTTPError, NoAnswerError) as failure:
                seen.failures.append(f"{type(failure).__name__}: {failure} ({question[:60]})")


async def ask_rest(client: httpx.AsyncClient, question: str) -> str:
    """The status of a streamed answer."""
    body = {"question": question, "stream": True}
    async with client.stream("POST", "/api/ask", json=body) as response:
        response.raise_for_status()
        lines = [line async for line in response.aiter_lines()]
    if "event: answer" not in lines:
        raise NoAnswerError(question)
    whole = json.loads(lines[lines.index("event: answer") + 1].removeprefix("data: "))
    return str(whole["status"])


async def page_event(client: httpx.AsyncClient) -> int:
    """The number of the page's event that asks a question."""
    config: dict[str, Any] = (await client.get("/en/config")).raise_for_status().json()
    button = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == "send")
    return int(next(one["id"] for one in config["dependencies"] if [button, "click"] in one["targets"]))


async def ask_page(client: httpx.AsyncClient, event: int, question: str, session: str) -> str:
    """The status of an answer as the page gets it."""
    body = {"fn_index": event, "data": [question, "", "", None], "session_hash": session}
    (await client.post("/en/gradio_api/queue/join", json=body)).raise_for_status()
    async with client.stream("GET", "/en/gradio_api/queue/data", params={"session_hash": session}) as response:
        response.raise_for_status()
        told = [
            json.loads(line.removeprefix("data: ")) async for line in response.aiter_lines() if line.startswith("data: ")
        ]
    shown = json.dumps([one.get("output") for one in told])
    if not any(one["msg"] == "process_completed" and one["success"] for one in told) or "data-answer" not in shown:
        raise NoAnswerError(question)
    return "on the page"


def resident(pid: int) -> float:
    """The memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def show(seen: Seen, memory: list[float]) -> None:
    """Print the figures."""
    for way, seconds in seen.seconds.items():
        cuts = statistics.quantiles(seconds, n=100)
        p50, p95, p99 = (cuts[n - 1] * 1000 for n in (50, 95, 99))
        print(f"{way}: {len(seconds)} answers, p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms")
    print(f"answers: {dict(seen.statuses)}; failed: {len(seen.failures)}; load {load()}")
    for failure in seen.failures[:10]:
        print(f"  {failure}")
    print("memory of the server, MB, each minute:", " ".join(f"{one:.0f}" for one in memory))


if __name__ == "__main__":
    main()
