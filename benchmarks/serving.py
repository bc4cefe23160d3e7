"""Four processes ask while a fifth re-indexes: no error, no empty answer, nothing stale two seconds after the switch.

    python benchmarks/serving.py --work /tmp/serving [--askers 4] [--rounds 20]

Each re-index changes the figure in one document. Every answer must quote the figure of the generation that it names, its
citation must be in the document as that generation held it, and the first answer's links must lead to its text at the end.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common import load

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

QUESTION = "Combien de jours dure la migration Tamarin ?"
LATEST = 2.0  # seconds after the switch
FIRST = 100


def main() -> None:
    """Measure and print, or ask (when started as an asker)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--askers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    settings = Settings(corpus_dir=arguments.work / "corpus", index_dir=arguments.work / "index")
    if arguments.log:
        ask(settings, arguments.work / "stop", arguments.log)
    else:
        measure(settings, arguments.work, arguments.askers, arguments.rounds)


def measure(settings: Settings, work: Path, askers: int, rounds: int) -> None:
    """Start the askers, re-index, stop them, and judge what they saw."""
    shutil.rmtree(work, ignore_errors=True)
    settings.corpus_dir.mkdir(parents=True)
    for number in range(30):
        text = (
            f"# Projet {number}\n\nLe projet {number} réunit des équipes de plusieurs pays autour du produit {number * 7}.\n"
        )
        (settings.corpus_dir / f"projet-{number}.md").write_text(text, encoding="utf-8")
    embeddings = Embeddings(settings)
    switched = [(index(settings, embeddings, 0), time.time())]
    command = [sys.executable, __file__, "--work", str(work)]
    logs = [work / f"asker-{number}.jsonl" for number in range(askers)]
    running = [subprocess.Popen([*command, "--log", str(log)]) for log in logs]
    while not all(log.exists() and log.read_text(encoding="utf-8") for log in logs):
        time.sleep(0.1)
    for number in range(1, rounds + 1):
        switched.append((index(settings, embeddings, number), time.time()))
        time.sleep(LATEST + 0.5)
    (work / "stop").touch()
    for process in running:
        process.wait()
    seen = [json.loads(line) for log in logs for line in log.read_text(encoding="utf-8").splitlines()]
    figures = {generation: str(FIRST + number) for number, (generation, _) in enumerate(switched)}
    wrong = [each for each in seen if each["generation"] not in figures or figures[each["generation"]] not in each["answer"]]
    stale = [each for each in seen if is_stale(each, switched)]
    advisor = Advisor.open(settings, embeddings)
    old = advisor.document("tamarin.md", switched[0][0])
    advisor.close()
    print(f"{len(seen)} answers from {askers} processes during {rounds} re-indexes; load {load()}")
    print(f"  processes that failed: {sum(process.returncode != 0 for process in running)}")
    uncited = sum(not each["cited"] for each in seen)
    print(f"  empty or not of their generation: {len(wrong)}; citations not in their document: {uncited}")
    print(f"  stale {LATEST:.0f} s after a switch: {len(stale)}; generations seen: {len({s['generation'] for s in seen})}")
    print(f"  slowest answer: {max(each['seconds'] for each in seen):.2f} s")
    print(f"  the first answer's document still reads as it did: {bool(old and str(FIRST) in old.text)}")


def index(settings: Settings, embeddings: Embeddings, number: int) -> str:
    """Change the figure and re-index; returns the generation."""
    text = f"# Migration Tamarin\n\nLa migration Tamarin dure {FIRST + number} jours en tout.\n"
    (settings.corpus_dir / "tamarin.md").write_text(text, encoding="utf-8")
    return sync(settings, embeddings).generation


def is_stale(seen: dict[str, Any], switched: list[tuple[str, float]]) -> bool:
    """Whether it was asked later than allowed after the switch to a later generation than the one that answered."""
    names = [name for name, _ in switched]
    due = [name for name, when in switched if when + LATEST <= seen["asked"]]
    return bool(due) and names.index(seen["generation"]) < names.index(due[-1])


def ask(settings: Settings, stop: Path, log: Path) -> None:
    """Ask until told to stop; one line for each answer."""
    advisor = Advisor.open(settings)
    while not stop.exists():
        asked = time.time()
        answer = advisor.ask(QUESTION)
        documents = [(c, advisor.document(c.document, answer.index.generation)) for c in answer.citations]
        line = {
            "asked": asked,
            "seconds": time.time() - asked,
            "generation": answer.index.generation,
            "answer": answer.text,
            "cited": bool(documents) and all(d is not None and d.text[c.start : c.end] == c.quote for c, d in documents),
        }
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
