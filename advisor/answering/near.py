"""What is shown where the corpus touches a subject and does not answer: its nearest passages, whole and as they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from advisor.answering.messages import near_in_words
from advisor.documents.citations import cite_passage
from advisor.index.generation import Generation
from advisor.types import Answer, ScoredChunk

_MOST_PASSAGES = 3


def near_answer(base: Answer, index: Generation, passages: Sequence[ScoredChunk]) -> Answer:
    """An answer that only names the nearest passages, each with its citation.

    :param passages: best first.
    """
    citations = tuple(
        cite_passage(marker, each.chunk, index.catalog.document(each.chunk.document), each.chunk.start, each.chunk.end)
        for marker, each in enumerate(passages[:_MOST_PASSAGES], start=1)
    )
    nearest = tuple(dict.fromkeys(citation.title for citation in citations))
    return replace(base, status="near", text=near_in_words(base.language, citations), citations=citations, nearest=nearest)
