"""What search finds for a question: passages, their sentences, and what abstention is decided on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor import abstention
from advisor.evidence import ScoredSentence, score_sentences
from advisor.index import Generation
from advisor.models import Embeddings
from advisor.query import Query, analyse
from advisor.retrieval import hybrid_search, in_one_language
from advisor.settings import Settings
from advisor.types import Language, ScoredChunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Searched:
    """A question as search used it, and the passages that it found; `asked` as in `AskedIndex.nearest`."""

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
    settings: Settings, embeddings: Embeddings, index: Generation, question: str, language: Language, wanted: int
) -> Searched:
    """Analyse a question, and find the `wanted` passages nearest to it, best first."""
    query = analyse(index, question, language)
    vector = embeddings.encode_query(query.expanded)
    candidates = max(settings.num_candidates, wanted)
    asked = index.asked.nearest(vector, num_results=candidates)
    passages = hybrid_search(
        index,
        query,
        vector,
        asked,
        num_results=wanted,
        num_candidates=candidates,
        dense_weight=settings.dense_weight,
    )
    return Searched(query, vector, asked, passages)


def find(settings: Settings, embeddings: Embeddings, index: Generation, question: str, language: Language) -> Found:
    """The passages for a question, in its language where they are twins, with their sentences scored."""
    found = search(settings, embeddings, index, question, language, settings.num_passages)
    passages = in_one_language(found.passages, language)
    sentences = score_sentences(index, found.query, found.vector, found.asked, passages)
    signals = abstention.measure(found.query, passages, sentences)
    same = bool(passages) and passages[0].chunk.language == language
    return Found(passages, sentences, signals, same)
