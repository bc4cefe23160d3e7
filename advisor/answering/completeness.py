"""A chat model's answer must carry what the corpus says: it may say it better, not less.

The extractive answer is the measure. Each of its sentences (but for those on neighbouring subjects) is carried when the
model's verified sentences hold its words and all its figures, or, in another language, cite its very lines. What the model
left out is added word for word. A model that carries less than half is not worth mending: the extractive answer is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.answering.extractive import write_extractive
from advisor.answering.generative import Written
from advisor.index.generation import Generation
from advisor.retrieval.sentences import ScoredSentence
from advisor.text.figures import figures
from advisor.text.plain import detect_language
from advisor.types import AnswerSentence, Citation, Draft, Language, SentenceReady
from advisor.verification.groundedness import held_share
from advisor.verification.rejection import Rejected
from advisor.verification.verify import verify

_CARRIED = 0.6  # share of a sentence's words and figures
_MENDED = 0.5  # share of the words of the extractive answer that the model must carry, to be completed
_BESIDE = "more"  # the part of an extractive answer that is on neighbouring subjects


@dataclass(frozen=True, slots=True)
class Extract:
    """The extractive answer, verified."""

    shown: tuple[AnswerSentence, ...]
    rejected: tuple[Rejected, ...]
    citations: tuple[Citation, ...]

    def events(self) -> list[SentenceReady]:
        """Its sentences, each with the citations that it is the first to use."""
        return _ready(self.shown, self.citations)


def extract(index: Generation, question: str, sentences: Sequence[ScoredSentence], *, max_words: int) -> Extract:
    """The answer arranged from sentences of the corpus, each of them checked."""
    draft = write_extractive(index, question, sentences, max_words=max_words)
    shown, rejected = verify(draft, _texts(index, draft))
    used = {marker for sentence in shown for marker in sentence.markers}
    return Extract(tuple(shown), tuple(rejected), tuple(c for c in draft.citations if c.marker in used))


def complete(written: Written, whole: Extract, language: Language) -> list[SentenceReady]:
    """Add to a model's answer the sentences of the extractive one that it does not carry; what was added.

    Where it carries less than half of them nothing is added, and `written.failure` says so.
    """
    needed = [sentence for sentence in whole.shown if sentence.group != _BESIDE and not sentence.text.endswith(":")]
    missed = [sentence for sentence in needed if not _carries(written, sentence, whole, language)]
    if _words(needed) - _words(missed) < _MENDED * _words(needed):
        written.failure = "less"
        return []
    before = len(written.citations)
    numbers = _numbered(written, whole, missed)
    added = [
        replace(sentence, markers=tuple(numbers[marker] for marker in sentence.markers), group=sentence.group or _BESIDE)
        for sentence in sorted(missed, key=lambda sentence: not sentence.group)
    ]
    written.shown += added
    return _ready(added, written.citations[before:])


def _carries(written: Written, sentence: AnswerSentence, whole: Extract, language: Language) -> bool:
    said = [shown.text for shown in written.shown]
    stated = {figure.key for text in said for figure in figures(text)}
    if any(figure.key not in stated for figure in figures(sentence.text)):
        return False
    spoken = detect_language(sentence.text)
    if spoken == language:
        return held_share(sentence.text, language, said) >= _CARRIED
    places = [citation for citation in whole.citations if citation.marker in sentence.markers]
    return any(
        mine.document == place.document and mine.start < place.end and place.start < mine.end
        for mine in written.citations
        for place in places
    )


def _numbered(written: Written, whole: Extract, sentences: Sequence[AnswerSentence]) -> Mapping[int, int]:
    """Marker in the extractive answer -> marker in the model's, whose citations grow by those it has not."""
    known = {(citation.document, citation.start, citation.end): citation.marker for citation in written.citations}
    numbers: dict[int, int] = {}
    for citation in whole.citations:
        if any(citation.marker in sentence.markers for sentence in sentences):
            place = (citation.document, citation.start, citation.end)
            if place not in known:
                known[place] = len(written.citations) + 1
                written.citations.append(replace(citation, marker=known[place]))
            numbers[citation.marker] = known[place]
    return numbers


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
