"""Orders to an assistant inside a document: whoever writes them wants to speak through the answers.

A corpus informs; it has no business telling a program what to answer. A sentence that does is left out of what is searched
and quoted; the rest of the document stays. Two logistic regressions find it, whose weights (`orders.json`) are fitted on
sentences of our own by `evals/train_orders.py`: one by its words, which is cheap, and for those that it does not clear, one
by words and the vector of the sentence. What stands in quotation marks or in code is an example, and is no order. A document
without orders that is simply false is not recognised here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from advisor.text.disguise import undisguised
from advisor.text.plain import NEWLINE, Lines, fold, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], "NDArray[np.float32]"]
"""Sentences -> unit vectors of the bundled model, shape (sentences, dimension)."""

_QUOTED = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]+`|«[^«»]*»|“[^“”]*”|\"[^\"\n]*\"", re.DOTALL)
_PARTS = re.compile(r"[;|()\r\n–—]+")
_CLAUSE = re.compile(r"(?<=[,:])\s+")
_WORD = re.compile(r"[^\W_]+|[:?]")
_LONG = 120  # characters from which on an order may stand between other clauses
_LONGEST = 1_000  # characters that are looked at together: a sentence has fewer
_LONGEST_SHOWN = 80  # characters of an order that is told of
_FEW_WORDS = 6  # of a sentence that may begin what the next one says


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence, a heading or a title: `[start, end)` of the document's text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class OrderWeights:
    """Two logistic regressions. `words` has the weight of a word, or of two in a row, in the first and in the second.

    `threshold`: of the first to look further, of the second to be an order, of the first to be one by its words alone.
    """

    words: dict[str, tuple[float, float]]
    vector: NDArray[np.float32]
    bias: tuple[float, float]
    threshold: tuple[float, float, float]

    def by_words(self, text: str, number: int) -> float:
        """What the words of a text add to the score of a regression."""
        found = [self.words[gram][number] for gram in grams(text) if gram in self.words]
        return sum(found) / math.sqrt(len(found) or 1) + self.bias[number]


@cache
def order_weights() -> OrderWeights:
    """The weights that were fitted."""
    values = json.loads((files("advisor.documents") / "orders.json").read_text(encoding="utf-8"))["weights"]
    words = {gram: (look, decision) for gram, look, decision in values["words"]}
    return OrderWeights(words, np.array(values["vector"], np.float32), tuple(values["bias"]), tuple(values["threshold"]))


def grams(text: str) -> list[str]:
    """The words of a text and its pairs of words, folded, each once."""
    words = _WORD.findall(fold(text))
    return list(dict.fromkeys((*words, *(f"{left} {right}" for left, right in pairwise(words)))))


def without_examples(text: str) -> str:
    """The text with what is quoted blanked: every character, and every line, stays where it is."""
    return _QUOTED.sub(lambda found: NEWLINE.sub("\n", re.sub(r"[^\r\n]", " ", found.group())), text)


def wordings(text: str) -> list[str]:
    """A sentence as it is judged: the whole, and in a long one, or in a table, each part that may stand for itself."""
    if len(text) > _LONGEST:
        starts = range(0, len(text), _LONGEST // 2)
        return list(dict.fromkeys(wording for start in starts for wording in wordings(text[start : start + _LONGEST])))
    parts = [part for part in _PARTS.split(text) if len(part.split()) > 1]
    found = [undisguised(plain(part)) for part in (text, *parts)]
    for part in [part for part in found if len(part) > _LONG]:
        clauses = _CLAUSE.split(part)
        found += [f"{left} {right}" for left, right in pairwise(clauses)]
        found += clauses
    return [wording for wording in dict.fromkeys(found) if wording]


def is_suspicious(text: str) -> bool:
    """Whether the words of a text may be an order to an assistant: the cheap look, which lets few orders pass."""
    known = order_weights()
    return known.by_words(text, 0) > known.threshold[0]


def is_order_by_words(text: str) -> bool:
    """Whether the words of a name are an order, without a vector: more have to be told than of a sentence."""
    known = order_weights()
    return known.by_words(undisguised(text), 0) > known.threshold[2]


def orders_in(document: str, passages: Sequence[Passage], encode: Encode) -> list[Passage]:
    """The passages that give an assistant an order.

    :param document: the text of the document that they are in.
    :param passages: in reading order.
    """
    known, found = order_weights(), set[Passage]()
    suspicious = suspicious_in(document, passages)
    if not suspicious:
        return []
    texts = list(dict.fromkeys(wording for wording, _ in suspicious))
    by_vector = dict(zip(texts, np.einsum("ij,j->i", encode(texts), known.vector), strict=True))
    for wording, held in sorted(suspicious, key=lambda one: len(one[1])):
        # Two together say something only where neither does alone, and where their words leave no doubt.
        certain = len(held) == 1 or known.by_words(wording, 0) > known.threshold[2]
        if certain and found.isdisjoint(held) and by_vector[wording] + known.by_words(wording, 1) > known.threshold[1]:
            found.update(held)
    return [passage for passage in passages if passage in found]


def suspicious_in(document: str, passages: Sequence[Passage]) -> list[tuple[str, tuple[Passage, ...]]]:
    """What is looked at further, as it is judged, each with the passages that it is made of; given what `orders_in` is."""
    bare = without_examples(document)
    return [(wording, held) for wording, held in _wordings(bare, passages) if is_suspicious(wording)]


def _wordings(bare: str, passages: Sequence[Passage]) -> Iterator[tuple[str, tuple[Passage, ...]]]:
    """What is judged, and the passages that it is made of: each alone, and a short one with the one after it."""
    before: tuple[Passage, str] | None = None
    for passage in passages:
        text = bare[passage.start : passage.end] if passage.end > passage.start else passage.text
        said = wordings(text)
        yield from ((wording, (passage,)) for wording in said)
        if before and said and len(before[1].split()) <= _FEW_WORDS:
            yield f"{before[1]} {said[0]}", (before[0], passage)
        before = (passage, said[0]) if said else None


def line_of(document: str, order: Passage) -> int:
    """The line that an order begins on, from 1."""
    return Lines(document).of(order.start)


def shortened(text: str) -> str:
    """An order as it is told of, on one line."""
    said = plain(text)
    return said if len(said) <= _LONGEST_SHOWN else said[:_LONGEST_SHOWN].rstrip() + "…"
