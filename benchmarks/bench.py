"""How long answers take, and beside them LangChain's pipelines with the same model on the same documents.

    make bench        # or: python benchmarks/bench.py [--data ../shared/data] [--set etalab-guides-fr] [--work .cache/bench]

Of the shipped corpus and, where there is one, of an open set: questions answered warm, each once, with the stages of an
answer, a follow-up after each, search alone, and the searches of LangChain (`open_sets.langchain`). Of the whole program: a
cold `advisor ask`, a second start of the server until it has answered over REST, and its memory then. Times are on the
clock, which other work on the machine lengthens, and of the processor, which it lengthens less. The table is printed, and
kept as `bench.md` in the work folder.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import httpx
from common import load
from open_sets import OURS, THEIRS, Asked, langchain, ndcg, ours, questions

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings, load_settings
from advisor.text.plain import detect_language

ROOT = Path(__file__).resolve().parent.parent
ASKED = ROOT / "evals" / "questions" / "article.jsonl"
COMMAND = [sys.executable, "-c", "from advisor.cli.main import main; main()"]
FOLLOW_UPS = {"fr": "Et combien cela coûte ?", "en": "And what does it cost?"}
WARM, MOST = 5, 60  # questions that warm up, and that are measured
STAGES = ("search", "write", "verify")
COLD = 3
LONGEST = 120  # seconds that a server may take to start and answer
Row = tuple[str, str, str, str]
Found = TypeVar("Found")


def main() -> None:
    """Measure, print, and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("ADVISOR_DATA_DIR", ROOT / "../shared/data")))
    parser.add_argument("--set", default="etalab-guides-fr")
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "bench")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    settings = load_settings(index_dir=arguments.work / "shipped" / "index")
    embeddings = Embeddings(settings)
    before = load()
    asked = [json.loads(line)["question"] for line in ASKED.read_text(encoding="utf-8").splitlines()]
    rows = corpus_rows("the shipped corpus", settings, embeddings, asked)
    folder = arguments.data / arguments.set
    if folder.is_dir():
        own = load_settings(corpus_dir=folder / "corpus", index_dir=arguments.work / arguments.set / "index")
        known = questions(folder, MOST + WARM)
        rows += corpus_rows(arguments.set, own, embeddings, [one.question for one in known])
        rows += quality_rows(arguments.set, own, embeddings, known)
    else:
        print(f"{folder} is not there: the open set is left out", file=sys.stderr)
    rows += process_rows(settings, asked[0])
    heads = ("what", "measure", "median", "95th percentile")
    lines = [" | ".join(row) for row in (heads, ("---",) * len(heads), *rows)]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; load {before} to {load()}"
    table = "\n".join([f"{datetime.now(UTC):%Y-%m-%d}, {machine}.", "", *(f"| {line} |" for line in lines), ""])
    print(table)
    (arguments.work / "bench.md").write_text(table, encoding="utf-8")


def corpus_rows(what: str, settings: Settings, embeddings: Embeddings, asked: Sequence[str]) -> list[Row]:
    """Index a corpus; the rows of its answers, follow-ups and searches. Each question is measured where it comes first."""
    sync(settings, embeddings)
    chosen = asked[WARM : WARM + MOST]
    advisor = warm(settings, asked)
    after = lambda question: advisor.ask(FOLLOW_UPS[detect_language(question)], history=[question])  # noqa: E731
    answers, follow_ups = [], []
    for question in chosen:  # a follow-up comes right after its question
        answers.append(timed(advisor.ask, question))
        follow_ups.append(timed(after, question))
    title = f"{what}, {advisor.index.info.chunks} passages, {len(chosen)} questions"
    rows = [(title, "", "", ""), *both("an answer", answers)]
    rows += [row(f"… of which {stage}", "ms", [said.ms[stage] for said, _, _ in answers]) for stage in STAGES]
    rows += both("a follow-up", follow_ups)
    advisor.close()
    advisor = warm(settings, asked)
    rows += both(f"search: {OURS}", [timed(advisor.search, question) for question in chosen])
    advisor.close()
    for name in THEIRS:
        search = langchain(settings.corpus_dir, settings.index_dir.parent, Embeddings(settings))[name]
        for question in asked[:WARM]:
            search(question)
        rows += both(f"search: {name}", [timed(search, question) for question in chosen])
    return rows


def warm(settings: Settings, asked: Sequence[str]) -> Advisor:
    """An advisor that has answered some questions, with a model that has not seen any other."""
    advisor = Advisor.open(settings, Embeddings(settings))
    for question in asked[:WARM]:
        advisor.ask(question)
    return advisor


def quality_rows(what: str, settings: Settings, embeddings: Embeddings, known: Sequence[Asked]) -> list[Row]:
    """How well each search finds what answers the questions of an open set."""
    search = ours(settings.corpus_dir, settings.index_dir.parent, embeddings)
    ways = {OURS: lambda question: search(question)[OURS]}
    ways |= langchain(settings.corpus_dir, settings.index_dir.parent, embeddings)
    scores = {name: [ndcg(find(one.question), one.golds) for one in known] for name, find in ways.items()}
    return [(f"{what}: {name}", "nDCG@10, mean", f"{statistics.mean(each):.3f}", "") for name, each in scores.items()]


def process_rows(settings: Settings, question: str) -> list[Row]:
    """A cold `advisor ask`, and the second start of the server: until it has answered, and its memory then."""
    places = ["--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir)]
    cold = []
    for _ in range(COLD):
        started = time.perf_counter()
        subprocess.run([*COMMAND, "ask", question, *places], check=True, capture_output=True)
        cold.append(time.perf_counter() - started)
    start(places, question)
    seconds, megabytes = start(places, question)
    return [
        ("a cold `advisor ask`", "s", f"{statistics.median(cold):.1f}", f"{max(cold):.1f} (longest of {COLD})"),
        ("second start of the server, until it has answered", "s", f"{seconds:.1f}", ""),
        ("resident memory of the server then", "MB", f"{megabytes:.0f}", ""),
    ]


def start(places: Sequence[str], question: str) -> tuple[float, float]:
    """Start a server on a free port, ask it, stop it; the seconds until its answer, and the megabytes that it has then."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.perf_counter()
    server = subprocess.Popen(
        [*COMMAND, "serve", "--port", str(port), *places], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            try:
                answered = httpx.post(f"http://127.0.0.1:{port}/api/ask", json={"question": question}, timeout=LONGEST)
                break
            except httpx.ConnectError:
                if server.poll() is not None or time.perf_counter() - started > LONGEST:
                    raise
                time.sleep(0.05)
        answered.raise_for_status()
        seconds = time.perf_counter() - started
        status = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
        kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    finally:
        server.terminate()
        server.wait()
    return seconds, kilobytes / 1024


def timed(do: Callable[[str], Found], question: str) -> tuple[Found, float, float]:
    """What a call gives, and how long it took: on the clock and of the processor, in milliseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = do(question)
    return found, (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def both(what: str, done: Sequence[tuple[object, float, float]]) -> list[Row]:
    """The rows of one thing: on the clock, and of the processor."""
    return [row(what, "ms", [wall for _, wall, _ in done]), row(what, "ms of the processor", [cpu for _, _, cpu in done])]


def row(what: str, measure: str, values: Sequence[float]) -> Row:
    """The median and the 95th percentile of some values."""
    return what, measure, f"{statistics.median(values):.0f}", f"{sorted(values)[int(0.95 * len(values))]:.0f}"


if __name__ == "__main__":
    main()
