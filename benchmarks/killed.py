"""Kill a re-index at a random moment, again and again: the index must stay whole.

    python benchmarks/killed.py --data ../shared/data --work /tmp/killed [--runs 50] [--seed 0]

Each run changes, adds, renames and removes documents, starts `advisor index`, and sends SIGKILL: one time in four at a
random moment before it builds, otherwise at a random moment from the start of building until a while after the switch. Then
the published generation must answer, and a completed sync must equal a fresh build.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from common import RememberingEmbeddings, best, content, load

from advisor.index.generations import current_generation
from advisor.index.sync import sync
from advisor.settings import Settings

COMMAND = [sys.executable, "-c", "from advisor.cli.main import main; main()", "index", "--json"]
BEFORE_BUILDING = 0.25  # share of the kills
DOCUMENTS = 40
QUESTIONS = [
    "Quand la ville fut-elle fondée ?",
    "Qui dirige le pays ?",
    "Quel est le code du lot 3 ?",
    "Combien d'habitants ?",
]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    settings = Settings(corpus_dir=arguments.work / "corpus", index_dir=arguments.work / "index")
    settings.corpus_dir.mkdir(parents=True)
    for path in sorted((arguments.data / "piaf-fr" / "corpus").iterdir())[:DOCUMENTS]:
        text = path.read_text(encoding="utf-8")[:1_500]
        (settings.corpus_dir / path.name).write_text(text, encoding="utf-8")
    dice = random.Random(arguments.seed)
    embeddings = RememberingEmbeddings(settings)
    sync(settings, embeddings)
    change(settings.corpus_dir, -1)
    reading, building = measure(settings)
    outcomes: Counter[str] = Counter()
    for number in range(arguments.runs):
        early = dice.random() < BEFORE_BUILDING
        outcomes[run(settings, embeddings, number, early=early, delay=dice.uniform(0, reading if early else building))] += 1
    print(f"building begins after {reading:.1f} s and takes {building:.1f} s, load {load()}")
    print(f"{arguments.runs} runs, seed {arguments.seed}")
    for outcome, count in outcomes.most_common():
        print(f"  {count:3d} {outcome}")


def measure(settings: Settings) -> tuple[float, float]:
    """Seconds of a whole re-index until it builds, and from there to its end."""
    started = time.perf_counter()
    with subprocess.Popen(command(settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for_building(settings.index_dir, process)
        reading = time.perf_counter() - started
        process.wait()
    return reading, time.perf_counter() - started - reading


def wait_for_building(index_dir: Path, process: subprocess.Popen[bytes]) -> None:
    """Until the folder of the next generation is there, or the process has ended."""
    while process.poll() is None and not list(index_dir.glob(".building-*")):
        time.sleep(0.002)


def run(settings: Settings, embeddings: RememberingEmbeddings, number: int, *, early: bool, delay: float) -> str:
    """Change, start, kill, ask, sync, compare; returns what happened.

    :param delay: seconds from the start (`early`), or from the start of building, to the kill.
    """
    before = current_generation(settings.index_dir)
    change(settings.corpus_dir, number)
    with subprocess.Popen(command(settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        if not early:
            wait_for_building(settings.index_dir, process)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
    published = current_generation(settings.index_dir)
    half_built = bool(list(settings.index_dir.glob(".building-*")))
    if not all(best(settings, embeddings, QUESTIONS)):
        return "WRONG: no answer after the kill"
    sync(settings, embeddings)
    fresh = settings.model_copy(update={"index_dir": settings.index_dir.with_name("fresh")})
    shutil.rmtree(fresh.index_dir, ignore_errors=True)
    sync(fresh, embeddings)
    if content(settings, embeddings) != content(fresh, embeddings):
        return "WRONG: other passages than a fresh build"
    if best(settings, embeddings, QUESTIONS) != best(fresh, embeddings, QUESTIONS):
        return "WRONG: other results than a fresh build"
    if process.returncode == 0:
        return "finished before the kill; then equal to a fresh build"
    when = "while building" if half_built else "before building" if published == before else "after the switch"
    return f"killed {when}; the index answered; then equal to a fresh build"


def change(folder: Path, number: int) -> None:
    """One document changed, one added, one renamed, one removed."""
    names = sorted(path for path in folder.iterdir() if path.suffix == ".md")
    changed, renamed, removed = (names[(number * step) % len(names)] for step in (3, 5, 7))
    changed.write_text(f"{changed.read_text(encoding='utf-8')}\n\nLe code du lot 3 est {number}.\n", encoding="utf-8")
    if renamed != changed:
        renamed.rename(renamed.with_name(f"renamed-{number:03d}.md"))
    if removed not in (changed, renamed) and len(names) > DOCUMENTS // 2:
        removed.unlink()
    (folder / f"new-{number:03d}.md").write_text(f"# Lot {number}\n\nLe lot {number} est prêt.\n", encoding="utf-8")


def command(settings: Settings) -> list[str]:
    """`advisor index` on these folders."""
    return [*COMMAND, "--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir)]


if __name__ == "__main__":
    main()
