"""What it costs to keep 2,000 documents indexed: nothing changed, one changed, and everything at once.

    python benchmarks/many_documents.py --data ../shared/data --work /tmp/many [--rounds 5]

The documents are pieces of the paragraphs of a real French corpus (PIAF), 450 characters at most. The first run embeds them,
which takes minutes, and compares the whole with the model's own throughput on the same texts; later runs re-use that index.
Each time is of a whole `advisor index` process, Python's start included.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from advisor.catalog import Catalog
from advisor.generations import CATALOG, current_generation
from advisor.models import Embeddings
from advisor.settings import Settings
from advisor.sync import sync

DOCUMENTS = 2_000
LONGEST = 450
COMMAND = [sys.executable, "-c", "from advisor.cli import main; main()", "index", "--json"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    settings = Settings(corpus_dir=arguments.work / "corpus", index_dir=arguments.work / "index")
    if not current_generation(settings.index_dir):
        write_corpus(arguments.data, settings.corpus_dir)
        measure_throughput(settings)
    run(settings)
    show("nothing changed", [run(settings) for _ in range(arguments.rounds)])
    path = sorted(settings.corpus_dir.iterdir())[DOCUMENTS // 2]
    original = path.read_text(encoding="utf-8")
    changed = []
    for number in range(arguments.rounds):
        path.write_text(f"{original}\nLe relevé numéro {number} porte sur {time.time_ns()} lignes.\n", encoding="utf-8")
        changed.append(run(settings))
    show("one changed (embedding included)", changed)
    path.write_text(original, encoding="utf-8")
    run(settings)


def write_corpus(data: Path, folder: Path) -> None:
    """One file for each piece of a paragraph, in whole words."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pieces = (piece for text in paragraphs(data / "piaf-fr") for piece in textwrap.wrap(text, LONGEST) if len(piece) > 150)
    for number, piece in enumerate(islice(pieces, DOCUMENTS)):
        (folder / f"{number:04d}.txt").write_text(piece + "\n", encoding="utf-8")


def paragraphs(folder: Path) -> Iterator[str]:
    """The paragraphs of the set, in its order."""
    for line in (folder / "paragraphs.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        yield (folder / "corpus" / entry["doc"]).read_text(encoding="utf-8")[entry["start"] : entry["end"]]


def measure_throughput(settings: Settings) -> None:
    """Index everything; then encode the same texts with the model alone."""
    embeddings = Embeddings(settings)
    embeddings.encode_passages(["Un texte pour charger le modèle, assez long pour le grand moteur. " * 20] * 40)
    started = time.perf_counter()
    report = sync(settings, embeddings)
    whole = time.perf_counter() - started
    catalog = Catalog(settings.index_dir / report.generation / CATALOG)
    chunks = [chunk for some in catalog.chunks_by_document().values() for chunk in some]
    texts = [chunk.embedded_text for chunk in chunks]
    texts += [chunk.embedded_sentence(sentence) for chunk in chunks for sentence in chunk.sentences]
    texts = list(dict.fromkeys(texts))
    started = time.perf_counter()
    embeddings.encode_passages(texts)
    alone = time.perf_counter() - started
    print(f"{report.documents} documents, {report.chunks} passages, {len(texts)} texts; load {load()}")
    print(f"  indexed in {whole:.1f} s ({len(texts) / whole:.1f} texts a second); the model alone {alone:.1f} s", end=" ")
    print(f"({len(texts) / alone:.1f}): {alone / whole:.1%} of its throughput")


def run(settings: Settings) -> tuple[float, dict[str, Any]]:
    """Seconds of one `advisor index`, and its report."""
    places = ["--corpus", str(settings.corpus_dir), "--index", str(settings.index_dir)]
    started = time.perf_counter()
    done = subprocess.run([*COMMAND, *places], check=True, capture_output=True, text=True)
    return time.perf_counter() - started, json.loads(done.stdout)


def show(what: str, runs: list[tuple[float, dict[str, Any]]]) -> None:
    """Print one line of figures."""
    seconds = [taken for taken, _ in runs]
    last = runs[-1][1]
    print(
        f"{what}: median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s of {len(runs)}; "
        f"{last['embedded']} embedded, {last['reused']} re-used; load {load()}"
    )


def load() -> str:
    """The load of the machine, over one minute."""
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
