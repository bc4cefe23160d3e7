"""What it costs to keep 2,000 documents indexed: nothing changed, one changed, and everything at once.

    python benchmarks/many_documents.py --data ../shared/data --work /tmp/many [--rounds 5]

The documents are pieces of the paragraphs of a real French corpus (PIAF), 450 characters at most. The first run embeds them,
which takes minutes, and compares the whole with the time that the model takes for its texts; later runs re-use that index.
Each time is of a whole `advisor index` process, Python's start included.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import load

from advisor.index.generations import current_generation
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings, EncodingProgress
from advisor.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DOCUMENTS = 2_000
LONGEST = 450
COMMAND = [sys.executable, "-c", "from advisor.cli.main import main; main()", "index", "--json"]


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


class TimedEmbeddings(Embeddings):
    """The real model, with the seconds that it takes: on the clock, and of the processors."""

    wall = cpu = 0.0
    texts = 0

    def encode_passages(self, texts: Sequence[str], progress: EncodingProgress | None = None) -> NDArray[np.float32]:
        """The unit vectors of passages, shape (len(texts), dimension)."""
        wall, cpu = time.perf_counter(), time.process_time()
        vectors = super().encode_passages(texts, progress)
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu
        self.texts += len(texts)
        return vectors


def measure_throughput(settings: Settings) -> None:
    """Index everything, and see which share of the time the model takes: it gets all texts in one call, as it likes best."""
    embeddings = TimedEmbeddings(settings)
    Embeddings.encode_passages(embeddings, ["Un texte qui fait charger le modèle. " * 20] * 40)
    wall, cpu = time.perf_counter(), time.process_time()
    report = sync(settings, embeddings)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{report.documents} documents, {report.chunks} passages, {embeddings.texts} texts; load {load()}")
    print(
        f"  indexed in {wall:.1f} s ({embeddings.texts / wall:.1f} texts a second), of which the model took "
        f"{embeddings.wall:.1f} s: {embeddings.wall / wall:.1%} of its own throughput "
        f"({embeddings.cpu / cpu:.1%} by processor time)",
        flush=True,
    )


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


if __name__ == "__main__":
    main()
