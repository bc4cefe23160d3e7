"""The sentences of a draft, each examined before anybody sees it, and what is shown of them.

One that passes gets citations of the very lines it rests on, narrower than the passage that the model was given. One that
fails is withheld with its reason; the line that it cites stands in its place, where one says most of it. An announcement
("Voici les points à retenir :") is shown only together with the verified sentence that follows it. An opening that sums up
what follows, and that its own lines do not hold, waits for the lines of what follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from advisor.answering.chat_context import ChatContext
from advisor.documents.citations import cite_passage
from advisor.text.names import names, words_of
from advisor.text.plain import detect_language, fold
from advisor.types import AnswerSentence, Chunk, Citation, DraftSentence, Language, Length, SentenceReady
from advisor.verification.framing import (
    behind_gap,
    counted_in,
    gap_in,
    is_announcement,
    is_bridge,
    parts_to_show,
    points_back,
    there_instead,
)
from advisor.verification.groundedness import Sources, SourceSentence
from advisor.verification.rejection import Rejected
from advisor.verification.support_features import held_share
from advisor.verification.verify import CLEAR_SUPPORT, Grounded, Judge, by_words, verify_generative, verify_in_parts

_ENOUGH_TO_TELL = 5  # words that show a sentence's language
_LONGEST_GAP = 60  # words about what is missing
_ENOUGH_TO_QUOTE = 0.65  # share of a sentence's words that a line holds which stands in for it
_CAN_BE_SHORTENED = ("unclear", "figure", "figure-elsewhere", "denies", "affirms", "opposite", "changed")
_SUMS_UP = ("unclear", "uncited", "figure", "name")  # what is said of a sentence whose lines it does not cite


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
    lines of the first item that is shown. Without `claims` it says nothing of its own.
    """

    sentence: DraftSentence
    found: Grounded | Rejected
    announcement: str = ""
    introduction: Grounded | None = None
    claims: bool = True

    @property
    def sums_up(self) -> bool:
        """Whether it may rest on what follows, where it is the opening."""
        is_prose = not (self.sentence.is_item or self.sentence.row)
        return is_prose and isinstance(self.found, Rejected) and self.found.code in _SUMS_UP


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
    _examined: int = 0
    _stands: bool = False
    _before: Grounded | Rejected | None = None
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
        if points_back(text, language) and isinstance(self._before, Grounded):
            return Examined(sentence, replace(self._before, sentence=sentence), claims=False)
        if is_announcement(text, language) or is_bridge(text, language):
            self._announcement = text if text.endswith(":") else ""
            return None
        if text.endswith(":") and not sentence.markers:
            self._introduction = text
            return None
        gap = gap_in(text, language, self.task.question)
        if gap and self._is_known(gap):
            self.missing.append(gap)
            self.began_with_gap = self.began_with_gap or not self._said
            sentence = replace(sentence, text=behind_gap(text), lead="")
            if not (sentence.text and sentence.markers):
                return None
        if not sentence.continues:
            self._item_is_shown = False
        self._examined += 1
        self._before = found = self._verify(sentence, judge)
        if isinstance(found, Rejected):
            return Examined(sentence, found)
        sentence = found.sentence
        examined = Examined(sentence, found, self._announcement, self._introduced(sentence))
        self._announcement = self._introduction = ""
        return examined

    def must_wait(self, examined: Examined) -> bool:
        """Whether what is shown of a sentence just examined depends on those that follow."""
        return (self._examined == 1 and examined.sums_up) or counted_in(examined.announcement) is not None

    def settled(self, waiting: Sequence[Examined], judge: Judge) -> list[Examined]:
        """Sentences that waited, now that those after them are there.

        An opening may rest on the lines of what follows it and passed; an announcement counts the items that are shown.
        """
        settled = list(waiting)
        for number, each in enumerate(settled):
            if counted_in(each.announcement) not in (None, _num_items(settled[number:])):
                settled[number] = replace(each, announcement="")
        if settled and settled[0].sums_up and not self.shown:
            settled[0] = replace(settled[0], found=self._summed_up(settled[0], settled[1:], judge))
        return settled

    def _summed_up(self, opening: Examined, rest: Sequence[Examined], judge: Judge) -> Grounded | Rejected:
        """An opening judged clause by clause, by the lines of what follows it and those of the passages that it cites."""
        followed = {line for each in rest if isinstance(each.found, Grounded) for line in each.found.rests_on}
        sentence, language = opening.sentence, self.task.language
        lines = [line for line in self.sources.sentences if line in followed or line.marker in sentence.markers]
        count = f" {_num_items(rest)}" if sentence.text.endswith(":") else ""  # of its own items: needs no source
        asked = self.task.question + count
        return verify_in_parts(sentence, language, lines, judge, self.sources, asked) if followed else opening.found

    def _introduced(self, sentence: DraftSentence) -> Grounded | None:
        """The words that lead to a list, where the lines of an item support them; words judge that."""
        if not self._introduction or not (sentence.is_item or sentence.row):
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
        found = verify_generative(sentence, language, self.sources, judge, self.task.question)
        if isinstance(found, Rejected) and sentence.markers and not sentence.row and found.code in _CAN_BE_SHORTENED:
            for shorter in parts_to_show(sentence, language):
                left = verify_generative(shorter, language, self.sources, judge, self.task.question)
                if isinstance(left, Grounded) and left.support >= CLEAR_SUPPORT:
                    self.rejected.append(found)
                    return left
        return found

    def _is_known(self, gap: str) -> bool:
        """Whether a sentence on what is missing, which has no source, names nothing but what was asked or is there."""
        return (
            len(gap.split()) <= _LONGEST_GAP
            and set(names(gap)) <= self._known_names
            and self.sources.know(there_instead(gap, self.task.language), self.task.language)
        )

    def show(self, examined: Examined) -> Iterator[SentenceReady]:
        """What a reader sees of a sentence, with the citations that are new: itself, a line in its place, or nothing."""
        found, sentence = examined.found, examined.sentence
        if not examined.claims and not self._stands:
            return
        self._stands = isinstance(found, Grounded)
        if isinstance(found, Rejected):
            self.rejected.append(found)
            line = self._line_for(found, sentence)
            if line:
                yield self._ready(replace(sentence, lead=""), line.text, [line])
            return
        if examined.introduction:
            introduction = examined.introduction
            yield self._ready(introduction.sentence, introduction.sentence.text, introduction.rests_on, introduction.support)
        text = sentence.text
        if examined.announcement and (sentence.is_item or sentence.row):
            yield self._ready(DraftSentence(examined.announcement, ()), examined.announcement, found.rests_on, 1.0)
        elif examined.announcement:
            text = f"{examined.announcement} {text}"
        self.stood += examined.claims
        yield self._ready(sentence, text, found.rests_on, found.support)

    def _line_for(self, rejected: Rejected, sentence: DraftSentence) -> SourceSentence | None:
        """The line that stands in for a sentence that may not be shown: of those it cites, the one that says most of it."""
        language = self.task.language
        lines = [s for s in self.sources.sentences if s.marker in sentence.markers and s.language == language]
        if rejected.code in ("repeated", "language", "nothing") or sentence.row or not lines:
            return None
        share, line = max(((held_share(sentence.text, language, [s.text]), s) for s in lines), key=lambda pair: pair[0])
        told = any(c.document == line.document and c.start <= line.start and line.end <= c.end for c in self.citations)
        return line if share >= _ENOUGH_TO_QUOTE and not told else None

    def _ready(
        self, sentence: DraftSentence, text: str, rests_on: Sequence[SourceSentence], support: float | None = None
    ) -> SentenceReady:
        """What is shown in the place of a sentence of the draft: itself, or a line where `support` is None."""
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
            lead=sentence.lead,
            row=sentence.row,
            is_step=sentence.is_step,
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


def _num_items(examined: Sequence[Examined]) -> int:
    """How many items the next list has, or rows the next table, that are shown; 0 where none follows."""
    number = 0
    for each in examined:
        is_listed = each.sentence.is_item or each.sentence.row is not None
        if not is_listed and number:
            break
        number += is_listed and not each.sentence.continues and isinstance(each.found, Grounded)
    return number


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
