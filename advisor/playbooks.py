"""The list items of a playbook's sections, as places that can be cited: its steps, its trade-offs, its checklist."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from advisor.chunking import blocks_of
from advisor.lexical import terms
from advisor.text import Lines, fold, plain
from advisor.types import Citation, Document

Part = Literal["steps", "trade-offs", "checklist"]

_HEADINGS: dict[str, Part] = {
    "comment faire, etape par etape": "steps",
    "how to do it, step by step": "steps",
    "arbitrages et desaccords": "trade-offs",
    "trade-offs and disagreements": "trade-offs",
    "liste de controle": "checklist",
    "checklist": "checklist",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A list item: `[start, end)` of the document's text, under its heading path; `text` is what a reader sees."""

    document: str
    heading: tuple[str, ...]
    start: int
    end: int
    text: str


def items(document: Document, part: Part) -> list[Item]:
    """The items of one part of a document in reading order; none when it has no such section."""
    return [
        Item(document.id, block.heading, block.start, block.end, plain(document.text[block.start : block.end]))
        for block in blocks_of(document)
        if block.is_item and block.heading and _HEADINGS.get(fold(block.heading[-1])) == part
    ]


def most_related(found: Sequence[Item], document: Document, text: str, *, num_items: int) -> list[Item]:
    """The items that share most with a text, in reading order; one that shares nothing is left out.

    A shared term counts for more where few of the items have it.
    """
    held = [set(terms(item.text, document.language)) for item in found]
    wanted = set(terms(text, document.language))
    having = Counter(term for some in held for term in some)
    worth = {term: math.log(1 + len(found) / having[term]) for term in wanted & having.keys()}
    scores = [sum(worth[term] for term in some & worth.keys()) for some in held]
    best = sorted((n for n, score in enumerate(scores) if score > 0), key=lambda n: -scores[n])[:num_items]
    return [found[n] for n in sorted(best)]


def cite(document: Document, item: Item, marker: int) -> Citation:
    """An item as a citation."""
    lines = Lines(document.text)
    return Citation(
        marker=marker,
        document=document.id,
        title=document.title,
        heading=item.heading,
        start=item.start,
        end=item.end,
        start_line=lines.of(item.start),
        end_line=lines.of(item.end - 1),
        quote=document.text[item.start : item.end],
        page=document.page_of(item.start),
        evidence=document.evidence,
        date=document.updated,
    )
