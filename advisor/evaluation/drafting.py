"""Drafts of questions for a person to correct: from the indexed documents, and from what readers said of answers.

A heading that is a question is taken as one, answered by the first sentence under it. A telling sentence becomes a gap to
fill: its figure, or its rarest word. The same index gives the same draft. `advisor eval check` warns of drafts until they
have a kind of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from advisor.evaluation.questions import Target
from advisor.files import read_records
from advisor.index.catalog import ListedDocument
from advisor.index.generation import Generation
from advisor.text.plain import fold, plain
from advisor.text.terms import terms
from advisor.types import Chunk, Language, Sentence

_PER_DOCUMENT = 4
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


def draft_from_index(index: Generation, *, per_document: int = _PER_DOCUMENT) -> list[dict[str, Any]]:
    """Lines of a question set, document by document; at most `per_document` gaps in each."""
    return [line for document in index.catalog.listing() for line in _of_document(index, document, per_document)]


@dataclass(frozen=True, slots=True)
class _Drafted:
    """A question, the sentence that answers it, and the forms of the fact that it asks for, if any."""

    question: str
    quote: str
    kind: str
    facts: tuple[list[str], ...] = ()


def _of_document(index: Generation, document: ListedDocument, per_document: int) -> Iterator[dict[str, Any]]:
    chunks = [stored.chunk for stored in index.catalog.chunks_of(document.id)]
    stem = re.sub(r"[^\w-]+", "-", document.id.rsplit(".", 1)[0]).strip("-")
    gaps = (_fill_in(document.language, *gap) for gap in _gaps(index, chunks)[:per_document])
    for number, drafted in enumerate((*_asking_headings(chunks), *gaps), start=1):
        yield {
            "id": f"{stem}-{number}",
            "language": document.language,
            "question": drafted.question,
            "answerable": True,
            "key_facts": list(drafted.facts),
            "relevant": [{"document": document.id, "quote": drafted.quote}],
            "category": document.topic or "own",
            "kind": drafted.kind,
        }


def _asking_headings(chunks: Sequence[Chunk]) -> list[_Drafted]:
    """Each heading that is a question, once, answered by the first sentence under it."""
    first: dict[tuple[str, ...], Chunk] = {}
    for chunk in chunks:
        if chunk.heading and chunk.heading[-1].endswith("?") and chunk.sentences:
            first.setdefault(chunk.heading, chunk)
    return [
        _Drafted(plain(heading[-1]), chunk.text_of(chunk.sentences[0]), "draft-heading") for heading, chunk in first.items()
    ]


def _fill_in(language: Language, chunk: Chunk, sentence: Sentence, gap: str) -> _Drafted:
    asks = _ASKS[language, "figure" if gap[0].isdigit() else "word"]
    text = plain(chunk.text_of(sentence)).replace(gap, _GAP, 1)
    return _Drafted(asks.format(text), chunk.text_of(sentence), "draft-gap", (_forms(gap),))


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
