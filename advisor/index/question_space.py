"""A space in which questions for the same thing are near each other, learned from the phrasings of a corpus.

Vectors of questions differ by what is asked and by how it is asked: in a hurry, as a story, by key words. The phrasings of
one outline, with the lines that answer them, show the second kind of difference; the space shrinks it (within-class
covariance normalisation: Hatch, Kajarekar and Stolcke 2006). It is fitted at indexing, in closed form, and only measured in
the corpus whose phrasings it comes from: a corpus without phrasings has none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from advisor.index.phrasings import PhrasingIndex
from advisor.models.embeddings import cosines

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUESTION_SPACE_FILE = "question-space.npz"
_SHRINKAGE = 0.3  # share of the mean variance that every direction keeps: few phrasings must not decide it alone
_BATCH = 4_096  # sentences that are projected at once


@dataclass(frozen=True, slots=True, eq=False)
class QuestionSpace:
    """Where questions and sentences stand in it.

    `question_mean` and `sentence_mean` have shape (dimension,), `transform` (dimension, dimension); `phrasings` are those of
    the index as unit vectors of the space, shape (phrasings, dimension); `lengths` are those of the projected sentences,
    shape (sentences,).
    """

    question_mean: NDArray[np.float32]
    sentence_mean: NDArray[np.float32]
    transform: NDArray[np.float32]
    phrasings: NDArray[np.float32]
    lengths: NDArray[np.float32]

    @classmethod
    def load(cls, path: Path) -> QuestionSpace | None:
        """Read what `save` wrote; None where the corpus has too few phrasings."""
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as held:
            return cls(**{field.name: held[field.name] for field in fields(cls)})

    def save(self, path: Path) -> None:
        """Write the file of a generation."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    def project(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """A question's unit vector in the space, shape (dimension,)."""
        return _unit((vector - self.question_mean) @ self.transform)

    def cosines(
        self, projected: NDArray[np.float32], vectors: NDArray[np.float32], numbers: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The cosines, shape (n,), of sentences with a projected question.

        :param vectors: of the sentences, as the model made them, shape (n, dimension).
        :param numbers: of the sentences, shape (n,).
        """
        back = self.transform @ projected
        near: NDArray[np.float32] = cosines(vectors, back) - self.sentence_mean @ back
        return near / self.lengths[numbers]


def fit_question_space(index: PhrasingIndex, sentences: NDArray[np.float16], count: int) -> QuestionSpace | None:
    """The space that the phrasings of an index make; None when there are none.

    :param sentences: the vectors of all sentences, shape (rows, dimension); a row that is no sentence's is zero.
    :param count: how many sentences there are.
    """
    if not index.questions:
        return None
    question_mean, sentence_mean = index.vectors.mean(axis=0), _mean(sentences, count)
    lines = np.repeat(np.arange(len(index.curated)), np.diff(index.starts))
    answers = np.asarray(sentences[index.lines.ravel()], np.float32) - sentence_mean
    points = np.concatenate([index.vectors - question_mean, answers])
    classes = np.concatenate([index.outline, np.repeat(lines, index.lines.shape[1])])
    transform = _whitening(points, classes)
    return QuestionSpace(
        question_mean=question_mean,
        sentence_mean=sentence_mean,
        transform=transform,
        phrasings=_unit((index.vectors - question_mean) @ transform),
        lengths=_lengths(sentences, sentence_mean, transform),
    )


def _whitening(points: NDArray[np.float32], classes: NDArray[np.int64]) -> NDArray[np.float32]:
    """What makes the differences within classes equally small in every direction, shape (dimension, dimension)."""
    _, classes, counts = np.unique(classes, return_inverse=True, return_counts=True)
    by_class = points[np.argsort(classes, kind="stable")]
    means = np.add.reduceat(by_class, np.cumsum(counts) - counts, axis=0, dtype=np.float64) / counts[:, None]
    within = points - means[classes]
    variances, directions = np.linalg.eigh(within.T @ within / len(points))
    return np.asarray((directions / np.sqrt(variances + _SHRINKAGE * variances.mean())) @ directions.T, np.float32)


def _mean(vectors: NDArray[np.float16], count: int) -> NDArray[np.float32]:
    return np.asarray(vectors.sum(axis=0, dtype=np.float64) / count, np.float32)


def _lengths(vectors: NDArray[np.float16], mean: NDArray[np.float32], transform: NDArray[np.float32]) -> NDArray[np.float32]:
    """The lengths of the projected sentences, at least a little: a sentence that is the mean has none."""
    batches = (vectors[at : at + _BATCH].astype(np.float32) for at in range(0, len(vectors), _BATCH))
    lengths = np.concatenate([np.linalg.norm((batch - mean) @ transform, axis=1) for batch in batches])
    return np.asarray(np.maximum(lengths, np.finfo(np.float32).eps), np.float32)


def _unit(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).eps), np.float32)
