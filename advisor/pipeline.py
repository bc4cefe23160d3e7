"""The advisor: the composition root. It opens the parts, keeps the current generation, and runs the stages in order."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from advisor import abstention, archive
from advisor.answering import WRITER, write_extractive
from advisor.conversation import standalone_question
from advisor.errors import AdvisorError, IndexMismatchError
from advisor.evidence import ScoredSentence, score_sentences
from advisor.generations import current_generation
from advisor.index import Generation, open_current
from advisor.models import Embeddings
from advisor.query import Query, analyse
from advisor.questions import asks_private_fact, check_question, question_language
from advisor.retrieval import hybrid_search
from advisor.settings import Settings
from advisor.text import detect_language
from advisor.types import (
    Answer,
    AnswerSentence,
    Citation,
    Document,
    Draft,
    IndexInfo,
    Language,
    ScoredChunk,
)
from advisor.verification import verify
from advisor.wording import abstention_in_words, compose, reason_in_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OWN_LANGUAGE = 0.5  # a passage in the asker's language is preferred from this share of the best score on


@dataclass(frozen=True, slots=True)
class Stage:
    """What the advisor is doing: `search`, `write` or `verify`."""

    name: str


@dataclass(frozen=True, slots=True)
class SentenceReady:
    """A verified sentence, with the citations that it is the first to use."""

    sentence: AnswerSentence
    citations: tuple[Citation, ...]


Observer = Callable[[Answer | AdvisorError], None]
"""Told of each answer, and of each question that was not taken or could not be answered."""


@dataclass(slots=True)
class _Timer:
    """Milliseconds per stage."""

    ms: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    lap: float = field(default_factory=time.perf_counter)

    def mark(self, stage: str) -> None:
        now = time.perf_counter()
        self.ms[stage] = round((now - self.lap) * 1000, 2)
        self.lap = now

    def total(self) -> dict[str, float]:
        self.ms["total"] = round((time.perf_counter() - self.started) * 1000, 2)
        return {stage: self.ms.get(stage, 0.0) for stage in ("search", "write", "verify", "total")}


@dataclass(frozen=True, slots=True)
class _Searched:
    """A question as search used it, and the passages that it found; `asked` as in `AskedIndex.nearest`."""

    query: Query
    vector: NDArray[np.float32]
    asked: dict[int, float]
    passages: list[ScoredChunk]


@dataclass(frozen=True, slots=True)
class _Found:
    """What search found for one question."""

    passages: list[ScoredChunk]
    sentences: list[ScoredSentence]
    signals: abstention.Signals
    same_language: bool

    @property
    def confidence(self) -> float:
        """The probability (0..1) that the passages hold the answer."""
        return abstention.confidence(self.signals, same_language=self.same_language)


class Advisor:
    """Searches and answers from one index folder. Safe to use from several threads."""

    def __init__(self, settings: Settings, embeddings: Embeddings, index: Generation) -> None:
        """Take finished parts; `Advisor.open` makes them."""
        self.settings = settings
        self.embeddings = embeddings
        self._index = index
        self._switch = threading.Lock()
        self._refused: str | None = ""
        self._observers: list[Observer] = []

    @classmethod
    def open(cls, settings: Settings, embeddings: Embeddings | None = None) -> Advisor:
        """Open the published generation.

        :raises IndexNotFoundError: when nothing has been built.
        :raises IndexMismatchError: when it was built with another model, chunking or Chroma.
        """
        embeddings = embeddings or Embeddings(settings)
        return cls(settings, embeddings, open_current(settings, embeddings))

    @property
    def index(self) -> Generation:
        """The published generation; opened here when another has been published.

        One that was built for other settings than these is not opened: the generation at hand goes on answering.
        """
        published = current_generation(self.settings.index_dir)
        if published not in (self._index.manifest.generation, self._refused):
            with self._switch:
                if current_generation(self.settings.index_dir) != self._index.manifest.generation:
                    try:
                        # The old one is not closed: another thread may be using it. It goes with its last user.
                        self._index = open_current(self.settings, self.embeddings)
                    except IndexMismatchError:
                        self._refused = published
        return self._index

    def search(self, question: str, *, k: int | None = None) -> list[ScoredChunk]:
        """The passages nearest to a question, best first.

        :raises QuestionError: when the question cannot be taken.
        """
        asked = check_question(question, self.settings)
        return self._search(self.index, asked, detect_language(asked), k or self.settings.num_results).passages

    def ask(self, question: str, *, history: Sequence[str] = (), language: Language | None = None) -> Answer:
        """The answer to a question, or an abstention.

        :param history: the standalone questions asked before, oldest first.
        :param language: of the answer; detected when None.
        :raises QuestionError: when the question cannot be taken.
        """
        answer = None
        for event in self.stream(question, history=history, language=language):
            if isinstance(event, Answer):
                answer = event
        if answer is None:
            message = "stream ended without an answer"
            raise RuntimeError(message)
        return answer

    def stream(
        self, question: str, *, history: Sequence[str] = (), language: Language | None = None
    ) -> Iterator[Stage | SentenceReady | Answer]:
        """The stages, each sentence once it is verified, and the whole answer last."""
        try:
            for event in self._stream(question, history, language):
                if isinstance(event, Answer):
                    self._tell(event)
                yield event
        except AdvisorError as error:
            self._tell(error)
            raise

    def watch(self, observer: Observer) -> None:
        """Tell somebody of what becomes of each question: metrics, logs."""
        self._observers.append(observer)

    def _tell(self, outcome: Answer | AdvisorError) -> None:
        for observer in self._observers:
            observer(outcome)

    def _stream(
        self, question: str, history: Sequence[str], language: Language | None
    ) -> Iterator[Stage | SentenceReady | Answer]:
        asked = check_question(question, self.settings)
        language = language or question_language(asked, history)
        full = standalone_question(asked, history, language)
        timer = _Timer()
        index = self.index
        yield Stage("search")
        found = self._find(index, full, language)
        timer.mark("search")
        base = Answer(
            question=asked,
            standalone_question=full,
            language=language,
            status="abstained",
            text="",
            reason=None,
            sentences=(),
            withheld=(),
            citations=(),
            confidence=round(found.confidence, 4),
            writer=WRITER,
            index=index.info,
            ms={},
            id=uuid.uuid4().hex,
        )
        refused = found.confidence < self.settings.answer_threshold or asks_private_fact(full)
        if refused or not found.sentences:
            yield replace(self._abstain(base, found.passages), ms=timer.total())
            return
        yield Stage("write")
        draft = write_extractive(index, full, found.sentences, max_words=self.settings.max_answer_words)
        timer.mark("write")
        yield Stage("verify")
        shown, withheld = verify(draft, _texts(index, draft))
        timer.mark("verify")
        yield from _with_citations(shown, draft)
        if not shown:
            yield replace(self._abstain(base, found.passages), withheld=tuple(withheld), ms=timer.total())
            return
        used = {marker for sentence in shown for marker in sentence.markers}
        yield replace(
            base,
            status="answered",
            text=compose(shown),
            sentences=tuple(shown),
            withheld=tuple(withheld),
            citations=tuple(citation for citation in draft.citations if citation.marker in used),
            ms=timer.total(),
        )

    def document(self, document_id: str, generation: str | None = None) -> Document | None:
        """A document as a generation held it, however old (the published one when None).

        None when it did not hold it, or when the document was removed and forgotten since (`advisor index --forget`).
        """
        index = self.index
        if generation is None or generation == index.manifest.generation:
            return index.catalog.document(document_id)
        return archive.find(self.settings.index_dir, document_id, generation)

    def signals(self, question: str, language: Language) -> tuple[abstention.Signals, bool]:
        """What abstention is decided on, and whether the passages are in the question's language."""
        found = self._find(self.index, question, language)
        return found.signals, found.same_language

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def _find(self, index: Generation, question: str, language: Language) -> _Found:
        found = self._search(index, question, language, self.settings.num_passages)
        passages = in_one_language(found.passages, language)
        sentences = score_sentences(index, found.query, found.vector, found.asked, passages)
        signals = abstention.measure(found.query, passages, sentences)
        same = bool(passages) and passages[0].chunk.language == language
        return _Found(passages, sentences, signals, same)

    def _search(self, index: Generation, question: str, language: Language, wanted: int) -> _Searched:
        query = analyse(index, question, language)
        vector = self.embeddings.encode_query(query.expanded)
        candidates = max(self.settings.num_candidates, wanted)
        asked = index.asked.nearest(vector, num_results=candidates)
        passages = hybrid_search(
            index,
            query,
            vector,
            asked,
            num_results=wanted,
            num_candidates=candidates,
            dense_weight=self.settings.dense_weight,
        )
        return _Searched(query, vector, asked, passages)

    def _abstain(self, base: Answer, passages: Sequence[ScoredChunk]) -> Answer:
        private = asks_private_fact(base.standalone_question)
        return replace(
            base,
            status="abstained",
            text=abstention_in_words(base.language, passages),
            reason=reason_in_words(base.language, base.confidence, self.settings.answer_threshold, private=private),
        )


