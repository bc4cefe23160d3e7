"""A chat model writes; every sentence is verified before anybody sees it.

Sentences are taken as they arrive. One that passes gets citations of the very lines it rests on, narrower than the passage
that the model was given. One that fails is withheld with its reason. An announcement ("Voici les points à retenir :") is
shown only together with the verified sentence that follows it.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from advisor.answering import prompts
from advisor.answering.messages import compose, withheld_in_words
from advisor.answering.model_output import SentenceReader, source_sentences
from advisor.documents.citations import cite_passage
from advisor.index.generation import Generation
from advisor.models.chat import ChatFailure, ChatModel
from advisor.text.names import names
from advisor.text.plain import detect_language, fold
from advisor.text.terms import term_set
from advisor.tracing import stage_span
from advisor.types import (
    Answer,
    AnswerSentence,
    Citation,
    DraftSentence,
    Language,
    ModelUse,
    ScoredChunk,
    SentenceReady,
)
from advisor.verification.framing import is_announcement, says_what_is_missing
from advisor.verification.groundedness import Encode, Sources, SourceSentence
from advisor.verification.rejection import Rejected
from advisor.verification.verify import Grounded, verify_generative

_FEWEST = 2  # sentences of an answer that a model wrote
_HOPELESS = 6  # sentences rejected in a row: the model is stopped
_ENOUGH_TO_TELL = 5  # words that show a sentence's language
_LONGEST_GAP = 45  # words about what is missing
_TOO_LONG = 1.5  # times the length asked for


@dataclass(frozen=True, slots=True)
class WritingTask:
    """What a chat model is to write: an answer from numbered passages of the index, of `max_words` at most."""

    question: str
    language: Language
    passages: Sequence[ScoredChunk]
    index: Generation
    max_words: int


@dataclass(frozen=True, slots=True)
class GeneratedAnswer:
    """What a chat model wrote, verified.

    `missing`: what it says that the passages lack, which is all there is where `shown` is empty without a `failure`;
    `failure`: why it makes no answer, None where it does. Times are in milliseconds; `first_sentence_ms` is None where no
    sentence passed.
    """

    shown: tuple[AnswerSentence, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    citations: tuple[Citation, ...] = ()
    missing: tuple[str, ...] = ()
    failure: str | None = None
    first_sentence_ms: float | None = None
    verify_ms: float = 0.0

    def as_answer(self, base: Answer, model: str) -> Answer:
        """The answer that this makes, by a model of that name."""
        used = {marker for sentence in self.shown for marker in sentence.markers}
        return replace(
            base,
            status="answered",
            text=compose(base.language, self.shown),
            reason=" ".join(self.missing) or None,
            sentences=self.shown,
            withheld=withheld_in_words(base.language, self.rejected),
            citations=tuple(citation for citation in self.citations if citation.marker in used),
            writer=model,
        )

    def use_of_model(self, use: ModelUse) -> ModelUse:
        """What the model did, with what came of it."""
        return replace(use, prompt_version=prompts.VERSION, first_sentence_ms=self.first_sentence_ms, failure=self.failure)


def write_generative(
    chat: ChatModel, task: WritingTask, encode: Encode, use: ModelUse
) -> Generator[SentenceReady, None, GeneratedAnswer]:
    """The sentences that pass, as they come; returns what they make.

    :param use: counts what the model did.
    """
    sources = Sources(source_sentences(task.passages), encode)
    verifier = _SentenceVerifier(task, sources)
    failure: str | None = None
    first_sentence_ms: float | None = None
    started = time.perf_counter()
    with ThreadPoolExecutor(max_workers=1) as worker:
        prepared = worker.submit(sources.prepare)  # while the model reads
        try:
            for sentence in _read(chat, task, use):
                prepared.result()
                with stage_span("verify"):
                    ready = verifier.verify(sentence)
                if ready:
                    first_sentence_ms = first_sentence_ms or round((time.perf_counter() - started) * 1_000, 2)
                    yield ready
                if verifier.is_done():
                    break
        except ChatFailure as error:
            failure = "little" if error.kind == "cut" else error.kind
    return replace(verifier.result(failure), first_sentence_ms=first_sentence_ms)


def _read(chat: ChatModel, task: WritingTask, use: ModelUse) -> Iterator[DraftSentence]:
    """The sentences of the model, as they arrive.

    :raises ChatFailure: when the model fails, after the sentences that came whole.
    """
    reader = SentenceReader(task.language)
    try:
        for piece in chat.stream(prompts.writing(task.question, task.passages, task.language, words=task.max_words), use):
            yield from reader.feed(piece)
    except ChatFailure:
        yield from reader.finish(whole=False)
        raise
    yield from reader.finish(whole=True)


@dataclass(slots=True)
class _SentenceVerifier:
    """Verifies the sentences of one answer in turn, and keeps what came of them."""

    task: WritingTask
    sources: Sources
    shown: list[AnswerSentence] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    announcement: str = ""
    said: set[str] = field(default_factory=set)
    rejected_in_a_row: int = 0
    verify_ms: float = 0.0

    def verify(self, sentence: DraftSentence) -> SentenceReady | None:
        """Verify one sentence; what may be shown, with the citations that it is the first to use."""
        started = time.perf_counter()
        found = self._examine(sentence)
        ready = None
        if isinstance(found, Rejected):
            self.rejected.append(found)
            self.rejected_in_a_row += 1
        elif found:
            ready = self._show(found)
            self.rejected_in_a_row = 0
        self.verify_ms += (time.perf_counter() - started) * 1_000
        return ready

    def _examine(self, sentence: DraftSentence) -> Grounded | Rejected | None:
        """The sentence verified; None for an announcement or a gap, which claim nothing of the subject."""
        text, language = sentence.text, self.task.language
        if is_announcement(text, language):
            self.announcement = text if text.endswith(":") else ""
            return None
        if fold(text) in self.said:
            return Rejected(text, "repeated")
        self.said.add(fold(text))
        if len(text.split()) >= _ENOUGH_TO_TELL and detect_language(text) != language:
            return Rejected(text, "language")
        if says_what_is_missing(text, language) and _is_about(self.task.question, text, language):
            self.missing.append(text)
            return None
        context = {n: (p.chunk.title, *p.chunk.heading) for n, p in enumerate(self.task.passages, start=1)}
        return verify_generative(sentence, language, self.sources, context)

    def _show(self, found: Grounded) -> SentenceReady:
        sentence = found.sentence
        markers, fresh = self._cite(found.rests_on)
        announced = self.announcement and not sentence.is_item
        text = f"{self.announcement} {sentence.text}" if announced else sentence.text
        self.announcement = ""
        self.shown.append(AnswerSentence(text, markers, "supported", found.support, sentence.group, sentence.is_item))
        return SentenceReady(self.shown[-1], fresh)

    def _cite(self, rests_on: Sequence[SourceSentence]) -> tuple[tuple[int, ...], tuple[Citation, ...]]:
        """Markers of the spans that a sentence rests on, and the citations that are new."""
        known = {(c.document, c.start, c.end): c.marker for c in self.citations}
        markers, fresh = [], []
        for passage, start, end in _spans(rests_on, self.task.passages):
            chunk = self.task.passages[passage - 1].chunk
            marker = known.get((chunk.document, start, end))
            if marker is None:
                marker = len(self.citations) + 1
                fresh.append(cite_passage(marker, chunk, self.task.index.catalog.document(chunk.document), start, end))
                self.citations.append(fresh[-1])
            markers.append(marker)
        return tuple(dict.fromkeys(markers)), tuple(fresh)

    def is_done(self) -> bool:
        """Whether reading on is of no use: nothing passes any more, or the model has said enough."""
        return self.rejected_in_a_row >= _HOPELESS or self._words() > self.task.max_words * _TOO_LONG

    def result(self, failure: str | None) -> GeneratedAnswer:
        """What the sentences make: an answer when two of them stand, or one beside a note on what is missing.

        What was withheld takes nothing from those that stand. A note alone is the answer that there is none.

        :param failure: of the model itself; an answer that is complete without what is lost is one all the same.
        """
        noted = bool(self.missing) and len(self.rejected) <= len(self.missing)
        if len(self.shown) >= _FEWEST or (failure is None and (noted or (self.shown and self.missing))):
            failure = None
        elif failure is None:
            foreign = sum(one.code == "language" for one in self.rejected) * 2 > len(self.rejected) + len(self.shown)
            failure = "language" if foreign else "little"
        verified = tuple(self.shown), tuple(self.rejected), tuple(self.citations), tuple(self.missing)
        return GeneratedAnswer(*verified, failure=failure, verify_ms=self.verify_ms)

    def _words(self) -> int:
        return sum(len(sentence.text.split()) for sentence in self.shown)


def _is_about(question: str, text: str, language: Language) -> bool:
    """Whether a sentence on what is missing, which has no source, names nothing but what was asked."""
    known = set(names(question)) | {fold(word) for word in question.split()}
    return (
        len(text.split()) <= _LONGEST_GAP
        and set(names(text)) <= known
        and bool(term_set(text, language) & term_set(question, language))
    )


def _spans(rests_on: Sequence[SourceSentence], passages: Sequence[ScoredChunk]) -> list[tuple[int, int, int]]:
    """The number of a passage with `[start, end)`: sentences of a passage that follow each other are one span."""
    spans: list[tuple[int, int, int]] = []
    for source in rests_on:
        sentences = passages[source.marker - 1].chunk.sentences
        number = [sentence.start for sentence in sentences].index(source.start)
        before = sentences[number - 1].end if number else None
        if spans and spans[-1][0] == source.marker and spans[-1][2] == before:
            spans[-1] = (source.marker, spans[-1][1], source.end)
        else:
            spans.append((source.marker, source.start, source.end))
    return spans
