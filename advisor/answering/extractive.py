"""The extractive writer: an answer arranged from whole thoughts of one document.

A thought is a paragraph, a step with all its sentences, or a list with the line that announces it. The document whose best
blocks are best is chosen; its best block opens, the others follow by what their sections are for and in reading order. Every
sentence keeps its exact place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from advisor.documents.citations import cite_passage
from advisor.documents.sections import Section
from advisor.index.generation import Generation
from advisor.retrieval.blocks import TextBlock
from advisor.retrieval.curated import CuratedAnswer
from advisor.retrieval.ranking import RankedBlock
from advisor.text.plain import plain
from advisor.types import Chunk, Draft, DraftSentence, Sentence

WRITER = "extractive"
CURATED = "curated"
_SPEAKING = 2  # blocks that a document is chosen by
_LEAST = 0.35  # of the best block's score: less is another subject
_MOST_BLOCKS = 7
_LONGEST_BLOCK = 110  # words: of a longer block, what stands around its nearest sentence
# Where the sentences of a section stand in an answer.
_GROUPS: dict[Section | None, str] = {
    "steps": "how",
    "checklist": "how",
    "figures": "figures",
    "trade-offs": "caution",
    "warnings": "caution",
}
_ORDER = ("", "how", "figures", "caution", "more")


@dataclass(frozen=True, slots=True)
class _Pick:
    """A sentence chosen for the answer: its chunk, its place, and its part of the answer."""

    chunk: Chunk
    sentence: Sentence
    group: str
    is_item: bool = False
    continues: bool = False

    @property
    def text(self) -> str:
        return plain(self.chunk.text_of(self.sentence))


def write_extractive(index: Generation, blocks: Sequence[RankedBlock], *, max_words: int) -> Draft:
    """A draft of at most about `max_words` words; empty when there are no blocks.

    :param blocks: those that may be used, best first.
    """
    if not blocks:
        return Draft((), (), WRITER)
    document = _best_document(blocks)
    own = [ranked for ranked in blocks if ranked.block.chunk.document == document]
    chosen = _choose(own, max_words)
    return _draft(index, _arrange([_picks(index, ranked, opens=ranked is own[0]) for ranked in chosen]), WRITER)


def write_curated(index: Generation, answer: CuratedAnswer) -> Draft:
    """A curator's answer: its lines in their order."""
    return _draft(index, [_Pick(chunk, sentence, "") for chunk, sentence in answer.lines], CURATED)


def _best_document(blocks: Sequence[RankedBlock]) -> str:
    """The document whose best blocks are best together."""
    scores: dict[str, list[float]] = {}
    for ranked in blocks:
        scores.setdefault(ranked.block.chunk.document, []).append(ranked.score)
    return max(scores, key=lambda name: sum(scores[name][:_SPEAKING]))


def _choose(blocks: Sequence[RankedBlock], max_words: int) -> list[RankedBlock]:
    """The best blocks that fit; a block that announces a list brings its items, as far as they fit.

    :param blocks: of one document, best first.
    """
    by_place = sorted(blocks, key=_place)
    chosen: dict[int, RankedBlock] = {}
    words = 0
    for ranked in blocks:
        if len(chosen) >= _MOST_BLOCKS or ranked.score < _LEAST * blocks[0].score:
            break
        for each in (ranked, *_announced(ranked, by_place)):
            length = _length(each)
            if id(each) not in chosen and (not chosen or words + length <= max_words):
                chosen[id(each)] = each
                words += length
    return list(chosen.values())


def _place(ranked: RankedBlock) -> int:
    return ranked.block.sentences[0].start


def _announced(ranked: RankedBlock, by_place: Sequence[RankedBlock]) -> Iterator[RankedBlock]:
    """The items of the list that a block announces."""
    if not ranked.block.announces:
        return
    at = next(number for number, each in enumerate(by_place) if each is ranked)
    for following in by_place[at + 1 :]:
        if not following.block.is_item or following.block.chunk.heading != ranked.block.chunk.heading:
            return
        yield following


def _length(ranked: RankedBlock) -> int:
    return sum(len(ranked.block.texts[at].split()) for at in _kept(ranked))


def _kept(ranked: RankedBlock) -> range:
    """The sentences of a block that are shown: all, or around the nearest one as many as fit."""
    block, first, last = ranked.block, ranked.focus, ranked.focus
    if block.words <= _LONGEST_BLOCK:
        return range(len(block.texts))
    lengths = [len(text.split()) for text in block.texts]
    words = lengths[first]
    while True:
        if last + 1 < len(lengths) and words + lengths[last + 1] <= _LONGEST_BLOCK:
            last += 1
            words += lengths[last]
        elif first and words + lengths[first - 1] <= _LONGEST_BLOCK:
            first -= 1
            words += lengths[first]
        else:
            return range(first, last + 1)


def _picks(index: Generation, ranked: RankedBlock, *, opens: bool) -> list[_Pick]:
    block: TextBlock = ranked.block
    group = "" if opens else _GROUPS.get(index.sections.of(block.chunk.heading), "")
    listed = block.is_item and not opens
    sentences = [block.sentences[at] for at in _kept(ranked)]
    return [_Pick(block.chunk, sentence, group, listed, listed and at > 0) for at, sentence in enumerate(sentences)]


def _arrange(blocks: Sequence[Sequence[_Pick]]) -> list[_Pick]:
    """The opening first, then the groups in a fixed order, each in reading order. One item is no list.

    :param blocks: the picks of each block, the opening first.
    """
    items = Counter(picks[0].group for picks in blocks if picks[0].is_item)
    rest = sorted(blocks[1:], key=lambda picks: (_ORDER.index(picks[0].group), picks[0].sentence.start))
    return [replace(pick, is_item=pick.is_item and items[pick.group] > 1) for picks in (blocks[0], *rest) for pick in picks]


def _draft(index: Generation, picks: Sequence[_Pick], writer: str) -> Draft:
    """Number the citations: sentences that follow each other in one block share one."""
    spans: list[tuple[Chunk, int, int]] = []
    numbers: list[int] = []
    for before, pick in zip([None, *picks], picks, strict=False):
        if before is not None and _follows(before, pick):
            chunk, start, _ = spans[-1]
            spans[-1] = (chunk, start, pick.sentence.end)
        else:
            spans.append((pick.chunk, pick.sentence.start, pick.sentence.end))
        numbers.append(len(spans))
    documents = {chunk.document: index.catalog.document(chunk.document) for chunk, _, _ in spans}
    citations = [
        cite_passage(marker, chunk, documents[chunk.document], start, end)
        for marker, (chunk, start, end) in enumerate(spans, start=1)
    ]
    written = [
        DraftSentence(pick.text, (number,), pick.group, pick.is_item, pick.continues)
        for pick, number in zip(picks, numbers, strict=True)
    ]
    return Draft(tuple(written), tuple(citations), writer)


def _follows(before: _Pick, pick: _Pick) -> bool:
    """Whether a sentence follows another one in the same block, with nothing that a reader sees between them."""
    if before.chunk.id != pick.chunk.id or before.sentence.block != pick.sentence.block:
        return False
    start = pick.chunk.start
    between = pick.chunk.text[before.sentence.end - start : pick.sentence.start - start]
    return before.sentence.end <= pick.sentence.start and not plain(between)
