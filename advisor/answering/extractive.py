"""The extractive writer: an answer arranged from whole thoughts of one document.

A thought is a paragraph, a step with all its sentences, or a list with the line that announces it. The document whose best
blocks are best is chosen; its best block opens, the others follow (`arrangement`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from advisor.answering.arrangement import TO_CHECK, Pick, as_curated, draft_of, group_of, in_groups, leading
from advisor.index.generation import Generation
from advisor.retrieval.blocks import TextBlock
from advisor.retrieval.curated import CuratedAnswer
from advisor.retrieval.ranking import RankedBlock
from advisor.text.plain import plain
from advisor.types import Chunk, Draft, Length

WRITER = "extractive"
CURATED = "curated"
_SPEAKING = 2  # blocks that a document is chosen by
_LEAST = 0.45  # of the best block's score: less is another subject
_MOST_BLOCKS = 7
_MOST_SECTIONS = 3
_FURTHER_WORDS = 80  # of each section after the first
_SHORT_WORDS = 80  # of a short answer: what is read in half a minute
_SHORT_THOUGHTS = 4  # the opening and three more
_LONGEST_BLOCK = 110  # words: of a longer block, what stands around its nearest sentence
_LISTED = frozenset({"how", *TO_CHECK})  # what is a list where a curator puts several of it in a row


def write_extractive(index: Generation, blocks: Sequence[RankedBlock], *, max_words: int, length: Length = "full") -> Draft:
    """A draft of at most about `max_words` words, or 80 of a short answer; empty when there are no blocks.

    :param blocks: those that may be used, best first.
    """
    if not blocks:
        return Draft((), (), WRITER)
    if not index.knows_questions:
        picks = _best_sections(index, blocks, max_words) if length == "full" else _short_section(index, blocks, max_words)
        return draft_of(index, picks, WRITER)
    document = best_document(blocks)
    own = [ranked for ranked in blocks if ranked.block.chunk.document == document]
    chosen = _choose(own, max_words) if length == "full" else _choose_few(own, max_words)
    listed = {id(item) for ranked in chosen for item in _announced(ranked, sorted(own, key=_place))}
    free = [ranked for ranked in chosen if id(ranked) not in listed]  # a list stays whole
    first = _first(index, free or chosen)
    rest = [_picks(index, ranked) for ranked in chosen if ranked is not first]
    opening = _picks(index, first) if group_of(index, first.block.chunk) in TO_CHECK else _opening(first)
    return draft_of(index, in_groups(opening, rest), WRITER)


def _first(index: Generation, blocks: Sequence[RankedBlock]) -> RankedBlock:
    """The block that opens an answer.

    A line to check or a warning sign is no statement about the asker: one opens where most of the blocks are such lines.
    """
    saying = [ranked for ranked in blocks if group_of(index, ranked.block.chunk) not in TO_CHECK]
    able = saying if 2 * len(saying) >= len(blocks) else blocks
    return max(able, key=lambda ranked: (ranked.opening * ranked.score, ranked.score))


def write_curated(index: Generation, answer: CuratedAnswer, length: Length = "full") -> Draft:
    """A curator's answer: its lines in their order, steps and signs in a row as a list; a short one, its first thoughts."""
    places = [(chunk, sentence, (chunk.id, sentence.block)) for chunk, sentence in answer.lines]
    if length == "short":
        places = places[: _first_thoughts([place for _, _, place in places], [c.text_of(s) for c, s in answer.lines])]
    picks: list[Pick] = []
    for group, run in groupby(places, key=lambda place: group_of(index, place[0])):
        lines = list(run)
        is_list = group in _LISTED and len({place for _, _, place in lines}) > 1
        for at, (chunk, sentence, place) in enumerate(lines):
            picks.append(Pick(chunk, sentence, group, is_list, is_list and at > 0 and place == lines[at - 1][2]))
    return draft_of(index, as_curated(picks), CURATED)


def _first_thoughts(blocks: Sequence[tuple[str, int]], texts: Sequence[str]) -> int:
    """How many of a curator's lines a short answer has: whole blocks, none that announces what is not there.

    :param blocks: the block of each line.
    """
    ends = [at for at in range(1, len(blocks) + 1) if at == len(blocks) or blocks[at] != blocks[at - 1]]
    whole = [at for at in ends if at == len(blocks) or not plain(texts[at - 1]).endswith(":")]
    fitting = [at for at in whole if sum(len(plain(text).split()) for text in texts[:at]) <= _SHORT_WORDS]
    return max((at for at in fitting if ends.index(at) < _SHORT_THOUGHTS), default=whole[0])


def best_document(blocks: Sequence[RankedBlock]) -> str:
    """The document whose best blocks are best together.

    :param blocks: best first, at least one.
    """
    scores: dict[str, list[float]] = {}
    for ranked in blocks:
        scores.setdefault(ranked.block.chunk.document, []).append(ranked.score)
    return max(scores, key=lambda name: sum(scores[name][:_SPEAKING]))


