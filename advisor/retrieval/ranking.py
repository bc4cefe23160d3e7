"""The candidate blocks in the order in which they answer: a logistic model of their features.

The weights in `ranking.json` come from `evals/train_ranking.py`, which says what they were fitted on and measured with. One
set is for corpora with phrasings, the other for those without.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from advisor.index.generation import Generation
from advisor.retrieval.block_features import Asked, BlockFeatures, block_features
from advisor.retrieval.blocks import TextBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class RankedBlock:
    """A block with the probabilities (0..1) that an expert's answer would hold it, and that it would help the asker.

    `focus` is the place of its sentence that is nearest to the question, `cosine` that of this sentence; `lead` is the place
    of the sentence that it would open an answer with, `opening` how many (0..1) of the answers to like questions begin so.
    """

    block: TextBlock
    core: float
    useful: float
    focus: int = 0
    cosine: float = 0.0
    lead: int = 0
    opening: float = 0.0

    @property
    def score(self) -> float:
        """What blocks are ordered by."""
        return (self.core + self.useful) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Weights of a logistic model: for each feature its mean, deviation, and weights for `core` and `useful`."""

    features: Mapping[str, tuple[float, float, float, float]]
    bias: tuple[float, float]

    def probabilities(self, features: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float64]:
        """The probabilities of `core` and `useful`, shape (blocks, 2)."""
        mean, deviation, *weights = np.array(list(self.features.values())).T
        table = np.stack([features[name] for name in self.features], axis=1)
        logits = (table - mean) / deviation @ np.stack(weights, axis=1) + np.array(self.bias)
        return np.asarray(1 / (1 + np.exp(-logits)))


@cache
def models() -> dict[str, Model]:
    """The models by name: `phrasings` for a corpus that has some, `plain` for any other."""
    loaded: dict[str, Any] = json.loads((files("advisor.retrieval") / "ranking.json").read_text(encoding="utf-8"))
    return {name: Model(each["features"], tuple(each["bias"])) for name, each in loaded["models"].items()}


def rank_blocks(index: Generation, asked: Asked, blocks: Sequence[TextBlock]) -> list[RankedBlock]:
    """The blocks, best first; those that are equally good as they stand."""
    if not blocks:
        return []
    model = models()["phrasings" if index.knows_questions else "plain"]
    return order_blocks(blocks, block_features(index, asked, blocks), model)


def order_blocks(blocks: Sequence[TextBlock], features: BlockFeatures, model: Model) -> list[RankedBlock]:
    """The blocks in the order that a model gives them."""
    likely = model.probabilities(features.columns)
    ranked = [
        RankedBlock(
            block=block,
            core=float(likely[at, 0]),
            useful=float(likely[at, 1]),
            focus=int(features.focus[at]),
            cosine=float(features.cosine[at]),
            lead=int(features.lead[at]),
            opening=float(features.opening[at]),
        )
        for at, block in enumerate(blocks)
    ]
    return sorted(ranked, key=lambda each: -each.score)
