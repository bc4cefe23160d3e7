"""Two or three questions in one message: found without a model, and answered part by part where that shows more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from advisor.answering.extractive import best_document
from advisor.answering.fallback import Extract, extract
from advisor.answering.follow_up import is_follow_up
from advisor.answering.messages import missing_in_words
from advisor.index.generation import Generation
from advisor.retrieval.search import Evidence
from advisor.settings import Settings
from advisor.text.language import language_rules
from advisor.text.plain import WORD, fold, sentence_spans
from advisor.types import AnswerSentence, Citation, Language, Length

_MOST_PARTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One question of a message, as it was asked, and what search finds for it."""

    question: str
    evidence: Evidence


def questions_in(message: str, language: Language) -> tuple[str, list[str]]:
    """What a message tells before it asks, and the two or three questions that it asks; none of a simple one.

    A question that needs the one before it ("Who decides?") is no question of its own: there is one thing asked then.
    """
    sentences = [message[start:end].strip() for start, end in sentence_spans(message, language)]
    asking = [sentence for sentence in sentences if sentence.endswith("?")] or sentences[-1:]
    asked = [part for sentence in asking for part in _joined(sentence, language)]
    if not 1 < len(asked) <= _MOST_PARTS or any(is_follow_up(part, language) for part in asked[1:]):
        return message, []
    return " ".join(sentence for sentence in sentences if sentence not in asking), asked


def _joined(sentence: str, language: Language) -> Iterator[str]:
    """The questions that "and" joins in a sentence, without that word: "What is it and how does it work?" asks twice."""
    rules = language_rules(language)
    said = [(found.start(), found.end(), fold(found.group())) for found in WORD.finditer(sentence)]
    begin = 0
    for at, (start, end, word) in enumerate(said):
        opens = not at or (at + 1 < len(said) and said[at + 1][2] in rules.interrogatives)
        if word in rules.figures.conjunction and opens:
            before, begin = sentence[begin:start].strip(" ,"), end
            if before:
                yield before
    yield sentence[begin:].strip()


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """What was asked: as one question, or in the `parts` that have an answer; `missing` are those that have none."""

    whole: Evidence
    parts: tuple[Part, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def suffices(self) -> bool:
        """Whether there is an answer to it, or to a part of it."""
        return bool(self.parts) or self.whole.suffices

    @property
    def confidence(self) -> float:
        """Of the answer: that of its least sure part."""
        return min((part.evidence.confidence for part in self.parts), default=self.whole.confidence)

    def missing_in_words(self, language: Language) -> str:
        """Which questions are not answered; "" when all are."""
        return missing_in_words(language, self.missing)

    def extract(self, index: Generation, settings: Settings, length: Length) -> Extract:
        """The answer made of sentences of the corpus; of several questions, a short one to each."""
        if not self.parts:
            return extract(index, self.whole, settings, length)
        return put_together([(part.question, extract(index, part.evidence, settings, "short")) for part in self.parts])


def apart(whole: Evidence, parts: Sequence[Part]) -> Message:
    """A message in parts where these show more than it does as one question.

    So they do where the message has no answer as one question, where one of them is clearly not covered, and where all have
    an answer, not all in one document. A part that is neither answered nor clearly not covered may lean on the others.
    """
    able = tuple(part for part in parts if part.evidence.suffices)
    missing = tuple(part.question for part in parts if part not in able)
    unsure = any(part.evidence.confidence >= part.evidence.thresholds.near for part in parts if part not in able)
    elsewhere = len({best_document(part.evidence.blocks) for part in able}) > 1
    if not able or (whole.suffices and (unsure or not (missing or elsewhere))):
        return Message(whole)
    return Message(whole, able, missing)


def put_together(answers: Sequence[tuple[str, Extract]]) -> Extract:
    """The answers to several questions, each under its question, no sentence twice, citations numbered anew."""
    places: dict[tuple[str, int, int], Citation] = {}
    shown: dict[str, AnswerSentence] = {}
    for question, answer in answers:
        own: dict[int, int] = {}
        for citation in answer.citations:
            place = (citation.document, citation.start, citation.end)
            own[citation.marker] = places.setdefault(place, replace(citation, marker=len(places) + 1)).marker
        for sentence in answer.shown:
            markers = tuple(own[marker] for marker in sentence.markers)
            shown.setdefault(sentence.text, replace(sentence, markers=markers, group=question))
    used = {marker for sentence in shown.values() for marker in sentence.markers}
    rejected = tuple(one for _, answer in answers for one in answer.rejected)
    citations = tuple(each for each in places.values() if each.marker in used)
    return Extract(tuple(shown.values()), rejected, citations, answers[0][1].writer)
