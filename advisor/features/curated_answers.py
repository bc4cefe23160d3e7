"""A curated answer made on the page: lines of a document chosen in order, shown as a reader will see them, kept at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

from advisor.accounts.audit import record_action
from advisor.advisor import Advisor
from advisor.answering.extractive import CURATED
from advisor.answering.intake import check_question
from advisor.documents.provenance import Provenance, record_provenance
from advisor.documents.reading import content_hash
from advisor.documents.yaml_values import yaml_text
from advisor.errors import AdvisorError, QuestionError
from advisor.features.asked_files import CuratedEntry, keep_entry
from advisor.features.curation import WAIT_SECONDS
from advisor.features.review import OPERATOR
from advisor.features.worklist import handle
from advisor.index.generation import Generation
from advisor.index.phrasings import FOLDER, PhrasingEntry, locate
from advisor.index.sync import SyncOptions, sync
from advisor.limits import LINES, PHRASINGS, RESULTS
from advisor.retrieval.curated import CuratedAnswer, lines_in
from advisor.settings import Settings
from advisor.text.language import LANGUAGES
from advisor.text.plain import detect_language, fold, has_words, plain
from advisor.types import Answer, Language

Why = Literal["no_question", "long_question", "many_questions", "many_lines", "no_document", "no_lines", "no_such_line"]


@dataclass(frozen=True, slots=True)
class WantedAnswer:
    """What a curator has put together: a question, further phrasings, a document, and its lines in their order."""

    question: str
    phrasings: tuple[str, ...]
    document: str
    lines: tuple[str, ...]

    @property
    def entry(self) -> CuratedEntry:
        """As it is kept: every question on one line, once."""
        asked = (" ".join(question.split()) for question in (self.question, *self.phrasings))
        questions = {fold(question): question for question in asked if question}
        return CuratedEntry(self.document, self.lines, tuple(questions.values()))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a curated answer cannot be kept; `detail` is what it is about: a number, a line, a question."""

    why: Why
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A curated answer in the corpus: its file, whether its question is answered with it, else what kept it out."""

    file: str
    is_answered: bool
    problem: AdvisorError | None = None


@dataclass(frozen=True, slots=True)
class ChoosableLine:
    """A sentence of a document, `[start, end)` of its text; one that others begin with too cannot be chosen."""

    text: str
    start: int
    end: int
    heading: tuple[str, ...]
    is_alone: bool


@dataclass(frozen=True, slots=True)
class ShownAs:
    """A curated answer as a reader will see it who asks in a language."""

    language: Language
    answer: Answer


def nearest_documents(advisor: Advisor, question: str, index: Generation) -> list[str]:
    """The documents with the passages nearest to a question, nearest first; none for what is no question."""
    asked = question[: advisor.settings.max_question_chars]
    try:
        found = advisor.search(asked, index=index)
    except QuestionError:
        return []
    return list(dict.fromkeys(result.chunk.document for result in found))


def lines_of(index: Generation, document: str, search: str = "") -> tuple[list[ChoosableLine], int]:
    """The sentences of a document in reading order, and how many there are; those with every word of `search`.

    Of a very long document, the first.
    """
    chunks = [stored.chunk for stored in index.catalog.chunks_of(document)]
    sentences = [(chunk, sentence, plain(chunk.text_of(sentence))) for chunk in chunks for sentence in chunk.sentences]
    folded = [fold(text) for *_, text in sentences]
    shared = {text for text, after in pairwise(sorted(folded)) if after.startswith(text)}
    words = fold(search).split()
    found = [
        ChoosableLine(text, sentence.start, sentence.end, chunk.heading, own not in shared)
        for (chunk, sentence, text), own in zip(sentences, folded, strict=True)
        if has_words(text) and all(word in own for word in words)
    ]
    return found[: RESULTS.most], len(found)


def refusal_of(settings: Settings, index: Generation, wanted: WantedAnswer) -> Refusal | None:
    """Why a curated answer cannot be kept: what indexing would say of it, said before; None when it can."""
    entry = wanted.entry
    if not wanted.question.strip():
        return Refusal("no_question")
    if PHRASINGS.excess(entry.questions):
        return Refusal("many_questions", str(PHRASINGS.most))
    if LINES.excess(entry.lines):
        return Refusal("many_lines", str(LINES.most))
    for question in entry.questions:
        try:
            check_question(question, settings)
        except QuestionError:
            is_long = len(question) > settings.max_question_chars
            return Refusal("long_question", str(settings.max_question_chars)) if is_long else Refusal("no_question")
    if index.catalog.document(entry.document) is None:
        return Refusal("no_document", entry.document)
    if not entry.lines:
        return Refusal("no_lines")
    _, lost = _located(index, entry)
    return Refusal("no_such_line", lost[0]) if lost else None


def _located(index: Generation, entry: CuratedEntry) -> tuple[list[tuple[int, int]], list[str]]:
    """The lines of an entry, each the number of its sentence and of the translation; or those that are not there, once."""
    stored = index.catalog.chunks_of(entry.document)
    asked = PhrasingEntry("", entry.document, entry.lines, entry.questions, curated=True)
    outlines, lost = locate([asked], stored)
    lines = [pair for outline in outlines for pair in zip(outline.lines, outline.twins, strict=True)]
    return lines, [line for _, line in lost]


def previews(advisor: Advisor, wanted: WantedAnswer, index: Generation) -> list[ShownAs]:
    """A curated answer that can be kept, as readers see it: in the languages of its questions, then where it is translated.

    :param wanted: one that there is no `refusal_of`.
    """
    entry = wanted.entry
    pairs, _ = _located(index, entry)
    asked = dict.fromkeys(map(detect_language, entry.questions))
    shown = []
    for language in dict.fromkeys((*asked, *LANGUAGES)):
        lines = lines_in(index, pairs, language) or (lines_in(index, pairs, None) if language in asked else ())
        if lines:
            question = next((one for one in entry.questions if detect_language(one) == language), entry.questions[0])
            shown.append(ShownAs(language, advisor.curated(question, CuratedAnswer(lines, 1.0), language, index)))
    return shown


def publish_answer(advisor: Advisor, wanted: WantedAnswer, who: str | None) -> Kept | Refusal:
    """Keep a curated answer in the corpus folder, and bring the index in line, so that it is given at once.

    :param who: the curator, who adds and approves it; None without users.
    :raises CorpusError: when a file of questions is broken; nothing is written then.
    :raises StorageError: when it cannot be written.
    """
    settings, entry = advisor.settings, wanted.entry
    refused = refusal_of(settings, advisor.index, wanted)
    if refused:
        return refused
    file = f"{FOLDER}/{keep_entry(settings, entry).name}"
    name, today = who or OPERATOR, datetime.now(UTC).date().isoformat()
    digest = content_hash(yaml_text(entry.written).encode())
    record_provenance(settings, f"{file}#{entry.questions[0]}", Provenance(digest, name, today, name, today))
    record_action(settings, who, "curate", file=file, document=entry.document, questions=entry.questions)
    handle(settings, entry.questions)
    try:
        sync(settings, advisor.embeddings, SyncOptions(wait=WAIT_SECONDS))
        return Kept(file, _is_given(advisor, entry))
    except AdvisorError as error:  # it is kept, and the next update takes it
        return Kept(file, is_answered=False, problem=error)


def _is_given(advisor: Advisor, entry: CuratedEntry) -> bool:
    """Whether the question of an entry is answered with its lines."""
    answer, _ = advisor.examine(entry.questions[0])
    return answer.writer == CURATED and answer.status == "answered"