def _best_sections(index: Generation, blocks: Sequence[RankedBlock], max_words: int) -> list[Pick]:
    """The best sections under their headings: of the first as much as fits around its best block, of the others less.

    No known questions tell which document answers, nor which of its sentences: one of three sections is in a right document
    much more often than the best one alone. Nothing is moved: texts that nobody wrote for this lean on what stands before.
    The sentence nearest to the question is the one shown bold.

    :param blocks: best first.
    """
    sections: dict[tuple[str, ...], list[RankedBlock]] = {}
    for ranked in blocks:
        sections.setdefault((ranked.block.chunk.document, *ranked.block.chunk.heading), []).append(ranked)
    near = [section for section in sections.values() if section[0].score >= _LEAST * blocks[0].score]
    picks: list[Pick] = []
    for section in near[:_MOST_SECTIONS]:
        shown = _around(sorted(section, key=_place), section[0], _FURTHER_WORDS if picks else max_words)
        heading = _heading(section[0].block.chunk)
        picks += [replace(pick, group=heading) for ranked in shown for pick in _picks(index, ranked)]
    return _deciding(picks, blocks[0])


def _heading(chunk: Chunk) -> str:
    return plain(" › ".join(dict.fromkeys((chunk.title, *chunk.heading[-1:]))))


def _around(blocks: Sequence[RankedBlock], best: RankedBlock, max_words: int) -> Sequence[RankedBlock]:
    """The blocks around the best one, as far as they fit: of a list what stands before it first, else what follows.

    :param blocks: of one section, in reading order.
    """
    first = last = next(at for at, ranked in enumerate(blocks) if ranked is best)
    left = max_words - _length(best)
    while first and blocks[first].block.is_item and _length(blocks[first - 1]) <= left:
        first -= 1
        left -= _length(blocks[first])
    while last + 1 < len(blocks) and _length(blocks[last + 1]) <= left:
        last += 1
        left -= _length(blocks[last])
    while first and _length(blocks[first - 1]) <= left:
        first -= 1
        left -= _length(blocks[first])
    return blocks[first : last + 1]


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


def _choose_few(blocks: Sequence[RankedBlock], max_words: int) -> list[RankedBlock]:
    """The best thoughts that a short answer has room for, each whole: an item of a list that is announced brings all of it.

    :param blocks: of one document, best first.
    :param max_words: that the first thought may have, longer than a short answer though it is.
    """
    by_place = sorted(blocks, key=_place)
    lists = [(ranked, *_announced(ranked, by_place)) for ranked in by_place if ranked.block.announces]
    chosen: dict[int, RankedBlock] = {}
    thoughts = words = 0
    for ranked in blocks:
        if thoughts == _SHORT_THOUGHTS or ranked.score < _LEAST * blocks[0].score:
            break
        thought = next((one for one in lists if any(each is ranked for each in one)), (ranked,))
        length = sum(map(_length, thought))
        if id(ranked) not in chosen and words + length <= (_SHORT_WORDS if chosen else max_words):
            chosen |= {id(each): each for each in thought}
            thoughts, words = thoughts + 1, words + length
    return list(chosen.values()) or [blocks[0]]


def _short_section(index: Generation, blocks: Sequence[RankedBlock], max_words: int) -> list[Pick]:
    """The best thoughts of the best section, in reading order."""
    best = blocks[0].block.chunk
    own = [each for each in blocks if (each.block.chunk.document, each.block.chunk.heading) == (best.document, best.heading)]
    shown = sorted(_choose_few(own, max_words), key=_place)
    return _deciding([pick for ranked in shown for pick in _picks(index, ranked)], blocks[0])


def _deciding(picks: Sequence[Pick], best: RankedBlock) -> list[Pick]:
    """The lines in their order, the sentence of the best block that is nearest to the question bold."""
    block = best.block
    decides = None if block.announces or block.is_table else block.sentences[best.lead]
    return [replace(pick, leads=pick.chunk is block.chunk and pick.sentence is decides) for pick in picks]


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


def _kept(ranked: RankedBlock) -> Sequence[int]:
    """The sentences of a block that are shown: all, or around the nearest one as many as fit; of a table, its head too."""
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
        elif block.is_table and first:
            return (0, *range(first, last + 1))
        else:
            return range(first, last + 1)


def _opening(ranked: RankedBlock) -> list[Pick]:
    """A whole block that opens an answer: its lead and what follows that, then what stands before it.

    A block that announces a list, and a table, stay as they are.
    """
    block, places = ranked.block, _kept(ranked)
    if ranked.lead in places and not (block.announces or block.is_table):
        lead = places.index(ranked.lead)
        places = [*places[lead:], *places[:lead]]
    picks = [Pick(block.chunk, block.sentences[at], "", block.is_table) for at in places]
    return picks if block.is_table else leading(picks)


def _picks(index: Generation, ranked: RankedBlock) -> list[Pick]:
    block: TextBlock = ranked.block
    group = group_of(index, block.chunk)
    return [
        Pick(block.chunk, block.sentences[at], group, block.is_item, block.is_item and number > 0 and not block.is_table)
        for number, at in enumerate(_kept(ranked))
    ]
