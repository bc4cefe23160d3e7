"""Search on documents and questions that nobody here wrote, side by side with what else could be used.

    python benchmarks/open_sets.py --data ../shared/data --work /tmp/open [--sets piaf-fr finops-en] [--questions 400]

For each set: nDCG@10 and hit@5 of the program's search, of its vectors alone, of its words alone, of both fused by
reciprocal rank (k = 60), of LangChain's tutorial pipeline (RecursiveCharacterTextSplitter 1000/200, Chroma, the same
model), of its BM25 and of its ensemble of both. They come with 95 % intervals, questions on one document together. A result
is relevant when it holds half of a gold passage's characters; a gold passage counts once.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_text_splitters import RecursiveCharacterTextSplitter

from advisor.advisor import Advisor
from advisor.documents.folder import list_files
from advisor.evaluation.statistics import estimate
from advisor.index.generation import Generation
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.hybrid import fuse, keyword_search, vector_search
from advisor.retrieval.query import analyse
from advisor.settings import load_settings
from advisor.text.plain import detect_language

SETS = ("piaf-fr", "squad2-en", "finops-en", "etalab-guides-fr", "chroma-chunking-en")
DEPTH, FIRST = 10, 5
CANDIDATES = 50
RRF = 60
OURS = "the program"
THEIRS = ("LangChain's tutorial", "LangChain's BM25", "LangChain's ensemble")


@dataclass(frozen=True)
class Place:
    """`[start, end)` of a document."""

    document: str
    start: int
    end: int

    def holds_half_of(self, other: Place) -> bool:
        """Whether the place holds at least half of the other's characters."""
        shared = min(self.end, other.end) - max(self.start, other.start)
        return self.document == other.document and shared >= (other.end - other.start) / 2


@dataclass(frozen=True)
class Asked:
    """A question, and the places that answer it."""

    question: str
    golds: tuple[Place, ...]


Search = Callable[[str], dict[str, list[Place]]]
"""A question -> the name of a way to search -> its results, best first."""


def main() -> None:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder of the indexes; they are re-used")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--questions", type=int, default=400, help="most questions of a set, the same on every run")
    arguments = parser.parse_args()
    embeddings = Embeddings(load_settings())
    for name in arguments.sets:
        asked = questions(arguments.data / name, arguments.questions)
        corpus = arguments.data / name / "corpus"
        search = ours(corpus, arguments.work / name, embeddings)
        theirs = langchain(corpus, arguments.work / name, embeddings)
        found: dict[str, list[tuple[float, float]]] = {}
        for one in asked:
            results = search(one.question) | {key: find(one.question) for key, find in theirs.items()}
            for key, places in results.items():
                found.setdefault(key, []).append((ndcg(places, one.golds), hit(places, one.golds)))
        print(f"{name}: {len(asked)} questions")
        clusters = [one.golds[0].document for one in asked]
        for key, scores in found.items():
            cells = [in_words([score[measure] for score in scores], clusters) for measure in (0, 1)]
            print(f"  {key:<22} nDCG@10 {cells[0]}   hit@5 {cells[1]}", flush=True)
        gains = [mine[0] - other[0] for mine, other in zip(found[OURS], found[THEIRS[0]], strict=True)]
        print(f"  gain over LangChain's  nDCG@10 {in_words(gains, clusters)}", flush=True)


def questions(folder: Path, most: int) -> list[Asked]:
    """The questions that stand on their own and have an answer."""
    lines = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    kept = [line for line in lines if line.get("clean", True) and line["answerable"]]
    return [Asked(line["question"], golds(line)) for line in random.Random(0).sample(kept, min(most, len(kept)))]


def golds(line: dict[str, Any]) -> tuple[Place, ...]:
    """The gold passages of a question."""
    if "golds" in line:
        return tuple(Place(gold["doc"], gold["start"], gold["end"]) for gold in line["golds"])
    return (Place(line["gold_doc"], line["gold_start"], line["gold_end"]),)


def ours(corpus: Path, work: Path, embeddings: Embeddings) -> Search:
    """The program, its two searches alone, and their fusion by ranks."""
    settings = load_settings(corpus_dir=corpus, index_dir=work / "index")
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)

    def search(question: str) -> dict[str, list[Place]]:
        index = advisor.index
        query = analyse(index, question, detect_language(question))
        vector = embeddings.encode_query(query.expanded)
        dense = vector_search(index, vector, {}, num_results=CANDIDATES)
        words = keyword_search(index, query, num_results=CANDIDATES)
        fused = fuse(dense, words, dense_weight=settings.dense_weight)
        ranked = {OURS: fused, "vectors alone": dense, "BM25 alone": words, "reciprocal ranks": by_ranks(dense, words)}
        return {key: places(index, [chunk for chunk, _ in results[:DEPTH]]) for key, results in ranked.items()}

    return search