def in_one_language(passages: Sequence[ScoredChunk], language: Language) -> list[ScoredChunk]:
    """The passages in the asker's language where they are good enough, otherwise those in the best one's language."""
    if not passages:
        return []
    own = [p for p in passages if p.chunk.language == language]
    if own and own[0].score >= _OWN_LANGUAGE * passages[0].score:
        return own
    return [p for p in passages if p.chunk.language == passages[0].chunk.language]


def invalid_answer(question: str, reason: str, index: IndexInfo) -> Answer:
    """What a batch records for a question that cannot be taken."""
    return Answer(
        question=question,
        standalone_question=question,
        language=detect_language(question) if question.strip() else "fr",
        status="invalid",
        text="",
        reason=reason,
        sentences=(),
        withheld=(),
        citations=(),
        confidence=0.0,
        writer=WRITER,
        index=index,
        ms=_Timer().total(),
        id=uuid.uuid4().hex,
    )


def _texts(index: Generation, draft: Draft) -> Mapping[str, str]:
    names = {citation.document for citation in draft.citations}
    documents = (index.catalog.document(name) for name in names)
    return {document.id: document.text for document in documents if document}


def _with_citations(shown: Sequence[AnswerSentence], draft: Draft) -> Iterator[SentenceReady]:
    known: set[int] = set()
    for sentence in shown:
        fresh = tuple(c for c in draft.citations if c.marker in sentence.markers and c.marker not in known)
        known.update(citation.marker for citation in fresh)
        yield SentenceReady(sentence, fresh)
