"""The nouns of the pipeline, frozen. This module imports nothing from the package but the errors.

Offsets are in characters of the decoded file, newlines as in the file; lines count from 1; an end is exclusive for
characters and inclusive for lines. Scores: higher is better, always.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from advisor.errors import Reason

Language = Literal["fr", "en"]
Status = Literal["answered", "near", "abstained", "invalid"]
"""`near`: the corpus touches the subject; the passages that come nearest are shown whole."""
Verdict = Literal["supported", "unsupported"]
Length = Literal["full", "short"]
IndexProgress = Callable[[str, int, int], None]
"""Called with a stage of indexing, what is done of it and what there is to do: ("embed", 120, 400).

The stages: `wait` (for another writer), `read` (files), `embed` (passages and sentences that are new), `write`, `check`.
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which documents a question is answered from: of a topic, of a name (and title), written in a language; "" for any."""

    topic: str = ""
    document: str = ""
    written: Language | Literal[""] = ""
    title: str = ""


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Source:
    """What a document rests on; `year` is None where the work bears no date."""

    organisation: str
    document: str
    year: int | None = None


StandingKind = Literal["superseded", "deprecated", "rejected"]


@dataclass(frozen=True, slots=True)
class Standing:
    """That a decision no longer stands; `by` names what replaced it, if that is said, `document` where that is indexed."""

    kind: StandingKind
    by: str = ""
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """What became of the pages of a file that are pictures without letters; pages count from 1.

    `read` are those that were read by OCR, `unread` those that were not, and `why` says why not; `unsure` counts the words
    of `read` that were left out since their letters are not clear.
    """

    read: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()
    why: tuple[Reason, ...] = ()
    unsure: int = 0

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Scan:
        """From its fields as JSON gives them."""
        why = fields["why"]
        if isinstance(why, str):  # as indexes of version 0.2 hold it
            why = [{"code": "", "values": {}, "text": why}] if why else []
        return cls(tuple(fields["read"]), tuple(fields["unread"]), tuple(map(Reason.of, why)), fields["unsure"])


@dataclass(frozen=True, slots=True)
class Document:
    """One file of the corpus.

    `id` is the path relative to the corpus folder, with slashes; `aliases` are the other files with the same bytes; `text`
    is the whole decoded file, or for HTML, PDF and DOCX what was read from it, as Markdown; `body_start` the offset where
    the front matter ends (0 without one); `content_hash` covers the file's bytes. `named` says that the title is the file's
    name, for want of another. `pages` are the offsets at which its pages begin (none where it has no pages), `scan` says
    which of them are pictures. `hidden` counts the characters of the file that its reader does not see, and that are not
    indexed; it is known when the file has just been read. `standing` is known once it is indexed.
    """

    id: str
    title: str
    language: Language
    text: str
    body_start: int
    content_hash: str
    topic: str | None = None
    translation_of: str | None = None
    updated: str | None = None
    evidence: str | None = None
    sources: tuple[Source, ...] = ()
    named: bool = False
    aliases: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    scan: Scan = Scan()
    hidden: int = 0
    standing: Standing | None = None

    def page_of(self, offset: int) -> int | None:
        """The page that holds the character at `offset`, from 1; None where there are no pages."""
        return max(1, bisect_right(self.pages, offset)) if self.pages else None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a chunk: `[start, end)` in its document.

    `block` numbers the paragraph or list item within the document; `is_item` says that the block is a list item.
    """

    start: int
    end: int
    block: int
    is_item: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a document under one heading path: `text == document.text[start:end]`.

    `heading` goes from the outermost heading to the innermost and leaves the document's title out. `named` says that the
    title is the file's name. `page` is the one that it starts on.
    """

    document: str
    title: str
    language: Language
    heading: tuple[str, ...]
    start: int
    end: int
    start_line: int
    end_line: int
    text: str
    sentences: tuple[Sentence, ...] = ()
    page: int | None = None
    named: bool = False

    @property
    def location(self) -> str:
        """The place in words: `fr/cloud.md:40-62`."""
        return f"{self.document}:{self.start_line}-{self.end_line}"

    @property
    def id(self) -> str:
        """The place exactly, as characters: two chunks can share a line, never a start."""
        return f"{self.document}@{self.start}-{self.end}"

    def text_of(self, sentence: Sentence) -> str:
        """One of its sentences, as it stands in the source."""
        return self.text[sentence.start - self.start : sentence.end - self.start]


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A chunk with its place in a ranking. `rank` counts from 1.

    `dense` is the cosine with the question (None where the vector search did not return the chunk); `lexical` its BM25
    score (likewise).
    """

    chunk: Chunk
    score: float
    rank: int
    dense: float | None = None
    lexical: float | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """The lines behind a sentence: `quote == document.text[start:end]`, which starts on `page` where there are pages.

    `ocr` says that this page is a picture, and that a program recognised its letters.
    """

    marker: int
    document: str
    title: str
    heading: tuple[str, ...]
    start: int
    end: int
    start_line: int
    end_line: int
    quote: str
    page: int | None = None
    evidence: str | None = None
    date: str | None = None
    standing: Standing | None = None
    ocr: bool = False


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table: its cells, and the headers above them, as many of each."""

    header: tuple[str, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence that the reader sees, with its verdict. `support` is in 0..1; `group` to `is_step` as in the draft.

    `is_quoted`: it is a line of the corpus, in the place of a sentence that did not pass.
    """

    text: str
    markers: tuple[int, ...]
    verdict: Verdict
    support: float
    group: str = ""
    is_item: bool = False
    continues: bool = False
    is_quoted: bool = False
    lead: str = ""
    row: TableRow | None = None
    is_step: bool = False


