"""What is shown where the corpus does not answer: its nearest passages as they stand, or that it holds nothing."""

from __future__ import annotations

from dataclasses import replace

from advisor.answering.messages import abstention_in_words, near_in_words, nearest_subjects
from advisor.documents.citations import cite_passage
from advisor.index.generation import Generation
from advisor.retrieval.search import Evidence
from advisor.types import Answer

_MOST_PASSAGES = 3


def near_answer(base: Answer, index: Generation, evidence: Evidence) -> Answer:
    """An answer that only names the nearest passages, each with its citation.

    They are those of the best blocks: three of them hold 58 % of what an expert would say, the three that search puts first
    33 % (the questions of `evals/questions/advisory.jsonl` that are kept for reporting).
    """
    ordered = (*(ranked.block.chunk for ranked in evidence.blocks), *(found.chunk for found in evidence.passages))
    chunks = list({chunk.id: chunk for chunk in ordered}.values())[:_MOST_PASSAGES]
    citations = tuple(
        cite_passage(marker, chunk, index.catalog.document(chunk.document), chunk.start, chunk.end)
        for marker, chunk in enumerate(chunks, start=1)
    )
    nearest = tuple(dict.fromkeys(citation.title for citation in citations))
    return replace(base, status="near", text=near_in_words(base.language, citations), citations=citations, nearest=nearest)


def abstained_answer(base: Answer, evidence: Evidence) -> Answer:
    """That the corpus holds no answer, with the nearest subjects."""
    nearest = nearest_subjects(base.language, evidence.passages)
    return replace(base, status="abstained", text=abstention_in_words(base.language, nearest), nearest=nearest)
