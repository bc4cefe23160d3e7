"""What search finds for a question: passages, their sentences, and what abstention is decided on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.index.generation import Generation
from advisor.models.embeddings import Embeddings
from advisor.models.reranker import Reranker
from advisor.retrieval import confidence as abstention
from advisor.retrieval.hybrid import hybrid_search, in_one_language, rerank
from advisor.retrieval.query import Query, analyse
from advisor.retrieval.sentences import ScoredSentence, score_sentences
from advisor.settings import Settings
from advisor.types import Language, ScoredChunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Searched:
    """A question as search used it, and the passages that it found; `asked` as in `PhrasingIndex.nearest`."""

    query: Query
    vector: NDArray[np.float32]
    asked: dict[int, float]
    passages: list[ScoredChunk]


@dataclass(frozen=True, slots=True)
class Found:
    """What search found for one question."""

    passages: list[ScoredChunk]
    sentences: list[ScoredSentence]
    signals: abstention.Signals
    same_language: bool

    @property
    def confidence(self) -> float:
        """The probability (0..1) that the passages hold the answer."""
        return abstention.confidence(self.signals, same_language=self.same_language)


def search(
    settings: Settings,
    embeddings: Embeddings,
    index: Generation,
    question: str,
    language: Language,
    wanted: int,
    reranker: Reranker | None = None,
) -> Searched:
    """Analyse a question, and find the `wanted` passages nearest to it, best first.

    A reranker orders as many passages as an answer can use, however few are wanted.
    """
    query = analyse(index, question, language)
    vector = embeddings.encode_query(query.expanded)
    fused = max(wanted, settings.num_passages) if reranker else wanted
    candidates = max(settings.num_candidates, fused)
    asked = index.phrasings.nearest(vector, num_results=candidates)
    passages = hybrid_search(
        index,
        query,
        vector,
        asked,
        num_results=fused,
        num_candidates=candidates,
        dense_weight=settings.dense_weight,
    )
    if reranker:
        passages = rerank(reranker, query.question, passages, first=settings.num_passages)[:wanted]
    return Searched(query, vector, asked, passages)


def find(
    settings: Settings,
    embeddings: Embeddings,
    index: Generation,
    question: str,
    language: Language,
    reranker: Reranker | None = None,
) -> Found:
    """The passages for a question, in its language where they are twins, with their sentences scored.

    A reranker changes their order, never the evidence: the language is chosen and the signals of abstention are measured on
    the fused order, which they were calibrated on. (The sentences are the same in either, and so are their cosines.)
    """
    found = search(settings, embeddings, index, question, language, settings.num_passages)
    fused = in_one_language(found.passages, language)
    passages = rerank(reranker, found.query.question, fused, first=len(fused)) if reranker else fused
    sentences = score_sentences(index, found.query, found.vector, found.asked, passages)
    signals = abstention.measure(found.query, fused, sentences)
    same = bool(fused) and fused[0].chunk.language == language
    return Found(passages, sentences, signals, same)