@dataclass(frozen=True, slots=True)
class Withheld:
    """A sentence that the reader does not see in the answer, and why."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """A sentence before verification, with the markers it claims.

    `group` names the part of the answer that it belongs to ("" for the opening); `is_item` puts it in a list, `is_step` in
    a numbered one, `continues` into the item of the sentence before. `lead` are the words that it begins with and that are
    shown bold. With `row` it is a row of a table, which its text says too; one that a chat model wrote does so as "first
    cell: header: cell; header: cell".
    """

    text: str
    markers: tuple[int, ...]
    group: str = ""
    is_item: bool = False
    continues: bool = False
    lead: str = ""
    row: TableRow | None = None
    is_step: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What a writer hands to verification."""

    sentences: tuple[DraftSentence, ...]
    citations: tuple[Citation, ...]
    writer: str


@dataclass(frozen=True, slots=True)
class SentenceReady:
    """A verified sentence, with the citations that it is the first to use."""

    sentence: AnswerSentence
    citations: tuple[Citation, ...]


@dataclass(slots=True)
class ModelUse:
    """What a chat model did for an answer, filled in on the way.

    Tokens are None where the server does not count them, `cost` (US dollars) where no prices are set; times are in
    milliseconds; `failure` is the kind of failure that the extractive answer took over from. `checked_by`: who judged the
    meaning of the sentences, "words", "chat", or the name of a model.
    """

    model: str
    prompt_version: str = ""
    checked_by: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    first_token_ms: float | None = None
    first_sentence_ms: float | None = None
    ms: float = 0.0
    attempts: int = 0
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """Which index an answer was made from."""

    generation: str
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a question. `confidence` is in 0..1; `ms` maps a stage to its milliseconds.

    `reason` says why there is no answer, or what the reader should know of the one there is. `model` is None without one.
    `nearest` are the subjects (titles of documents) nearest to a question that has no answer. `length`: as asked for.
    `by_words`: passages were found by their words alone, since the server of the vectors was away.
    """

    question: str
    standalone_question: str
    language: Language
    status: Status
    text: str
    reason: str | None
    sentences: tuple[AnswerSentence, ...]
    withheld: tuple[Withheld, ...]
    citations: tuple[Citation, ...]
    confidence: float
    writer: str
    index: IndexInfo
    ms: dict[str, float]
    id: str = ""
    model: ModelUse | None = None
    nearest: tuple[str, ...] = ()
    scope: Scope = EVERYTHING
    length: Length = "full"
    by_words: bool = False
