"""Fusion, with numbers worked by hand, and the three searches on real parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.index.generation import open_current
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.hybrid import SearchLimits, fuse, hybrid_search, keyword_search, vector_search
from advisor.retrieval.query import analyse
from advisor.settings import Settings


def test_fuse_by_hand() -> None:
    """Cosines .9 .8 .7 become 1 .5 0; BM25 scores 8 and 2 become 1 and 0; weights .6 and .4."""
    fused = fuse([("a", 0.9), ("b", 0.8), ("c", 0.7)], [("b", 8.0), ("d", 2.0)], dense_weight=0.6)
    assert [key for key, _ in fused] == ["b", "a", "c", "d"]
    assert [score for _, score in fused] == pytest.approx([0.6 * 0.5 + 0.4 * 1, 0.6, 0.0, 0.0])


@pytest.mark.parametrize(("weight", "order"), [(1.0, ["a", "b"]), (0.0, ["b", "a"])])
def test_fuse_with_one_signal_only(weight: float, order: list[str]) -> None:
    assert [key for key, _ in fuse([("a", 0.9), ("b", 0.1)], [("a", 1.0), ("b", 5.0)], dense_weight=weight)] == order


def test_fuse_ties_by_id() -> None:
    assert fuse([("b", 0.5), ("a", 0.5)], [], dense_weight=0.6) == [("a", 0.6), ("b", 0.6)]


def test_fuse_all_equal_scores_count_in_full() -> None:
    """One result, or several of one score, must not be worth nothing."""
    assert fuse([("a", 0.3)], [("a", 2.0)], dense_weight=0.6) == [("a", pytest.approx(1.0))]
    assert fuse([], [("a", 2.0), ("b", 2.0)], dense_weight=0.6) == [("a", pytest.approx(0.4)), ("b", pytest.approx(0.4))]


def test_fuse_lets_meaning_decide_alone_in_another_language() -> None:
    """Cosines .9 .8 .7 become 1 .5 0; of the foreign chunks, words say nothing."""
    fused = fuse([("a", 0.9), ("b", 0.8), ("c", 0.7)], [("b", 8.0), ("c", 2.0)], dense_weight=0.6, foreign={"b", "c"})
    assert fused == [("a", pytest.approx(0.6)), ("b", pytest.approx(0.5)), ("c", pytest.approx(0.0))]


def test_fuse_nothing() -> None:
    assert fuse([], [], dense_weight=0.6) == []


SCORES = st.dictionaries(st.sampled_from("abcdef"), st.floats(-1, 50)).map(lambda scores: list(scores.items()))


@given(SCORES, SCORES, st.floats(0, 1))
def test_fused_scores_are_in_range_and_in_order(
    dense: list[tuple[str, float]], words: list[tuple[str, float]], weight: float
) -> None:
    fused = fuse(dense, words, dense_weight=weight)
    assert {key for key, _ in fused} == {key for key, _ in dense} | {key for key, _ in words}
    assert all(-1e-9 <= score <= 1 + 1e-9 for _, score in fused)
    assert fused == sorted(fused, key=lambda item: (-item[1], item[0]))


def test_the_three_searches(small_settings: Settings, embeddings: Embeddings) -> None:
    sync(small_settings, embeddings)
    index = open_current(small_settings, embeddings)
    question = "What is Zanzibar?"
    query, vector = analyse(index, question, "en"), embeddings.encode_query(question)
    dense = vector_search(index, vector, {}, num_results=50)
    words = keyword_search(index, query, num_results=50)
    assert len(dense) == index.manifest.chunks
    assert [score for _, score in dense] == sorted((score for _, score in dense), reverse=True)
    assert all(-1 <= score <= 1.0001 for _, score in dense)
    assert [key.split("@")[0] for key, _ in words] == ["en/incidents.md"]
    found = hybrid_search(index, query, vector, None, SearchLimits(num_candidates=50, num_results=3, dense_weight=0.6))
    results = found.passages
    assert found.keyword_scores == dict(words)
    assert [result.rank for result in results] == [1, 2, 3]
    assert results[0].chunk.document == "en/incidents.md"
    assert "Zanzibar" in results[0].chunk.text
    assert results[0].lexical == pytest.approx(words[0][1])
    assert results[0].dense == pytest.approx(dict(dense)[results[0].chunk.id])
    assert results[1].lexical is None
    assert [result.score for result in results] == sorted((result.score for result in results), reverse=True)
    index.close()
