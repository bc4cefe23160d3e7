"""Document -> chunks: by headings, then by size in whole sentences, with exact spans.

A document is first read as blocks (paragraphs, list items, code, tables), each a span of the source with its heading path.
The blocks of one section are packed into chunks of at most `chunk_chars`; a block that is longer is cut between sentences. A
heading is never a chunk: its words are in the heading path of the chunks below it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, zip_longest

from advisor.documents.dialects import Prepared, prepare
from advisor.documents.instructions import Passage
from advisor.documents.reading import is_markdown, is_source
from advisor.text.invisible import is_reversed
from advisor.text.markdown_parser import markdown_parser
from advisor.text.plain import NEWLINE, Lines, has_words, plain, sentence_spans
from advisor.types import Chunk, Document, Sentence

VERSION = 10
"""Raise it when the same file would give another text or other chunks: the index is then rebuilt."""

_PARSER = markdown_parser().disable("inline")
_OPAQUE = ("fence", "code_block", "html_block", "table_open")
_DIAGRAM = re.compile(r"\s{0,20}(?:`{3,}|~{3,}) {0,9}\{?(?:mermaid|plantuml|dot|graphviz|d2)\b")  # a picture to its readers
# It begins where no space stands before: of a line of spaces, not each is tried.
_PARAGRAPH = re.compile(r"(?<![^\S\r\n])(?:[^\S\r\n]*\S[^\r\n]*(?:\r\n?|\n|\Z))+")
_BULLETS = ("-", "–", "—", "*", "•", "‣", "▪")
_ITEM = re.compile(rf"(?:^|(?<=\r))[^\S\r\n]*(?:[{''.join(_BULLETS)}]|\d{{1,3}}[.)])[^\S\r\n]+", re.MULTILINE)
_WHOLE_WORDS = re.compile(r".*\S(?=\s)", re.DOTALL)
_NOT_SPACE = re.compile(r"\S")
_LONGEST_HEADING = 100  # characters, for plain text
_SHORTEST = 80  # characters that a passage has, where its section has more
_ADDRESS = re.compile(r"(?:https?://|www\.|mailto:)\S+|(?<!\S)[^\s@]+@[^\s@]+\.\w+")
_LONGEST_QUESTION = 200  # characters
_SENTENCE_END = re.compile(r"[.!?…:]\s")
_NO_HEADING_END = (".", "!", "?", ";", ":", ",", "…", "»", '"')


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """A leaf of the document's structure: `[start, end)` in the source, under a heading path.

    `section` numbers the headings: two sections can have the same path.
    """

    start: int
    end: int
    heading: tuple[str, ...]
    section: int
    is_item: bool = False
    is_table: bool = False


def chunk_document(document: Document, *, chunk_chars: int, left_out: Collection[Passage] = ()) -> list[Chunk]:
    """The chunks of a document in reading order; they never overlap.

    :param chunk_chars: longest chunk, in characters. A single word longer than that is cut.
    :param left_out: sentences and headings that are in no chunk; `passages_of` gives them.
    """
    spans = sorted((passage.start, passage.end) for passage in left_out)
    unsaid = {passage.text for passage in left_out}
    lines = Lines(document.text)
    chunks = []
    found, seen = _blocks(document)
    for (_, heading), blocks in groupby(found, key=lambda block: (block.section, block.heading)):
        path = tuple(words for words in heading if words not in unsaid)
        runs = _without(seen, _sentences(document, seen, blocks), spans)
        cut = [run for one in runs if _says_something(seen, run := list(_cut(document, one, chunk_chars)))]
        packed = (_without_a_tail(list(_pack(document, run, chunk_chars)), chunk_chars) for run in cut)
        for group in (group for groups in packed for group in groups):
            start, end = group[0].start, group[-1].end
            chunks.append(
                Chunk(
                    document=document.id,
                    title=document.title,
                    language=document.language,
                    heading=path,
                    start=start,
                    end=end,
                    start_line=lines.of(start),
                    end_line=lines.of(end - 1),
                    text=document.text[start:end],
                    sentences=tuple(group),
                    page=document.page_of(start),
                    named=document.named,
                )
            )
    return chunks


def passages_of(document: Document) -> list[Passage]:
    """The title of a document, its headings and its sentences, in reading order: what a reader is shown of it."""
    blocks, text = _blocks(document)
    found = [_place(text, document.title)]
    headings = set[str]()
    for block in blocks:
        found += [_place(text, words) for words in block.heading if words not in headings]
        headings.update(block.heading)
        for sentence in _sentences(document, text, [block]):
            is_table = "|" in text[sentence.start : sentence.end]  # each of its rows says something itself
            ends = [line.end() for line in NEWLINE.finditer(text, sentence.start, sentence.end)] if is_table else []
            edges = pairwise((sentence.start, *ends, sentence.end))
            found += [Passage(start, end, text[start:end]) for start, end in edges if has_words(text[start:end])]
    return found


def _place(text: str, words: str) -> Passage:
    """Where words of a document stand in it; at its beginning, where they are written in another way."""
    start = text.find(words)
    return Passage(start, start + len(words), words) if start >= 0 else Passage(0, 0, words)


def blocks_of(document: Document) -> list[SourceBlock]:
    """The blocks of a document in reading order."""
    return _blocks(document)[0]


def _blocks(document: Document) -> tuple[list[SourceBlock], str]:
    """The blocks of a document, and its text with spaces for what is not seen."""
    body = document.text[document.body_start :]
    prepared = prepare(body, mdx=document.id.endswith(".mdx")) if is_source(document.id) else Prepared(body, body)
    seen = document.text[: document.body_start] + prepared.seen
    blocks = _markdown_blocks(document, prepared) if is_markdown(document.id) else _text_blocks(document)
    hidden = [document.body_start + start for start in prepared.unseen]
    found, unread = list[SourceBlock](), 0
    for block in blocks:
        text = seen[block.start : block.end]
        # A chunk is a span: what is not read must not stand inside one.
        while hidden and hidden[0] < block.start:
            hidden.pop(0)
            unread += 1
        while hidden and hidden[0] < block.end:
            hidden.pop(0)  # it stands within the block, whose sentences leave it out
        if has_words(plain(text)) and not is_reversed(text) and not _DIAGRAM.match(text):
            found.append(replace(block, section=block.section + unread))
        elif has_words(text):
            unread += 1
    return _under_questions(found, seen, _own_title(document)), seen


def _under_questions(blocks: Sequence[SourceBlock], seen: str, title: str | None) -> list[SourceBlock]:
    """The blocks, where a paragraph that only asks is the heading of the answer below it."""
    asks = [_only_asks(seen[block.start : block.end]) and not block.is_item for block in blocks]
    found, asked, number = list[SourceBlock](), "", 0
    place: tuple[int, tuple[str, ...]] = (-1, ())
    for at, block in enumerate(blocks):
        if (block.section, block.heading) != place:
            asked, place = "", (block.section, block.heading)
        follows = at + 1 < len(blocks) and (blocks[at + 1].section, blocks[at + 1].heading) == place and not asks[at + 1]
        if asks[at] and follows:
            words = plain(seen[block.start : block.end])
            asked = words if words != title else ""
            number += 1
        else:
            heading = (*block.heading, asked) if asked else block.heading
            found.append(replace(block, heading=heading, section=block.section + number))
    return found


def _only_asks(text: str) -> bool:
    """Whether a block is one question and nothing else."""
    words = plain(text)
    return words.endswith("?") and len(words) <= _LONGEST_QUESTION and not _SENTENCE_END.search(words[:-1])


def _own_title(document: Document) -> str | None:
    """The title, if it comes from the text: a file's name decides nothing about its chunks."""
    return None if document.named else document.title


