"""Write a catalog: a copy of the one before, in which only the documents that changed are written anew.

A chunk's number is never given twice: those above a number are the chunks that came since. A sentence's number is the row of
its vector, and is given again once nobody has it, so that the table of vectors does not grow with every edit.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from advisor.documents.passages import embedded_sentence, embedded_text
from advisor.files import clone_file
from advisor.index.catalog import COLUMNS, FIELDS, text_hash
from advisor.index.translations import match_twins
from advisor.types import Chunk, Document

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT, language TEXT, text TEXT, body_start INTEGER, content_hash TEXT, topic TEXT,
    translation_of TEXT, updated TEXT, evidence TEXT, named INTEGER, sources TEXT, aliases TEXT, pages TEXT,
    scan TEXT
);
CREATE TABLE names (name TEXT PRIMARY KEY, document TEXT REFERENCES documents (id));
CREATE TABLE chunks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, document TEXT REFERENCES documents (id), heading TEXT,
    start INTEGER, end INTEGER, start_line INTEGER, end_line INTEGER, page INTEGER, text TEXT, text_hash TEXT
);
CREATE TABLE sentences (
    number INTEGER PRIMARY KEY, chunk INTEGER REFERENCES chunks (number), start INTEGER, end INTEGER, block INTEGER,
    is_item INTEGER, text_hash TEXT, twin INTEGER REFERENCES sentences (number)
);
CREATE INDEX name_document ON names (document);
CREATE INDEX chunk_document ON chunks (document);
CREATE INDEX chunk_text ON chunks (text_hash);
CREATE INDEX sentence_chunk ON sentences (chunk);
CREATE INDEX sentence_text ON sentences (text_hash);
"""
# A catalog is built aside and flushed to disk as a whole; until then there is nothing to protect. What is removed from a
# copy does not stay readable in it.
_SETTINGS = "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; PRAGMA secure_delete = ON;"

Cut = tuple[Document, Sequence[Chunk] | None]
"""A document and its chunks in reading order; None where the catalog has them, and only the document's row differs."""


@dataclass(frozen=True, slots=True, eq=False)
class CatalogEdit:
    """What an edit did. Chunk `n` of `chunks` was written, and their sentences, in order, got the numbers `rows`.

    `removed` maps the id of each chunk that went to its number and the hash of its text; `freed` are the numbers of
    sentences that nobody has any more.
    """

    chunks: tuple[Chunk, ...]
    rows: NDArray[np.int64]
    removed: Mapping[str, tuple[int, str]]
    freed: NDArray[np.int64]


def edit_catalog(path: Path, base: Path | None, written: Sequence[Cut], removed: Collection[str]) -> CatalogEdit:
    """Write a catalog beside the one that it begins as a copy of.

    :param base: None to begin with an empty one.
    :param written: the documents that are not in `base`, or not like this.
    :param removed: the ids of the documents of `base` that go.
    """
    if base:
        clone_file(base, path)
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(_SETTINGS + ("" if base else _SCHEMA))
        replaced = [*removed, *(document.id for document, chunks in written if chunks is not None)]
        gone, freed = _remove_chunks(database, replaced)
        _write_documents(database, [document for document, _ in written], removed)
        chunks = tuple(chunk for _, some in written for chunk in some or ())
        rows = _write_chunks(database, chunks)
        _match_twins(database)
    return CatalogEdit(chunks, rows, gone, np.setdiff1d(freed, rows))


def _remove_chunks(
    database: sqlite3.Connection, documents: Iterable[str]
) -> tuple[dict[str, tuple[int, str]], NDArray[np.int64]]:
    gone: dict[str, tuple[int, str]] = {}
    freed: list[int] = []
    for name in documents:
        rows = database.execute("SELECT id, number, text_hash FROM chunks WHERE document = ?", (name,)).fetchall()
        gone.update((key, (number, text)) for key, number, text in rows)
        numbers = [(number,) for _, number, _ in rows]
        for chunk in numbers:
            freed += (number for (number,) in database.execute("SELECT number FROM sentences WHERE chunk = ?", chunk))
        database.executemany("DELETE FROM sentences WHERE chunk = ?", numbers)
        database.executemany("DELETE FROM chunks WHERE number = ?", numbers)
    return gone, np.array(freed, np.int64)


