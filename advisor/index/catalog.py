"""The documents, chunks and sentences of one generation, in SQLite.

The text of every document is in it: a citation is shown from the generation it was made from, whatever became of the file.
Row `n` of the sentence vectors belongs to sentence `n`. Within a document, the numbers of chunks and sentences rise in
reading order; across documents they are in no order, and some are nobody's (`catalog_edit` gives them).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

from advisor.documents.standing import BEGINNING, read_standings
from advisor.types import Chunk, Document, Language, Scan, Sentence, Source, Standing

FIELDS = (
    "id", "title", "language", "text", "body_start", "content_hash", "topic", "translation_of", "updated", "evidence",
    "named", "sources", "aliases", "pages", "scan",
)  # fmt: skip
COLUMNS = ", ".join(FIELDS)
_KEPT = 8  # documents, the last that were read: an answer cites them, is checked against them, and is followed up
_KEPT_CHUNKS = 32  # documents, the last whose chunks were read: each question looks at those of a handful
_MOST_PARAMETERS = 500  # SQLite takes 999 in its oldest builds


def text_hash(text: str) -> str:
    """The key under which the vector of a text is re-used: SHA-256, first 32 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk as stored: the numbers of its sentences, and those of their twins (its own number where there is none)."""

    chunk: Chunk
    numbers: tuple[int, ...]
    twins: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ListedDocument:
    """What lists show of a document: everything but its text and what belongs to that. The fields are the document's."""

    id: str
    title: str
    language: Language
    topic: str | None
    translation_of: str | None
    updated: str | None
    evidence: str | None
    aliases: tuple[str, ...]