def _markdown_blocks(document: Document, prepared: Prepared) -> Iterator[SourceBlock]:
    body, title = document.text[document.body_start :], _own_title(document)
    starts = [0, *(found.end() for found in NEWLINE.finditer(body)), len(body)]
    headings: list[tuple[int, str]] = []
    items = section = 0
    tokens = _PARSER.parse(prepared.lines)
    skip_until = -1
    for position, token in enumerate(tokens):
        items += {"list_item_open": 1, "list_item_close": -1}.get(token.type, 0)
        if token.map is None or token.map[0] < skip_until:
            continue
        if token.type == "heading_open":
            level = int(token.tag[1:])
            text = plain(tokens[position + 1].content)
            headings = [*(kept for kept in headings if kept[0] < level), (level, text)]
            section += 1
        elif token.type == "paragraph_open" or token.type in _OPAQUE:
            if token.type in _OPAQUE:
                skip_until = token.map[1]
            opening = tokens[position + 1].content if token.type == "paragraph_open" else ""
            start, end = _span(body, starts, token.map, opening)
            named = (*(text for _, text in headings), *prepared.titles.get(token.map[0], ()))
            path = tuple(text for text in named if text and text != title)
            is_table = token.type == "table_open"
            yield SourceBlock(document.body_start + start, document.body_start + end, path, section, items > 0, is_table)


