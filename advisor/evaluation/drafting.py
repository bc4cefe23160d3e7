"""Drafts of questions for a person to correct: from the indexed documents, and from what readers said of answers.

Section titles make the questions (`heading_questions`), those of documents that are not indexed the ones without an answer:
no passage of the index may hold half of what they ask for. Who wants them gets gaps to fill as well: of telling sentences,
the figure or the rarest word. The same index gives the same draft. `advisor eval check` warns of drafts until they have a
kind of their own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from advisor.documents.chunking import chunk_document
from advisor.documents.passages import searched_text
from advisor.evaluation.heading_questions import (
    ASKS,
    LAST,
    NAMED,
    NEARLY,
    HeadingQuestion,
    in_any_document,
    questions_of,
    spread,
    typed,
)
from advisor.evaluation.questions import Target
from advisor.files import read_records
from advisor.index.generation import Generation
from advisor.index.plan import make_plan, next_documents
from advisor.retrieval.query import analyse
from advisor.settings import Settings
from advisor.text.plain import detect_language, fold, plain
from advisor.text.terms import term_set, terms
from advisor.types import Chunk, Language, Sentence

LIMIT = 60
"""Questions of a draft: as many as a person reads and corrects in half an hour."""
_SHARE_WITHOUT_ANSWER = 4  # one question in so many
_GAPS = 4  # of a document
_HELD = 0.5  # of what a question asks for, in one passage: more, and it may be an answer
_TOUCHED = 0.25  # less, and the question is far from the subject: too easy to refuse
_LOOKED_AT = 20  # passages
_FEWEST_TERMS = 3  # of a title that is no question, without its document
_FEWEST_WORDS, _MOST_WORDS = 8, 45
_SHORTEST_WORD = 5  # letters
_GAP = "…"
_FIGURE = re.compile(r"(?<![\w.,])\d+(?:[.,\u00a0\u202f ]\d+)*(?:[\u00a0\u202f ]?%)?(?!\w)")
_WORD = re.compile(rf"[^\W\d_]{{{_SHORTEST_WORD},}}")
_ASKS: dict[tuple[Language, str], str] = {
    ("fr", "figure"): "Quel chiffre manque ? « {} »",
    ("fr", "word"): "Quel mot manque ? « {} »",
    ("en", "figure"): "Which figure is missing? “{}”",
    ("en", "word"): "Which word is missing? “{}”",
}


class Feedback(BaseModel):
    """A line of `feedback.jsonl`: what a reader said of an answer, and what the answer had cited."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer_id: str
    question: str
    standalone_question: str
    verdict: Literal["up", "down", "withdrawn"]
    comment: str = ""
    language: Language
    citations: tuple[Target, ...] = ()
    time: str = ""


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """How many questions at most; whether with gaps; and documents that are not indexed, for questions without an answer."""

    limit: int = LIMIT
    gaps: bool = False
    held_out: Path | None = None


def draft_from_index(index: Generation, settings: Settings, wanted: DraftOrder | None = None) -> list[dict[str, Any]]:
    """Lines of a question set, spread over the documents; every fourth has no answer, where there are such.

    :raises CorpusError: when there is nothing to read in the folder of documents that are not indexed.
    """
    wanted = wanted or DraftOrder()
    chunks = index.catalog.chunks_by_document()
    without = [*_not_covered(index), *(_held_out(index, settings, wanted.held_out) if wanted.held_out else ())]
    without = without[: wanted.limit // _SHARE_WITHOUT_ANSWER]
    questions = spread(questions_of(chunks, partial(_telling, index)), _scattered(chunks))
    drafted = [*map(_of_heading, questions), *(_gaps_of(index, chunks) if wanted.gaps else ())]
    asked = [term_set(known, detect_language(known)) for known in index.phrasings.questions]
    fresh = [one for one in _different(drafted) if term_set(one.question, one.language) not in asked]
    kept = fresh[: wanted.limit - len(without)]
    topics = {document.id: document.topic for document in index.catalog.listing()}
    return [_line(number, one, topics.get(one.document) or "own") for number, one in enumerate((*kept, *without), start=1)]


@dataclass(frozen=True, slots=True)
class _Drafted:
    """A question, where it is from, the sentences that answer it ("": none), and the forms of the fact that it asks for."""

    question: str
    language: Language
    document: str
    quote: str
    kind: str
    facts: tuple[list[str], ...] = ()
    split: str = "report"


def _line(number: int, drafted: _Drafted, topic: str) -> dict[str, Any]:
    stem = re.sub(r"[^\w-]+", "-", drafted.document.rsplit(".", 1)[0]).strip("-") or "none"
    relevant = [{"document": drafted.document, "quote": drafted.quote}] if drafted.quote else []
    return {
        "id": f"{stem}-{number}",
        "language": drafted.language,
        "question": drafted.question,
        "answerable": bool(relevant),
        "key_facts": list(drafted.facts),
        "relevant": relevant,
        "category": topic,
        "kind": drafted.kind,
        **({} if relevant else {"near": True}),
        **({"split": drafted.split} if drafted.split != "report" else {}),
    }


def _scattered(names: Iterable[str]) -> list[str]:
    """The documents in an order that has nothing to do with their folders, the same every time."""
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())


def _different(drafted: Iterable[_Drafted]) -> Iterator[_Drafted]:
    """Each question once."""
    known: set[str] = set()
    for one in drafted:
        if fold(one.question) not in known:
            known.add(fold(one.question))
            yield one


def _of_heading(made: HeadingQuestion) -> _Drafted:
    kind = "draft-question" if made.rank in (ASKS, NEARLY) else "draft-title"
    return _Drafted(made.question, made.chunk.language, made.chunk.document, made.chunk.text, kind)


