"""The curated answer that is nearest to a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from advisor.index.generation import Generation
from advisor.models.embeddings import cosines
from advisor.types import Chunk, Language, Sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray


_SAME = 0.97  # cosine of a question and the same one, give or take a letter: it needs no second phrasing


@dataclass(frozen=True, slots=True)
class CuratedAnswer:
    """A whole answer that a curator made: its lines in order, each a sentence of a chunk, in the asker's language.

    `near` is how near its questions are to the one asked, in -1..1; `lead` how much nearer than those of any other.
    """

    lines: tuple[tuple[Chunk, Sentence], ...]
    near: float
    lead: float


def is_known_question(index: Generation, vector: NDArray[np.float32]) -> bool:
    """Whether a curator wrote this question, give or take a letter, beside the lines that answer it."""
    phrasings = index.phrasings
    return bool(phrasings.questions) and float(cosines(phrasings.vectors, vector).max()) >= _SAME


def nearest_curated(index: Generation, vector: NDArray[np.float32], language: Language) -> CuratedAnswer | None:
    """The curated answer whose questions are nearest; None where there is none in the language.

    :param vector: the question's unit vector, shape (dimension,).
    """
    phrasings, space = index.phrasings, index.question_space
    if space is None or not phrasings.curated.any():
        return None
    known = phrasings.by_outline(cosines(phrasings.vectors, vector))
    near = phrasings.by_outline(cosines(space.phrasings, space.project(vector)), most=2)
    near = np.where(phrasings.curated, np.where(known >= _SAME, known, near), -1)
    best = int(near.argmax())
    lines = _in_language(index, phrasings.answer(best), language)
    others = np.delete(near, best)
    return CuratedAnswer(lines, float(near[best]), float(near[best] - others.max(initial=-1))) if lines else None


def _in_language(
    index: Generation, pairs: Sequence[tuple[int, int]], language: Language
) -> tuple[tuple[Chunk, Sentence], ...]:
    """The lines of an outline in a language; none where not every one of them is there in it.

    :param pairs: for each line the number of its sentence, and that of the translation.
    """
    numbers = list(dict.fromkeys(number for pair in pairs for number in pair))
    ids = dict(zip(numbers, index.catalog.chunk_ids(numbers), strict=True))
    stored = index.catalog.chunks(list(dict.fromkeys(ids.values())))
    spoken = {number for number in numbers if stored[ids[number]].chunk.language == language}
    chosen = [next((number for number in pair if number in spoken), None) for pair in pairs]
    found = [(stored[ids[number]], number) for number in chosen if number is not None]
    if len(found) < len(pairs):
        return ()
    return tuple((each.chunk, each.chunk.sentences[each.numbers.index(number)]) for each, number in found)
