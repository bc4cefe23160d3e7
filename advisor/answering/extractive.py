"""The extractive writer: an answer arranged from whole sentences of the corpus.

The sentence that answers comes first, with the one before it when it leans on it; a question for steps or a list gets the
list; then what other passages add, as long as it is close to the question and new. Every sentence keeps its exact place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile

from advisor.documents.citations import cite_passage
from advisor.documents.sections import Role, role
from advisor.index.generation import Generation
from advisor.retrieval.sentences import ScoredSentence
from advisor.text.plain import fold, plain
from advisor.types import Chunk, Draft, DraftSentence, Sentence

WRITER = "extractive"
_ENOUGH_WORDS = 80
_SHORT_PARAGRAPH = 110  # words: a paragraph or item up to this length is quoted whole
_MOST_ITEMS = 9
_MOST_ADDED = 4
_FAR = 0.65  # of the best sentence's score: less is another subject
_CLOSE = 0.8  # of the best sentence's score: worth adding even when the answer is long enough
_GAP = 0.03  # of the best sentence's cosine: further away, a sentence shares words with the question and no meaning
_SAME = 0.97  # cosine of two sentences that say the same thing (under the same headings)
# Of the best sentence's score: what an item needs to count for its list, when the whole list is asked for, and when the
# question is about one item of it.
_FITS_LIST, _FITS_ITEM = 0.5, 0.75
_ON_SUBJECT = 0.1  # share of the question that the words of an item must hold
_NEARLY = 0.8  # of the score of an item's best sentence: with that much, its first one speaks for it
_SEVERAL = 3

_COUNTED = r"(?:\d|deux|trois|quatre|cinq|six|sept|two|three|four|five|seven) \w+s"
_ASKS_LIST = re.compile(
    r"\b(?:comment|quel(?:le)?s sont|quel(?:le)?s \w+s|signes|signaux|criteres|pieges|que doit|que faire"
    r"|how (?:to|do|does|should|can|would|could)|what are|which \w+s|signs|criteria|pitfalls|what should)\b"
    rf"|\b{_COUNTED}\b"
)
_ANNOUNCES = re.compile(rf"(?::|\b{_COUNTED}\b[^.:;]*\.)$")
_ASKS_STEPS = re.compile(
    r"\b(?:etapes?|demarche|par ou commencer|liste|mettre en place|plan d'action|steps?|where (?:do|should|to)|get started"
    r"|roll out|set up|checklist|list)\b"
)
_LEANS_BACK = re.compile(
    r"^(?:cela|ce|cet|cette|ces|celui|celle|ceux|celles|elles?|ils|il (?!faut|est|existe|y a|s agit|s'agit)|en revanche"
    r"|toutefois|cependant|mais|ainsi|donc|or|this|that|these|those|it|they|he|she|however|but|so|therefore|such)\b"
)
# Where the sentences of a section stand in an answer.
_GROUPS: dict[Role, str] = {
    "": "",
    "question": "",
    "applies": "",
    "how": "how",
    "figures": "figures",
    "trade-offs": "caution",
    "warnings": "caution",
}


@dataclass(frozen=True, slots=True)
class _Pick:
    """A sentence chosen for the answer: its chunk, its place, and its part of the answer."""

    chunk: Chunk
    sentence: Sentence
    group: str
    is_item: bool = False

    @property
    def text(self) -> str:
        start = self.chunk.start
        return plain(self.chunk.text[self.sentence.start - start : self.sentence.end - start])

    @property
    def words(self) -> int:
        return len(self.text.split())


def write_extractive(index: Generation, question: str, sentences: Sequence[ScoredSentence], *, max_words: int) -> Draft:
    """A draft of at most about `max_words` words; empty when there are no sentences.

    :param sentences: those that may be used, scored; a paragraph is quoted without the others.
    """
    if not sentences:
        return Draft((), (), WRITER)
    ranked = sorted(sentences, key=lambda sentence: -sentence.score)
    picks = _paragraph(ranked[0])
    folded = fold(question)
    asks_steps = bool(_ASKS_STEPS.search(folded))
    asks_list = asks_steps or bool(_ASKS_LIST.search(folded))
    announced = _announced_items(picks, max_words - _words(picks))
    if announced and (asks_list or _ANNOUNCES.search(fold(ranked[0].text))):
        picks += announced
    elif asks_list:
        whole = not ranked[0].sentence.is_item or asks_steps
        picks += _list_items(ranked, picks, max_words - _words(picks), least=_FITS_LIST if whole else _FITS_ITEM)
    picks += _additions(ranked, picks, max_words)
    given = {(scored.source, scored.sentence.start) for scored in sentences}
    return _draft(index, _arrange([pick for pick in picks if (pick.chunk.document, pick.sentence.start) in given]))


def _words(picks: Iterable[_Pick]) -> int:
    return sum(pick.words for pick in picks)


def _announced_items(picks: Sequence[_Pick], budget: int) -> list[_Pick]:
    """The list that the last of these sentences announces ("... three steps:"); empty when there is none that fits."""
    chunk, last = picks[-1].chunk, picks[-1].chunk.sentences.index(picks[-1].sentence)
    following = (_pick(chunk, number) for number in range(last + 1, len(chunk.sentences)))
    listed = takewhile(lambda pick: pick.sentence.is_item, following)
    # Of an item of several sentences, the first says what it is about.
    items = [replace(next(item), is_item=True) for _, item in groupby(listed, key=lambda pick: pick.sentence.block)]
    return items if _ANNOUNCES.search(fold(picks[-1].text)) and _words(items) <= budget else []


def _paragraph(best: ScoredSentence) -> list[_Pick]:
    """The best sentence with its paragraph or list item, as far as it is short; with what it leans on before it."""
    chunk = best.passage.chunk
    last = chunk.sentences.index(best.sentence)
    first = _first_leant_on(chunk, last)
    block = [number for number, sentence in enumerate(chunk.sentences) if sentence.block == best.sentence.block]
    whole = [n for n in range(min(first, block[0]), block[-1] + 1) if not _pick(chunk, n).text.endswith("?")]
    if _words(_pick(chunk, number) for number in whole) <= _SHORT_PARAGRAPH:
        return [_pick(chunk, number) for number in whole]
    picks = [_pick(chunk, number) for number in range(first, last + 1)]
    for following in (_pick(chunk, number) for number in block if number > last):
        if len(picks) > last - first + 1 and _words(picks) + following.words > _SHORT_PARAGRAPH:
            break
        picks.append(following)
    return picks


def _first_leant_on(chunk: Chunk, number: int) -> int:
    """The sentence with which to begin so that sentence `number` has its subject: itself, or one before it."""
    while number > 0 and _LEANS_BACK.search(fold(_pick(chunk, number).text)):
        number -= 1
    return number


def _pick(chunk: Chunk, number: int, group: str = "") -> _Pick:
    return _Pick(chunk, chunk.sentences[number], group)


def _list_items(ranked: Sequence[ScoredSentence], picks: list[_Pick], budget: int, *, least: float) -> list[_Pick]:
    """The items of the list that the question is about, in order.

    A question is about the list that the best sentence is in, else the one whose items fit it best, if several do. An item
    that holds no word of the question is left out: it is near only because its document is.

    :param least: what an item needs, as a share of the best sentence's score.
    """
    chosen = {(pick.chunk.document, pick.sentence.block) for pick in picks}
    lists: dict[tuple[str, tuple[str, ...]], dict[int, list[ScoredSentence]]] = {}
    for scored in ranked:
        if scored.score < least * ranked[0].score:
            break
        if scored.sentence.is_item:
            items = lists.setdefault((scored.source, scored.passage.chunk.heading), {})
            items.setdefault(scored.sentence.block, []).append(scored)
    fitting = [
        [item for item in items.values() if any(scored.coverage >= _ON_SUBJECT for scored in item)]
        for items in lists.values()
    ]
    several = [items for items in fitting if len(items) >= _SEVERAL]
    own = [items for items in several if any(item[0] is ranked[0] for item in items)]
    best = max(own or several, key=lambda items: sum(item[0].score for item in items[:_MOST_ITEMS]), default=[])
    kept: list[_Pick] = []
    for item in best:
        scored = _spokesman(item)
        group = _group(scored.passage.chunk) or "how"
        pick = _Pick(scored.passage.chunk, scored.sentence, group, is_item=True)
        if (scored.source, scored.sentence.block) not in chosen and _words(kept) + pick.words <= budget:
            kept.append(pick)
    return sorted(kept[:_MOST_ITEMS], key=lambda pick: pick.sentence.start)


def _spokesman(item: Sequence[ScoredSentence]) -> ScoredSentence:
    """The sentence that stands for a list item: its first, which says what it is about, unless another fits far better.

    :param item: sentences of one item, best first.
    """
    first = min(item, key=lambda scored: scored.sentence.start)
    return first if first.score >= _NEARLY * item[0].score else item[0]


def _additions(ranked: Sequence[ScoredSentence], picks: list[_Pick], max_words: int) -> list[_Pick]:
    """What other sentences add: near the question, not said yet, within the length. A list is not filled up."""
    vectors = {(s.source, s.sentence.start): s.vector for s in ranked}
    places = {(pick.chunk.document, pick.sentence.start): pick.chunk.id for pick in picks}
    used = set(places)
    listed = {pick.group for pick in picks if pick.is_item}
    said = [(chunk_id, vectors[key]) for key, chunk_id in places.items() if key in vectors]
    total, added = _words(picks), list[_Pick]()
    for scored in ranked[1:]:
        needed = _FAR if total < _ENOUGH_WORDS and not listed else _CLOSE
        key = (scored.source, scored.sentence.start)
        if len(added) >= _MOST_ADDED or scored.score < needed * ranked[0].score:
            break
        chunk = scored.passage.chunk
        group = _group(chunk) or "more"
        says_nothing = scored.is_link or scored.text.endswith((":", "?"))
        if key in used or group in listed or says_nothing or scored.alike < ranked[0].alike - _GAP:
            continue
        at = chunk.sentences.index(scored.sentence)
        fresh = [_pick(chunk, n, group) for n in range(_first_leant_on(chunk, at), at + 1)]
        fresh = [pick for pick in fresh if (scored.source, pick.sentence.start) not in used]
        # A passage does not repeat itself: what is alike in it is its subject.
        elsewhere = (vector for chunk_id, vector in said if chunk_id != chunk.id)
        if total + _words(fresh) > max_words or any(float(scored.vector @ vector) > _SAME for vector in elsewhere):
            continue
        added += fresh
        used |= {(scored.source, pick.sentence.start) for pick in fresh}
        said.append((chunk.id, scored.vector))
        total += _words(fresh)
    return added


def _group(chunk: Chunk) -> str:
    return _GROUPS[role(chunk)]


def _arrange(picks: Sequence[_Pick]) -> list[_Pick]:
    """The opening, then the groups in a fixed order: sentences, then a list, each passage by passage in reading order.

    One item is no list.
    """
    items = Counter(pick.group for pick in picks if pick.is_item)
    picks = [replace(pick, is_item=pick.is_item and items[pick.group] > 1) for pick in picks]
    order = {group: number for number, group in enumerate(("", "how", "figures", "caution", "more"))}
    documents = {name: number for number, name in enumerate(dict.fromkeys(pick.chunk.document for pick in picks))}
    return sorted(picks, key=lambda p: (order[p.group], p.is_item, documents[p.chunk.document], p.sentence.start))


def _draft(index: Generation, picks: Sequence[_Pick]) -> Draft:
    """Number the citations: sentences that follow each other in one block share one."""
    spans: list[tuple[Chunk, int, int]] = []
    numbers: list[int] = []
    for before, pick in zip([None, *picks], picks, strict=False):
        joins = (
            before is not None
            and before.chunk.id == pick.chunk.id
            and before.sentence.block == pick.sentence.block
            and before.sentence.end <= pick.sentence.start
            and not plain(pick.chunk.text[before.sentence.end - pick.chunk.start : pick.sentence.start - pick.chunk.start])
        )
        if joins:
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
        DraftSentence(pick.text, (number,), pick.group, pick.is_item) for pick, number in zip(picks, numbers, strict=True)
    ]
    return Draft(tuple(written), tuple(citations), WRITER)
