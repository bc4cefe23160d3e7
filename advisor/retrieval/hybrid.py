"""Search: vectors, BM25, and their fusion. Free functions over a generation."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from advisor.documents.passages import embedded_text
from advisor.errors import VectorServerError
from advisor.index.generation import Generation
from advisor.models.profile import profile_of
from advisor.models.reranker import Reranker
from advisor.retrieval.like_questions import LikeQuestions
from advisor.retrieval.query import Query
from advisor.tracing import stage_span
from advisor.types import Language, ScoredChunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OWN_LANGUAGE = 0.5  # a passage in the asker's language is preferred from this share of the best score on


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """How much is searched: chunks that each search contributes, chunks that are returned, and the share of the vectors.

    `dense_weight` 0 = words only, 1 = meaning only.
    """

    num_candidates: int
    num_results: int
    dense_weight: float


def vector_search(
    index: Generation, vector: NDArray[np.float32], asked: Mapping[int, float], *, num_results: int
) -> list[tuple[str, float]]:
    """Chunk ids with their cosine (-1..1) to the question's vector, best first.

    A chunk with a sentence that is known to answer a like question is as near as that question.

    :param asked: sentence number -> cosine of the nearest question that it is known to answer.
    :raises VectorServerError: when the vectors are on a server that is away.
    """
    cosines = dict(index.search_vectors(vector, num_results=num_results))
    for chunk_id, cosine in zip(index.catalog.chunk_ids(list(asked)), asked.values(), strict=True):
        cosines[chunk_id] = max(cosine, cosines.get(chunk_id, cosine))
    return sorted(cosines.items(), key=lambda item: (-item[1], item[0]))[:num_results]


def keyword_search(index: Generation, query: Query, *, num_results: int) -> list[tuple[str, float]]:
    """Chunk ids with their BM25 score (above 0), best first."""
    return index.search_words(query.terms, num_results=num_results)


def fuse(
    dense: Sequence[tuple[str, float]],
    lexical: Sequence[tuple[str, float]],
    *,
    dense_weight: float,
    foreign: Container[str] = (),
) -> list[tuple[str, float]]:
    """Convex combination of min-max normalised scores (Bruch, Gai and Ingber 2023), best first, ties by id.

    A chunk that one search did not return counts as that search's worst. Scores are in 0..1.

    :param foreign: chunks in another language than the question's: words say little of them, and meaning decides alone.
    """
    vectors, words = _normalise(dict(dense)), _normalise(dict(lexical))
    fused = {}
    for key in vectors.keys() | words.keys():
        weight = 1.0 if key in foreign else dense_weight
        fused[key] = weight * vectors.get(key, 0.0) + (1 - weight) * words.get(key, 0.0)
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))


def _normalise(scores: Mapping[str, float]) -> dict[str, float]:
    """Scores moved to 0..1; when they are all the same, to 1."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    return {key: (score - low) / (high - low) if high > low else 1.0 for key, score in scores.items()}


@dataclass(frozen=True, slots=True, eq=False)
class HybridResult:
    """The chunks that hybrid search found, best first, and the BM25 score of every chunk that the words found.

    `by_words`: by their words alone, since the server of the vectors is away.
    """

    passages: list[ScoredChunk]
    keyword_scores: dict[str, float]
    by_words: bool


def hybrid_search(
    index: Generation, query: Query, vector: NDArray[np.float32], like: LikeQuestions | None, limits: SearchLimits
) -> HybridResult:
    """The chunks that answer best, by meaning and by words; by words alone while the server of the vectors is away.

    :param vector: the question's unit vector, shape (dimension,).
    :param like: the questions of the corpus beside the one asked, if it has any.
    """
    offset = profile_of(index.manifest.embedding_model).question_offset
    known = index.phrasings.nearest(like.cosine, num_results=limits.num_candidates, offset=offset) if like else {}
    lexical = keyword_search(index, query, num_results=limits.num_candidates)
    try:
        dense, by_words = vector_search(index, vector, known, num_results=limits.num_candidates), False
    except VectorServerError:
        dense, by_words = [], True
    cosines, bm25 = dict(dense), dict(lexical)
    chunks = {key: stored.chunk for key, stored in index.catalog.chunks(list(cosines | bm25)).items()}
    foreign = {key for key, chunk in chunks.items() if chunk.language != query.language and not by_words}
    weight = 0.0 if by_words else limits.dense_weight
    best = fuse(dense, lexical, dense_weight=weight, foreign=foreign)[: limits.num_results]
    ranked = [(rank, key, score) for rank, (key, score) in enumerate(best, start=1)]
    passages = [ScoredChunk(chunks[key], score, rank, cosines.get(key), bm25.get(key)) for rank, key, score in ranked]
    return HybridResult(passages, bm25, by_words)


def rerank(reranker: Reranker, question: str, passages: Sequence[ScoredChunk], *, first: int) -> list[ScoredChunk]:
    """The first passages in the reranker's order, the others after them as they were.

    The passages move, the scores stay: the first place keeps the best fused score, and so on. Each cross-encoder has a scale
    of its own; what looks at fused scores (`in_one_language`, the choice of sentences) keeps the scale that it was made for.

    :param first: how many passages are read with the question.
    """
    moving = passages[:first]
    with stage_span("rerank"):
        relevance = reranker.scores(question, [embedded_text(passage.chunk) for passage in moving])
    order = sorted(range(len(moving)), key=lambda at: (-float(relevance[at]), at))
    moved = [replace(moving[at], score=place.score, rank=place.rank) for at, place in zip(order, moving, strict=True)]
    return [*moved, *passages[first:]]


def in_one_language(passages: Sequence[ScoredChunk], language: Language) -> list[ScoredChunk]:
    """The passages in the asker's language where they are good enough, otherwise those in the best one's language."""
    if not passages:
        return []
    own = [p for p in passages if p.chunk.language == language]
    if own and own[0].score >= _OWN_LANGUAGE * passages[0].score:
        return own
    return [p for p in passages if p.chunk.language == passages[0].chunk.language]
