"""How well source sentences support a sentence that nobody copied: which of them it rests on, and the probability.

The sentence is aligned with the few source sentences that together hold its words, its figures and its names. Features of
the alignment (`advisor.verification.support_features`) make the probability that a careful reader would call it supported: a
logistic regression, whose weights (`groundedness.json`) `evals/train_groundedness.py` fits on sentences as strong chat
models write them: faithful, with one thing changed, and invented. A cosine adds nothing to these features; it decides where
sentence and sources differ in language.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from advisor.models.embeddings import cosines
from advisor.types import Language
from advisor.verification.support_features import held_by, items_of, support_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], "NDArray[np.float32]"]
"""Texts -> unit vectors, shape (len(texts), dimension)."""

_MOST_ALIGNED = 4  # source sentences that one sentence may rest on
_LEAST_GAIN = 0.08  # share of the sentence's words that a further source sentence must add


@dataclass(frozen=True, slots=True)
class SourceSentence:
    """A sentence of a cited passage: `[start, end)` of its document, as a reader sees it, under its title and headings."""

    document: str
    start: int
    end: int
    text: str
    language: Language
    marker: int
    heading: tuple[str, ...] = ()


class Sources:
    """The sentences of the passages that a model was given, each encoded when it is first needed."""

    def __init__(self, sentences: Sequence[SourceSentence], encode: Encode) -> None:
        self.sentences = tuple(sentences)
        self._known = frozenset[object]().union(*(held_by(one.text, one.language) for one in self.sentences))
        self._encode = encode
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def rests_on(self, text: str, language: Language, candidates: Sequence[SourceSentence]) -> list[SourceSentence]:
        """The few of some source sentences that hold most of a sentence; none where there are none.

        Where no word is shared, or all are in another language, the one with the nearest meaning is among them.
        """
        chosen = _cover(text, language, candidates) if candidates else []
        if candidates and not any(one.language == language for one in chosen):
            nearest = candidates[int(np.argmax(self._cosines(text, candidates)))]
            chosen = [nearest, *(one for one in chosen if one is not nearest)]
        return chosen

    def support(self, text: str, language: Language, chosen: Sequence[SourceSentence]) -> float:
        """The probability (0..1) that source sentences support a sentence.

        Where none of them is in its language, their cosines tell, and the sentence is encoded for that.
        """
        if any(one.language == language for one in chosen):
            return _probability(self.features(text, language, chosen), "weights")
        return _probability({"cosine": float(self._cosines(text, chosen).max())}, "foreign")

    def know(self, text: str, language: Language) -> bool:
        """Whether the passages hold at least half of the words of a text."""
        words = set(items_of(text, language))
        return 2 * len(words & self._known) >= len(words)

    def features(self, text: str, language: Language, chosen: Sequence[SourceSentence]) -> Mapping[str, float]:
        """What support is judged by within one language."""
        return support_features(text, language, [(one.text, one.language) for one in chosen], self._known)

    def _cosines(self, text: str, sentences: Sequence[SourceSentence]) -> NDArray[np.float32]:
        texts = [text, *(sentence.text for sentence in sentences)]
        new = [each for each in dict.fromkeys(texts) if each not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._encode(new), strict=True))
        vectors = np.stack([self._vectors[each] for each in texts])
        near: NDArray[np.float32] = cosines(vectors[1:], vectors[0])
        return near


def _cover(text: str, language: Language, candidates: Sequence[SourceSentence]) -> list[SourceSentence]:
    """The few source sentences that hold most of a sentence: greedily, the one that adds most first."""
    wanted = dict(items_of(text, language))
    total = sum(wanted.values()) or 1.0
    chosen: list[SourceSentence] = []
    while wanted and len(chosen) < _MOST_ALIGNED:
        gains = [
            sum(worth for item, worth in wanted.items() if item in held_by(s.text, language)) if s not in chosen else 0.0
            for s in candidates
        ]
        best = int(np.argmax(gains))
        held = held_by(candidates[best].text, language)
        adds_a_fact = any(worth > 1 for item, worth in wanted.items() if item in held)
        if gains[best] <= 0 or (chosen and gains[best] < _LEAST_GAIN * total and not adds_a_fact):
            break
        chosen.append(candidates[best])
        wanted = {item: worth for item, worth in wanted.items() if item not in held}
    return chosen


@cache
def _calibration() -> dict[str, dict[str, float]]:
    """`weights` of the features within one language and `foreign` of the cosine across two, each with its `bias`.

    `threshold`: `support`, from which on a sentence is shown.
    """
    text = (files("advisor.verification") / "groundedness.json").read_text(encoding="utf-8")
    values: dict[str, dict[str, float]] = json.loads(text)
    return values


def least_support() -> float:
    """The probability from which on a sentence is shown."""
    return _calibration()["threshold"]["support"]


def _probability(features: Mapping[str, float], kind: str) -> float:
    """The probability (0..1) that a careful reader would call the sentence supported."""
    weights = _calibration()[kind]
    total = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in features.items())
    return 1 / (1 + math.exp(-total))
