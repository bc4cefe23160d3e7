"""The advisor: the composition root. It opens the parts, keeps the current generation, and runs the stages in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypedDict, Unpack

from advisor.answering import fallback, unanswered
from advisor.answering.chat_context import gather_context
from advisor.answering.chat_questions import rewritten_question, sub_questions
from advisor.answering.compound import Message, Part, apart, questions_in
from advisor.answering.draft_verifier import WritingTask
from advisor.answering.extractive import write_curated
from advisor.answering.fallback import Extract, curated_for, verified
from advisor.answering.follow_up import FollowUp, resolve
from advisor.answering.generative import open_writer, write_generative
from advisor.answering.intake import Taken, check_question, take
from advisor.answering.messages import by_words_in_words, compose, instead_in_words, withheld_in_words
from advisor.answering.near import abstained_answer, blank_answer, noted, without_answer
from advisor.answering.small_talk import reply
from advisor.answering.timing import Timer
from advisor.errors import AdvisorError, IndexMismatchError, QuestionError
from advisor.index import archive
from advisor.index.generation import Generation, open_current
from advisor.index.generations import current_generation
from advisor.models.chat import ChatModel, open_chat_model
from advisor.models.embeddings import Embeddings
from advisor.models.reranker import open_reranker
from advisor.retrieval.confidence import is_doubtful, thresholds_of
from advisor.retrieval.curated import CuratedAnswer
from advisor.retrieval.search import Evidence, Retrieved, Searcher, counting_less, gather_evidence, retrieve, without
from advisor.settings import Settings
from advisor.text.plain import detect_language
from advisor.tracing import in_own_context, question_span, stage_span, tell_outcome
from advisor.types import (
    EVERYTHING,
    Answer,
    Citation,
    Document,
    Language,
    Length,
    ModelUse,
    Scope,
    ScoredChunk,
    SentenceReady,
)

_MOST_TOLD = 3  # answers on one subject that a follow-up does not repeat


@dataclass(frozen=True, slots=True)
class Stage:
    """What the advisor is doing (`search`, `write` or `verify`), and the language that the answer will be in."""

    name: str
    language: Language


class Manner(TypedDict, total=False):
    """How a question is to be answered: the questions before it, the language (its own when None), from what, how long."""

    history: Sequence[str]
    language: Language | None
    scope: Scope
    length: Length


Observer = Callable[[Answer | AdvisorError], None]
"""Told of each answer, and of each question that was not taken or could not be answered."""


class Advisor:
    """Searches and answers from one index folder. Safe to use from several threads."""

    def __init__(self, settings: Settings, embeddings: Embeddings, index: Generation, chat: ChatModel | None = None) -> None:
        """Take finished parts; `Advisor.open` makes them. Without a chat model, the one that the settings name, if any.

        :raises ModelError: when a model that the settings name cannot be had.
        :raises SettingsError: when a folder of prompts cannot be used.
        """
        self.settings = settings
        self.embeddings = embeddings
        self.reranker = open_reranker(settings)
        chat = chat or open_chat_model(settings)
        self.writer = open_writer(chat, embeddings.encode_passages) if chat else None
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

    def search(self, question: str, *, k: int | None = None, index: Generation | None = None) -> list[ScoredChunk]:
        """The passages nearest to a question, best first.

        :param index: the generation to search, or a part of it, for whoever goes on with what it holds; the published one
            when None.
        :raises QuestionError: when the question cannot be taken.
        """
        return self.retrieve(question, k=k, index=index).passages

    def retrieve(self, question: str, *, k: int | None = None, index: Generation | None = None) -> Retrieved:
        """As `search`, with the question as it was used, and whether its words alone were."""
        asked = check_question(question, self.settings)
        wanted = k or self.settings.num_results
        return retrieve(self._searcher(index or self.index), asked, detect_language(asked), wanted)

    def _searcher(self, index: Generation) -> Searcher:
        return Searcher(self.settings, self.embeddings, index, self.reranker)

    def ask(self, question: str, **manner: Unpack[Manner]) -> Answer:
        """The answer to a question, or an abstention.

        :param history: the questions asked before, oldest first.
        :param language: of the answer; detected when None.
        :param scope: the documents that it is answered from; all of them when left out.
        :param length: "short" for the opening thought and the few most important ones after it.
        :raises QuestionError: when the question cannot be taken.
        :raises ScopeError: when the index holds no documents of the scope.
        """
        answer = None
        for event in self.stream(question, **manner):
            if isinstance(event, Answer):
                answer = event
        if answer is None:
            message = "stream ended without an answer"
            raise RuntimeError(message)
        return answer

    @in_own_context
    def stream(self, question: str, **manner: Unpack[Manner]) -> Generator[Stage | SentenceReady | Answer, None, None]:
        """The stages, each sentence once it is verified, and the whole answer last; the rest is as in `ask`."""
        with question_span() as span:
            try:
                for event in self._stream(question, manner):
                    if isinstance(event, Answer):
                        tell_outcome(span, event)
                        self._tell(event)
                    if not isinstance(event, Evidence):
                        yield event
            except AdvisorError as error:
                self._tell(error)
                raise

    def watch(self, observer: Observer) -> None:
        """Tell somebody of what becomes of each question: metrics, logs."""
        self._observers.append(observer)

    def would_answer(self, question: str, language: Language, index: Generation) -> bool:
        """Whether search finds enough to answer a question that nobody asked, if it is one. No observer is told."""
        try:
            asked = check_question(question, self.settings)
        except QuestionError:
            return False
        return gather_evidence(self._searcher(index), asked, language).suffices

    def examine(self, question: str, *, history: Sequence[str] = ()) -> tuple[Answer, tuple[ScoredChunk, ...]]:
        """The answer to a question that nobody asked, with the passages that search found for it, best first.

        No observer is told, and no log has it.

        :raises QuestionError: when the question cannot be taken.
        """
        passages: tuple[ScoredChunk, ...] = ()
        for event in self._stream(question, {"history": history}):
            if isinstance(event, Evidence):
                passages = tuple(event.passages)
            elif isinstance(event, Answer):
                return event, passages
        message = "stream ended without an answer"
        raise RuntimeError(message)

    def curated(self, question: str, lines: CuratedAnswer, language: Language, index: Generation) -> Answer:
        """The answer that lines of a curator's are. Nobody asked: no observer is told, and no log has it."""
        return self._with_extract(blank_answer(index.info, question, language), verified(index, write_curated(index, lines)))

    def _tell(self, outcome: Answer | AdvisorError) -> None:
        if self.settings.unanswered_log and isinstance(outcome, Answer):
            threshold = thresholds_of(self.settings, self._index.calibration, doubtful=is_doubtful(self._index)).answer
            unanswered.log_unanswered(self.settings, outcome, threshold)
        for observer in self._observers:
            observer(outcome)

    def _stream(self, question: str, manner: Manner) -> Iterator[Stage | Evidence | SentenceReady | Answer]:
        use, timer = ModelUse(self.writer.chat.name) if self.writer else None, Timer()
        with stage_span("intake"):
            taken = take(question, manner.get("history", ()), manner.get("language"), self.settings)
            language, follow_up = taken.language, taken.follow_up
            index = self.index.within(manner.get("scope", EVERYTHING))
            length = taken.length or manner.get("length", "full")
            base = replace(blank_answer(index.info, taken.asked, language), scope=index.scope, length=length)
            said = None if taken.again else reply(taken.asked, language, partial(index.titles, language))
        if said:
            yield replace(base, status="answered", text=said, ms=timer.total())
            return
        yield Stage("search", language)
        with timer.stage("search"):
            evidence = self._gather(index, taken, base.length)
            message = self._taken_apart(index, follow_up, evidence, language)
        yield evidence
        full = follow_up.standalone(language)
        base = replace(base, standalone_question=full, confidence=round(message.confidence, 4), model=use)
        if evidence.by_words:
            base = replace(noted(base, by_words_in_words(language)), by_words=True)
        if not message.suffices:
            yield replace(without_answer(base, index, evidence), ms=timer.total())
            return
        yield Stage("write", language)
        yield from self._written(index, taken, message, base, timer)

    def _written(
        self, index: Generation, taken: Taken, message: Message, base: Answer, timer: Timer
    ) -> Iterator[Stage | SentenceReady | Answer]:
        """The answer to a question that has one: by the chat model, if one can write it, else of sentences of the corpus."""
        language, evidence, use = taken.language, message.whole, base.model
        with timer.stage("write"):
            whole = message.extract(index, self.settings, base.length)
        seen = 0
        if self.writer and use:
            with timer.stage("write"):
                if taken.follow_up.subject:
                    full = rewritten_question(self.writer.chat, base.standalone_question, taken.history, language, use)
                    base = replace(base, standalone_question=full)
                task = self._task(self.writer.chat, index, base, message, use)
                generated = yield from write_generative(self.writer, task, use)
            timer.move("write", "verify", generated.verify_ms)
            base = replace(base, model=generated.use_of_model(use))
            if generated.failure is None:
                answer = generated.as_answer(base, self.writer.chat.name)
                yield replace(answer if answer.sentences else abstained_answer(answer, evidence), ms=timer.total())
                return
            seen, whole = len(generated.shown), fallback.after(generated, whole)
            kept = any(not sentence.is_quoted for sentence in generated.shown)
            base = noted(base, instead_in_words(language, generated.failure, self.writer.chat.name, kept=kept))
        yield Stage("verify", language)
        yield from whole.events(seen)  # after those that a chat model wrote
        base = noted(base, message.missing_in_words(language))
        answer = self._with_extract(base, whole) if whole.shown else without_answer(base, index, evidence)
        yield replace(answer, ms=timer.total())

    def _gather(self, index: Generation, taken: Taken, length: Length) -> Evidence:
        """What search finds for a question; a follow-up is for what the answers before it did not say.

        What they said is left out where it asks for more, and counts less in any other follow-up. A curated answer is one
        to a question that stands alone.
        """
        searcher, follow_up, history, language = self._searcher(index), taken.follow_up, taken.history, taken.language
        evidence = gather_evidence(searcher, follow_up.standalone(language), language)
        if not follow_up.subject:
            return evidence
        said: list[Citation] = []
        told = _MOST_TOLD if follow_up.more else 1
        for number in range(max(0, len(history) - told), len(history)):
            earlier = resolve(history[number], history[:number], language)
            if follow_up.subject in (earlier.own, earlier.subject):
                found = gather_evidence(searcher, earlier.standalone(language), language)
                blocks = without(found.blocks, said) if earlier.more else found.blocks
                found = replace(found, blocks=blocks, curated=None if earlier.subject else found.curated)
                said += self._taken_apart(index, earlier, found, language).extract(index, self.settings, length).citations
        blocks = without(evidence.blocks, said) if follow_up.more else counting_less(evidence.blocks, said)
        return replace(evidence, blocks=blocks, curated=None, told=tuple(said))

    def _taken_apart(self, index: Generation, asked: FollowUp, whole: Evidence, language: Language) -> Message:
        """What was asked, in parts where that answers more; never where a curator has answered it, nor a follow-up."""
        if asked.subject or whole.is_known or curated_for(whole, self.settings):
            return Message(whole)
        searcher = self._searcher(index)
        parts = questions_in(asked.own, language)
        return apart(whole, [Part(each, gather_evidence(searcher, each, language)) for each in parts])

    def _with_extract(self, base: Answer, whole: Extract) -> Answer:
        """The answer made of sentences of the corpus."""
        return replace(
            base,
            status="answered",
            text=compose(base.language, whole.shown),
            sentences=whole.shown,
            withheld=withheld_in_words(base.language, whole.rejected),
            citations=whole.citations,
            writer=whole.writer,
        )

    def _task(self, chat: ChatModel, index: Generation, base: Answer, message: Message, use: ModelUse) -> WritingTask:
        """What the chat model is to write, from which passages; a compound question is searched part by part."""
        question, language = base.standalone_question, base.language
        found = [message.whole, *(part.evidence for part in message.parts)]
        if not message.parts:
            parts = sub_questions(chat, question, language, use)
            found += [gather_evidence(self._searcher(index), part, language) for part in parts]
        return WritingTask(question, language, gather_context(index, found, self.settings), base.length)

    def document(self, document_id: str, generation: str | None = None) -> Document | None:
        """A document as a generation held it, however old (the published one when None).

        None when it did not hold it, or when the document was removed and forgotten since (`advisor index --forget`).
        """
        index = self.index
        if generation is None or generation == index.manifest.generation:
            return index.catalog.document(document_id)
        return archive.find(self.settings.index_dir, document_id, generation)

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()
