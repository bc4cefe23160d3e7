"""How a sync grows with the corpus: from nothing, with one document changed, and with none.

    python benchmarks/growth.py --data ../shared/data --work /tmp/growth [--passages 1000 10000 100000]

The documents are four sentences each of a real French corpus (PIAF), drawn anew for each; their vectors are sums of random
vectors of their words, since the model would take hours and is not what is measured. Each line is of a process of its own:
seconds on the clock and of the processor, and the most memory that it held. Importing Chroma is in it, loading a model not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from common import load
from many_documents import paragraphs

from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings, EncodingProgress
from advisor.settings import Settings
from advisor.text.plain import fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSION = 384
DRAWN = 4  # sentences of a document
SHORTEST, LONGEST = 40, 300  # characters of a sentence
A_DOCUMENT = 1.22  # passages, as these documents are cut


class SyntheticEmbeddings(Embeddings):
    """Texts that share words are near each other, as with a model; it takes microseconds."""

    def encode_passages(self, texts: Sequence[str], progress: EncodingProgress | None = None) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), DIMENSION)."""
        vectors = np.array([sum(map(word_vector, fold(text).split())) for text in texts], np.float32)
        vectors = vectors.reshape(len(texts), DIMENSION)
        if progress:
            progress(len(texts))
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (len(texts), DIMENSION)."""
        return self.encode_passages(texts)


@cache
def word_vector(word: str) -> NDArray[np.float32]:
    """The same for the same word in every process."""
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
    return np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)


def main() -> None:
    """Measure and print, or sync once (when started for that)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--passages", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        sync_once(arguments.once)
        return
    print("| passages | sync | s | s of the processor | MB at most | load |\n|---|---|---|---|---|---|")
    for passages in arguments.passages:
        folder = arguments.work / str(passages)
        if not folder.is_dir():
            write_corpus(arguments.data, folder / "corpus", round(passages / A_DOCUMENT))
        path = folder / "corpus" / "000100.md"
        for what in ("first", "nothing changed", "one changed", "one changed again"):
            if what.startswith("one"):
                path.write_text(f"{path.read_text(encoding='utf-8')}\nUn relevé de {time.time_ns()}.\n", encoding="utf-8")
            command = [sys.executable, __file__, "--data", str(arguments.data), "--work", str(arguments.work)]
            done = subprocess.run([*command, "--once", str(folder)], check=True, capture_output=True, text=True)
            found = json.loads(done.stdout)
            cells = (found["chunks"], what, f"{found['wall']:.1f}", f"{found['cpu']:.1f}", f"{found['mb']:.0f}", load())
            print(f"| {' | '.join(map(str, cells))} |", flush=True)


def write_corpus(data: Path, folder: Path, documents: int) -> None:
    """So many documents, the same on every run."""
    folder.mkdir(parents=True)
    pieces = (piece for text in paragraphs(data / "piaf-fr") for piece in text.replace("\n", " ").split(". "))
    sentences = [f"{piece.strip()}." for piece in pieces if SHORTEST < len(piece) < LONGEST]
    draw = random.Random(0)
    for number in range(documents):
        text = f"# Note {number}\n\n{' '.join(draw.sample(sentences, DRAWN))}\n"
        (folder / f"{number:06d}.md").write_text(text, encoding="utf-8")


def sync_once(folder: Path) -> None:
    """Sync, and print what it took."""
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")
    embeddings = SyntheticEmbeddings(settings)
    wall, cpu = time.perf_counter(), time.process_time()
    report = sync(settings, embeddings)
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**taken, "chunks": report.chunks, "mb": megabytes}))


if __name__ == "__main__":
    main()