def _not_covered(index: Generation) -> Iterator[_Drafted]:
    """What curators know that nothing answers. They teach the advisor to refuse, so they count as seen."""
    for outline in range(len(index.phrasings.curated)):
        if not index.phrasings.answered[outline]:
            for at in (index.phrasings.outline == outline).nonzero()[0]:
                question = typed(index.phrasings.questions[at])
                yield _Drafted(question, detect_language(question), "", "", "draft-not-covered", split="seen")


def _held_out(index: Generation, settings: Settings, folder: Path) -> Iterator[_Drafted]:
    """What documents that are not indexed answer, and no passage of the index, near as it comes."""
    read = next_documents(make_plan(settings.model_copy(update={"corpus_dir": folder}), None, reread=True), None).written
    known = index.catalog.hashes()
    titles = {fold(document.title) for document in index.catalog.listing()}
    others = [one for one in read if one.content_hash not in known.values() and fold(one.title) not in titles]
    made = questions_of(
        {one.id: chunk_document(one, chunk_chars=settings.chunk_chars) for one in others}, partial(_telling, index)
    )
    languages = {document.language for document in index.catalog.listing()}
    for one in spread(made, _scattered(made)):
        names = one.rank == NAMED and len(term_set(one.heading, one.chunk.language)) >= _FEWEST_TERMS
        if one.chunk.language in languages and (one.stands_alone or names) and one.rank != LAST and _is_near(index, one):
            yield _Drafted(in_any_document(one), one.chunk.language, "", "", "draft-held-out")


def _is_near(index: Generation, asked: HeadingQuestion) -> bool:
    """Whether passages touch what a title asks for, and none of them holds more than half of it.

    Told by words alone, not by what the advisor would do: that is what the questions are to measure.
    """
    query = analyse(index, asked.heading, asked.chunk.language)
    hits = index.keyword_index.search(query.terms, num_results=_LOOKED_AT)
    found = index.catalog.chunks([name for name, _ in hits])
    held = [query.coverage(term_set(searched_text(one.chunk), one.chunk.language)) for one in found.values()]
    return _TOUCHED <= max(held, default=0.0) <= _HELD


def _gaps_of(index: Generation, chunks: Mapping[str, Sequence[Chunk]]) -> Iterator[_Drafted]:
    for name in _scattered(chunks):
        yield from (_fill_in(gap[0].language, *gap) for gap in _gaps(index, chunks[name])[:_GAPS])


def _fill_in(language: Language, chunk: Chunk, sentence: Sentence, gap: str) -> _Drafted:
    asks = _ASKS[language, "figure" if gap[0].isdigit() else "word"]
    text = plain(chunk.text_of(sentence)).replace(gap, _GAP, 1)
    return _Drafted(typed(asks.format(text)), language, chunk.document, chunk.text_of(sentence), "draft-gap", (_forms(gap),))


def _forms(gap: str) -> list[str]:
    """A figure with and without the space before its sign."""
    return list(dict.fromkeys([gap, re.sub(r"\s%", "%", gap), re.sub(r"(?<=\d)%", " %", gap)]))


def _gaps(index: Generation, chunks: Sequence[Chunk]) -> list[tuple[Chunk, Sentence, str]]:
    """The telling sentences with what to leave out: those with a figure first, then by how rare the word is."""
    found = []
    for chunk in chunks:
        for sentence in chunk.sentences:
            text = plain(chunk.text_of(sentence))
            if not _FEWEST_WORDS <= len(text.split()) <= _MOST_WORDS or not text.endswith("."):
                continue
            figure = _FIGURE.search(text)
            rarity, word = max(((_rarity(index, chunk, word), word) for word in _WORD.findall(text)), default=(0.0, ""))
            if figure or word:
                order = (0 if figure else 1, -rarity, chunk.start, sentence.start)
                found.append((order, chunk, sentence, figure.group() if figure else word))
    return [(chunk, sentence, gap) for _, chunk, sentence, gap in sorted(found, key=lambda entry: entry[0])]


def _telling(index: Generation, text: str, language: Language) -> float:
    """How much the words of a text tell: the sum of their idf, without those that no passage has."""
    known = (term for term in term_set(text, language) if index.keyword_index.document_frequency(term, language))
    return sum(index.keyword_index.idf(term, language) for term in known)


def _rarity(index: Generation, chunk: Chunk, word: str) -> float:
    return max((index.keyword_index.idf(term, chunk.language) for term in terms(word, chunk.language)), default=0.0)


def draft_from_feedback(path: Path) -> list[dict[str, Any]]:
    """Candidate questions from feedback, each question once, the latest verdict counting.

    What a good answer cited becomes the label. After a bad one nothing is labelled: whether the corpus holds an answer, and
    where, is for a person to say; the comment is kept as a note.

    :raises EvaluationError: naming the line that is no feedback.
    """
    said = read_records(path, Feedback, "the feedback")
    latest = {fold(feedback.standalone_question): feedback for feedback in said}
    return [_candidate(feedback) for feedback in latest.values() if feedback.verdict != "withdrawn"]


def _candidate(feedback: Feedback) -> dict[str, Any]:
    good = feedback.verdict == "up"
    relevant = [citation.model_dump() for citation in feedback.citations] if good else []
    return {
        "id": f"feedback-{feedback.answer_id}",
        "language": feedback.language,
        "question": feedback.standalone_question,
        # An answer that was right to refuse cites nothing.
        "answerable": bool(relevant) or not good,
        "key_facts": [],
        "relevant": relevant,
        "category": "feedback",
        "kind": f"draft-{feedback.verdict}",
        **({"note": feedback.comment} if feedback.comment else {}),
    }


def write_draft(lines: Sequence[dict[str, Any]]) -> str:
    """The lines as a file holds them."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
