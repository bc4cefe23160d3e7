"""Which sentence of a translation says what a sentence says.

Two documents linked by `translation_of` that have the same number of blocks are matched block by block, and within a block
sentence by sentence. The meaning of a passage is then judged by both: two independent looks at one thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from advisor.types import Chunk, Document


def match_twins(documents: Iterable[Document], chunks: Sequence[Chunk]) -> dict[int, int]:
    """Sentence number -> number of its twin, both ways; sentences are numbered in the order of the chunks."""
    documents = list(documents)
    indexed_as = {name: document.id for document in documents for name in (document.id, *document.aliases)}
    blocks: dict[str, list[list[int]]] = {}
    numbered = enumerate((chunk.document, sentence.block) for chunk in chunks for sentence in chunk.sentences)
    for (document, _), group in groupby(numbered, key=lambda entry: entry[1]):
        blocks.setdefault(document, []).append([number for number, _ in group])
    twins: dict[int, int] = {}
    for document in documents:
        here, there = blocks.get(document.id, []), blocks.get(indexed_as.get(document.translation_of or "", ""), [])
        if len(here) == len(there):
            for one, other in zip(here, there, strict=True):
                twins.update(_pair(one, other))
                twins.update(_pair(other, one))
    return twins


def _pair(one: Sequence[int], other: Sequence[int]) -> dict[int, int]:
    """In order; where the translation has fewer sentences, its last one stands for the rest."""
    return {number: other[min(at, len(other) - 1)] for at, number in enumerate(one)}