def _write_documents(database: sqlite3.Connection, written: Sequence[Document], removed: Collection[str]) -> None:
    ids = [(name,) for name in (*removed, *(document.id for document in written))]
    database.executemany("DELETE FROM names WHERE document = ?", ids)
    database.executemany("DELETE FROM documents WHERE id = ?", ids)
    marks = ", ".join("?" * len(FIELDS))
    database.executemany(f"INSERT INTO documents ({COLUMNS}) VALUES ({marks})", map(_document_row, written))
    names = ((name, document.id) for document in written for name in (document.id, *document.aliases))
    database.executemany("INSERT INTO names VALUES (?, ?)", names)


def _write_chunks(database: sqlite3.Connection, chunks: Sequence[Chunk]) -> NDArray[np.int64]:
    """Number and write chunks and their sentences; returns the numbers of the sentences, in order."""
    last = database.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'chunks'").fetchone()[0]
    numbered = list(enumerate(chunks, start=last + 1))
    database.executemany(
        "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (n, c.id, c.document, json.dumps(c.heading), c.start, c.end, c.start_line, c.end_line, c.page, c.text,
             text_hash(embedded_text(c)))
            for n, c in numbered
        ),
    )  # fmt: skip
    rows = _numbers(database, sum(len(chunk.sentences) for chunk in chunks))
    places = ((n, c, s) for n, c in numbered for s in c.sentences)
    database.executemany(
        "INSERT INTO sentences VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
        (
            (row, n, s.start, s.end, s.block, s.is_item, text_hash(embedded_sentence(c, s)))
            for row, (n, c, s) in zip(rows.tolist(), places, strict=True)
        ),
    )
    return rows


def _numbers(database: sqlite3.Connection, count: int) -> NDArray[np.int64]:
    """Numbers for so many sentences, rising: first those that nobody has any more."""
    held, end = database.execute("SELECT count(*), coalesce(max(number) + 1, 0) FROM sentences").fetchone()
    free = np.zeros(0, np.int64)
    if held < end:
        taken = np.fromiter((number for (number,) in database.execute("SELECT number FROM sentences")), np.int64, held)
        free = np.setdiff1d(np.arange(end), taken)[:count]
    return np.concatenate([free, np.arange(end, end + count - len(free))])


def _match_twins(database: sqlite3.Connection) -> None:
    """Say of each sentence of linked documents which one of the translation says the same: any of them can have changed."""
    links = database.execute(
        "SELECT d.id, n.document FROM documents d JOIN names n ON n.name = d.translation_of ORDER BY d.id"
    ).fetchall()
    blocks: dict[str, list[list[int]]] = {name: [] for pair in links for name in pair}
    for name, of in blocks.items():
        query = "SELECT s.block, s.number FROM chunks c JOIN sentences s ON s.chunk = c.number WHERE c.document = ?"
        rows = database.execute(f"{query} ORDER BY s.number", (name,))
        of += ([number for _, number in group] for _, group in groupby(rows, key=lambda row: row[0]))
    twins = match_twins(links, blocks)
    before = dict(database.execute("SELECT number, twin FROM sentences WHERE twin IS NOT NULL"))
    changed = ((twins.get(at), at) for at in before.keys() | twins.keys() if before.get(at) != twins.get(at))
    database.executemany("UPDATE sentences SET twin = ? WHERE number = ?", changed)


def _document_row(document: Document) -> tuple[Any, ...]:
    sources = json.dumps([asdict(source) for source in document.sources], ensure_ascii=False)
    return (
        document.id, document.title, document.language, document.text, document.body_start, document.content_hash,
        document.topic, document.translation_of, document.updated, document.evidence, document.named, sources,
        json.dumps(document.aliases), json.dumps(document.pages), json.dumps(asdict(document.scan)),
    )  # fmt: skip
