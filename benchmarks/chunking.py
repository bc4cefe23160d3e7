"""How much of what the first five passages hold was wanted: Chroma's evaluation of chunking, with the program's search.

    python benchmarks/chunking.py --data ../shared/data --work /tmp/chunking [--chars 900 500 400]

For each longest length of a chunk: recall, precision and intersection over union of the characters of the first five
passages and of the excerpts that answer the question, in per cent, with 95 % intervals (questions on one document together).
The measures are those of "Evaluating Chunking Strategies for Retrieval" (Smith and Troynikov, Chroma 2024); its best for a
model of like size (all-MiniLM-L6-v2, five chunks): recall 82.4 with IoU 3.5, or IoU 7.2 with recall 75.2.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from open_sets import Asked, Place, golds, in_words

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.settings import load_settings

NAME = "chroma-chunking-en"
FIRST = 5
MEASURES = ("recall", "precision", "IoU")


def main() -> None:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder of the index; it is re-used")
    parser.add_argument("--chars", type=int, nargs="+", default=[load_settings().chunk_chars])
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    arguments = parser.parse_args()
    written = (arguments.data / NAME / "questions.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in written.splitlines()]
    random.Random(0).shuffle(lines)
    lines = lines[len(lines) // 2 :] if arguments.half == "report" else lines[: len(lines) // 2]
    asked = [Asked(line["question"], golds(line)) for line in lines]
    clusters = [one.golds[0].document for one in asked]
    embeddings = Embeddings(load_settings())
    for chars in arguments.chars:
        settings = load_settings(
            corpus_dir=arguments.data / NAME / "corpus", index_dir=arguments.work / "index", chunk_chars=chars
        )
        sync(settings, embeddings)
        advisor = Advisor.open(settings, embeddings)
        scores = [measured(found(advisor, one.question), one.golds) for one in asked]
        cells = (f"{name} {in_words([100 * s[at] for s in scores], clusters)}" for at, name in enumerate(MEASURES))
        print(f"chunks of at most {chars} characters, {len(asked)} questions: {'   '.join(cells)}", flush=True)
        advisor.close()


def found(advisor: Advisor, question: str) -> list[Place]:
    """The first passages for a question."""
    chunks = [passage.chunk for passage in advisor.search(question, k=FIRST)]
    return [Place(chunk.document, chunk.start, chunk.end) for chunk in chunks]


def measured(results: Sequence[Place], wanted: Sequence[Place]) -> tuple[float, float, float]:
    """Recall, precision and intersection over union (0..1), by characters, each counted once."""
    held, gold = characters(results), characters(wanted)
    both = sum(len(held[name] & gold[name]) for name in gold)
    total_held, total_gold = (sum(map(len, each.values())) for each in (held, gold))
    return both / total_gold, both / total_held if total_held else 0.0, both / (total_held + total_gold - both)


def characters(places: Iterable[Place]) -> dict[str, set[int]]:
    """Document -> the offsets that places hold."""
    offsets: dict[str, set[int]] = defaultdict(set)
    for place in places:
        offsets[place.document].update(range(place.start, place.end))
    return offsets


if __name__ == "__main__":
    main()
