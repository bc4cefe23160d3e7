"""Logistic models of short texts: a weight for each word, pair of words or group of letters that tells something.

The weights are data, fitted by `evals/train_short_texts.py` on questions of our own and of open sets.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

_LONGEST_GROUP = 4  # letters


@dataclass(frozen=True, slots=True)
class LinearModel:
    """What each feature of a text says for the answer "yes" (its weight; those without one say nothing).

    `known` are the words that its features tell apart from others, if they do.
    """

    bias: float
    weights: Mapping[str, float]
    known: frozenset[str] = frozenset()

    def probability(self, features: Iterable[str]) -> float:
        """How likely (0..1) "yes" is for a text with these features, each counted once."""
        logit = self.bias + sum(self.weights.get(feature, 0.0) for feature in set(features))
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, logit))))


@cache
def read_models(package: str, file: str) -> dict[str, LinearModel]:
    """The models of a file of weights, by name."""
    loaded = json.loads((files(package) / file).read_text(encoding="utf-8"))["models"]
    return {
        name: LinearModel(each["bias"], each["weights"], frozenset(each.get("known", ()))) for name, each in loaded.items()
    }


def letter_groups(words: Sequence[str]) -> list[str]:
    """The words, and the groups of one to four letters in each, its beginning and end marked by a space."""
    groups = [f"{word} " for word in words]  # a word's own feature ends in a space, as no inner group does
    for word in words:
        marked = f" {word} "
        groups += [
            f"~{marked[at : at + size]}" for size in range(1, _LONGEST_GROUP + 1) for at in range(len(marked) - size + 1)
        ]
    return groups


def word_pairs(words: Sequence[str]) -> list[str]:
    """The words, and each two in a row; "<" and ">" stand for the beginning and the end."""
    return [*words, *(f"{first} {second}" for first, second in pairwise(("<", *words, ">")))]
