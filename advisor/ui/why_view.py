"""Why an answer is what it is, as HTML: the passages found, what was withheld, how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from advisor.answering.messages import scope_in_words
from advisor.retrieval.confidence import Origin, Thresholds
from advisor.types import Answer, ScoredChunk
from advisor.ui.rendering import render
from advisor.ui.texts import CHAT_TEXTS, Texts

_NONE = "–"


@dataclass(frozen=True, slots=True)
class PresentIndex:
    """The published generation by name, what it holds confidence against, and where its calibration is from."""

    generation: str
    thresholds: Thresholds
    origin: Origin


def render_why(answer: Answer, passages: Sequence[ScoredChunk], present: PresentIndex, texts: Texts) -> Markup:
    """The decision, the passages with their scores, what was withheld, and the times.

    :param passages: what search finds for the standalone question.
    :param present: what they were found in.
    """
    words = CHAT_TEXTS[texts.language]
    return render(
        "why",
        texts.language,
        answer=answer,
        searched_in=scope_in_words(texts.language, answer.scope),
        decision=words.decision.format(answer.confidence * 100, present.thresholds.answer * 100),
        passages=[(found, _markers(found, answer), _scores(found, texts)) for found in passages],
        present=present,
    )


def _markers(found: ScoredChunk, answer: Answer) -> list[str]:
    """Those of the citations that lie within a passage."""
    chunk = found.chunk
    return [
        f"[{citation.marker}]"
        for citation in answer.citations
        if citation.document == chunk.document and citation.start < chunk.end and chunk.start < citation.end
    ]


def _scores(found: ScoredChunk, texts: Texts) -> str:
    dense = _NONE if found.dense is None else texts.number(found.dense, 2)
    lexical = _NONE if found.lexical is None else texts.number(found.lexical, 1)
    return CHAT_TEXTS[texts.language].found_by.format(texts.number(found.score, 2), dense, lexical)