class Catalog:
    """A catalog opened for reading; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        # `immutable`: a generation never changes once published, so no lock and no journal is needed.
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._database = sqlite3.connect(uri, uri=True, check_same_thread=False)
        self._read_document = lru_cache(maxsize=_KEPT)(partial(_read_document, self._database))
        self._read_chunks = lru_cache(maxsize=_KEPT_CHUNKS)(partial(_read_chunks, self._database))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def hashes(self) -> dict[str, str]:
        """File -> hash of its content, aliases too."""
        query = "SELECT n.name, d.content_hash FROM names n JOIN documents d ON d.id = n.document"
        return dict(self._database.execute(query))

    def contents(self) -> list[tuple[str, str]]:
        """The id of every document, in order, with the hash of its content."""
        return self._database.execute("SELECT id, content_hash FROM documents ORDER BY id").fetchall()

    def document(self, name: str) -> Document | None:
        """One document by its id or an alias, or None when this generation does not hold it."""
        found = self._read_document(name)
        return replace(found, standing=self.standings[found.id]) if found and found.id in self.standings else found

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """The documents of decisions that no longer stand, by id."""
        names = [name for (name,) in self._database.execute("SELECT id FROM documents")]
        beginning = f"substr(text, 1, {BEGINNING})"
        query = f"SELECT id, {beginning} FROM documents WHERE {beginning} LIKE '%stat%' OR {beginning} LIKE '%supersed%'"
        return read_standings(dict(self._database.execute(query)), frozenset(names))

    def documents(self) -> list[Document]:
        """Every document with its text, by id; `listing` is for who does not need that."""
        return [_document(row) for row in self._database.execute(f"SELECT {COLUMNS} FROM documents ORDER BY id")]

    def listing(self) -> list[ListedDocument]:
        """What lists show of every document, by id."""
        names = [field.name for field in fields(ListedDocument)]
        rows = self._database.execute(f"SELECT {', '.join(names)} FROM documents ORDER BY id")
        entries: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
        return [ListedDocument(**entry | {"aliases": tuple(json.loads(entry["aliases"]))}) for entry in entries]

    def silent(self) -> tuple[str, ...]:
        """The documents without a passage, by id: nothing can be answered from them."""
        query = "SELECT id FROM documents WHERE id NOT IN (SELECT document FROM chunks) ORDER BY id"
        return tuple(name for (name,) in self._database.execute(query))

    def chunks(self, ids: Sequence[str]) -> dict[str, StoredChunk]:
        """The chunks with these ids; an unknown id is left out."""
        found: dict[str, StoredChunk] = {}
        for at in range(0, len(ids), _MOST_PARAMETERS):
            some = ids[at : at + _MOST_PARAMETERS]
            marks = ", ".join("?" * len(some))
            rows = self._database.execute(f"{_CHUNK_QUERY} WHERE c.id IN ({marks}) ORDER BY s.number", list(some)).fetchall()
            found.update(_stored_chunks(rows))
        return found

    def chunks_of(self, document_id: str) -> tuple[StoredChunk, ...]:
        """The chunks of a document in reading order."""
        return self._read_chunks(document_id)

    def part(self, documents: Sequence[str]) -> tuple[dict[str, str], list[int]]:
        """The chunks of these documents, by id, with the hash of their embedded text; the numbers of their sentences."""
        chunks: dict[str, str] = {}
        sentences: list[int] = []
        for at in range(0, len(documents), _MOST_PARAMETERS):
            some = list(documents[at : at + _MOST_PARAMETERS])
            where = f"FROM chunks c {{}} WHERE c.document IN ({', '.join('?' * len(some))})"
            chunks.update(self._database.execute(f"SELECT c.id, c.text_hash {where.format('')}", some))
            joined = where.format("JOIN sentences s ON s.chunk = c.number")
            sentences += [number for (number,) in self._database.execute(f"SELECT s.number {joined}", some)]
        return chunks, sentences

    def chunk_ids(self, sentences: Sequence[int]) -> list[str]:
        """The ids of the chunks that these sentences are in, in that order."""
        found: dict[int, str] = {}
        for at in range(0, len(sentences), _MOST_PARAMETERS):
            some = sentences[at : at + _MOST_PARAMETERS]
            marks = ", ".join("?" * len(some))
            query = f"SELECT s.number, c.id FROM sentences s JOIN chunks c ON c.number = s.chunk WHERE s.number IN ({marks})"
            found.update(self._database.execute(query, list(some)))
        return [found[number] for number in sentences]

    def share_of_sections(self, sentences: Iterable[int]) -> float:
        """The share (0..1) of the sections that hold one of these sentences."""
        sections = dict(
            self._database.execute(
                "SELECT s.number, c.document || char(10) || c.heading FROM sentences s JOIN chunks c ON c.number = s.chunk"
            )
        )
        return len({sections[number] for number in sentences}) / max(1, len(set(sections.values())))

    def chunks_by_document(self) -> dict[str, list[Chunk]]:
        """Document id -> its chunks in reading order."""
        found: dict[str, list[Chunk]] = {}
        for stored in _stored_chunks(self._database.execute(f"{_CHUNK_QUERY} ORDER BY c.document, s.number")).values():
            found.setdefault(stored.chunk.document, []).append(stored.chunk)
        return found

    def ids_of_texts(self, hashes: Sequence[str]) -> dict[str, list[str]]:
        """Hash of an embedded text -> ids of the chunks that have it, by document and place."""
        found: dict[str, list[str]] = {}
        for at in range(0, len(hashes), _MOST_PARAMETERS):
            some = hashes[at : at + _MOST_PARAMETERS]
            marks = ", ".join("?" * len(some))
            query = f"SELECT text_hash, id FROM chunks WHERE text_hash IN ({marks}) ORDER BY document, start"
            for key, chunk_id in self._database.execute(query, list(some)):
                found.setdefault(key, []).append(chunk_id)
        return found

    def chunk_hashes(self) -> set[str]:
        """The hashes of the chunks' embedded texts: the keys of the vector store."""
        return {key for (key,) in self._database.execute("SELECT DISTINCT text_hash FROM chunks")}

    def chunk_counts(self) -> dict[str, int]:
        """Document id -> how many chunks it has, where it has any."""
        return dict(self._database.execute("SELECT document, count(*) FROM chunks GROUP BY document"))

    def sentence_hashes(self) -> dict[str, int]:
        """Hash of a sentence's text -> number of a sentence that has it."""
        return dict(self._database.execute("SELECT text_hash, number FROM sentences"))

    def sentences_of_texts(self, hashes: Sequence[str]) -> dict[str, int]:
        """Hash of a sentence's text -> number of a sentence that has it, for those of these hashes that any has."""
        found: dict[str, int] = {}
        for at in range(0, len(hashes), _MOST_PARAMETERS):
            some = hashes[at : at + _MOST_PARAMETERS]
            query = f"SELECT text_hash, number FROM sentences WHERE text_hash IN ({', '.join('?' * len(some))})"
            found.update(self._database.execute(query, list(some)))
        return found

    def ids_after(self, number: int) -> list[str]:
        """The ids of the chunks whose numbers are higher than this one, by document and place."""
        query = "SELECT id FROM chunks WHERE number > ? ORDER BY document, start"
        return [key for (key,) in self._database.execute(query, (number,))]

    def in_turn(self, ids: Sequence[str]) -> Iterator[Chunk]:
        """The chunks with these ids, a few in memory at a time."""
        for at in range(0, len(ids), _MOST_PARAMETERS):
            found = self.chunks(ids[at : at + _MOST_PARAMETERS])
            yield from (found[key].chunk for key in ids[at : at + _MOST_PARAMETERS])

    def sample(self, most: int) -> list[Chunk]:
        """A handful of chunks, evenly spread."""
        _, count, _ = self.counts()
        places = {at * (count - 1) // max(most - 1, 1) for at in range(most)} if count else set[int]()
        query = "SELECT id FROM chunks ORDER BY number LIMIT 1 OFFSET ?"
        ids = [key for at in sorted(places) for (key,) in self._database.execute(query, (at,))]
        return [stored.chunk for stored in self.chunks(ids).values()]

    def sizes(self) -> tuple[int, int, int]:
        """How many different texts the chunks have, the highest number of a chunk, and a sentence's highest and one."""
        query = """SELECT (SELECT count(DISTINCT text_hash) FROM chunks), (SELECT coalesce(max(number), 0) FROM chunks),
            (SELECT coalesce(max(number) + 1, 0) FROM sentences)"""
        entries, chunk, rows = self._database.execute(query).fetchone()
        return entries, chunk, rows

    def counts(self) -> tuple[int, int, int]:
        """How many documents, chunks and sentences there are."""
        query = "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks), (SELECT count(*) FROM sentences)"
        documents, chunks, sentences = self._database.execute(query).fetchone()
        return documents, chunks, sentences


_CHUNK_QUERY = """
SELECT c.id, c.document, d.title, d.language, c.heading, c.start, c.end, c.start_line, c.end_line, c.page,
       c.text, d.named, s.number, s.twin, s.start, s.end, s.block, s.is_item
FROM chunks c JOIN documents d ON d.id = c.document LEFT JOIN sentences s ON s.chunk = c.number
"""


def _stored_chunks(rows: Iterable[tuple[Any, ...]]) -> dict[str, StoredChunk]:
    """Rows of `_CHUNK_QUERY`, one per sentence and in order, as chunks."""
    grouped: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row)
    found = {}
    for key, group in grouped.items():
        _, document, title, language, heading, start, end, start_line, end_line, page, text, named, *_ = group[0]
        known = [row[12:] for row in group if row[12] is not None]
        sentences = tuple(Sentence(s, e, block, bool(item)) for _, _, s, e, block, item in known)
        chunk = Chunk(
            document=document, title=title, language=language, heading=tuple(json.loads(heading)), start=start, end=end,
            start_line=start_line, end_line=end_line, text=text, sentences=sentences, page=page,
            named=bool(named),
        )  # fmt: skip
        numbers = tuple(number for number, *_ in known)
        found[key] = StoredChunk(chunk, numbers, tuple(n if twin is None else twin for n, twin, *_ in known))
    return found


def _read_chunks(database: sqlite3.Connection, document_id: str) -> tuple[StoredChunk, ...]:
    rows = database.execute(f"{_CHUNK_QUERY} WHERE c.document = ? ORDER BY s.number", (document_id,)).fetchall()
    return tuple(_stored_chunks(rows).values())


def _read_document(database: sqlite3.Connection, name: str) -> Document | None:
    query = f"SELECT {COLUMNS} FROM documents WHERE id = (SELECT document FROM names WHERE name = ?)"
    row = database.execute(query, (name,)).fetchone()
    return _document(row) if row else None


def _document(row: tuple[Any, ...]) -> Document:
    fields: dict[str, Any] = dict(zip(FIELDS, row, strict=True))
    sources = tuple(Source(**source) for source in json.loads(fields.pop("sources")))
    aliases, pages = (tuple(json.loads(fields.pop(name))) for name in ("aliases", "pages"))
    fields |= {"named": bool(fields["named"]), "scan": Scan.of(json.loads(fields["scan"]))}
    return Document(**fields, sources=sources, aliases=aliases, pages=pages)
