"""Questions that other people asked of their documents, as cases for `train_ranking.py`: answered, and without their answer.

The second are the same questions with the documents that answer them taken away, so that what is left is near and no answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from train_ranking import Case, case_of, spans

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.search import Searcher, retrieve
from advisor.settings import load_settings

SETS = ("etalab-guides-fr", "cnil-rgpd-dev-fr")


def open_cases(data: Path, indexes: Path, embeddings: Embeddings) -> Iterator[tuple[Searcher, list[Case]]]:
    """The cases of each set in `data`, each with what searches it; its index is built in `indexes` if it isn't there."""
    for name in SETS:
        folders = {"corpus_dir": data / name / "corpus", "index_dir": indexes / name}
        settings = load_settings().model_copy(update=folders)
        sync(settings, embeddings)
        searcher = Searcher(settings, embeddings, Advisor.open(settings, embeddings).index)
        lines = (data / name / "questions.jsonl").read_text(encoding="utf-8").split("\n")
        entries = [json.loads(line) for line in lines if line]
        asked = [entry for entry in entries if not entry.get("context_dependent") and not entry.get("duplicate")]
        yield searcher, [case for entry in asked for case in _both(searcher, name, entry)]


def _both(searcher: Searcher, name: str, entry: dict[str, Any]) -> Iterator[Case]:
    """A question with its answer, and without."""
    golds = entry.get("golds") or [{"doc": entry["gold_doc"], "text": entry["gold_passage"]}]
    gold = spans(searcher, [{"document": each["doc"], "quote": each["text"]} for each in golds])
    found = retrieve(searcher, entry["question"], entry["lang"], searcher.settings.num_passages)
    yield case_of(searcher, name, found, (gold, gold))
    wide = retrieve(searcher, entry["question"], entry["lang"], 2 * searcher.settings.num_passages)
    away = {each["doc"] for each in golds}
    left = [passage for passage in wide.passages if passage.chunk.document not in away]
    nothing = frozenset[tuple[str, int, int]]()
    yield case_of(
        searcher, name, replace(wide, passages=left[: searcher.settings.num_passages]), (nothing, nothing), answerable=False
    )