def _span(body: str, starts: list[int], rows: list[int], content: str) -> tuple[int, int]:
    """Where a block's own text starts (after list and quote marks) and ends; `rows` are its first and past-last line."""
    start, end = starts[rows[0]], starts[rows[1]]
    # The marks come before the text: what the parser kept of the first line is the end of that line, but for tags.
    first_line = body[start : starts[rows[0] + 1]].rstrip()
    kept = content.split("\n")
    first, last = kept[0].rstrip(), kept[-1].strip()
    if first and (at := first_line.rfind(first)) >= 0:
        start += at
    words = body[start:end].rstrip()
    closing = words.rfind(last) if last and words.endswith(">") else -1
    return start, start + (closing + len(last) if closing >= 0 else len(words))


def _text_blocks(document: Document) -> Iterator[SourceBlock]:
    """Paragraphs between blank lines; a short line before a paragraph, without final punctuation, is a heading."""
    heading: tuple[str, ...] = ()
    section, title = 0, _own_title(document)
    paragraphs = [found for found in _PARAGRAPH.finditer(document.text, document.body_start) if has_words(found.group())]
    for found, following in zip_longest(paragraphs, paragraphs[1:]):
        words = found.group().strip()
        # A short line with nothing below it says something itself: as a heading it would be in no chunk.
        has_text = following and (words == title or not _could_be_heading(following.group().strip()))
        if has_text and _could_be_heading(words):
            heading = () if words == title else (words,)
            section += 1
            continue
        text = found.group()
        marks = list(_ITEM.finditer(text))
        edges = [0, *(mark.start() for mark in marks), len(text)]
        item_starts = {mark.start(): mark.end() for mark in marks}
        for left, right in pairwise(edges):
            start = item_starts.get(left, left)
            piece = text[start:right]
            place = found.start() + start + len(piece) - len(piece.lstrip())
            yield SourceBlock(place, place + len(piece.strip()), heading, section, left in item_starts)


def _could_be_heading(words: str) -> bool:
    fits = len(words) <= _LONGEST_HEADING and not NEWLINE.search(words)
    return fits and not words.startswith(_BULLETS) and not words.endswith(_NO_HEADING_END)


def _sentences(document: Document, seen: str, blocks: Iterable[SourceBlock]) -> Iterator[Sentence]:
    """The sentences of some blocks.

    :param seen: the document's text with spaces for what is not seen.
    """
    for block in blocks:
        text = seen[block.start : block.end]
        for start, end in _rows(text) if block.is_table else sentence_spans(text, document.language):
            if has_words(plain(text[start:end])):
                yield Sentence(block.start + start, block.start + end, block.start, block.is_item or block.is_table)


