"""A chat model writes; every sentence is verified before anybody sees it.

Sentences are taken as they arrive. One that passes gets citations of the very lines it rests on, narrower than the passage
that the model was given. One that fails is withheld with its reason. An announcement ("Voici les points à retenir :") is
shown only together with the verified sentence that follows it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
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
from advisor.verification.facts import is_frame, says_what_is_missing
from advisor.verification.groundedness import Encode, Sources, SourceSentence
from advisor.verification.rejection import Rejected
from advisor.verification.verify import verify_written

_FEWEST_WORDS = 20  # of an answer that a model wrote
_HOPELESS = 6  # sentences withheld before any is shown: the model is stopped
_MOST_REPEATS = 3
_ENOUGH_TO_TELL = 5  # words that show a sentence's language
_LONGEST_GAP = 45  # words about what is missing
_TOO_LONG = 1.5  # times the length asked for


@dataclass(slots=True)
class Written:
    """What came of it. `missing`: what the model says that the passages lack; `failure`: why there is no answer in it."""

    shown: list[AnswerSentence] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    failure: str | None = None
    verify_ms: float = 0.0

    @property
    def words(self) -> int:
        """The length of what is shown."""
        return sum(len(sentence.text.split()) for sentence in self.shown)

    def is_enough(self) -> bool:
        """Whether it makes an answer: not too short, and at least half of the sentences passed."""
        return self.words >= _FEWEST_WORDS and len(self.shown) >= len(self.rejected)

    def as_answer(self, base: Answer, model: str) -> Answer:
        """The answer that this makes, by a model of that name."""
        used = {marker for sentence in self.shown for marker in sentence.markers}
        return replace(
            base,
            status="answered",
            text=compose(self.shown),
            reason=" ".join(self.missing) or None,
            sentences=tuple(self.shown),
            withheld=withheld_in_words(base.language, self.rejected),
            citations=tuple(citation for citation in self.citations if citation.marker in used),
            writer=model,
        )


@dataclass(slots=True)
class _Supervisor:
    """Verifies the sentences of one answer in turn."""

    index: Generation
    question: str
    language: Language
    passages: Sequence[ScoredChunk]
    sources: Sources
    written: Written
    frame: str = ""
    repeats: int = 0
    said: set[str] = field(default_factory=set)
    strangers: int = 0

    def take(self, sentence: DraftSentence) -> SentenceReady | None:
        """Verify one sentence; what may be shown, with the citations that it is the first to use."""
        started = time.perf_counter()
        try:
            return self._take(sentence)
        finally:
            self.written.verify_ms += (time.perf_counter() - started) * 1_000

    def _take(self, sentence: DraftSentence) -> SentenceReady | None:
        text = sentence.text
        if is_frame(text):
            self.frame = text if text.endswith(":") else ""
            return None
        if fold(text) in self.said:
            self.repeats += 1
            self.written.rejected.append(Rejected(text, "repeated"))
            return None
        self.said.add(fold(text))
        if len(text.split()) >= _ENOUGH_TO_TELL and detect_language(text) != self.language:
            self.strangers += 1
            self.written.rejected.append(Rejected(text, "language"))
            return None
        if says_what_is_missing(text) and self._is_about_the_question(text):
            self.written.missing.append(text)
            return None
        context = {n: (p.chunk.title, *p.chunk.heading) for n, p in enumerate(self.passages, start=1)}
        found = verify_written(sentence, self.language, self.sources, context)
        if isinstance(found, Rejected):
            self.written.rejected.append(found)
            return None
        markers, fresh = self._cite(found.rests_on)
        announced = f"{self.frame} {text}" if self.frame and not sentence.is_item else text
        self.frame = ""
        shown = AnswerSentence(announced, markers, "supported", found.support, sentence.group, sentence.is_item)
        self.written.shown.append(shown)
        return SentenceReady(shown, fresh)

    def _is_about_the_question(self, text: str) -> bool:
        """A sentence on what is missing has no source; it may name nothing but what was asked."""
        known = set(names(self.question, self.language)) | {fold(word) for word in self.question.split()}
        return (
            len(text.split()) <= _LONGEST_GAP
            and set(names(text, self.language)) <= known
            and bool(term_set(text, self.language) & term_set(self.question, self.language))
        )

    def _cite(self, rests_on: Sequence[SourceSentence]) -> tuple[tuple[int, ...], tuple[Citation, ...]]:
        """Markers of the spans that a sentence rests on; sentences of a passage that follow each other are one span."""
        spans: list[tuple[int, int, int]] = []
        for source in rests_on:
            chunk = self.passages[source.marker - 1].chunk
            starts = [sentence.start for sentence in chunk.sentences]
            number = starts.index(source.start)
            if spans and spans[-1][0] == source.marker and number and starts[number - 1] >= spans[-1][1]:
                previous = chunk.sentences[number - 1]
                if previous.end == spans[-1][2]:
                    spans[-1] = (source.marker, spans[-1][1], source.end)
                    continue
            spans.append((source.marker, source.start, source.end))
        known = {(c.document, c.start, c.end): c.marker for c in self.written.citations}
        markers, fresh = [], []
        for passage, start, end in spans:
            chunk = self.passages[passage - 1].chunk
            marker = known.get((chunk.document, start, end))
            if marker is None:
                marker = len(self.written.citations) + 1
                fresh.append(cite_passage(marker, chunk, self.index.catalog.document(chunk.document), start, end))
                self.written.citations.append(fresh[-1])
            markers.append(marker)
        return tuple(dict.fromkeys(markers)), tuple(fresh)

    def is_done(self, words: int) -> bool:
        """Whether reading on is of no use: the model repeats itself, is hopeless, or has said enough."""
        hopeless = not self.written.shown and len(self.written.rejected) >= _HOPELESS
        return hopeless or self.repeats >= _MOST_REPEATS or self.written.words > words * _TOO_LONG


def write_supervised(
    chat: ChatModel,
    index: Generation,
    question: str,
    language: Language,
    passages: Sequence[ScoredChunk],
    encode: Encode,
    use: ModelUse,
    *,
    max_words: int,
) -> Iterator[SentenceReady | Written]:
    """The sentences that pass, as they come, and what came of it last."""
    sources = Sources(source_sentences(passages), encode)
    supervisor = _Supervisor(index, question, language, passages, sources, Written())
    written = supervisor.written
    started = time.perf_counter()
    use.prompt_version = prompts.VERSION
    with ThreadPoolExecutor(max_workers=1) as worker:
        prepared = worker.submit(sources.prepare)  # while the model reads
        for sentence in _read(chat, question, language, passages, use, written, max_words=max_words):
            prepared.result()
            ready = supervisor.take(sentence)
            if ready:
                use.first_sentence_ms = use.first_sentence_ms or round((time.perf_counter() - started) * 1_000, 2)
                yield ready
            if supervisor.is_done(max_words):
                break
    if written.is_enough():
        written.failure = None
    elif written.failure is None:
        foreign = supervisor.strangers * 2 > len(written.rejected) + len(written.shown)
        written.failure = "language" if foreign else "little"
    use.failure = written.failure
    yield written


def _read(
    chat: ChatModel,
    question: str,
    language: Language,
    passages: Sequence[ScoredChunk],
    use: ModelUse,
    written: Written,
    *,
    max_words: int,
) -> Iterator[DraftSentence]:
    """The sentences of the model, as they arrive; what went wrong is noted in `written`."""
    reader = SentenceReader(language)
    try:
        for piece in chat.stream(prompts.writing(question, passages, language, words=max_words), use):
            yield from reader.feed(piece)
    except ChatFailure as failure:
        yield from reader.finish(whole=False)
        written.failure = "little" if failure.kind == "cut" else failure.kind
    else:
        yield from reader.finish(whole=True)
