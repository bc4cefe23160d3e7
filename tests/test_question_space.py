"""The space of a corpus's questions, with vectors made for the purpose."""

from __future__ import annotations

import numpy as np
import pytest

from advisor.index.phrasings import PhrasingIndex, highest
from advisor.index.question_space import QuestionSpace, fit_question_space


def made(rng: np.random.Generator, outlines: int = 12, each: int = 6) -> tuple[PhrasingIndex, np.ndarray]:
    """Questions that differ along axis 0 by how they are asked, and along the others by what for."""
    subjects = rng.normal(size=(outlines, 8))
    subjects[:, 0] = 0
    vectors = np.repeat(subjects, each, axis=0)
    vectors[:, 0] = rng.normal(scale=6, size=outlines * each)
    vectors += rng.normal(scale=0.05, size=vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    answers = subjects / np.linalg.norm(subjects, axis=1, keepdims=True)
    index = PhrasingIndex(
        questions=tuple(f"q{n}" for n in range(len(vectors))),
        vectors=vectors.astype(np.float32),
        outline=np.repeat(np.arange(outlines), each),
        lines=np.stack([np.arange(outlines)] * 2, axis=1),
        starts=np.arange(outlines + 1),
        curated=np.ones(outlines, np.bool_),
    )
    return index, answers.astype(np.float16)


def hits(index: PhrasingIndex, vectors: np.ndarray) -> float:
    """How often the nearest other question has the same outline."""
    near = vectors @ vectors.T
    np.fill_diagonal(near, -2)
    return float((index.outline[near.argmax(axis=1)] == index.outline).mean())


def test_questions_for_the_same_thing_come_nearer() -> None:
    index, answers = made(np.random.default_rng(1))
    space = fit_question_space(index, answers, len(answers))
    assert space is not None
    assert hits(index, index.vectors) < 0.9
    assert hits(index, space.phrasings) > 0.95


def test_projections_and_cosines_agree_with_the_plain_formula() -> None:
    index, answers = made(np.random.default_rng(2))
    space = fit_question_space(index, answers, len(answers))
    assert space is not None
    projected = space.project(index.vectors[0])
    assert projected == pytest.approx(space.phrasings[0], abs=1e-5)
    sentences = (answers.astype(np.float32) - space.sentence_mean) @ space.transform
    expected = sentences @ projected / np.linalg.norm(sentences, axis=1)
    found = space.cosines(projected, answers.astype(np.float32), np.arange(len(answers)))
    assert found == pytest.approx(expected, abs=1e-4)


def test_it_is_kept_and_read_again(tmp_path) -> None:
    index, answers = made(np.random.default_rng(3))
    space = fit_question_space(index, answers, len(answers))
    assert space is not None
    space.save(tmp_path / "space.npz")
    read = QuestionSpace.load(tmp_path / "space.npz")
    assert read is not None
    assert (read.transform == space.transform).all()
    assert QuestionSpace.load(tmp_path / "missing.npz") is None


def test_a_corpus_without_phrasings_has_none() -> None:
    index, answers = made(np.random.default_rng(4))
    empty = PhrasingIndex(
        (), index.vectors[:0], index.outline[:0], index.lines[:0], np.zeros(1, np.int64), index.curated[:0]
    )
    assert fit_question_space(empty, answers, len(answers)) is None


@pytest.mark.parametrize("most", [1, 7, 50, 90])
def test_the_highest_come_first(most: int) -> None:
    values = np.random.default_rng(5).random(50).astype(np.float32)
    assert highest(values, most).tolist() == np.argsort(-values)[:most].tolist()
