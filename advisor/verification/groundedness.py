"""How well source sentences support a sentence that nobody copied: which of them it rests on, and the probability.

The sentence is aligned with the few source sentences that hold its words, its figures and its names. Two features of the
alignment make the probability that a person would call it supported: a logistic regression, whose weights
(`groundedness.json`) `evals/calibrate_groundedness.py` fits on half of the sentences of QAGS that people judged. More
features (pairs of words, several source sentences together) raise the AUROC by 0.01 and reject more honest paraphrases: the
summaries of QAGS copy.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from advisor.models.embeddings import cosines
from advisor.text.figures import figures
from advisor.text.names import words_of
from advisor.text.plain import fold
from advisor.text.terms import term_set
from advisor.types import Language

if TYPE_CHECKING:
    from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], "NDArray[np.float32]"]
"""Texts -> unit vectors, shape (len(texts), dimension)."""

_MOST_ALIGNED = 3  # source sentences that one sentence may rest on
_LEAST_GAIN = 0.12  # share of the sentence's words that a further source sentence must add
_WORTH_OF_A_FIGURE = 1.5  # in words: a figure or a name of the sentence that a source sentence holds


@dataclass(frozen=True, slots=True)
class SourceSentence:
    """A sentence of a cited passage: `[start, end)` of its document, as a reader sees it."""

    document: str
    start: int
    end: int
    text: str
    language: Language
    marker: int


@dataclass(frozen=True, slots=True)
class SupportFeatures:
    """What support is judged by, in 0..1.

    `coverage`: share of the sentence's words and figures that the best source sentence holds, alone; `cosine`: of the
    sentence and the nearest of the source sentences it rests on.
    """

    coverage: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Alignment:
    """The source sentences that a sentence rests on, in reading order, and how well (0..1)."""

    sentences: tuple[SourceSentence, ...]
    features: SupportFeatures
    score: float


class Sources:
    """The sentences of the cited passages, with vectors made once."""

    identical = SupportFeatures(1.0, 1.0)

    def __init__(self, sentences: Sequence[SourceSentence], encode: Encode) -> None:
        self.sentences = tuple(sentences)
        self._encode = encode
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def prepare(self) -> None:
        """Encode every sentence; otherwise each is encoded when it is first needed."""
        self._encoded([sentence.text for sentence in self.sentences])

    def _encoded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])

    def rests_on(self, text: str, language: Language, markers: Sequence[int] = ()) -> list[SourceSentence]:
        """The few source sentences that hold most of a sentence; none when there are no sources."""
        candidates = [s for s in self.sentences if not markers or s.marker in markers]
        chosen = _cover(text, language, candidates) if candidates else []
        if candidates and not chosen:  # not one word in common: another language, or other words
            chosen = [candidates[int(np.argmax(self._cosines(text, candidates)))]]
        return chosen

    def judge(self, text: str, language: Language, chosen: Sequence[SourceSentence]) -> Alignment:
        """How well source sentences support a sentence as a whole. It is encoded for that, which takes most of the time."""
        coverage = max(held_share(text, language, [one.text]) for one in chosen)
        features = SupportFeatures(coverage, max(0.0, float(self._cosines(text, chosen).max())))
        return Alignment(tuple(sorted(chosen, key=lambda s: (s.marker, s.start))), features, probability(features))

    def _cosines(self, text: str, sentences: Sequence[SourceSentence]) -> NDArray[np.float32]:
        vectors = self._encoded([text, *(sentence.text for sentence in sentences)])
        return cosines(vectors[1:], vectors[0])


@lru_cache(maxsize=4_000)
def _items(text: str, language: Language) -> dict[object, float]:
    """What a source sentence has to hold of a sentence: its words, its figures, its names; each with its worth."""
    folded, numbers = fold(text), figures(text)
    for figure in reversed(numbers):  # "dix-sept pour cent" is a figure, not four words
        folded = f"{folded[: figure.start]} {folded[figure.end :]}"
    found: dict[object, float] = dict.fromkeys(term_set(folded, language), 1.0)
    return found | dict.fromkeys((figure.key for figure in numbers), _WORTH_OF_A_FIGURE)


@lru_cache(maxsize=4_000)
def _held(text: str, language: Language) -> frozenset[object]:
    return frozenset([*term_set(text, language), *(figure.key for figure in figures(text)), *words_of(text)])


def _cover(text: str, language: Language, candidates: Sequence[SourceSentence]) -> list[SourceSentence]:
    """The few source sentences that hold most of a sentence: greedily, the one that adds most first."""
    wanted = dict(_items(text, language))
    total = sum(wanted.values()) or 1.0
    chosen: list[SourceSentence] = []
    while wanted and len(chosen) < _MOST_ALIGNED:
        gains = [
            sum(worth for item, worth in wanted.items() if item in _held(s.text, language)) if s not in chosen else 0.0
            for s in candidates
        ]
        best = int(np.argmax(gains))
        if gains[best] <= 0 or (chosen and gains[best] < _LEAST_GAIN * total):
            break
        chosen.append(candidates[best])
        held = _held(candidates[best].text, language)
        wanted = {item: worth for item, worth in wanted.items() if item not in held}
    return chosen


def held_share(text: str, language: Language, others: Sequence[str]) -> float:
    """How much (0..1) of a sentence's words and figures other sentences of its language hold."""
    items = _items(text, language)
    held = frozenset[object]().union(*(_held(other, language) for other in others))
    total = sum(items.values())
    return sum(worth for item, worth in items.items() if item in held) / total if total else 0.0


@cache
def calibration() -> dict[str, float]:
    """The weights of the features, `bias`, and `threshold`."""
    values: dict[str, float] = json.loads((files("advisor.verification") / "groundedness.json").read_text(encoding="utf-8"))[
        "weights"
    ]
    return values


def probability(features: SupportFeatures) -> float:
    """The probability (0..1) that a person would call the sentence supported."""
    weights = calibration()
    names = (field.name for field in fields(SupportFeatures))
    total = weights["bias"] + sum(weights[n] * value for n, value in zip(names, astuple(features), strict=True))
    return 1 / (1 + math.exp(-total))
