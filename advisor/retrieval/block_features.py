"""What is known of each candidate block, as numbers for the ranking. No weight and no threshold is set here by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from advisor.documents.passages import embedded_text
from advisor.documents.sections import SECTIONS
from advisor.index.generation import Generation
from advisor.models.embeddings import cosines
from advisor.retrieval.blocks import TextBlock
from advisor.retrieval.like_questions import LikeQuestions
from advisor.retrieval.query import Query
from advisor.text.terms import term_set

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_OWN_SECTIONS = ("", *SECTIONS)
_LEAST_SHARE = 0.02  # of the votes, for a section without any
_EVEN = 1 / len(_OWN_SECTIONS)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A question as the ranking compares it.

    Its analysis, its unit vector and the one by which sentences are ordered (the same, or what sets it apart from other
    questions), the questions of the corpus beside it (if there are any), and the BM25 score of each chunk that it found.
    """

    query: Query
    vector: Floats
    compared: Floats
    like: LikeQuestions | None
    keyword_scores: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Sentences:
    """The sentences of all candidate blocks: each column has shape (sentences,); `block` and `document` are numbers."""

    block: NDArray[np.int64]
    document: NDArray[np.int64]
    cosine: Floats
    near: Floats
    openings: Floats
    columns: dict[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class BlockFeatures:
    """The features of blocks by name, each of shape (blocks,).

    `focus` is the place in each block of the sentence that is nearest to the question, `cosine` that of this sentence;
    `lead` is the place of the sentence that the block would open an answer with, `opening` the share (0..1) of the nearest
    phrasings whose answer begins with it.
    """

    columns: dict[str, Floats]
    focus: NDArray[np.int64]
    cosine: Floats
    lead: NDArray[np.int64]
    opening: Floats


def block_features(index: Generation, asked: Asked, blocks: Sequence[TextBlock]) -> BlockFeatures:
    """What is known of the blocks (at least one)."""
    sentences = _sentences(index, asked, blocks)
    found = _of_blocks(sentences) | _of_documents(sentences) | _of_form(blocks)
    found |= _of_sections(
        _sections_asked_for(index, asked.like), [index.sections.of(block.chunk.heading) or "" for block in blocks]
    )
    ends = np.flatnonzero(np.diff(sentences.block)) + 1
    near, openings = np.split(sentences.near, ends), np.split(sentences.openings, ends)
    lead = [opens.argmax() if opens.any() else cosine.argmax() for cosine, opens in zip(near, openings, strict=True)]
    return BlockFeatures(
        columns=found,
        focus=np.array([each.argmax() for each in near]),
        cosine=_floats([each.max() for each in np.split(sentences.cosine, ends)]),
        lead=np.array(lead),
        opening=_floats([each.max() for each in openings]),
    )


def _sentences(index: Generation, asked: Asked, blocks: Sequence[TextBlock]) -> _Sentences:
    numbers = np.array([number for block in blocks for number in block.numbers], np.int64)
    twins = np.array([number for block in blocks for number in block.twins], np.int64)
    lengths = [len(block.numbers) for block in blocks]
    documents = {name: at for at, name in enumerate(dict.fromkeys(block.chunk.document for block in blocks))}
    vectors, others = index.sentence_vectors(numbers), index.sentence_vectors(twins)
    cosine, near = (
        _floats((cosines(vectors, vector) + cosines(others, vector)) / 2) for vector in (asked.vector, asked.compared)
    )
    columns = {"meaning": _standard(near)}
    columns |= _words(asked, blocks, lengths)
    columns |= _phrasings(index, asked, (numbers, vectors), (twins, others))
    openings = columns["opening"]
    columns |= {name: np.log(columns[name] + _LEAST_SHARE) for name in ("vote", "opening")}
    return _Sentences(
        openings=openings,
        block=np.repeat(np.arange(len(blocks)), lengths),
        document=np.repeat([documents[block.chunk.document] for block in blocks], lengths),
        cosine=cosine,
        near=near,
        columns=columns,
    )


def _words(asked: Asked, blocks: Sequence[TextBlock], lengths: Sequence[int]) -> dict[str, Floats]:
    """How much of the question the words of a sentence, its passage and its headings hold, and what BM25 gives it."""
    coverage = asked.query.coverage
    chunks = {block.chunk.id: block.chunk for block in blocks}
    held = {key: coverage(term_set(embedded_text(chunk), chunk.language)) for key, chunk in chunks.items()}
    titled = {
        key: coverage(term_set(" ".join((chunk.title, *chunk.heading)), chunk.language)) for key, chunk in chunks.items()
    }
    best = max((asked.keyword_scores.get(key, 0.0) for key in chunks), default=0.0) or 1.0
    by_block = {
        "passage_words": [held[block.chunk.id] for block in blocks],
        "heading_words": [titled[block.chunk.id] for block in blocks],
        "keywords": [asked.keyword_scores.get(block.chunk.id, 0.0) / best for block in blocks],
        "passage": [block.passage.score if block.passage else 0.0 for block in blocks],
    }
    own = [coverage(term_set(text, block.chunk.language)) for block in blocks for text in block.texts]
    return {"words": _floats(own)} | {name: np.repeat(_floats(values), lengths) for name, values in by_block.items()}


def _phrasings(
    index: Generation, asked: Asked, own: tuple[NDArray[np.int64], Floats], twins: tuple[NDArray[np.int64], Floats]
) -> dict[str, Floats]:
    """How near the question is to sentences in the space of the corpus's questions, and to what these are asked for."""
    like, size = asked.like, index.manifest.rows
    if like is None:
        return {name: np.zeros(len(own[0]), np.float32) for name in ("space", "phrasing", "outline", "vote", "opening")}
    phrasings, space = like.phrasings, like.space
    near = (space.cosines(like.projected, own[1], own[0]) + space.cosines(like.projected, twins[1], twins[0])) / 2
    answers = np.where(phrasings.curated, phrasings.by_outline(like.near, most=2), -1)
    return {
        "space": _standard(near),
        "phrasing": np.maximum(phrasings.by_sentence(phrasings.by_outline(like.near), size)[own[0]], 0),
        "outline": np.maximum(phrasings.by_sentence(answers, size)[own[0]], 0),
        "vote": phrasings.shares(like.votes, size)[own[0]],
        "opening": phrasings.shares(like.votes, size, first=True)[own[0]],
    }


def _of_blocks(sentences: _Sentences) -> dict[str, Floats]:
    """The best, the mean and the first sentence of each block."""
    starts = np.flatnonzero(np.diff(sentences.block, prepend=-1))
    counts = np.diff(starts, append=len(sentences.block))
    found = {}
    for name, column in sentences.columns.items():
        found[f"{name}_best"] = np.maximum.reduceat(column, starts)
        if name in ("meaning", "space", "phrasing", "outline", "vote"):
            found[f"{name}_mean"] = np.add.reduceat(column, starts) / counts
            found[f"{name}_first"] = column[starts]
    return found


_OF_DOCUMENT: tuple[tuple[str, int], ...] = (
    *(("meaning", 3), ("meaning", 10), ("space", 3), ("space", 10), ("phrasing", 3), ("phrasing", 10)),
    *(
        ("outline", 1),
        ("outline", 8),
        ("vote", 3),
        ("vote", 10),
        ("opening", 3),
        ("keywords", 8),
        ("passage_words", 10),
        ("passage", 5),
    ),
)
"""Columns, and how many of a document's best sentences speak for it."""


def _of_documents(sentences: _Sentences) -> dict[str, Floats]:
    """How good each block's document is by its best sentences, and how far it stands behind the best document."""
    documents = int(sentences.document.max()) + 1
    found = {}
    for name, most in _OF_DOCUMENT:
        column = sentences.columns[name]
        each = _floats([np.sort(column[sentences.document == at])[-most:].mean() for at in range(documents)])
        first = np.flatnonzero(np.diff(sentences.block, prepend=-1))
        of_block = each[sentences.document[first]]
        found[f"document_{name}_{most}"] = of_block
        found[f"document_{name}_{most}_behind"] = of_block - each.max()
    return found


def _of_form(blocks: Sequence[TextBlock]) -> dict[str, Floats]:
    """What a block looks like."""
    forms: dict[str, Callable[[TextBlock], float]] = {
        "is_item": lambda block: block.is_item,
        "log_words": lambda block: np.log(max(1, block.words)),
        "sentences": lambda block: len(block.texts),
        "has_digit": lambda block: any(map(str.isdigit, "".join(block.texts))),
        "is_question": lambda block: block.texts[-1].endswith("?"),
        "announces": lambda block: block.announces,
        "links": lambda block: block.chunk.text[_span(block)].count("](") / max(1, block.words),
    }
    return {name: _floats([float(form(block)) for block in blocks]) for name, form in forms.items()}


def _span(block: TextBlock) -> slice:
    return slice(block.sentences[0].start - block.chunk.start, block.sentences[-1].end - block.chunk.start)


def _sections_asked_for(index: Generation, like: LikeQuestions | None) -> dict[str, float]:
    """In which sections questions like this one are answered: shares of the votes of the nearest phrasings."""
    if like is None:
        return dict.fromkeys(_OWN_SECTIONS, _EVEN)
    votes = dict.fromkeys(_OWN_SECTIONS, 0.0)
    for at in np.flatnonzero(like.votes):
        sections = index.outline_sections[at]
        for section in sections:
            votes[section] += float(like.votes[at]) / len(sections)
    return votes


def _of_sections(wanted: dict[str, float], own: Sequence[str]) -> dict[str, Floats]:
    """Which section a block is in, and how much the question asks for that section.

    :param own: the section of each block.
    """
    asked = _floats([np.log(wanted[section] + _LEAST_SHARE) for section in own])
    places = {section or "other": _floats([float(section == each) for each in own]) for section in _OWN_SECTIONS}
    return (
        {"section_asked_for": asked}
        | {f"section_{name}": place for name, place in places.items()}
        | {f"section_{name}_asked_for": place * asked for name, place in places.items()}
    )


def _standard(values: NDArray[np.floating[Any]]) -> Floats:
    """Mean 0 and deviation 1 over the candidates: what counts is how far one stands above the others."""
    return _floats((values - values.mean()) / (values.std() or 1.0))


def _floats(values: object) -> Floats:
    return np.asarray(values, np.float32)
