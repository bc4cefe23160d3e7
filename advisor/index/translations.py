"""Which sentence of a translation says what a sentence says.

Two documents linked by `translation_of` that have the same number of blocks are matched block by block, and within a block
sentence by sentence. The meaning of a passage is then judged by both: two independent looks at one thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def match_twins(links: Iterable[tuple[str, str]], blocks: Mapping[str, Sequence[Sequence[int]]]) -> dict[int, int]:
    """Sentence number -> number of its twin, both ways.

    :param links: a translation, and the document that it is of.
    :param blocks: document -> the numbers of its sentences, block by block in reading order.
    """
    twins: dict[int, int] = {}
    for document, original in links:
        here, there = blocks[document], blocks[original]
        if len(here) == len(there):
            for one, other in zip(here, there, strict=True):
                twins.update(_pair(one, other))
                twins.update(_pair(other, one))
    return twins


def _pair(one: Sequence[int], other: Sequence[int]) -> dict[int, int]:
    """In order; where the translation has fewer sentences, its last one stands for the rest."""
    return {number: other[min(at, len(other) - 1)] for at, number in enumerate(one)}
