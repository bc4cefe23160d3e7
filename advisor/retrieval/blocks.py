"""Passages -> the blocks of the documents they are in: paragraphs and list items, the units that answers are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from advisor.index.catalog import StoredChunk
from advisor.index.generation import Generation
from advisor.text.plain import is_row, plain
from advisor.types import Chunk, Language, ScoredChunk, Sentence

MOST_DOCUMENTS = 6
"""Whose blocks are looked at: an answer is made of one document, of two at the most."""
_MOST_PASSAGES = 60  # of one document; of a longer one, those that search found, with their neighbours
_NEIGHBOURS = 3  # passages on either side


@dataclass(frozen=True, slots=True, eq=False)
class TextBlock:
    """A paragraph or list item, as far as one chunk holds it.

    `numbers` are those of its sentences in the index, `twins` those of their translations (or the same); `texts` are the
    sentences as a reader sees them. `passage` is the chunk as search found it, None where it only stands near one.
    """

    chunk: Chunk
    sentences: tuple[Sentence, ...]
    numbers: tuple[int, ...]
    twins: tuple[int, ...]
    texts: tuple[str, ...]
    passage: ScoredChunk | None

    @property
    def is_item(self) -> bool:
        """Whether it is an item of a list."""
        return self.sentences[0].is_item

    @property
    def is_table(self) -> bool:
        """Whether its sentences are the rows of a table."""
        return is_row(self.chunk.text_of(self.sentences[0]))

    @property
    def announces(self) -> bool:
        """Whether it says nothing without what follows: "Three things decide:"."""
        return self.texts[-1].endswith(":")

    @property
    def words(self) -> int:
        """Its length in words."""
        return sum(len(text.split()) for text in self.texts)


def candidate_blocks(index: Generation, passages: Sequence[ScoredChunk], language: Language) -> list[TextBlock]:
    """The blocks of the documents that the best passages are in, document by document, in reading order.

    :param passages: what search found, best first.
    :param language: of the documents.
    """
    found = {passage.chunk.id: passage for passage in passages if passage.chunk.language == language}
    documents = list(dict.fromkeys(passage.chunk.document for passage in found.values()))[:MOST_DOCUMENTS]
    return [
        block
        for document in documents
        for stored in _near(index.catalog.chunks_of(document), found)
        for block in _blocks(stored, found.get(stored.chunk.id))
    ]


def _near(chunks: Sequence[StoredChunk], found: Mapping[str, ScoredChunk]) -> Sequence[StoredChunk]:
    """Of a long document, the passages that were found and those around them."""
    if len(chunks) <= _MOST_PASSAGES:
        return chunks
    places = [at for at, stored in enumerate(chunks) if stored.chunk.id in found]
    kept = {near for at in places for near in range(at - _NEIGHBOURS, at + _NEIGHBOURS + 1)}
    return [stored for at, stored in enumerate(chunks) if at in kept]


def _blocks(stored: StoredChunk, passage: ScoredChunk | None) -> Iterator[TextBlock]:
    chunk = stored.chunk
    for _, some in groupby(range(len(chunk.sentences)), key=lambda at: chunk.sentences[at].block):
        places = list(some)
        yield TextBlock(
            chunk=chunk,
            sentences=tuple(chunk.sentences[at] for at in places),
            numbers=tuple(stored.numbers[at] for at in places),
            twins=tuple(stored.twins[at] for at in places),
            texts=tuple(plain(chunk.text_of(chunk.sentences[at])) for at in places),
            passage=passage,
        )
