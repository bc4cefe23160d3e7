"""A chat model's answer must carry what the corpus says: it may say it better, not less.

The extractive answer is the measure. Each of its sentences (but for those on neighbouring subjects) is carried when the
model's verified sentences hold its words and all its figures, or, in another language, cite its very lines. What the model
left out is added word for word. Where it carries less than half, the extractive answer is given instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.answering.generative import GeneratedAnswer
from advisor.index.generation import Generation
from advisor.text.figures import figures
from advisor.text.plain import detect_language
from advisor.types import AnswerSentence, Citation, Draft, Language, SentenceReady
from advisor.verification.groundedness import held_share
from advisor.verification.rejection import Rejected
from advisor.verification.verify import verify_extractive

_CARRIED = 0.6  # share of a sentence's words and figures
_LEAST_CARRIED = 0.5  # share of the words of the extractive answer that the model must carry, to be completed
_BESIDE = "more"  # the part of an extractive answer that is on neighbouring subjects


@dataclass(frozen=True, slots=True)
class Extract:
    """The extractive answer, verified."""

    shown: tuple[AnswerSentence, ...]
    rejected: tuple[Rejected, ...]
    citations: tuple[Citation, ...]
    writer: str

    def events(self) -> list[SentenceReady]:
        """Its sentences, each with the citations that it is the first to use."""
        return _ready(self.shown, self.citations)


def verified(index: Generation, draft: Draft) -> Extract:
    """A draft made of sentences of the corpus, each of them checked."""
    shown, rejected = verify_extractive(draft, _texts(index, draft))
    used = {marker for sentence in shown for marker in sentence.markers}
    return Extract(tuple(shown), tuple(rejected), tuple(c for c in draft.citations if c.marker in used), draft.writer)


def complete(generated: GeneratedAnswer, whole: Extract, language: Language) -> tuple[GeneratedAnswer, list[SentenceReady]]:
    """A model's answer with the sentences of the extractive one that it does not carry, and what was added.

    Where it carries less than half of them nothing is added, and its `failure` says so.
    """
    if generated.failure:
        return generated, []
    needed = [sentence for sentence in whole.shown if sentence.group != _BESIDE and not sentence.text.endswith(":")]
    missed = [sentence for sentence in needed if not _carries(generated, sentence, whole, language)]
    if _words(needed) - _words(missed) < _LEAST_CARRIED * _words(needed):
        return replace(generated, failure="less"), []
    numbers, fresh = _numbered(generated, whole, missed)
    added = [
        replace(sentence, markers=tuple(numbers[marker] for marker in sentence.markers), group=sentence.group or _BESIDE)
        for sentence in sorted(missed, key=lambda sentence: not sentence.group)
    ]
    completed = replace(generated, shown=(*generated.shown, *added), citations=(*generated.citations, *fresh))
    return completed, _ready(added, fresh)


def _carries(generated: GeneratedAnswer, sentence: AnswerSentence, whole: Extract, language: Language) -> bool:
    said = [shown.text for shown in generated.shown]
    stated = {figure.key for text in said for figure in figures(text)}
    if any(figure.key not in stated for figure in figures(sentence.text)):
        return False
    spoken = detect_language(sentence.text)
    if spoken == language:
        return held_share(sentence.text, language, said) >= _CARRIED
    places = [citation for citation in whole.citations if citation.marker in sentence.markers]
    return any(
        mine.document == place.document and mine.start < place.end and place.start < mine.end
        for mine in generated.citations
        for place in places
    )


def _numbered(
    generated: GeneratedAnswer, whole: Extract, sentences: Sequence[AnswerSentence]
) -> tuple[Mapping[int, int], list[Citation]]:
    """Marker in the extractive answer -> marker in the model's, and the citations that it has not yet."""
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


def _words(sentences: Sequence[AnswerSentence]) -> int:
    return sum(len(sentence.text.split()) for sentence in sentences)


def _texts(index: Generation, draft: Draft) -> Mapping[str, str]:
    names = {citation.document for citation in draft.citations}
    documents = (index.catalog.document(name) for name in names)
    return {document.id: document.text for document in documents if document}


def _ready(shown: Sequence[AnswerSentence], citations: Sequence[Citation]) -> list[SentenceReady]:
    known: set[int] = set()
    events = []
    for sentence in shown:
        fresh = tuple(c for c in citations if c.marker in sentence.markers and c.marker not in known)
        known.update(citation.marker for citation in fresh)
        events.append(SentenceReady(sentence, fresh))
    return events
