"""Questions that a chat model writes for the sections of the corpus, kept in `asked/*.yaml` for a curator to correct.

Each question is held against the index that lacks it: it counts when search finds its section for it. What was written is
kept section by section, so that a run that ends goes on where it was; a section that has questions, whoever wrote them, is
passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from advisor.advisor import Advisor
from advisor.answering.prompting import asking_messages, load_prompts
from advisor.errors import ModelError, QuestionError
from advisor.features.asked_files import add_phrasings
from advisor.index.catalog import StoredChunk
from advisor.index.generation import Generation
from advisor.models.chat import ChatFailure, ChatModel
from advisor.text.language import LANGUAGES
from advisor.text.plain import detect_language, fold, is_row, plain
from advisor.types import Language, ModelUse

_FEWEST_WORDS = 20  # of a section that answers something
_MOST_CHARS = 6_000  # of a section that a model is given: more answers more than five questions ask
_LINE = re.compile(r"\[(\d{1,3})\]\s(fr|en):\s(\S.*)")


@dataclass(frozen=True, slots=True)
class UnaskedSection:
    """The passages under one heading path of a document, and their sentences as a reader sees them."""

    document: str
    language: Language
    title: str
    heading: tuple[str, ...]
    chunks: frozenset[str]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outstanding:
    """The sections without questions, and how many sections there are that answer something."""

    sections: tuple[UnaskedSection, ...]
    total: int


@dataclass(slots=True)
class WritingProgress:
    """How far the writing is: sections done, questions kept, and those that search does not find their section for."""

    sections: int = 0
    kept: int = 0
    missed: int = 0


def outstanding(index: Generation) -> Outstanding:
    """What there is to write questions for, document by document."""
    asked = set(index.phrasings.lines.ravel().tolist())
    every = [section for document in index.catalog.listing() for section in _sections(index, document.id)]
    return Outstanding(tuple(section for section, numbers in every if not asked & numbers), len(every))


def _sections(index: Generation, document: str) -> Iterator[tuple[UnaskedSection, set[int]]]:
    """The sections of a document that say something, each with the numbers of its sentences."""
    grouped: dict[tuple[str, ...], list[StoredChunk]] = {}
    for stored in index.catalog.chunks_of(document):
        grouped.setdefault(stored.chunk.heading, []).append(stored)
    for heading, some in grouped.items():
        told = [one.chunk.text_of(sentence) for one in some for sentence in one.chunk.sentences]
        sentences = tuple(plain(text) for text in told if not is_row(text))
        if sum(len(text.split()) for text in sentences) >= _FEWEST_WORDS:
            first = some[0].chunk
            ids = frozenset(one.chunk.id for one in some)
            numbers = {number for one in some for number in one.numbers}
            yield UnaskedSection(document, first.language, first.title, heading, ids, sentences), numbers


def write_questions(advisor: Advisor, sections: Sequence[UnaskedSection]) -> Iterator[WritingProgress]:
    """Have the chat model write, section by section; how far it is after each.

    :raises ModelError: when there is no model, or it fails; what was written before is kept.
    :raises CorpusError: when a file of questions is broken.
    """
    if advisor.writer is None:
        message = "questions are written by a chat model, and none is set. Set ADVISOR_CHAT_MODEL: docs/chat-models.md"
        raise ModelError(message)
    known = {fold(question) for question in advisor.index.phrasings.questions}
    progress = WritingProgress()
    for section in sections:
        written = _asked(advisor, advisor.writer.chat, section, progress)
        found, missed = _verified(advisor, section, written, known)
        if found:
            add_phrasings(advisor.settings, section.document, _entries(found, advisor.writer.chat.name))
        known |= {fold(question) for questions in found.values() for question in questions}
        progress.sections += 1
        progress.kept += sum(map(len, found.values()))
        progress.missed += missed
        yield progress


def _asked(advisor: Advisor, chat: ChatModel, section: UnaskedSection, progress: WritingProgress) -> list[tuple[str, str]]:
    """What the model writes: sentences and questions.

    :raises ModelError: when it fails.
    """
    prompts = load_prompts(advisor.settings.chat_prompts_dir)
    title = " > ".join((section.title, *section.heading))
    messages = asking_messages(prompts, title, _within(section.sentences), section.language)
    try:
        reply = chat.complete(messages, ModelUse(chat.name), seconds=advisor.settings.chat_seconds)
    except ChatFailure as failure:
        message = (
            f"the model {chat.name} failed ({failure.kind}) at {section.document}, after {progress.sections} sections. The "
            f"{progress.kept} questions that were written are kept. Go on with: advisor index --questions"
        )
        raise ModelError(message) from failure
    return list(read_questions_of(reply, section.sentences))


def _within(sentences: Sequence[str]) -> list[str]:
    """The first sentences, as many as are taken."""
    room = _MOST_CHARS
    return [sentence for sentence in sentences if (room := room - len(sentence)) >= 0]


def read_questions_of(reply: str, sentences: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The lines of a reply that have the form, each as a sentence and the question that it answers."""
    for line in reply.splitlines():
        found = _LINE.fullmatch(line.strip())
        if found and 1 <= int(found[1]) <= len(sentences) and found[3].endswith("?"):
            question = " ".join(found[3].split())
            if detect_language(question) == found[2]:
                yield sentences[int(found[1]) - 1], question


def _verified(
    advisor: Advisor, section: UnaskedSection, written: Sequence[tuple[str, str]], known: set[str]
) -> tuple[dict[str, list[str]], int]:
    """Of what was written, the questions by sentence for which search finds the section; how many it does not.

    A question that is known already belongs to whoever wrote it.
    """
    found: dict[str, list[str]] = {}
    missed = 0
    beginnings = _beginnings(advisor.index, section)
    for sentence, question in dict.fromkeys(written):
        if fold(question) in known or sentence not in beginnings:
            continue
        try:
            results = advisor.search(question)
        except QuestionError:
            results = []
        if any(result.chunk.id in section.chunks for result in results):
            found.setdefault(sentence, []).append(question)
        else:
            missed += 1
    return found, missed


def _beginnings(index: Generation, section: UnaskedSection) -> set[str]:
    """The sentences of the section with which one sentence of the document begins, and no other."""
    chunks = [stored.chunk for stored in index.catalog.chunks_of(section.document)]
    told = [fold(plain(chunk.text_of(sentence))) for chunk in chunks for sentence in chunk.sentences]
    return {text for text in section.sentences if sum(other.startswith(fold(text)) for other in told) == 1}


def _entries(found: Mapping[str, Sequence[str]], author: str) -> list[dict[str, object]]:
    """The questions as they stand in a file, with who wrote them."""
    entries = list[dict[str, object]]()
    for sentence, questions in found.items():
        spoken = [(detect_language(question), question) for question in questions]
        asked = {language: [text for own, text in spoken if own == language] for language in LANGUAGES}
        kept: dict[str, object] = {language: some for language, some in asked.items() if some}
        entries.append({"sentence": sentence, **kept, "written_by": author})
    return entries
