"""The sentences of a draft, each examined before anybody sees it, and what is shown of them.

One that passes gets citations of the very lines it rests on, narrower than the passage that the model was given. One that
fails is withheld with its reason; the line that it cites is quoted in its place, where one says most of it. An announcement
("Voici les points à retenir :") is shown only together with the verified sentence that follows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from advisor.answering.chat_context import ChatContext
from advisor.documents.citations import cite_passage
from advisor.text.names import names, words_of
from advisor.text.plain import detect_language, fold
from advisor.text.terms import term_set
from advisor.types import AnswerSentence, Chunk, Citation, DraftSentence, Language, Length, SentenceReady
from advisor.verification.framing import gap_in, is_announcement
from advisor.verification.groundedness import Sources, SourceSentence
from advisor.verification.rejection import Rejected
from advisor.verification.support_features import held_share
from advisor.verification.verify import Grounded, Judge, by_words, verify_generative

_ENOUGH_TO_TELL = 5  # words that show a sentence's language
_LONGEST_GAP = 60  # words about what is missing
_ENOUGH_TO_QUOTE = 0.65  # share of a sentence's words that a line holds which stands in for it
QUOTATION_MARKS = "«»“”\u00a0 "
_QUOTED: dict[Language, str] = {"fr": "«\u00a0{}\u00a0»", "en": "“{}”"}


@dataclass(frozen=True, slots=True)
class WritingTask:
    """What a chat model is to write: an answer from numbered passages."""

    question: str
    language: Language
    context: ChatContext
    length: Length = "full"


@dataclass(frozen=True, slots=True)
class Examined:
    """A sentence of a draft as far as it is verified, behind the words that lead to it.

    `announcement` says nothing by itself ("" for none); `introduction` says something of a list, and is verified by the
    lines of the first item that is shown.
    """

    sentence: DraftSentence
    found: Grounded | Rejected
    announcement: str = ""
    introduction: Grounded | None = None


@dataclass(slots=True)
class DraftVerifier:
    """Verifies the sentences of one answer in turn, and keeps what came of them."""

    task: WritingTask
    sources: Sources
    shown: list[AnswerSentence] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    began_with_gap: bool = False
    stood: int = 0
    _announcement: str = ""
    _introduction: str = ""
    _item_is_shown: bool = False
    _said: set[str] = field(default_factory=set)
    _known_names: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Names that need no source of their own: the asker's, and those of the passages."""
        texts = [self.task.question, *(sentence.text for sentence in self.sources.sentences)]
        words = {fold(word) for word in self.task.question.split()}
        self._known_names = frozenset(words).union(*map(words_of, texts))

    def examine(self, sentence: DraftSentence, judge: Judge) -> Examined | None:
        """A sentence verified; None for what claims nothing (an announcement, a gap), or waits for its list."""
        text, language = sentence.text, self.task.language
        if is_announcement(text, language):
            self._announcement = text if text.endswith(":") else ""
            return None
        if text.endswith(":") and not sentence.markers:
            self._introduction = text
            return None
        gap = gap_in(text, language)
        if gap and self._is_about_the_question(gap):
            self.missing.append(gap)
            self.began_with_gap = self.began_with_gap or not self._said
            return None
        if not sentence.continues:
            self._item_is_shown = False
        found = self._verify(sentence, judge)
        if isinstance(found, Rejected):
            return Examined(sentence, found)
        examined = Examined(sentence, found, self._announcement, self._introduced(sentence))
        self._announcement = self._introduction = ""
        return examined

    def _introduced(self, sentence: DraftSentence) -> Grounded | None:
        """The words that lead to a list, where the lines of an item support them; words judge that."""
        if not self._introduction or not sentence.is_item:
            return None
        words = by_words(self.sources)
        found = self._verify(DraftSentence(self._introduction, sentence.markers), words)
        return found if isinstance(found, Grounded) else None

    def _verify(self, sentence: DraftSentence, judge: Judge) -> Grounded | Rejected:
        text, language = sentence.text, self.task.language
        if fold(text) in self._said:
            return Rejected(text, "repeated")
        self._said.add(fold(text))
        if len(text.split()) >= _ENOUGH_TO_TELL and detect_language(text) != language:
            return Rejected(text, "language")
        return verify_generative(sentence, language, self.sources, judge, self.task.question)

    def _is_about_the_question(self, text: str) -> bool:
        """Whether a sentence on what is missing, which has no source, names nothing but what was asked or is there."""
        asked = term_set(self.task.question, self.task.language)
        return (
            len(text.split()) <= _LONGEST_GAP
            and set(names(text)) <= self._known_names
            and bool(term_set(text, self.task.language) & asked)
        )

    def show(self, examined: Examined) -> Iterator[SentenceReady]:
        """What a reader sees of a sentence, with the citations that are new: itself, a line in its place, or nothing."""
        found, sentence = examined.found, examined.sentence
        if isinstance(found, Rejected):
            self.rejected.append(found)
            line = self._line_for(found, sentence)
            if line:
                yield self._ready(sentence, _QUOTED[self.task.language].format(line.text), [line])
            return
        if examined.introduction:
            introduction = examined.introduction
            yield self._ready(introduction.sentence, introduction.sentence.text, introduction.rests_on, introduction.support)
        announced = examined.announcement and not sentence.is_item
        text = f"{examined.announcement} {sentence.text}" if announced else sentence.text
        self.stood += 1
        yield self._ready(sentence, text, found.rests_on, found.support)

    def _line_for(self, rejected: Rejected, sentence: DraftSentence) -> SourceSentence | None:
        """The line that stands in for a sentence that may not be shown: of those it cites, the one that says most of it."""
        language = self.task.language
        lines = [s for s in self.sources.sentences if s.marker in sentence.markers and s.language == language]
        if rejected.code in ("repeated", "language", "nothing") or not lines:
            return None
        share, line = max(((held_share(sentence.text, language, [s.text]), s) for s in lines), key=lambda pair: pair[0])
        told = any(c.document == line.document and c.start <= line.start and line.end <= c.end for c in self.citations)
        return line if share >= _ENOUGH_TO_QUOTE and not told else None

    def _ready(
        self, sentence: DraftSentence, text: str, rests_on: Sequence[SourceSentence], support: float | None = None
    ) -> SentenceReady:
        """What is shown in the place of a sentence of the draft: itself, or a quoted line where `support` is None."""
        markers, fresh = self._cite(rests_on)
        continues = sentence.continues and self._item_is_shown  # never into an item that is not its own
        self._item_is_shown = sentence.is_item
        shown = AnswerSentence(
            text=text,
            markers=markers,
            verdict="supported",
            support=1.0 if support is None else support,
            group=sentence.group,
            is_item=sentence.is_item,
            continues=continues,
            is_quoted=support is None,
        )
        self.shown.append(shown)
        return SentenceReady(shown, fresh)

    def _cite(self, rests_on: Sequence[SourceSentence]) -> tuple[tuple[int, ...], tuple[Citation, ...]]:
        """Markers of the spans that a sentence rests on, and the citations that are new."""
        known = {(c.document, c.start, c.end): c.marker for c in self.citations}
        markers, fresh = [], []
        for passage, start, end in _spans(rests_on, self.task.context.passages):
            chunk = self.task.context.passages[passage - 1]
            marker = known.get((chunk.document, start, end))
            if marker is None:
                marker = len(self.citations) + 1
                fresh.append(cite_passage(marker, chunk, self.task.context.documents.get(chunk.document), start, end))
                self.citations.append(fresh[-1])
            markers.append(marker)
        return tuple(dict.fromkeys(markers)), tuple(fresh)


def _spans(rests_on: Sequence[SourceSentence], passages: Sequence[Chunk]) -> list[tuple[int, int, int]]:
    """The number of a passage with `[start, end)`: sentences of a passage that follow each other are one span."""
    spans: list[tuple[int, int, int]] = []
    for source in rests_on:
        sentences = passages[source.marker - 1].sentences
        number = [sentence.start for sentence in sentences].index(source.start)
        before = sentences[number - 1].end if number else None
        if spans and spans[-1][0] == source.marker and spans[-1][2] == before:
            spans[-1] = (source.marker, spans[-1][1], source.end)
        else:
            spans.append((source.marker, source.start, source.end))
    return spans
