"""How syncs and questions grow with the corpus.

    python benchmarks/growth.py --data ../shared/data --work /tmp/growth [--passages 1000 10000 100000] [--plot growth.svg]

Syncs: from nothing, with one document changed, and with none. Questions: those that people asked about the same articles,
and the floor under an answer: what its engines alone take, Chroma for the vectors and tantivy for the words.

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
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from common import load
from growth_plot import write_plot
from many_documents import paragraphs

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings, EncodingProgress
from advisor.retrieval.query import analyse
from advisor.settings import Settings
from advisor.text.plain import fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSION = 384
DRAWN = 4  # sentences of a document
SHORTEST, LONGEST = 40, 300  # characters of a sentence
A_DOCUMENT = 1.22  # passages, as these documents are cut
WARM = 20  # questions before those that are timed
ASKED = 200
CANDIDATES = 50


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

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """The unit vector of one question, shape (DIMENSION,)."""
        vector: NDArray[np.float32] = self.encode_passages([text])[0]
        return vector


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
    parser.add_argument("--plot", type=Path, help="where to draw how long a question takes")
    parser.add_argument("--sync", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.sync:
        sync_once(arguments.sync)
    elif arguments.ask:
        ask_often(arguments.ask, arguments.data)
    else:
        measure(arguments)


def measure(arguments: argparse.Namespace) -> None:
    """Print a line for each sync, and then a line for the questions of each size."""
    print("| passages | sync | s | s of the processor | MB at most | load |\n|---|---|---|---|---|---|")
    asked = list[dict[str, float]]()
    for passages in arguments.passages:
        folder = arguments.work / str(passages)
        if not folder.is_dir():
            write_corpus(arguments.data, folder / "corpus", round(passages / A_DOCUMENT))
        path = folder / "corpus" / "000100.md"
        for what in ("first", "nothing changed", "one changed", "one changed again"):
            if what.startswith("one"):
                path.write_text(f"{path.read_text(encoding='utf-8')}\nUn relevé de {time.time_ns()}.\n", encoding="utf-8")
            found = apart(arguments, "--sync", folder)
            cells = (found["chunks"], what, f"{found['wall']:.1f}", f"{found['cpu']:.1f}", f"{found['mb']:.0f}", load())
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
        asked.append(apart(arguments, "--ask", folder))
    names = list(asked[0])
    print(f"\n| {' | '.join(names)} | load |\n|{'---|' * (len(names) + 1)}")
    for one in asked:
        print(
            f"| {' | '.join(f'{one[name]:,.0f}' if one[name] >= 100 else f'{one[name]:.1f}' for name in names)} | {load()} |"
        )
    if arguments.plot:
        write_plot(arguments.plot, asked)


def apart(arguments: argparse.Namespace, what: str, folder: Path) -> dict[str, float]:
    """What a process of its own finds."""
    command = [sys.executable, __file__, "--data", str(arguments.data), "--work", str(arguments.work), what, str(folder)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


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


def ask_often(folder: Path, data: Path) -> None:
    """Ask people's questions one after another, and print what an answer takes, and what its engines alone take.

    In milliseconds of the processor, all threads together, which other work on the machine disturbs less than the clock.
    """
    settings = Settings(corpus_dir=folder / "corpus", index_dir=folder / "index")
    embeddings = SyntheticEmbeddings(settings)
    lines = (data / "piaf-fr" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = random.Random(0).sample([json.loads(line)["question"] for line in lines], WARM + ASKED)
    with_vectors = [(question, embeddings.encode_query(question)) for question in questions]  # words are known then
    advisor = Advisor.open(settings, embeddings)
    index = advisor.index
    queries = [analyse(index, question, "fr").terms for question in questions]
    whole = [timed(lambda question=question: advisor.ask(question)) for question in questions][WARM:]
    vectors = [timed(lambda v=vector: index.search_vectors(v, num_results=CANDIDATES)) for _, vector in with_vectors][WARM:]
    words = [timed(lambda q=query: index.search_words(q, num_results=CANDIDATES)) for query in queries][WARM:]
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    rows = {"an answer": whole, "vectors alone": vectors, "words alone": words}
    found = {"passages": float(index.manifest.chunks)}
    for name, pairs in rows.items():
        processor = sorted(cpu for _, cpu in pairs)
        found |= {f"{name}, p50": statistics.median(processor), f"{name}, p95": processor[int(0.95 * len(processor))]}
    clock = sorted(wall for wall, _ in whole)
    found |= {"an answer on the clock, p50": statistics.median(clock), "p95": clock[int(0.95 * len(clock))]}
    print(json.dumps(found | {"MB held": resident / 1024}))
    advisor.close()


def timed(do: Callable[[], object]) -> tuple[float, float]:
    """The milliseconds that something takes: on the clock, and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    do()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


if __name__ == "__main__":
    main()
