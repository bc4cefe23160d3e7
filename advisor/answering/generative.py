"""A chat model writes; every sentence is verified before anybody sees it.

Sentences are taken as they arrive, and each is shown as soon as it has passed; where a chat model judges their meaning, all
of them together when the draft is complete. What was verified and shown never vanishes.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from advisor.answering.chat_verdicts import chat_verdicts
from advisor.answering.draft_reader import DraftReader
from advisor.answering.draft_verifier import DraftVerifier, Examined, WritingTask
from advisor.answering.messages import compose, withheld_in_words
from advisor.answering.near import noted
from advisor.answering.prompting import numbered_passages, prompts_of, writing_messages
from advisor.models.chat import ChatFailure, ChatModel, open_checker
from advisor.models.grounding import GroundingModel, open_grounding_model
from advisor.tracing import stage_span
from advisor.types import (
    Answer,
    AnswerSentence,
    Citation,
    DraftSentence,
    Length,
    ModelUse,
    SentenceReady,
)
from advisor.verification.groundedness import Encode, Sources
from advisor.verification.rejection import Rejected
from advisor.verification.verify import Grounded, Judge, by_model, by_words, later, verify_generative

_FEWEST = 2  # sentences of an answer that a model wrote
_HOPELESS = 6  # sentences rejected in a row: the model is stopped
_MOST_WORDS: dict[Length, int] = {"full": 500, "short": 180}  # twice what is asked for: a model that goes on is stopped


@dataclass(frozen=True, slots=True)
class Writer:
    """A chat model, and who judges the meaning of what it writes: a model that reads both, a chat model, or words alone."""

    chat: ChatModel
    encode: Encode
    grounding: GroundingModel | None = None
    checker: ChatModel | None = None

    def judge(self, sources: Sources) -> Judge:
        """Who judges each sentence as it comes."""
        if self.checker:
            return later()
        return by_model(self.grounding) if self.grounding else by_words(sources)


def open_writer(chat: ChatModel, encode: Encode) -> Writer:
    """A chat model with those who judge what it writes, as its settings name them.

    :raises ModelError: when a model that they name cannot be had.
    :raises SettingsError: when a folder of prompts cannot be used; that is told now, not with the first answer.
    """
    prompts_of(chat)
    return Writer(chat, encode, open_grounding_model(chat.settings), open_checker(chat.settings))


@dataclass(frozen=True, slots=True)
class GeneratedAnswer:
    """What a chat model wrote, verified.

    `missing`: what it says that the passages lack, which is all there is where `shown` is empty without a `failure`, and
    what the answer begins with where `begins_with_gap`. `failure`: why it makes no answer, None where it does. Times are in
    milliseconds; `first_sentence_ms` is None where no sentence passed.
    """

    shown: tuple[AnswerSentence, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    citations: tuple[Citation, ...] = ()
    missing: tuple[str, ...] = ()
    begins_with_gap: bool = False
    failure: str | None = None
    first_sentence_ms: float | None = None
    verify_ms: float = 0.0

    def as_answer(self, base: Answer, model: str) -> Answer:
        """The answer that this makes, by a model of that name."""
        used = {marker for sentence in self.shown for marker in sentence.markers}
        text, gap = compose(base.language, self.shown), " ".join(self.missing)
        return replace(
            noted(base, gap),
            status="answered",
            text=f"{gap}\n\n{text}" if self.begins_with_gap else text,
            sentences=self.shown,
            withheld=withheld_in_words(base.language, self.rejected),
            citations=tuple(citation for citation in self.citations if citation.marker in used),
            writer=model,
        )

    def use_of_model(self, use: ModelUse) -> ModelUse:
        """What the model did, with what came of it."""
        return replace(use, first_sentence_ms=self.first_sentence_ms, failure=self.failure)


def write_generative(writer: Writer, task: WritingTask, use: ModelUse) -> Generator[SentenceReady, None, GeneratedAnswer]:
    """The sentences that pass, as they come; returns what they make.

    :param use: counts what the model did.
    """
    sources = Sources(task.context.sentences, writer.encode)
    verifier, judge, run = DraftVerifier(task, sources), writer.judge(sources), _Run(_MOST_WORDS[task.length])
    use.checked_by = judge.name
    failure: str | None = None
    waiting: list[Examined] = []
    try:
        for sentence in _read(writer.chat, task, use):
            with stage_span("verify"), run.timed():
                examined = verifier.examine(sentence, judge)
            if examined:
                run.count(examined)
                if writer.checker or waiting or verifier.must_wait(examined):
                    waiting.append(examined)
                else:
                    yield from run.first(verifier.show(examined))
            if run.is_done():
                break
    except ChatFailure as error:
        failure = "little" if error.kind == "cut" else error.kind
    if waiting:
        with stage_span("verify"), run.timed():
            waiting = verifier.settled(waiting, judge)
            if writer.checker:
                waiting = _judged_together(writer.checker, waiting, task, sources, use)
        for examined in waiting:
            yield from run.first(verifier.show(examined))
    return run.result(verifier, failure)


def _judged_together(
    checker: ChatModel, waiting: Sequence[Examined], task: WritingTask, sources: Sources, use: ModelUse
) -> list[Examined]:
    """Sentences whose facts are right, judged by a chat model in one call; by words where it said nothing of one."""
    grounded = [each.found for each in waiting if isinstance(each.found, Grounded) and each.claims]
    verdicts, words = iter(chat_verdicts(checker, grounded, task.language, use)), by_words(sources)
    judged: list[Examined] = []
    for each in waiting:
        found = each.found
        if isinstance(found, Grounded) and each.claims:
            found = next(verdicts) or verify_generative(each.sentence, task.language, sources, words, task.question)
        judged.append(replace(each, found=found))
    return judged


@dataclass(slots=True)
class _Run:
    """How far an answer has come, and how long that took."""

    most_words: int
    rejected_in_a_row: int = 0
    words: int = 0
    verify_ms: float = 0.0
    first_sentence_ms: float | None = None
    started: float = field(default_factory=time.perf_counter)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the time as verification."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.verify_ms += (time.perf_counter() - began) * 1_000

    def count(self, examined: Examined) -> None:
        """Count a sentence."""
        if isinstance(examined.found, Rejected):
            self.rejected_in_a_row += 1
        else:
            self.rejected_in_a_row = 0
            self.words += len(examined.sentence.text.split())

    def first(self, events: Iterator[SentenceReady]) -> Iterator[SentenceReady]:
        """The events, with the time of the first one."""
        for event in events:
            self.first_sentence_ms = self.first_sentence_ms or round((time.perf_counter() - self.started) * 1_000, 2)
            yield event

    def is_done(self) -> bool:
        """Whether reading on is of no use: nothing passes any more, or the model has said enough."""
        return self.rejected_in_a_row >= _HOPELESS or self.words > self.most_words

    def result(self, verifier: DraftVerifier, failure: str | None) -> GeneratedAnswer:
        """What the sentences make: an answer when two of them stand, or one beside a note on what is missing.

        What was withheld takes nothing from those that stand. A note alone is the answer that there is none.

        :param failure: of the model itself; an answer that is complete without what is lost is one all the same.
        """
        shown, rejected, missing = verifier.shown, verifier.rejected, verifier.missing
        own = verifier.stood
        honest = bool(missing) and len(rejected) <= len(missing)
        if own >= _FEWEST or (failure is None and (honest or (own and missing))):
            failure = None
        elif failure is None:
            foreign = sum(one.code == "language" for one in rejected) * 2 > len(rejected) + own
            failure = "language" if foreign else "little"
        return GeneratedAnswer(
            shown=tuple(shown),
            rejected=tuple(rejected),
            citations=tuple(verifier.citations),
            missing=tuple(missing),
            begins_with_gap=verifier.began_with_gap,
            failure=failure,
            first_sentence_ms=self.first_sentence_ms,
            verify_ms=self.verify_ms,
        )


def _read(chat: ChatModel, task: WritingTask, use: ModelUse) -> Iterator[DraftSentence]:
    """The sentences of the model, as they arrive.

    :raises ChatFailure: when the model fails, after the sentences that came whole.
    """
    reader, prompts = DraftReader(task.language), prompts_of(chat)
    use.prompt_version = prompts.version
    read = numbered_passages(task.context, task.language)
    try:
        for piece in chat.stream(writing_messages(prompts, task.question, read, task.language, task.length), use):
            yield from reader.feed(piece)
    except ChatFailure:
        yield from reader.finish(whole=False)
        raise
    yield from reader.finish(whole=True)
