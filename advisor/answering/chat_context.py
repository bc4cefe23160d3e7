"""The passages that a chat model is given: those that hold most of an answer, as far as they fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from advisor.index.generation import Generation
from advisor.retrieval.search import Evidence
from advisor.settings import Settings
from advisor.text.plain import plain
from advisor.types import Chunk, Document
from advisor.verification.groundedness import SourceSentence


@dataclass(frozen=True, slots=True)
class ChatContext:
    """Numbered passages with the documents that they are from, and the lines that earlier answers of the corpus hold."""

    passages: Sequence[Chunk]
    documents: Mapping[str, Document]
    told: Sequence[str] = ()

    @property
    def sentences(self) -> list[SourceSentence]:
        """The sentences of the passages, as readers see them, each with the number of its passage."""
        return [
            SourceSentence(
                document=chunk.document,
                start=s.start,
                end=s.end,
                text=plain(chunk.text_of(s)),
                language=chunk.language,
                marker=number,
                heading=(chunk.title, *chunk.heading),
            )
            for number, chunk in enumerate(self.passages, start=1)
            for s in chunk.sentences
        ]


def gather_context(index: Generation, found: Sequence[Evidence], settings: Settings) -> ChatContext:
    """The best passages of each part of a question in turn, as many as the settings allow.

    :param found: what search found for the question, and for each simple question in it.
    """
    shares = [list(_in_order(evidence, settings.curated_threshold)) for evidence in found]
    most = settings.chat_passages
    ordered = {share[rank].id: share[rank] for rank in range(most) for share in shares if rank < len(share)}
    chosen: list[Chunk] = []
    chars = 0
    for chunk in ordered.values():
        if len(chosen) < most and (not chosen or chars + len(chunk.text) <= settings.chat_context_chars):
            chosen.append(chunk)
            chars += len(chunk.text)
    told = dict.fromkeys(plain(citation.quote) for evidence in found for citation in evidence.told)
    return ChatContext(chosen, _documents(index, chosen), tuple(told))


def stored_context(index: Generation, places: Sequence[str]) -> ChatContext:
    """The passages of an earlier context, by their places (`Chunk.id`).

    :raises KeyError: when the index holds no passage in one of these places.
    """
    stored = index.catalog.chunks(places)
    chunks = [stored[place].chunk for place in places]
    return ChatContext(chunks, _documents(index, chunks))


def _documents(index: Generation, chunks: Sequence[Chunk]) -> dict[str, Document]:
    found = {name: index.catalog.document(name) for name in {chunk.document for chunk in chunks}}
    return {name: each for name, each in found.items() if each}


def _in_order(evidence: Evidence, curated_threshold: float) -> Iterator[Chunk]:
    """The passages of one question, best first: a curator's lines, those of the best blocks, what search found beside."""
    ordered: dict[str, Chunk] = {}
    if evidence.curated and evidence.curated.near >= curated_threshold:
        ordered |= {chunk.id: chunk for chunk, _ in evidence.curated.lines}
    for ranked in evidence.blocks:
        ordered.setdefault(ranked.block.chunk.id, ranked.block.chunk)
    for passage in evidence.passages:
        ordered.setdefault(passage.chunk.id, passage.chunk)
    yield from ordered.values()
