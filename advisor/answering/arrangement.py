"""The form of an answer made of lines of documents: what leads, in which order the rest follows, what each line cites.

After the opening, whose first sentence is bold, come the steps, what to check, cautions, figures, and what else is worth
knowing, each in reading order. A group has a label where there are several. Lines keep their words and exact places: a list
stays a list, with numbers where the document numbers it, and a table a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from advisor.documents.citations import cite_passage
from advisor.documents.sections import Section
from advisor.index.generation import Generation
from advisor.text.plain import NEWLINE, cells_of_row, has_words, plain
from advisor.types import Chunk, Document, Draft, DraftSentence, Sentence, TableRow

# Where the sentences of a section stand in an answer.
_GROUPS: dict[Section | None, str] = {
    "steps": "how",
    "checklist": "checklist",
    "figures": "figures",
    "trade-offs": "caution",
    "warnings": "signs",
}
TO_CHECK = frozenset({"checklist", "signs"})
"""The groups whose lines say nothing of the asker: they are to be held against what is there."""
_MORE, _REST = "more", "rest"  # what is of no known kind; what follows the opening alone, and needs no label
_ORDER = ("", "how", "checklist", "caution", "signs", "figures", _MORE)
_LONGEST_MARK = 20  # characters before an item, with its indentation


@dataclass(frozen=True, slots=True)
class Pick:
    """A sentence chosen for the answer: its chunk, its place, its part of the answer, and its form there.

    `leads`: it is the one that answers, and shown bold. A `row` without cells is the head of its table.
    """

    chunk: Chunk
    sentence: Sentence
    group: str
    is_item: bool = False
    continues: bool = False
    is_step: bool = False
    leads: bool = False
    row: TableRow | None = None

    @property
    def text(self) -> str:
        """What a reader sees."""
        return plain(self.chunk.text_of(self.sentence))

    @property
    def block(self) -> tuple[str, int]:
        """The paragraph or list item that it is of: its document, and where it starts there."""
        return self.chunk.document, self.sentence.block


def group_of(index: Generation, chunk: Chunk) -> str:
    """The part of an answer that the sentences of a chunk belong to; "" for a section of no known kind."""
    return _GROUPS.get(index.sections.of(chunk.heading), "")


def leading(picks: Sequence[Pick]) -> list[Pick]:
    """The same lines, the first of which is the one that answers."""
    return [replace(picks[0], leads=True), *picks[1:]]


def in_groups(opening: Sequence[Pick], rest: Sequence[Sequence[Pick]]) -> list[Pick]:
    """The opening first, then the groups in a fixed order, each in reading order. One item is no list.

    What is of no known kind goes on from an opening of its section, and ends the answer where it is of another. An opening
    that says nothing of the asker begins its group, which is named then.

    :param rest: the picks of each other block.
    """
    section, opens = opening[0].chunk.heading, opening[0].group
    grouped = [opening] if opens else []
    for picks in rest:
        group = picks[0].group or ("" if picks[0].chunk.heading == section else _MORE)
        grouped.append([replace(pick, group=group) for pick in picks])
    items = Counter(picks[0].group for picks in grouped if picks[0].is_item)

    def place(picks: Sequence[Pick]) -> tuple[bool, int, bool, int]:
        group = picks[0].group
        return group != opens, _ORDER.index(group), picks is not opening, picks[0].sentence.start

    ordered = sorted(grouped, key=place)
    following = [replace(pick, is_item=pick.is_item and items[pick.group] > 1) for picks in ordered for pick in picks]
    return [*([] if opens else opening), *_labelled(following)]


def as_curated(picks: Sequence[Pick]) -> list[Pick]:
    """A curator's lines in their order, the first block or list as the opening.

    What follows has labels where no group comes twice.
    """
    first = picks[0]
    opens = [pick.is_item and pick.group == first.group if first.is_item else pick.block == first.block for pick in picks]
    end = opens.index(False) if False in opens else len(picks)
    opening = leading([replace(pick, group="") for pick in picks[:end]])
    following = [replace(pick, group=pick.group or _MORE) for pick in picks[end:]]
    runs = [group for group, _ in groupby(following, key=lambda pick: pick.group)]
    if len(runs) > len(set(runs)):
        following = [replace(pick, group=_REST) for pick in following]
    return [*opening, *_labelled(following)]


def _labelled(picks: Sequence[Pick]) -> list[Pick]:
    """What follows the opening: a single group needs no label, unless its lines say nothing of the asker."""
    groups = {pick.group for pick in picks}
    single = len(groups) == 1 and not groups & TO_CHECK
    return [replace(pick, group=pick.group and _REST) for pick in picks] if single else list(picks)


def draft_of(index: Generation, picks: Sequence[Pick], writer: str) -> Draft:
    """The lines in their forms, citations numbered in their order: lines that follow each other in a block share one."""
    documents = {name: index.catalog.document(name) for name in {pick.chunk.document for pick in picks}}
    formed = _with_tables(_with_steps(picks, documents))
    spans = [(pick, span) for pick, span in zip(formed, _spans(formed), strict=True) if pick.row is None or pick.row.cells]
    markers = {span: marker for marker, span in enumerate(dict.fromkeys(span for _, span in spans), start=1)}
    chunks = {span: pick.chunk for pick, span in spans}
    citations = [
        cite_passage(marker, chunks[span], documents[chunks[span].document], span[1], span[2])
        for span, marker in markers.items()
    ]
    written = [
        DraftSentence(
            text=pick.text,
            markers=(markers[span],),
            group=pick.group,
            is_item=pick.is_item,
            continues=pick.continues,
            lead=pick.text if pick.leads else "",
            row=pick.row,
            is_step=pick.is_step,
        )
        for pick, span in spans
    ]
    return Draft(tuple(written), tuple(citations), writer)


def _with_steps(picks: Sequence[Pick], documents: Mapping[str, Document | None]) -> list[Pick]:
    """The items that their document numbers as steps, unless a curator changed their order."""
    places: dict[tuple[str, str], list[int]] = {}  # of the steps in each part of the answer, by document
    parts = []
    for pick in picks:
        is_step = pick.is_item and _has_number(documents[pick.chunk.document], pick.sentence.block)
        part = (pick.group, pick.chunk.document) if is_step else None
        parts.append(part)
        if part:
            places.setdefault(part, []).append(pick.sentence.block)
    in_order = {part for part, blocks in places.items() if blocks == sorted(blocks)}
    return [replace(pick, is_step=part in in_order) for pick, part in zip(picks, parts, strict=True)]


def _has_number(document: Document | None, start: int) -> bool:
    """Whether the mark before the list item that starts there is a number."""
    before = document.text[max(0, start - _LONGEST_MARK) : start] if document else ""
    mark = NEWLINE.split(before)[-1].split()[-1:]
    return bool(mark) and mark[0].rstrip(".)").isdigit()


def _with_tables(picks: Sequence[Pick]) -> list[Pick]:
    """The rows below the head of their table as such; without it they stay what they are."""
    formed: list[Pick] = []
    for (_, start), run in groupby(picks, key=lambda pick: pick.block):
        lines = list(run)
        head, *rows = [cells_of_row(line.chunk.text_of(line.sentence)) for line in lines]
        fits = head and rows and lines[0].sentence.start == start and all(len(row) == len(head) for row in rows)
        if fits:
            cells = [(), *rows]
            lines = [replace(line, is_item=False, row=TableRow(head, row)) for line, row in zip(lines, cells, strict=True)]
        formed += lines
    return formed


def _spans(picks: Sequence[Pick]) -> list[tuple[str, int, int]]:
    """Chunk, start and end of what is cited for each pick; the order of the picks does not matter."""
    order = sorted(range(len(picks)), key=lambda at: (picks[at].chunk.id, picks[at].sentence.start))
    runs: list[list[int]] = []
    for at in order:
        if runs and _follows(picks[runs[-1][-1]], picks[at]):
            runs[-1].append(at)
        else:
            runs.append([at])
    spans: dict[int, tuple[str, int, int]] = {}
    for run in runs:
        first, last = picks[run[0]], picks[run[-1]]
        spans |= dict.fromkeys(run, (first.chunk.id, first.sentence.start, last.sentence.end))
    return [spans[at] for at in range(len(picks))]


def _follows(before: Pick, pick: Pick) -> bool:
    """Whether a sentence follows another one in the same block, with no words that a reader sees between them."""
    if before.chunk.id != pick.chunk.id or before.sentence.block != pick.sentence.block:
        return False
    start = pick.chunk.start
    between = pick.chunk.text[before.sentence.end - start : pick.sentence.start - start]
    return before.sentence.end <= pick.sentence.start and not has_words(plain(between))
