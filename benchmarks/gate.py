"""Whether the gate sees what it should, and nothing else: planted regressions, and re-runs of the same program.

    python benchmarks/gate.py [--index index] [--reruns 10] [SET ...]

Every set is asked once for a baseline, then once with each regression planted (no vectors in the search, no stemming, five
passages for thirty, no abstention), then again and again unchanged. Prints what the gate says; exit status 1 when it misses
a regression or alarms without one.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import tantivy
from numpy.typing import NDArray

from advisor.evaluation.gate import GATE_FILE, GateRules, judge, read_gate
from advisor.evaluation.questions import Case, cases_of, find_sets, read_sets
from advisor.evaluation.run_store import QUESTIONS
from advisor.evaluation.runner import PinnedAdvisor, ask_cases
from advisor.evaluation.scoring import Row, score_all
from advisor.index.bm25 import write_keyword_index
from advisor.index.generation import Generation, open_current
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings, load_settings
from advisor.text import terms as analysis
from advisor.types import Language


def main() -> int:
    """Plant, run, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--reruns", type=int, default=10)
    arguments = parser.parse_args()
    settings = load_settings(index_dir=arguments.index)
    cases = [
        case
        for one in read_sets(find_sets(arguments.sets, settings.evals_dir / QUESTIONS))
        for case in cases_of(one)
        if not case.documents
    ]
    gate = read_gate(settings.evals_dir / GATE_FILE).model_copy(update={"floors": {}})
    embeddings = RememberingEmbeddings(settings)
    index = open_current(settings, embeddings)
    started = time.perf_counter()
    baseline = rows_of(settings, embeddings, index, cases)
    print(f"{len(cases)} questions in {time.perf_counter() - started:.0f} s")
    wrong = 0
    for name, changed in {
        "dense_weight 0": {"dense_weight": 0.0},
        "num_passages 5": {"num_passages": 5},
        "answer_threshold 0": {"answer_threshold": 0.0},
    }.items():
        rows = rows_of(settings.model_copy(update=changed), embeddings, index, cases)
        wrong += told(name, rows, baseline, gate, alarm=True)
    with without_stemming(index) as unstemmed:
        wrong += told("no stemming", rows_of(settings, embeddings, unstemmed, cases), baseline, gate, alarm=True)
    for number in range(arguments.reruns):
        embeddings.known.clear()
        rows = rows_of(settings, embeddings, index, cases)
        wrong += told(f"unchanged, run {number + 1}", rows, baseline, gate, alarm=False)
    return min(wrong, 1)


class RememberingEmbeddings(Embeddings):
    """The real model, which encodes each question once: no planted regression changes it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.known: dict[str, NDArray[np.float32]] = {}

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """The vector of a question, made the first time."""
        if text not in self.known:
            self.known[text] = super().encode_query(text)
        return self.known[text]


def rows_of(settings: Settings, embeddings: Embeddings, index: Generation, cases: Sequence[Case]) -> list[Row]:
    """The scores of one run."""
    return score_all(ask_cases(PinnedAdvisor(settings, embeddings, index), cases))


def told(name: str, rows: Sequence[Row], baseline: Sequence[Row], gate: GateRules, *, alarm: bool) -> bool:
    """Print what the gate says; whether it is wrong."""
    result = judge(rows, baseline, gate)
    print(f"{name}: {'alarm' if not result.passed else 'no alarm'}")
    for objection in result.objections:
        print(f"  - {objection}")
    return result.passed == alarm


@contextmanager
def without_stemming(index: Generation) -> Iterator[Generation]:
    """The same generation with BM25 built, and questions analysed, without stemmers."""

    def analyzer(_language: Language) -> tantivy.TextAnalyzer:
        builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
        builder = builder.filter(tantivy.Filter.ascii_fold())
        return builder.filter(tantivy.Filter.custom_stopword(analysis._STOP_WORDS)).build()

    plain = {language: analyzer(language) for language in analysis.LANGUAGES}
    with tempfile.TemporaryDirectory() as scratch, patch.dict(analysis.ANALYZERS, plain):
        analysis.term_set.cache_clear()
        folder = Path(scratch) / index.folder.name
        shutil.copytree(index.folder, folder)
        shutil.rmtree(folder / "lexical")
        documents = index.catalog.documents()
        stored = [chunk for document in documents for chunk in index.catalog.chunks_of(document.id)]
        write_keyword_index(folder / "lexical", [chunk.chunk for chunk in stored])
        opened = Generation(folder)
        try:
            yield opened
        finally:
            opened.close()
            analysis.term_set.cache_clear()


if __name__ == "__main__":
    sys.exit(main())
