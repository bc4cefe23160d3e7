"""Decision memos: what was asked, answered and cited, as plain blocks that `memo_formats` writes as Markdown or Word.

Quotes are those that the answer was made from. A link names the generation of the index too, and so leads to the same lines
whatever became of the document since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal
from urllib.parse import urlencode

from advisor.answering.messages import (
    ANSWER_WORDS,
    group_in_words,
    led,
    marked,
    paragraphs,
    scope_in_words,
    standing_in_words,
    support_in_words,
    table_rows,
)
from advisor.documents.sections import Sections
from advisor.features.checklists import cite_item, items, most_related
from advisor.features.memo_words import WORDS, MemoWords
from advisor.text.plain import WORD, plain
from advisor.text.terms import terms
from advisor.types import EVERYTHING, Answer, AnswerSentence, Citation, Document, Language

FindDocument = Callable[[str, str], Document | None]
"""Document id and generation -> the document as that generation held it."""

_MOST_TRADE_OFFS = 3  # of one document
_SHORTEST_WORD = 4  # letters of a word that says something


@dataclass(frozen=True, slots=True)
class Text:
    """A run of text; `link` is an address or ""."""

    text: str
    link: str = ""
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a memo. `level` counts headings from 1, `number` the items of a numbered list; else they are 0."""

    kind: Literal["heading", "paragraph", "item", "quote"]
    texts: tuple[Text, ...]
    level: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its header, and rows of as many cells."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Memo:
    """A document to hand on."""

    title: str
    language: Language
    subtitle: str
    blocks: tuple[Block | Table, ...]


@dataclass(frozen=True, slots=True)
class MemoContext:
    """What a memo is made in: the language of the words around the answers, and the address of the page, for its links.

    `find` gives a document as a generation held it; `sections` are those of the corpus. An address looks like
    "http://127.0.0.1:7860".
    """

    language: Language
    address: str
    find: FindDocument
    sections: Sections

    @property
    def words(self) -> MemoWords:
        """The words around the answers."""
        return WORDS[self.language]


def answers_memo(answers: Sequence[Answer], title: str, date: str, context: MemoContext) -> Memo:
    """One answer, or the answers of a conversation in order.

    :param title: of the conversation; "" for a single answer.
    :param date: when the answers were given, as `2026-11-23`.
    """
    words = context.words
    generations = ", ".join(dict.fromkeys(answer.index.generation for answer in answers))
    blocks: list[Block | Table] = []
    if len(answers) == 1:
        blocks += [heading(words.question, 1), paragraph(answers[0].question), *_body(answers[0], 1, context)]
    else:
        for number, answer in enumerate(answers, 1):
            blocks += [heading(f"{number}. {answer.question}", 1), *_body(answer, 2, context)]
    name = f"{words.title}{words.colon} {title}" if title and len(answers) > 1 else words.title
    return Memo(name, context.language, words.made.format(date, generations), tuple(blocks))


def _body(answer: Answer, level: int, context: MemoContext) -> Iterator[Block | Table]:
    """What follows the question, under headings of that level."""
    words = context.words
    if answer.standalone_question != answer.question:
        yield paragraph(words.understood.format(answer.standalone_question))
    if answer.scope != EVERYTHING:
        yield paragraph(words.searched.format(scope_in_words(words.language, answer.scope)))
    yield heading(words.answer, level)
    yield from _answer(answer, level, words)
    options = _trade_offs(answer, context)
    if options:
        yield heading(words.options, level)
        for citation in options:
            yield Block("item", (Text(f"{plain(citation.quote)} "), Text(f"[{citation.marker}]")))
    if answer.citations:
        yield heading(words.sources, level)
        for citation in (*answer.citations, *options):
            yield from source(citation, answer.index.generation, context.address, words)
    yield heading(words.limits, level)
    yield from (Block("item", (Text(limit),)) for limit in _limits(answer, words))


def _answer(answer: Answer, level: int, words: MemoWords) -> Iterator[Block | Table]:
    if answer.status != "answered":
        yield paragraph(answer.text)
        return
    for group, members in groupby(paragraphs(answer.sentences), key=lambda each: each.group):
        if label := group_in_words(words.language, group):
            yield heading(label, level + 1)
        for each in members:
            if each.header:
                yield Table(each.header, tuple(table_rows(each)))
            else:
                yield Block("item" if each.is_item else "paragraph", tuple(_texts(each.sentences)), number=each.number)
    levels = dict.fromkeys(_evidence(citation, words) for citation in answer.citations if citation.evidence)
    support = support_in_words(words.language, answer.citations)
    yield paragraph(words.rests.format(support, ", ".join(levels) or words.unknown))


def _texts(sentences: Sequence[AnswerSentence]) -> Iterator[Text]:
    for number, sentence in enumerate(sentences):
        lead, rest = led(sentence)
        space = " " if number else ""
        if lead:
            yield from (Text(space), Text(lead, bold=True))
            space = ""
        yield Text(space + marked(replace(sentence, text=rest)))


