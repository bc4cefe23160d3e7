"""How far the corpus can be trusted to hold the answer: signals, and one calibrated probability.

The weights in `calibration.json` come from `evals/calibrate.py`, which fits a logistic regression on open data (questions
whose document is in the index, and questions whose document was held out of it) and records what it measured.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

from advisor.documents.passages import embedded_text
from advisor.retrieval.query import Query
from advisor.retrieval.sentences import ScoredSentence
from advisor.text.plain import fold
from advisor.text.terms import term_set, terms
from advisor.types import ScoredChunk

_COVERING = 5  # passages in which the question's words and names are looked for
_COMPARED = 10  # passages that the best one is compared with
# People whom an asker names by their office ("my HR director wants ..."): their absence says nothing about the subject.
_OFFICES = frozenset({
    "ceo", "cfo", "coo", "cio", "ciso", "cto", "cpo", "chro", "cmo", "cro", "vp", "hr", "drh", "rh", "daf", "dg", "pdg",
    "dga", "dsi", "rssi", "dpo", "codir", "comex",
})  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_WORD_PART = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Signals:
    """What retrieval says about a question.

    `cosine`: of the best chunk; `sentence`: of the best sentence; `margin`: how far the best chunk stands above the other
    passages, in standard deviations; `coverage`: share (0..1) of what the question asks for (idf) that the best passage
    holds; `unknown`: share (0..1) that no passage mentions; `missing`: share (0..1) of the question's names and numbers that
    the best passages do not mention; `length`: logarithm of the number of words (a long question is near to nothing as a
    whole, and no passage holds all of it).
    """

    cosine: float
    sentence: float
    margin: float
    coverage: float
    unknown: float
    missing: float
    length: float


def measure(query: Query, passages: Sequence[ScoredChunk], sentences: Sequence[ScoredSentence]) -> Signals:
    """The signals of one question.

    :param passages: what hybrid search returned, best first.
    :param sentences: the sentences of these passages.
    """
    cosines = sorted((p.dense for p in passages if p.dense is not None), reverse=True)
    best = passages[:_COVERING]
    held = [term_set(embedded_text(p.chunk), p.chunk.language) for p in best]
    return Signals(
        cosine=cosines[0] if cosines else 0.0,
        sentence=max((sentence.cosine for sentence in sentences), default=0.0),
        margin=_margin(cosines),
        coverage=max(map(query.coverage, held), default=0.0),
        unknown=query.unknown,
        missing=_missing_names(query, best, held),
        length=math.log(max(1, len(query.question.split()))),
    )


def _margin(cosines: Sequence[float]) -> float:
    """How many standard deviations the first of some falling values stands above the mean of the others (at most 10)."""
    rest = cosines[1:_COMPARED]
    if not rest:
        return 0.0
    mean = sum(rest) / len(rest)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in rest) / len(rest)) or 1.0
    return min((cosines[0] - mean) / deviation, 10.0)


def _missing_names(query: Query, passages: Sequence[ScoredChunk], held: Sequence[Set[str]]) -> float:
    """The share of names that no passage mentions, neither so nor in another form of the concept.

    :param held: the terms of each passage.
    """
    if not query.names:
        return 0.0
    text = fold(" ".join(embedded_text(passage.chunk) for passage in passages))
    words = set(_WORD.findall(text)) | set(_WORD_PART.findall(text)) | _OFFICES
    known = set[str]().union(*held)

    def is_met(name: str) -> bool:
        own = terms(name, query.language)
        synonyms = (form for need in query.needs if [need.term] == own for form in need.synonyms)
        return name in words or any(form <= known for form in synonyms)

    return sum(not is_met(name) for name in query.names) / len(query.names)


@cache
def calibration() -> dict[str, dict[str, float]]:
    """The weights of each signal, for a passage in the question's language ("same") and in the other ("cross")."""
    loaded: dict[str, dict[str, float]] = json.loads(
        files("advisor.retrieval").joinpath("confidence.json").read_text(encoding="utf-8")
    )["weights"]
    return loaded


def confidence(signals: Signals, *, same_language: bool) -> float:
    """The probability (0..1) that the passages hold the answer."""
    weights = calibration()["same" if same_language else "cross"]
    logit = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in asdict(signals).items())
    return 1 / (1 + math.exp(-max(min(logit, 50.0), -50.0)))
