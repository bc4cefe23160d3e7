"""What to ask next: questions that the corpus answers, near to the one that was asked.

They come from the corpus itself: the phrasings beside its sentences (`asked/*.yaml`), else the headings of related passages.
Of each, search has found enough to answer it before it is suggested. All is looked up in one generation of the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from advisor.advisor import Advisor
from advisor.documents.passages import searched_text
from advisor.index.generation import Generation
from advisor.text.plain import detect_language, fold
from advisor.text.terms import terms
from advisor.types import Answer, Chunk, Language

_RELATED = 30  # passages looked at
_TRIED = 6  # questions that are searched for at most: 50 ms each
_LONGEST = 140  # characters
_WHAT_OF: dict[Language, str] = {
    "fr": "Que dit le corpus sur «\u00a0{}\u00a0»\u00a0?",
    "en": "What does the corpus say about “{}”?",
}

_Span = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question, and the sentence or passage that it was found by."""

    question: str
    place: _Span


def next_questions(advisor: Advisor, answer: Answer, asked: Sequence[str] = (), *, wanted: int = 3) -> list[str]:
    """Up to `wanted` questions in the answer's language, nearest first, that the advisor answers.

    :param asked: the questions of the conversation, which are not suggested again.
    :raises ScopeError: when the index holds no documents of the answer's scope any more.
    """
    cited = [(citation.document, citation.start, citation.end) for citation in answer.citations]
    known = {fold(question) for question in (*asked, answer.question, answer.standalone_question)}
    wanted_terms = set(terms(answer.standalone_question, answer.language))
    index = advisor.index.within(answer.scope)  # what is suggested is asked in the same scope
    found: list[str] = []
    tried = 0
    places: list[_Span] = list(cited)
    for candidate in _candidates(advisor, index, answer):
        if len(found) == wanted or tried == _TRIED:
            break
        if fold(candidate.question) in known or any(_overlap(candidate.place, place) for place in places):
            continue
        if answer.status != "answered" and not set(terms(candidate.question, answer.language)) & wanted_terms:
            continue  # what is nearest to a question outside the corpus can be far from it
        tried += 1
        if advisor.would_answer(candidate.question, answer.language, index):
            found.append(candidate.question)
            places.append(candidate.place)
    return found


def _candidates(advisor: Advisor, index: Generation, answer: Answer) -> Iterator[Candidate]:
    asked = answer.standalone_question[: advisor.settings.max_question_chars]  # with its subject it may be longer
    related = [result.chunk for result in advisor.search(asked, k=_RELATED, index=index)]
    passages = [chunk for chunk in related if chunk.language == answer.language]
    yield from questions_beside(index, passages, answer.language)
    yield from _headings(passages)


def questions_beside(index: Generation, passages: Sequence[Chunk], language: Language) -> Iterator[Candidate]:
    """Of each passage, the question kept beside one of its sentences that says best what it is about."""
    stored = index.catalog.chunks([passage.id for passage in passages])
    for passage in passages:
        found = [
            (len(_shared(question, passage)), -len(question), question, number)
            for number in stored[passage.id].numbers
            for question in index.phrasings.questions_for(number)
            if question.endswith("?") and len(question) <= _LONGEST and detect_language(question) == language
        ]
        if found:
            _, _, question, number = max(found)
            sentence = passage.sentences[stored[passage.id].numbers.index(number)]
            yield Candidate(question, (passage.document, sentence.start, sentence.end))


def _shared(question: str, passage: Chunk) -> set[str]:
    """The terms that a question shares with the passage and its title: without any, it is hard to place."""
    return set(terms(question, passage.language)) & set(terms(searched_text(passage), passage.language))


def _headings(passages: Sequence[Chunk]) -> Iterator[Candidate]:
    """Headings of related passages; those that several documents have (a form that they follow) say nothing."""
    documents: dict[str, set[str]] = {}
    for chunk in passages:
        for name in chunk.heading[-1:]:
            documents.setdefault(fold(name), set()).add(chunk.document)
    for chunk in passages:
        if chunk.heading and len(documents[fold(chunk.heading[-1])]) == 1 and len(_as_question(chunk)) <= _LONGEST:
            yield Candidate(_as_question(chunk), (chunk.document, chunk.start, chunk.end))


def _as_question(chunk: Chunk) -> str:
    last = chunk.heading[-1]
    return last if last.endswith("?") else _WHAT_OF[chunk.language].format(last)


def _overlap(one: _Span, other: _Span) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]
