"""An answer before anything is known of it, and what it is where the corpus does not answer."""

from __future__ import annotations

import uuid
from dataclasses import replace

from advisor.answering.extractive import WRITER
from advisor.answering.messages import (
    abstention_in_words,
    near_in_words,
    nearest_subjects,
    other_language_in_words,
    reason_in_words,
)
from advisor.answering.timing import Timer
from advisor.documents.citations import cite_passage
from advisor.index.generation import Generation
from advisor.retrieval.search import Evidence
from advisor.text.plain import detect_language, is_in_another_language
from advisor.types import Answer, IndexInfo, Language

_MOST_PASSAGES = 3


def blank_answer(index: IndexInfo, question: str, language: Language) -> Answer:
    """An answer before anything is known of it."""
    return Answer(
        question=question,
        standalone_question=question,
        language=language,
        status="abstained",
        text="",
        reason=other_language_in_words(language) if is_in_another_language(question) else None,
        sentences=(),
        withheld=(),
        citations=(),
        confidence=0.0,
        writer=WRITER,
        index=index,
        ms=Timer().total(),
        id=uuid.uuid4().hex,
    )


def noted(answer: Answer, note: str) -> Answer:
    """The answer with one more thing that its reader should know; the same for an empty note."""
    return replace(answer, reason="; ".join(filter(None, (answer.reason, note))) or None)


def invalid_answer(question: str, reason: str, index: IndexInfo) -> Answer:
    """What a batch records for a question that cannot be taken."""
    language = detect_language(question) if question.strip() else "fr"
    return replace(blank_answer(index, question, language), status="invalid", reason=reason)


def without_answer(base: Answer, index: Generation, evidence: Evidence) -> Answer:
    """The nearest passages where the corpus touches the subject; else that it holds no answer."""
    base = noted(base, reason_in_words(base.language, base.confidence, evidence.thresholds.answer))
    if base.confidence >= evidence.thresholds.near:
        return near_answer(base, index, evidence)
    return abstained_answer(base, evidence)


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
    text = near_in_words(base.language, citations, base.scope)
    return replace(base, status="near", text=text, citations=citations, nearest=nearest)


def abstained_answer(base: Answer, evidence: Evidence) -> Answer:
    """That the corpus holds no answer, with the nearest subjects."""
    nearest = nearest_subjects(base.language, evidence.passages)
    others = () if base.scope.document else nearest  # the document is named already
    text = abstention_in_words(base.language, others, base.scope)
    return replace(base, status="abstained", text=text, nearest=nearest)