def by_ranks(*rankings: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009)."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, (key, _) in enumerate(ranking, start=1):
            scores[key] = scores.get(key, 0.0) + 1 / (RRF + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def places(index: Generation, ids: Sequence[str]) -> list[Place]:
    """Where chunks are."""
    stored = index.catalog.chunks(ids)
    return [Place(stored[key].chunk.document, stored[key].chunk.start, stored[key].chunk.end) for key in ids]


def langchain(corpus: Path, work: Path, embeddings: Embeddings) -> dict[str, Callable[[str], list[Place]]]:
    """The pipeline of LangChain's tutorial on retrieval with the model used here, its BM25, and its ensemble of both."""
    folder = work / "langchain"
    is_new = not folder.is_dir()
    store = Chroma("tutorial", embeddings, str(folder), collection_metadata={"hnsw:space": "cosine"})
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
    texts = {path.relative_to(corpus).as_posix(): path.read_bytes().decode("utf-8") for path in list_files(corpus)}
    pieces = splitter.split_documents([Document(text, metadata={"document": name}) for name, text in texts.items()])
    for at in range(0, len(pieces) if is_new else 0, 2_000):
        store.add_documents(pieces[at : at + 2_000])
    by_words = SplitWords([piece.page_content for piece in pieces])
    held = {piece.page_content: piece for piece in reversed(pieces)}

    def dense(question: str) -> list[Document]:
        return store.similarity_search(question, k=DEPTH)

    def words(question: str) -> list[Document]:
        return [pieces[at] for at in by_words.best(question, DEPTH)]

    def both(question: str) -> list[Document]:
        rankings = ([(one.page_content, 0.0) for one in search(question)] for search in (words, dense))
        return [held[text] for text, _ in by_ranks(*rankings)[:DEPTH]]

    def placed(search: Callable[[str], list[Document]]) -> Callable[[str], list[Place]]:
        return lambda question: [_place(piece) for piece in search(question)]

    return {name: placed(search) for name, search in zip(THEIRS, (dense, words, both), strict=True)}


def _place(piece: Document) -> Place:
    start = piece.metadata["start_index"]
    return Place(piece.metadata["document"], start, start + len(piece.page_content))


class SplitWords:
    """What LangChain's `BM25Retriever` does: words between spaces as they stand, and `BM25Okapi` of rank_bm25.

    That class is in a package that is no longer maintained. k1 = 1.5, b = 0.75; a weight below 0 is a quarter of the mean.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._counts = [Counter(text.split()) for text in texts]
        lengths = np.array([counts.total() for counts in self._counts])
        self._lengths = 1.5 * (0.25 + 0.75 * lengths / lengths.mean())
        held = Counter(word for counts in self._counts for word in counts)
        weights = {word: math.log(len(texts) - n + 0.5) - math.log(n + 0.5) for word, n in held.items()}
        floor = 0.25 * sum(weights.values()) / len(weights)
        self._weights = {word: weight if weight >= 0 else floor for word, weight in weights.items()}

    def best(self, question: str, most: int) -> list[int]:
        """The numbers of the best texts, best first."""
        scores = np.zeros(len(self._counts))
        for word in question.split():
            found = np.array([counts.get(word, 0) for counts in self._counts])
            scores += self._weights.get(word, 0.0) * found * 2.5 / (found + self._lengths)
        return [int(at) for at in np.argsort(scores)[::-1][:most]]


def ndcg(results: Sequence[Place], wanted: Sequence[Place]) -> float:
    """nDCG@10; a result that holds a gold passage counts for it once."""
    left, gain = set(wanted), 0.0
    for rank, result in enumerate(results[:DEPTH], start=1):
        held = {gold for gold in left if result.holds_half_of(gold)}
        gain += bool(held) / math.log2(rank + 1)
        left -= held
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(len(wanted), DEPTH) + 1))


def hit(results: Sequence[Place], wanted: Sequence[Place]) -> float:
    """Whether one of the first five results holds a gold passage."""
    return float(any(result.holds_half_of(gold) for result in results[:FIRST] for gold in wanted))


def in_words(values: Sequence[float], clusters: Sequence[str]) -> str:
    """The mean with its 95 % interval."""
    found = estimate([(value, 1.0) for value in values], clusters)
    if found is None or found.low is None or found.high is None:
        return f"{np.mean(values):.3f}"
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


if __name__ == "__main__":
    main()
