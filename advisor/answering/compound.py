"""Two or three questions in one message: found without a model, and answered part by part where that shows more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from advisor.answering.arrangement import TO_CHECK
from advisor.answering.extractive import WRITER, best_document
from advisor.answering.fallback import Extract, extract
from advisor.answering.follow_up import is_follow_up
from advisor.answering.messages import missing_in_words
from advisor.index.generation import Generation
from advisor.retrieval.search import Evidence
from advisor.settings import Settings
from advisor.text.language import language_rules
from advisor.text.plain import WORD, fold, sentence_spans
from advisor.text.terms import term_set
from advisor.types import AnswerSentence, Citation, Language, Length

_MOST_PARTS = 3
_FEWEST_TERMS = 2  # content words of a part that is a question of its own


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One question of a message, and what search finds for it."""

    question: str
    evidence: Evidence


def questions_in(message: str, language: Language) -> list[str]:
    """The two or three questions that a message asks; none of a simple one.

    One that needs another ("Who decides?"), or what is told before it, is none of its own: there is one thing asked then.
    """
    sentences = [message[start:end].strip() for start, end in sentence_spans(message, language)]
    asking = [sentence for sentence in sentences if _is_asked(sentence)]
    if len(sentences) > 1 and len(asking) < len(sentences):
        return []
    asked = [_asked(part, language) for sentence in sentences for part in _joined(sentence, language)]
    alone = not any(is_follow_up(part, language) for part in asked[1:])
    return asked if alone and 1 < len(asked) <= _MOST_PARTS else []


def _is_asked(sentence: str) -> bool:
    return sentence.rstrip("!).»” ").endswith("?")


def _joined(sentence: str, language: Language) -> list[str]:
    """The questions that "and" joins in a sentence, without that word: "What is FinOps, and how do we report to boards?".

    Two things that are asked of one subject are one question: "When and how ...?", "engineers who care and who stay".
    """
    rules = language_rules(language)
    words = [(found.start(), found.end(), fold(found.group())) for found in WORD.finditer(sentence)]
    first = next((at for at, (_, _, word) in enumerate(words) if word not in rules.figures.conjunction), 0)
    begin, words = words[first][0] if first else 0, words[first:]
    asks = [at for at, (_, _, word) in enumerate(words) if word in rules.interrogatives]
    begins = [at for at in asks[1:] if words[at - 1][2] in rules.figures.conjunction]
    if asks[:1] != [0] or len(begins) != 1 or len(asks) != len(begins) + 1:
        return [sentence[begin:]]
    conjunction = words[begins[0] - 1]
    parts = [sentence[begin : conjunction[0]].strip(" ,"), sentence[conjunction[1] :].strip()]
    return parts if all(len(term_set(part, language)) >= _FEWEST_TERMS for part in parts) else [sentence[begin:]]


def _asked(part: str, language: Language) -> str:
    """A part as a question of its own."""
    mark = "" if _is_asked(part) else "\u00a0?" if language == "fr" else "?"
    return part[:1].upper() + part[1:] + mark


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
    an answer. Parts that one document answers are one question. A part that is neither answered nor clearly not covered may
    lean on the others.
    """
    able = tuple(part for part in parts if part.evidence.suffices)
    missing = tuple(part.question for part in parts if part not in able)
    unsure = any(part.evidence.confidence >= part.evidence.thresholds.near for part in parts if part not in able)
    elsewhere = len({best_document(part.evidence.blocks) for part in able}) == len(able)
    if not able or not elsewhere or (whole.suffices and (unsure or not (missing or len(able) > 1))):
        return Message(whole)
    return Message(whole, able, missing)


def put_together(answers: Sequence[tuple[str, Extract]]) -> Extract:
    """The answers to several questions, each under its question, citations numbered on.

    What is to be held against what is there (warning signs, lines to check) is left out: below a question it would be told.
    """
    shown: list[AnswerSentence] = []
    citations: list[Citation] = []
    for question, answer in answers:
        said = [sentence for sentence in answer.shown if sentence.group not in TO_CHECK] or answer.shown
        used = {marker for sentence in said for marker in sentence.markers}
        kept = [citation for citation in answer.citations if citation.marker in used]
        numbers = {citation.marker: len(citations) + at for at, citation in enumerate(kept, start=1)}
        citations += [replace(citation, marker=numbers[citation.marker]) for citation in kept]
        shown += [
            replace(sentence, markers=tuple(numbers[marker] for marker in sentence.markers), group=question)
            for sentence in said
        ]
    rejected = tuple(one for _, answer in answers for one in answer.rejected)
    writers = {answer.writer for _, answer in answers}
    return Extract(tuple(shown), rejected, tuple(citations), writers.pop() if len(writers) == 1 else WRITER)
