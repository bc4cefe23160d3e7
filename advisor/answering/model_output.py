"""What a chat model writes -> sentences with the markers they claim, as the text arrives. And what it is asked beside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from advisor.answering import prompts
from advisor.answering.follow_up import is_follow_up
from advisor.models.chat import ChatFailure, ChatModel
from advisor.retrieval.ranking import RankedBlock
from advisor.text.figures import figures
from advisor.text.language import language_rules
from advisor.text.names import names
from advisor.text.phrases import phrase_pattern
from advisor.text.plain import detect_language, fold, has_words, plain, sentence_spans
from advisor.text.terms import term_set
from advisor.types import DraftSentence, Language, ModelUse, ScoredChunk
from advisor.verification.groundedness import SourceSentence

_MARKERS = re.compile(
    r"(?:(?<!\s)\s+)?(?:\[\s*(?:passages?\s*)?(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]|【(\d{1,3})[^【】]*】|\((?:passage\s*)?(\d{1,2})\)(?=[\s.]|$))",
    re.IGNORECASE,
)
_OPEN_MARKER = re.compile(r"\s*[\[【(][^\])】]*$")
_ITEM = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s|\*\*[^*]+\*\*:?\s*$|```|---)")
_ANY_TAG = re.compile(r"<[^<>]*>|https?://\S+")
_MOST_PARTS = 3
_LONGEST_QUESTION = 300  # characters of a question that a model wrote
_OWN_WORDS = 0.7  # share of its words that must come from the conversation
_KEPT_WORDS = 0.5  # share that it must keep of the asker's words, and of the subject's
_SIDE_SECONDS = 10.0  # for a question rewritten or split: the answer is still to come


@dataclass(slots=True)
class SentenceReader:
    """Cuts a text that arrives in pieces into sentences. A marker after the full stop belongs to the sentence before it."""

    language: Language
    _buffer: str = field(default="")

    def feed(self, piece: str) -> Iterator[DraftSentence]:
        """The sentences that are whole now that a piece has come."""
        self._buffer += piece
        while True:
            line, newline, rest = self._buffer.partition("\n")
            if newline:
                self._buffer = rest
                yield from _sentences(line, self.language)
                continue
            spans = sentence_spans(line, self.language)
            # The last one may go on, or have its markers still to come.
            rest = _MARKERS.sub("", line[spans[-1][0] :]) if spans else ""
            if len(spans) < 2 or not has_words(rest) or _OPEN_MARKER.match(rest):  # noqa: PLR2004
                return
            cut = spans[-1][0]
            while following := _MARKERS.match(line, cut):
                cut = following.end()
            ready, self._buffer = line[:cut], line[cut:]
            yield from _sentences(ready, self.language)
            if not self._buffer.strip():
                return

    def finish(self, *, whole: bool) -> Iterator[DraftSentence]:
        """The rest. Of a text that was cut, what does not end as a sentence does is left out."""
        rest, self._buffer = self._buffer, ""
        found = list(_sentences(rest, self.language))
        if found and not whole and not _MARKERS.sub("", rest).rstrip().endswith((".", "!", "?", "…", ":")):
            found.pop()
        yield from found


def _sentences(line: str, language: Language) -> Iterator[DraftSentence]:
    """The sentences of a line, with their markers taken out of the text."""
    if not has_words(line) or _HEADING.match(line):
        return
    item = _ITEM.match(line)
    body = line[item.end() :] if item else line
    spans = sentence_spans(body, language)
    starts = [start for start, _ in spans]
    for number, (start, end) in enumerate(spans):
        stop = starts[number + 1] if number + 1 < len(starts) else len(body)
        leading = list(_leading_markers(body, starts[number + 1])) if number + 1 < len(starts) else []
        claimed = [marker for found in _MARKERS.finditer(body, start, stop) for marker in _numbers(found)]
        if number and (mine := list(_leading_markers(body, start))):
            claimed = claimed[len(mine) :]
        text = plain(_ANY_TAG.sub("", _MARKERS.sub("", body[start : max(end, start)]))).strip(" -*")
        if has_words(text):
            yield DraftSentence(text, tuple(dict.fromkeys([*claimed, *leading])), "", item is not None)


def _leading_markers(body: str, start: int) -> Iterator[int]:
    """The markers at the very start of a sentence, which belong to the one before it."""
    while found := _MARKERS.match(body, start):
        yield from _numbers(found)
        start = found.end()


def _numbers(found: re.Match[str]) -> list[int]:
    return [int(number) for group in found.groups() if group for number in re.findall(r"\d+", group)]


def choose_passages(
    blocks: Sequence[RankedBlock], passages: Sequence[ScoredChunk], *, most: int, most_chars: int
) -> list[ScoredChunk]:
    """The passages that a model is given: those of the best blocks first, as far as they fit.

    :param blocks: best first; those whose passage was not found by search are left out.
    """
    ordered = {each.block.passage.chunk.id: each.block.passage for each in blocks if each.block.passage}
    chosen: list[ScoredChunk] = []
    for passage in (ordered | {p.chunk.id: p for p in passages if p.chunk.id not in ordered}).values():
        chars = sum(len(p.chunk.text) for p in chosen) + len(passage.chunk.text)
        if len(chosen) < most and (not chosen or chars <= most_chars):
            chosen.append(passage)
    return chosen


def in_turn(shares: Sequence[Sequence[ScoredChunk]], *, most: int, most_chars: int) -> list[ScoredChunk]:
    """The best passage of each part of a question, then the second of each, as far as they fit."""
    ordered = {p.chunk.id: p for rank in range(most) for passages in shares for p in passages[rank : rank + 1]}
    return choose_passages((), list(ordered.values()), most=most, most_chars=most_chars)


def source_sentences(passages: Sequence[ScoredChunk]) -> list[SourceSentence]:
    """The sentences of numbered passages, as readers see them."""
    return [
        SourceSentence(p.chunk.document, s.start, s.end, plain(p.chunk.text_of(s)), p.chunk.language, number)
        for number, p in enumerate(passages, start=1)
        for s in p.chunk.sentences
    ]


def rewritten_question(chat: ChatModel, by_rule: str, history: Sequence[str], language: Language, use: ModelUse) -> str:
    """A follow-up question with its subject, by the model; by rule where what it writes cannot be trusted.

    :param by_rule: the question with its subject, as `FollowUp.standalone` puts them together.
    """
    try:
        written = chat.complete(prompts.standalone(by_rule, history, language), use, seconds=_SIDE_SECONDS)
    except ChatFailure:
        return by_rule
    lines = [line.strip(' -*"«»“”') for line in written.splitlines() if has_words(line)]
    return lines[0] if len(lines) == 1 and _is_faithful(lines[0], by_rule, history, language) else by_rule


def sub_questions(chat: ChatModel, question: str, language: Language, use: ModelUse) -> list[str]:
    """The simple questions in a compound one; none when it is simple, or the model's are not made of its words."""
    if not _is_compound(question, language) or is_follow_up(question, language):
        return []
    try:
        written = chat.complete(prompts.splitting(question, language), use, seconds=_SIDE_SECONDS)
    except ChatFailure:
        return []
    lines = [_ITEM.sub("", line).strip() for line in written.splitlines() if line.rstrip().endswith("?")]
    faithful = [line for line in lines if _is_made_of(line, [question], language)]
    return faithful if 1 < len(faithful) <= _MOST_PARTS and len(faithful) == len(lines) else []


