"""How long an answer takes: warm, by stage, and from a cold start.

    python benchmarks/latency.py [--index index] [--rounds 3]

Asks the article's questions of an existing index and prints the median and the 95th percentile in milliseconds, then the
seconds of a whole `advisor ask` process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from advisor.advisor import Advisor
from advisor.settings import load_settings

QUESTIONS = Path(__file__).resolve().parent.parent / "evals" / "questions" / "article.jsonl"
STAGES = ("search", "write", "verify", "total")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    asked = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    advisor = Advisor.open(load_settings(index_dir=arguments.index))
    for question in asked[:5]:
        advisor.ask(question)
    timings = [advisor.ask(question).ms for _ in range(arguments.rounds) for question in asked]
    print(f"{len(timings)} questions, {advisor.index.info.chunks} passages; milliseconds: median, 95th percentile")
    for stage in STAGES:
        values = sorted(timing[stage] for timing in timings)
        print(f"  {stage:<7} {statistics.median(values):7.1f} {values[int(0.95 * len(values))]:7.1f}")
    command = [
        sys.executable,
        "-c",
        "from advisor.cli.main import main; main()",
        "ask",
        asked[0],
        "--index",
        str(arguments.index),
    ]
    cold = []
    for _ in range(arguments.rounds):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        cold.append(time.perf_counter() - started)
    print(f"cold `advisor ask`: median {statistics.median(cold):.1f} s of {len(cold)}")


if __name__ == "__main__":
    main()
