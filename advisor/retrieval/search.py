"""What search finds for a question: passages, the blocks of their documents in order, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from advisor.index.generation import Generation
from advisor.models.embeddings import Embeddings, cosines
from advisor.models.reranker import Reranker
from advisor.retrieval.block_features import Asked
from advisor.retrieval.blocks import candidate_blocks
from advisor.retrieval.confidence import (
    NO_MODEL,
    Signals,
    Thresholds,
    beside_the_rest,
    confidence_of,
    is_doubtful,
    measure,
    thresholds_of,
)
from advisor.retrieval.curated import CuratedAnswer, known_answer, nearest_curated
from advisor.retrieval.hybrid import HybridResult, SearchLimits, hybrid_search, in_one_language, rerank
from advisor.retrieval.like_questions import LikeQuestions, known_outline, like_questions
from advisor.retrieval.query import Query, analyse
from advisor.retrieval.ranking import RankedBlock, rank_blocks
from advisor.retrieval.replaced import blocks_below, passages_below
from advisor.settings import Settings
from advisor.tracing import stage_span
from advisor.types import Citation, Language, ScoredChunk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SAID = 0.5  # what a block that was just said is worth in the next answer: an answer is seldom what was said before


@dataclass(frozen=True, slots=True)
class Searcher:
    """What search works with."""

    settings: Settings
    embeddings: Embeddings
    index: Generation
    reranker: Reranker | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """A question as search used it, and the passages that it found, best first.

    `vector` is what the model made of it, `compared` what its sentences are compared with; `by_words`: the passages were
    found by their words alone.
    """

    query: Query
    vector: NDArray[np.float32]
    compared: NDArray[np.float32]
    like: LikeQuestions | None
    passages: list[ScoredChunk]
    keyword_scores: dict[str, float]
    by_words: bool

    @property
    def asked(self) -> Asked:
        """The question as the ranking compares it."""
        return Asked(self.query, self.vector, self.compared, self.like, self.keyword_scores)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What search found for one question (that stands alone).

    `passages` are those of one language, best first; `blocks` the blocks of their documents, best first; `curated` the
    curated answer nearest to the question, if there is any; `confidence` the probability (0..1) that an answer made of
    this is right, by the `signals`; `thresholds` what it is held against; `told` what the answers before it on the same
    subject cited. `by_words`: the server of the vectors is away, and the passages were found by their words alone.
    `is_known`: the question is one that a curator wrote.
    """

    passages: list[ScoredChunk]
    blocks: list[RankedBlock]
    curated: CuratedAnswer | None
    signals: Signals
    confidence: float
    thresholds: Thresholds
    told: tuple[Citation, ...] = ()
    by_words: bool = False
    is_known: bool = False

    @property
    def suffices(self) -> bool:
        """Whether it is enough to answer with."""
        return self.confidence >= self.thresholds.answer and bool(self.blocks)


def retrieve(searcher: Searcher, question: str, language: Language, num_results: int) -> Retrieved:
    """Analyse a question, and find the passages nearest to it.

    A reranker orders as many passages as an answer can use, however few are wanted.
    """
    found = _retrieve(searcher, question, language, num_results)
    passages = found.passages
    if searcher.reranker:
        passages = rerank(searcher.reranker, question, passages, first=searcher.settings.num_passages)[:num_results]
    return replace(found, passages=passages_below(passages, searcher.index.catalog.standings))


def gather_evidence(searcher: Searcher, question: str, language: Language) -> Evidence:
    """The passages for a question, in its language where they are twins, and the blocks that answer it.

    A reranker, and that a decision was replaced, change the order of passages, never the evidence: the language is
    chosen and the signals are measured on the fused order, which the weights were fitted on.
    """
    found = _retrieve(searcher, question, language, searcher.settings.num_passages)
    like, index = found.like, searcher.index
    with stage_span("rank"):
        fused = in_one_language(found.passages, language)
        spoken = fused[0].chunk.language if fused else language
        ranked = rank_blocks(index, found.asked, candidate_blocks(index, fused, spoken))
        near = like.cosine if like else cosines(index.phrasings.vectors, found.vector)
        outline = known_outline(index.phrasings, near, question)
        curated = nearest_curated(index, like, spoken) if like else known_answer(index, outline, spoken)
        signals = measure(found.asked, fused, ranked, curated)
        if index.whole and index.part is not None:
            around = _search(replace(searcher, index=index.whole), found.query, searcher.settings.num_passages)
            others = rank_blocks(index.whole, around.asked, candidate_blocks(index.whole, around.passages, spoken))
            signals = beside_the_rest(signals, around.like, others, index.part)
    passages = rerank(searcher.reranker, question, fused, first=len(fused)) if searcher.reranker else fused
    known = None if outline is None else bool(index.phrasings.answered[outline])
    # Without the cosines of passages, what is judged is as with a model whose scale nobody knows.
    digest, own = (NO_MODEL, None) if found.by_words else (searcher.embeddings.digest, index.calibration)
    confidence = confidence_of(signals, digest, own) if known is None else float(known)
    thresholds = thresholds_of(searcher.settings, own, doubtful=is_doubtful(index))
    standings = index.catalog.standings
    passages, ranked = passages_below(passages, standings), blocks_below(ranked, standings)
    return Evidence(
        passages, ranked, curated, signals, confidence, thresholds, by_words=found.by_words, is_known=bool(known)
    )


def _retrieve(searcher: Searcher, question: str, language: Language, num_results: int) -> Retrieved:
    with stage_span("query"):
        query = analyse(searcher.index, question, language)
    return _search(searcher, query, num_results)


def _search(searcher: Searcher, query: Query, num_results: int) -> Retrieved:
    """What search finds for a question as it was analysed, which is the same in a part of an index and in the whole."""
    settings, index = searcher.settings, searcher.index
    with stage_span("encode"):
        vector = searcher.embeddings.encode_query(query.expanded)
    fused = max(num_results, settings.num_passages) if searcher.reranker else num_results
    limits = SearchLimits(max(settings.num_candidates, fused), fused, settings.dense_weight)
    with stage_span("hybrid"):
        like = like_questions(index, vector)
        result: HybridResult = hybrid_search(index, query, vector, like, limits)
    compared = (
        vector if like else searcher.embeddings.distinctive(vector)
    )  # the space of a corpus's questions has its own mean
    return Retrieved(query, vector, compared, like, result.passages, result.keyword_scores, result.by_words)


def without(blocks: Sequence[RankedBlock], said: Sequence[Citation]) -> list[RankedBlock]:
    """The blocks of which no sentence is in these citations."""
    return [ranked for ranked in blocks if not _is_in(ranked, said)]


def counting_less(blocks: Sequence[RankedBlock], said: Sequence[Citation]) -> list[RankedBlock]:
    """The blocks, best first, those with a sentence in one of these citations with lower probabilities."""
    weighed = [
        replace(ranked, core=ranked.core * _SAID, useful=ranked.useful * _SAID) if _is_in(ranked, said) else ranked
        for ranked in blocks
    ]
    return sorted(weighed, key=lambda ranked: -ranked.score)


def _is_in(ranked: RankedBlock, said: Sequence[Citation]) -> bool:
    places = [(ranked.block.chunk.document, sentence.start) for sentence in ranked.block.sentences]
    return any(name == one.document and one.start <= start < one.end for name, start in places for one in said)
