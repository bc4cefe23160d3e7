"""The list items of a playbook's sections, as places that can be cited: its steps, its trade-offs, its checklist."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.documents.chunking import blocks_of
from advisor.documents.citations import cite
from advisor.documents.sections import Section, Sections
from advisor.text.plain import plain
from advisor.text.terms import terms
from advisor.types import Citation, Document


@dataclass(frozen=True, slots=True)
class Item:
    """A list item: `[start, end)` of the document's text, under its heading path; `text` is what a reader sees."""

    document: str
    heading: tuple[str, ...]
    start: int
    end: int
    text: str


def items(document: Document, section: Section, sections: Sections) -> list[Item]:
    """The items of one section of a document in reading order; none when it has no such section.

    :param sections: of the corpus that the document is from.
    """
    return [
        Item(document.id, block.heading, block.start, block.end, plain(document.text[block.start : block.end]))
        for block in blocks_of(document)
        if block.is_item and sections.of(block.heading) == section
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


def cite_item(document: Document, item: Item, marker: int) -> Citation:
    """An item as a citation."""
    return cite(document, item.heading, item.start, item.end, marker)
