"""The curated answer that is nearest to a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from advisor.index.generation import Generation
from advisor.retrieval.like_questions import SAME, LikeQuestions
from advisor.types import Chunk, Language, Sentence


@dataclass(frozen=True, slots=True)
class CuratedAnswer:
    """A whole answer that a curator made: its lines in order, each a sentence of a chunk, in the asker's language.

    `near` is how near its questions are to the one asked, in -1..1.
    """

    lines: tuple[tuple[Chunk, Sentence], ...]
    near: float


def nearest_curated(index: Generation, like: LikeQuestions | None, language: Language) -> CuratedAnswer | None:
    """The curated answer whose questions are nearest; None where there is none in the language.

    The very question that a curator wrote is answered as they wrote, whatever the language of the lines.

    :param like: the questions of the corpus beside the one asked, if it has any.
    """
    if like is None or not like.phrasings.curated.any():
        return None
    near = np.where(like.phrasings.curated, like.of_outlines(), -1)
    best = int(near.argmax())
    pairs = like.phrasings.answer(best)
    lines = lines_in(index, pairs, language) or (lines_in(index, pairs, None) if near[best] >= SAME else ())
    return CuratedAnswer(lines, float(near[best])) if lines else None


def known_answer(index: Generation, outline: int | None, language: Language) -> CuratedAnswer | None:
    """The lines that a curator put beside the very question, in a corpus with too few phrasings for more than that.

    :param outline: beside which the question stands, if anybody wrote it.
    """
    if outline is None or not index.phrasings.answered[outline]:
        return None
    pairs = index.phrasings.answer(outline)
    return CuratedAnswer(lines_in(index, pairs, language) or lines_in(index, pairs, None), 1.0)


def lines_in(
    index: Generation, pairs: Sequence[tuple[int, int]], language: Language | None
) -> tuple[tuple[Chunk, Sentence], ...]:
    """The lines of an outline in a language; none where not every one of them is there in it.

    :param pairs: for each line the number of its sentence, and that of the translation.
    :param language: None for the lines as the curator chose them.
    """
    numbers = list(dict.fromkeys(number for pair in pairs for number in pair))
    ids = dict(zip(numbers, index.catalog.chunk_ids(numbers), strict=True))
    stored = index.catalog.chunks(list(dict.fromkeys(ids.values())))
    spoken = {number for number in numbers if language in (None, stored[ids[number]].chunk.language)}
    chosen = [next((number for number in pair if number in spoken), None) for pair in pairs]
    found = [(stored[ids[number]], number) for number in chosen if number is not None]
    if len(found) < len(pairs):
        return ()
    return tuple((each.chunk, each.chunk.sentences[each.numbers.index(number)]) for each, number in found)
