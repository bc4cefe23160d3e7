"""Passages -> their sentences, each with how well it answers the question."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from advisor.documents.passages import embedded_text
from advisor.documents.sections import Role, role
from advisor.index.generation import Generation
from advisor.models.embeddings import cosines
from advisor.retrieval.query import Query
from advisor.text.plain import fold, plain
from advisor.text.terms import term_set
from advisor.types import Citation, ScoredChunk, Sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Shares of the score: meaning, the question's words in the sentence, in its passage, the passage's own rank.
_MEANING, _WORDS, _NEARBY, _PASSAGE = 0.45, 0.35, 0.3, 0.2
_CHUNK = 0.2  # share of the passage's cosine in the meaning of its sentence
_TWIN = 0.5  # share of the translation's cosine
_KIND_BONUS = 0.1
_PLACE_BONUS = 0.15
_LINK_PENALTY = 0.3
_QUESTION_PENALTY = 0.4
_FRAGMENT_PENALTY = 0.2
_WARNING_PENALTY = 0.4
_POSED_PENALTY = 0.2  # for what poses the question and says why it matters
_SAID_PENALTY = 0.15  # for what the answer before a follow-up said
_LEAST_WORDS = 5

_ASKS_FIGURE = re.compile(
    r"\b(?:combien|quel(?:le)?s? (?:gain|pourcentage|part|taux|montant|delai|duree|chiffres?|date|cout)|quand"
    r"|how (?:much|many|long)|when|what (?:percentage|share|rate|gain|date|deadline)|pourcentage|percentage|date|delai"
    r"|deadline)\b"
)
_ASKS_SIGNS = re.compile(
    r"\b(?:signes?|signaux|alertes?|symptomes?|a quoi (?:voit|reconnait)|risques?|pieges?|erreurs?|mal|mauvais|mauvaise"
    r"|wrong|bad|signs?|warnings?|red flags?|symptoms?|pitfalls?|risks?|mistakes?)\b"
)
# Questions that one section of a playbook is there to answer.
_PLACES: dict[Role, re.Pattern[str]] = {
    "warnings": re.compile(
        r"\b(?:a quoi (?:voit|reconnait)|comment savoir|signes? (?:que|qui|d)|symptomes?|signaux|(?:warning|bad) signs?"
        r"|red flags?|symptoms?|signs? (?:that|of)|how (?:do|can) (?:i|we) (?:know|tell))\b"
    ),
    "applies": re.compile(
        r"\b(?:dans quels? (?:cas|conditions?)|a quelles? conditions?|quand (?:faut[- ]il|vaut|est[- ]ce|un|une|le|la)"
        r"|mauvaise idee|vaut[- ]il mieux|(?:in|under) (?:which|what) (?:cases?|conditions?)"
        r"|when (?:is|are|would|should|does|do|not)|bad idea|worth)\b"
    ),
    "trade-offs": re.compile(
        r"\b(?:mauvaise idee|inconvenients?|desavantages?|pour ou contre|le pour et le contre|bad idea|drawbacks?|downsides?"
        r"|disadvantages?|pros and cons|trade-?offs?)\b"
    ),
}
_ASKS_WHY = re.compile(r"\b(?:pourquoi|raisons?|causes?|why|reasons?)\b")
_ASKS_PROOF = re.compile(
    r"\b(?:prouvee?s?|preuves?|demontree?s?|fiables?|contestee?s?|serieu(?:x|ses?)|proven|proofs?|proved?|reliable"
    r"|contested|disputed|debated|trust(?:ed|worthy)?)\b"
)
_FIGURE = re.compile(r"\d")
_DEBATED = re.compile(
    r"\b(?:contestee?s?|debat(?:tue?s?|s)?|prouve(?:nt)?|correlations?|declarati(?:f|ve)s?|fragiles?|contested|debated?|debates"
    r"|prove[sn]?|self-declared|weak)\b"
)
_CAUSE = re.compile(
    r"\b(?:parce que|car|faute de|grace a|en raison|a cause|puisque|afin de|pour que|because|due to|since|for lack of"
    r"|so that|thanks to|in order to)\b"
)


@dataclass(frozen=True, slots=True, eq=False)
class ScoredSentence:
    """A sentence of a passage.

    `alike` is its cosine with the question, its translation's counting too; `cosine` that one, or the cosine of the nearest
    question that it is known to answer, whichever is higher; `coverage` the share (0..1) of the question that its own
    words hold; `score` ranks the sentences of one question. `is_link` says that it points to another page.
    """

    passage: ScoredChunk
    sentence: Sentence
    text: str
    vector: NDArray[np.float32]
    alike: float
    cosine: float
    coverage: float
    score: float
    is_link: bool

    @property
    def words(self) -> int:
        """Its length in words."""
        return len(self.text.split())

    @property
    def source(self) -> str:
        """The document it is in."""
        return self.passage.chunk.document


def score_sentences(
    index: Generation,
    query: Query,
    vector: NDArray[np.float32],
    asked: Mapping[int, float],
    passages: Sequence[ScoredChunk],
) -> list[ScoredSentence]:
    """Every sentence of the passages, in passage order, then reading order.

    :param vector: the question's unit vector, shape (dimension,).
    :param asked: sentence number -> cosine of the nearest question that it is known to answer.
    """
    stored = index.catalog.chunks([passage.chunk.id for passage in passages])
    places = [(passage, at) for passage in passages for at in range(len(passage.chunk.sentences))]
    if not places:
        return []
    vectors = index.sentence_vectors([stored[passage.chunk.id].numbers[at] for passage, at in places])
    twins = index.sentence_vectors([stored[passage.chunk.id].twins[at] for passage, at in places])
    known = np.array([asked.get(stored[passage.chunk.id].numbers[at], -1.0) for passage, at in places], np.float32)
    alike = (1 - _TWIN) * cosines(vectors, vector) + _TWIN * cosines(twins, vector)
    near = np.maximum(alike, known)
    # What only the words found is no nearer than the last that the vectors found.
    farthest = min((passage.dense for passage in passages if passage.dense is not None), default=0.0)
    chunks = np.array([farthest if passage.dense is None else passage.dense for passage, _ in places], np.float32)
    meaning = (1 - _CHUNK) * near + _CHUNK * chunks
    low = float(np.median(meaning))
    spread = float(meaning.max()) - low or 1.0
    asks = _Asks.of(query.question)
    roles = {passage.chunk.id: role(passage.chunk) for passage in passages}
    nearby = {p.chunk.id: query.coverage(term_set(embedded_text(p.chunk), p.chunk.language)) for p in passages}
    found = []
    for (passage, at), own, like, cosine, value in zip(places, vectors, alike, near, meaning, strict=True):
        chunk = passage.chunk
        raw = chunk.text_of(chunk.sentences[at])
        text, is_link = plain(raw), "](" in raw
        coverage = query.coverage(term_set(text, chunk.language))
        score = (
            _MEANING * (float(value) - low) / spread
            + _WORDS * coverage
            + _NEARBY * nearby[chunk.id]
            + _PASSAGE * passage.score
            + _adjustment(asks, text, roles[chunk.id], is_link=is_link)
        )
        found.append(
            ScoredSentence(passage, chunk.sentences[at], text, own, float(like), float(cosine), coverage, score, is_link)
        )
    return found


@dataclass(frozen=True, slots=True)
class _Asks:
    """What a question is for."""

    figure: bool
    why: bool
    signs: bool
    proof: bool
    places: frozenset[Role]

    @classmethod
    def of(cls, question: str) -> _Asks:
        folded = fold(question)
        patterns = (_ASKS_FIGURE, _ASKS_WHY, _ASKS_SIGNS, _ASKS_PROOF)
        figure, why, signs, proof = (bool(pattern.search(folded)) for pattern in patterns)
        places: frozenset[Role] = frozenset(place for place, pattern in _PLACES.items() if pattern.search(folded))
        return cls(figure, why, signs or "warnings" in places, proof, places)


def _adjustment(asks: _Asks, text: str, place: Role, *, is_link: bool) -> float:
    """What the form and the place of a sentence add or take away, for what is asked."""
    value = 0.0
    if asks.figure and _FIGURE.search(text):
        value += _KIND_BONUS
    if (asks.why and _CAUSE.search(fold(text))) or (asks.proof and _DEBATED.search(fold(text))):
        value += _KIND_BONUS
    if place in asks.places:
        value += _PLACE_BONUS
    if place == "warnings" and not asks.signs:
        value -= _WARNING_PENALTY  # "the plan omits the cost" describes what goes wrong: alone, it would read as advice
    if place == "question" and not asks.why:
        value -= _POSED_PENALTY
    if is_link:
        value -= _LINK_PENALTY  # a pointer to another page answers nothing
    if text.endswith("?"):
        value -= _QUESTION_PENALTY
    if len(text.split()) < _LEAST_WORDS:
        value -= _FRAGMENT_PENALTY
    return value


def without(sentences: Sequence[ScoredSentence], said: Sequence[Citation]) -> list[ScoredSentence]:
    """The sentences that lie in none of these citations."""
    return [scored for scored in sentences if not _is_in(scored, said)]


def counting_less(sentences: Sequence[ScoredSentence], said: Sequence[Citation]) -> list[ScoredSentence]:
    """The sentences, those that lie in one of these citations with a lower score: an answer is seldom what was just said."""
    return [replace(scored, score=scored.score - _SAID_PENALTY) if _is_in(scored, said) else scored for scored in sentences]


def _is_in(scored: ScoredSentence, said: Sequence[Citation]) -> bool:
    return any(scored.source == one.document and one.start <= scored.sentence.start < one.end for one in said)