def _evidence(citation: Citation, words: MemoWords) -> str:
    code = citation.evidence or ""
    return ANSWER_WORDS[words.language].evidence.get(code, code)


def _trade_offs(answer: Answer, context: MemoContext) -> list[Citation]:
    """What the cited playbooks weigh up about the question, numbered after the answer's own citations."""
    if answer.status != "answered":
        return []
    found: list[Citation] = []
    asked = f"{answer.standalone_question} {answer.text}"
    known = {(citation.document, citation.start) for citation in answer.citations}
    marker = max((citation.marker for citation in answer.citations), default=0)
    for name in dict.fromkeys(citation.document for citation in answer.citations):
        document = context.find(name, answer.index.generation)
        if document is None:
            continue
        weighed = [item for item in items(document, "trade-offs", context.sections) if (name, item.start) not in known]
        for item in most_related(weighed, document, asked, num_items=_MOST_TRADE_OFFS):
            found.append(cite_item(document, item, marker + len(found) + 1))
    return found


def source(citation: Citation, generation: str, address: str, words: MemoWords) -> Iterator[Block]:
    """A numbered source with the way to it, and its frozen quote."""
    yield Block("paragraph", place_of(citation, generation, address, words))
    yield Block("quote", (Text(plain(citation.quote)),))


def place_of(citation: Citation, generation: str, address: str, words: MemoWords) -> tuple[Text, ...]:
    """A numbered source, with the way to it."""
    lines = dict.fromkeys((str(citation.start_line), str(citation.end_line)))
    place = f"{citation.document}:{'-'.join(lines)}"
    page = words.page.format(citation.page) if citation.page else ""
    ocr, standing = words.ocr if citation.ocr else "", standing_in_words(words.language, citation.standing)
    facts = " · ".join(filter(None, (page, ocr, _evidence(citation, words), citation.date)))
    where = " › ".join((citation.title, *citation.heading))
    link = place_address(address, words.language, citation, generation)
    later = citation.standing.document if citation.standing else None
    replaced = Text(standing, document_address(address, words.language, later, generation) if later else "")
    return (
        Text(f"[{citation.marker}] {where}", bold=True),
        Text(f" — {facts} — " if facts else " — "),
        Text(place, link),
        *((Text(" — "), replaced) if standing else ()),
    )


def document_address(address: str, language: Language, document: str, generation: str) -> str:
    """Where the page opens a document as a generation held it."""
    return f"{address.rstrip('/')}/{language}/?{urlencode({'document': document, 'generation': generation})}"


def place_address(address: str, language: Language, citation: Citation, generation: str) -> str:
    """Where the page opens the cited lines as that generation held them."""
    place = {"document": citation.document, "generation": generation, "start": citation.start, "end": citation.end}
    return f"{address.rstrip('/')}/{language}/?{urlencode(place)}"


def _limits(answer: Answer, words: MemoWords) -> Iterator[str]:
    """What the corpus does not say: the refusal, what was withheld, the words that no cited passage has."""
    if answer.status != "answered":
        yield words.refused.format(answer.reason or "")
    for withheld in answer.withheld:
        yield words.withheld.format(withheld.text, withheld.why)
    if answer.citations:
        missing = _missing(answer)
        if missing:
            yield words.missing.format(", ".join(missing))
        if len({citation.document for citation in answer.citations}) == 1:
            yield words.one_document
        newest = max((citation.date for citation in answer.citations if citation.date), default=None)
        yield words.newest.format(newest) if newest else words.undated
    yield words.own_facts


def _missing(answer: Answer) -> list[str]:
    """The words of the question that no cited passage uses, nor its title and headings."""
    cited = " ".join(" ".join((c.title, *c.heading, c.quote)) for c in answer.citations)
    known = {language: set(terms(cited, language)) for language in WORDS}
    absent = []
    for word in dict.fromkeys(filter(_is_telling, WORD.findall(answer.standalone_question))):
        stems = {language: set(terms(word, language)) for language in WORDS}
        if all(stems.values()) and not any(stems[language] & known[language] for language in WORDS):
            absent.append(word)
    return absent


def _is_telling(word: str) -> bool:
    return word.isalpha() and len(word) >= _SHORTEST_WORD


def heading(text: str, level: int) -> Block:
    """A heading of a level from 1."""
    return Block("heading", (Text(text),), level)


def paragraph(text: str) -> Block:
    """A paragraph of plain text; blank lines in it part it no further."""
    return Block("paragraph", (Text(" ".join(text.split("\n"))),))


def numbered(citations: Sequence[Citation]) -> list[Citation]:
    """The same citations with markers from 1."""
    return [replace(citation, marker=number) for number, citation in enumerate(citations, 1)]
