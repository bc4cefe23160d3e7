"""The extractive answer, verified: what a reader gets without a chat model, and where the model's own is no answer.

What a model wrote that was verified and shown stays in front of it: no sentence that a reader has seen vanishes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.answering.extractive import write_curated, write_extractive
from advisor.answering.generative import GeneratedAnswer
from advisor.index.generation import Generation
from advisor.retrieval.curated import CuratedAnswer
from advisor.retrieval.search import Evidence
from advisor.settings import Settings
from advisor.text.plain import fold
from advisor.tracing import stage_span
from advisor.types import AnswerSentence, Citation, Draft, Length, SentenceReady
from advisor.verification.rejection import Rejected
from advisor.verification.verify import verify_extractive


@dataclass(frozen=True, slots=True)
class Extract:
    """The extractive answer, verified."""

    shown: tuple[AnswerSentence, ...]
    rejected: tuple[Rejected, ...]
    citations: tuple[Citation, ...]
    writer: str

    def events(self, seen: int = 0) -> list[SentenceReady]:
        """Its sentences from number `seen` on, each with the citations that it is the first to use."""
        known = {marker for sentence in self.shown[:seen] for marker in sentence.markers}
        events = []
        for sentence in self.shown[seen:]:
            fresh = tuple(c for c in self.citations if c.marker in sentence.markers and c.marker not in known)
            known.update(citation.marker for citation in fresh)
            events.append(SentenceReady(sentence, fresh))
        return events


def extract(index: Generation, evidence: Evidence, settings: Settings, length: Length = "full") -> Extract:
    """The answer made of sentences of the corpus: a curator's, where one was asked for nearly so; else arranged."""
    curated = curated_for(evidence, settings)
    if curated:
        return verified(index, write_curated(index, curated, length))
    draft = write_extractive(index, evidence.blocks, max_words=settings.max_answer_words, length=length)
    return verified(index, draft)


def curated_for(evidence: Evidence, settings: Settings) -> CuratedAnswer | None:
    """The curator's answer to a question, if it is near enough to one of its own."""
    curated = evidence.curated
    return curated if curated and curated.near >= settings.curated_threshold else None


def verified(index: Generation, draft: Draft) -> Extract:
    """A draft made of sentences of the corpus, each of them checked."""
    with stage_span("verify"):
        shown, rejected = verify_extractive(draft, _texts(index, draft))
    used = {marker for sentence in shown for marker in sentence.markers}
    return Extract(tuple(shown), tuple(rejected), tuple(c for c in draft.citations if c.marker in used), draft.writer)


def after(generated: GeneratedAnswer, whole: Extract) -> Extract:
    """The extractive answer behind what a model wrote and a reader saw, without the sentences that the model copied."""
    said = {fold(sentence.text) for sentence in generated.shown}
    left = [sentence for sentence in whole.shown if fold(sentence.text) not in said]
    numbers, fresh = _numbered(generated, whole, left)
    renumbered = (replace(one, markers=tuple(numbers[marker] for marker in one.markers)) for one in left)
    return replace(
        whole,
        shown=(*generated.shown, *renumbered),
        rejected=(*generated.rejected, *whole.rejected),
        citations=(*generated.citations, *fresh),
    )


def _numbered(
    generated: GeneratedAnswer, whole: Extract, sentences: Sequence[AnswerSentence]
) -> tuple[Mapping[int, int], list[Citation]]:
    """Marker in the extractive answer -> marker behind the model's, and the citations that the model's has not yet."""
    known = {(citation.document, citation.start, citation.end): citation.marker for citation in generated.citations}
    numbers: dict[int, int] = {}
    fresh: list[Citation] = []
    for citation in whole.citations:
        if any(citation.marker in sentence.markers for sentence in sentences):
            place = (citation.document, citation.start, citation.end)
            if place not in known:
                known[place] = len(generated.citations) + len(fresh) + 1
                fresh.append(replace(citation, marker=known[place]))
            numbers[citation.marker] = known[place]
    return numbers, fresh


def _texts(index: Generation, draft: Draft) -> Mapping[str, str]:
    names = {citation.document for citation in draft.citations}
    documents = (index.catalog.document(name) for name in names)
    return {document.id: document.text for document in documents if document}
