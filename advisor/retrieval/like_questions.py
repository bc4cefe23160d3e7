"""The questions that curators wrote, compared with the one asked: once, for search, ranking and confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from advisor.index.generation import Generation
from advisor.index.phrasings import PhrasingIndex, highest
from advisor.index.question_space import QuestionSpace
from advisor.models.embeddings import cosines
from advisor.text.plain import WORD, fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SAME = 0.97
"""Cosine of a question and the same one, give or take a letter."""
_VOTERS = 1_000  # phrasings that say what such questions are answered with
_TEMPERATURE = 0.1  # of their votes


@dataclass(frozen=True, slots=True, eq=False)
class LikeQuestions:
    """How near the phrasings of a corpus are to a question.

    `cosine` is what the model says, `near` the cosine in the space of the corpus's questions, both of shape (phrasings,);
    `projected` is the question in that space, shape (dimension,); `votes`, shape (outlines,), are the shares (0..1) of the
    nearest phrasings, weighed by how near they are, that each outline answers.
    """

    phrasings: PhrasingIndex
    space: QuestionSpace
    projected: Floats
    cosine: Floats
    near: Floats
    votes: NDArray[np.float64]

    @property
    def unanswered(self) -> float:
        """The share (0..1) of the votes of questions that the corpus is known not to answer."""
        return float(self.votes[~self.phrasings.answered].sum())

    def of_outlines(self) -> Floats:
        """How near each outline is, shape (outlines,); that of the very question, whatever its other phrasings."""
        known = self.phrasings.by_outline(self.cosine)
        return np.where(known >= SAME, known, self.phrasings.by_outline(self.near, most=2))


def known_outline(phrasings: PhrasingIndex, cosine: Floats, question: str) -> int | None:
    """The outline beside which somebody wrote this very question, give or take a letter; one without lines answers nothing.

    Of a question that nothing answers, every word has to be the same: another question about the same subject is as near.

    :param cosine: of the question with each phrasing, shape (phrasings,).
    """
    nearest = int(cosine.argmax()) if len(cosine) else 0
    if not len(cosine) or cosine[nearest] < SAME:
        return None
    outline = int(phrasings.outline[nearest])
    said, written = (WORD.findall(fold(text)) for text in (question, phrasings.questions[nearest]))
    return outline if phrasings.answered[outline] or said == written else None


def like_questions(index: Generation, vector: Floats) -> LikeQuestions | None:
    """The phrasings of an index beside a question; None where it has none.

    :param vector: the question's unit vector, shape (dimension,).
    """
    phrasings, space = index.phrasings, index.question_space
    if space is None:
        return None
    projected = space.project(vector)
    near = cosines(space.phrasings, projected)
    best = highest(near, _VOTERS)
    weights = np.exp((near[best] - near[best[0]]) / _TEMPERATURE)
    votes = np.zeros(len(phrasings.curated))
    np.add.at(votes, phrasings.outline[best], weights / weights.sum())
    return LikeQuestions(phrasings, space, projected, cosines(phrasings.vectors, vector), near, votes)
