"""What others notice while one person floods the server: 50 people ask, then again beside the flood.

    python benchmarks/flood.py [--seconds 20] [--people 50] [--rounds 3]

The server, its people and the flood are on this machine, on a loopback address. Everybody has a user of their own. The
flood sends the longest questions, follow-ups with the longest histories, looks at conversations and wrong requests as fast
as eight connections go. Alone and beside it take turns, so that what else the machine does weighs on both. What is printed
is the 95th percentile of the others' answers, how often they were refused, what the flood was told, and the load before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from served import PASSWORD, serve

from advisor.accounts.users import add_user, new_token
from advisor.models.embeddings import Embeddings
from advisor.settings import load_settings

QUESTIONS = (
    "When does a blameless review take place after an outage?",
    "What does the board want?",
    "Que couvre le tagging après six mois ?",
    "How long did the Kubernetes migration take?",
    "Who presents to the board every six weeks?",
)
THINKING_SECONDS = 10.0
CONNECTIONS = 8
Asked = tuple[int, float]
"""The status of an answer, and the seconds until it was there."""


def main() -> None:
    """Serve, ask, flood, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="flood-") as folder,
        serve(Path(folder), Embeddings(load_settings()), local=False, answer_seconds=30) as running,
    ):
        names = [f"person{number}" for number in range(arguments.people)] + ["flood"]
        for name in names:
            add_user(running.settings, name, PASSWORD, "user")
        tokens = [new_token(running.settings, name) for name in names]
        found = asyncio.run(_measure(running.address, tokens, arguments))
    found = {"load_before": round(load, 1), "cores": os.cpu_count(), **found}
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


async def _measure(address: str, tokens: list[str], arguments: argparse.Namespace) -> dict[str, object]:
    *people, flood = tokens
    await _ask_all(address, people, 2 * THINKING_SECONDS)  # what is loaded at the first use
    alone, beside, told = list[Asked](), list[Asked](), Counter[int]()
    for _ in range(arguments.rounds):
        alone += await _ask_all(address, people, arguments.seconds)
        over = asyncio.Event()
        flooding = [asyncio.create_task(_flood(address, flood, over)) for _ in range(CONNECTIONS)]
        beside += await _ask_all(address, people, arguments.seconds)
        over.set()
        told = sum(await asyncio.gather(*flooding), told)
    return {
        "alone": _summary(alone),
        "beside_the_flood": _summary(beside),
        "flood": {str(status): count for status, count in sorted(told.items())},
    }


async def _ask_all(address: str, tokens: list[str], seconds: float) -> list[Asked]:
    ends = time.monotonic() + seconds
    found = await asyncio.gather(*(_person(address, token, ends, number) for number, token in enumerate(tokens)))
    return [one for some in found for one in some]


async def _person(address: str, token: str, ends: float, number: int) -> list[Asked]:
    generator, found = random.Random(number), []
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        await asyncio.sleep(generator.uniform(0, THINKING_SECONDS))
        while time.monotonic() < ends:
            began = time.monotonic()
            answer = await client.post("/api/ask", json={"question": generator.choice(QUESTIONS)})
            found.append((answer.status_code, time.monotonic() - began))
            await asyncio.sleep(generator.uniform(0, 2 * THINKING_SECONDS))
    return found


async def _flood(address: str, token: str, over: asyncio.Event) -> Counter[int]:
    told: Counter[int] = Counter()
    bodies = (
        {"question": "review " * 285},
        {"question": "x"},
        {"question": "And then?", "history": ["a-" * 1_000] * 20},
        {"question": 3},
    )
    async with httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=None) as client:
        while not over.is_set():
            for body in bodies:
                told[(await client.post("/api/ask", json=body)).status_code] += 1
            told[(await client.get("/page/conversations", params={"language": "en", "search": "a"})).status_code] += 1
    return told


def _summary(found: list[Asked]) -> dict[str, object]:
    return {
        "answers": len(found),
        "refused": sum(status != httpx.codes.OK for status, _ in found),
        "p50_ms": round(1000 * float(np.quantile([seconds for _, seconds in found], 0.5))),
        "p95_ms": round(1000 * float(np.quantile([seconds for _, seconds in found], 0.95))),
    }


if __name__ == "__main__":
    main()
