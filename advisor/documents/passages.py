"""A chunk as search reads it: title and headings, then the text that a reader sees."""

from __future__ import annotations

import re
from functools import lru_cache

from advisor.documents.dialects import prepare
from advisor.documents.unseen import without_unseen
from advisor.text.invisible import seen
from advisor.text.plain import has_words, plain
from advisor.types import Chunk, Sentence

_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s++")
_KEPT = 2_048  # texts, a few megabytes: the same passages come up again and again


def embedded_text(chunk: Chunk) -> str:
    """What is embedded of a chunk. A title that is the file's name is left out: a renamed file keeps its vectors."""
    return _under_headings(chunk, chunk.text)


def searched_text(chunk: Chunk) -> str:
    """What the keyword search reads: like `embedded_text`, with the title in any case."""
    return f"{chunk.title}\n{embedded_text(chunk)}" if chunk.named else embedded_text(chunk)


def embedded_sentence(chunk: Chunk, sentence: Sentence) -> str:
    """Title and headings, then one of its sentences: a sentence alone seldom says what it is about."""
    return _under_headings(chunk, chunk.text_of(sentence))


def lines_of_passage(passage: str) -> list[str]:
    """A passage as its reader sees it: its lists stay lists, lines that are marks alone go, "" stands between paragraphs."""
    lines: list[str] = []
    for line in prepare(passage).lines.splitlines():
        said = line.lstrip(" \t>")  # what it quotes is quoted with it
        item = _ITEM.match(said)
        words = plain(said[item.end() :] if item else said)
        if has_words(words) and not item and line[:1].isspace() and lines and _ITEM.match(lines[-1]):
            lines[-1] += f" {words}"  # an item goes on below itself
        elif has_words(words):
            lines.append(f"{item.group().strip()} {words}" if item else words)
        elif not line.strip() and lines and lines[-1]:
            lines.append("")
    return lines if not lines or lines[-1] else lines[:-1]


@lru_cache(maxsize=_KEPT)
def _seen(text: str) -> str:
    return seen(without_unseen(text))


def _under_headings(chunk: Chunk, text: str) -> str:
    path = chunk.heading if chunk.named else (chunk.title, *chunk.heading)
    words = _seen(text)
    return f"{' > '.join(path)}\n{words}" if path else words