def _rows(table: str) -> Iterator[tuple[int, int]]:
    """The rows of a table: each is a sentence."""
    starts = [0, *(found.end() for found in NEWLINE.finditer(table)), len(table)]
    for start, following in pairwise(starts):
        yield start, start + len(table[start:following].rstrip())


def _without(seen: str, sentences: Iterable[Sentence], spans: Sequence[tuple[int, int]]) -> Iterator[list[Sentence]]:
    """The sentences without some spans, in runs between these: a chunk is a span, and none may stand inside one."""
    run: list[Sentence] = []
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    for sentence in sentences:
        inside = spans[bisect_right(ends, sentence.start) : bisect_left(starts, sentence.end)]
        edges = [sentence.start, *(edge for span in inside for edge in span), sentence.end]
        for number, (start, end) in enumerate(zip(edges[::2], edges[1::2], strict=True)):
            if number:
                yield run
                run = []
            said = seen[start:end] if start < end else ""
            if has_words(said):
                before = len(said) - len(said.lstrip())
                run.append(replace(sentence, start=start + before, end=start + len(said.rstrip())))
    yield run


def _cut(document: Document, sentences: Iterable[Sentence], longest: int) -> Iterator[Sentence]:
    """The sentences, those of more than `longest` characters cut at white space."""
    text = document.text
    for sentence in sentences:
        start, end = sentence.start, sentence.end
        while end - start > longest:
            words = _WHOLE_WORDS.match(text, start, start + longest + 1)
            middle = words.end() if words else start + longest
            yield replace(sentence, start=start, end=middle)
            following = _NOT_SPACE.search(text, middle, end)
            start = following.start() if following else end
        if start < end:
            yield replace(sentence, start=start, end=end)


def _pack(document: Document, sentences: list[Sentence], longest: int) -> Iterator[list[Sentence]]:
    """Whole blocks in groups of like size, none over `longest`; only a block that is longer is cut, between sentences.

    A sentence that announces a list (it ends with a colon) goes with the list.
    """
    if not sentences:
        return
    goal = _length(sentences) / -(-_length(sentences) // longest)
    group: list[Sentence] = []
    for unit in _units(sentences, longest):
        if group:
            new_block = unit[0].block != group[-1].block
            enough = _length(group) >= goal * (0.85 if new_block else 1)
            if enough or _length([*group, *unit]) > longest:
                announces = new_block and unit[0].is_item and document.text[group[-1].end - 1] == ":"
                fits = len(group) > 1 and _length([group[-1], *unit]) <= longest
                kept = len(group) - 1 if announces and fits else len(group)
                yield group[:kept]
                group = group[kept:]
        group = [*group, *unit]
    yield group


def _without_a_tail(groups: list[list[Sentence]], longest: int) -> list[list[Sentence]]:
    """The groups of a section; one of a few words goes to its neighbour, as far as that has room for it."""
    kept: list[list[Sentence]] = []
    for group in groups:
        short = kept and min(_length(group), _length(kept[-1])) < _SHORTEST
        if short and _length([*kept[-1], *group]) <= longest:
            kept[-1] = [*kept[-1], *group]
        else:
            kept.append(group)
    return kept


def _says_something(seen: str, sentences: Sequence[Sentence]) -> bool:
    """Whether some sentences are more than addresses."""
    return any(has_words(_ADDRESS.sub("", plain(seen[one.start : one.end]))) for one in sentences)


def _length(sentences: Sequence[Sentence]) -> int:
    """Characters from the start of the first to the end of the last."""
    return sentences[-1].end - sentences[0].start


def _units(sentences: Iterable[Sentence], longest: int) -> Iterator[list[Sentence]]:
    """What is not to be cut: a block, or each sentence of one that is too long."""
    for _, block in groupby(sentences, key=lambda sentence: sentence.block):
        whole = list(block)
        yield from [whole] if _length(whole) <= longest else [[sentence] for sentence in whole]