def _is_compound(question: str, language: Language) -> bool:
    """Whether a question has two question marks, or a second part that asks: "and how"."""
    rules = language_rules(language)
    joined = tuple(f"{word} {asking}" for word in rules.figures.conjunction for asking in rules.interrogatives)
    return question.count("?") > 1 or bool(phrase_pattern(joined).search(fold(question)))


def _is_faithful(written: str, question: str, history: Sequence[str], language: Language) -> bool:
    """Whether a question keeps both what is asked now and, of what was asked before, the subject."""
    asked, before, own = (term_set(text, language) for text in (question, " ".join(history), written))
    kept = (len(part & own) >= _KEPT_WORDS * len(part) for part in (asked & before, asked - before))
    return all(kept) and _is_made_of(written, [question, *history], language)


def _is_made_of(written: str, said: Sequence[str], language: Language) -> bool:
    """Whether a question is one, in the right language, of the words said before, with no figure or name of its own."""
    if len(written) > _LONGEST_QUESTION or not written.endswith("?") or detect_language(written) != language:
        return False
    before = " ".join(said)
    own, known = term_set(written, language), term_set(before, language)
    new_figures = {figure.key for figure in figures(written)} - {figure.key for figure in figures(before)}
    new_names = set(names(written)) - set(names(before)) - {fold(word) for word in before.split()}
    return bool(own) and not new_figures and not new_names and len(own & known) >= _OWN_WORDS * len(own)
