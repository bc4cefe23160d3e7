"""Every version of every document that was ever published, so that the links of old answers keep leading to their text.

A generation lives until the second next one; an answer, on a page or in an export, lives longer. A text is kept once,
however many generations hold it, with the first and the last of them. `forget` removes what is no longer published.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from advisor.generations import number_of
from advisor.types import Document, Source

FILE = "archive.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS generations (number INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS texts (hash TEXT PRIMARY KEY, document BLOB);
CREATE TABLE IF NOT EXISTS versions (document TEXT, hash TEXT REFERENCES texts (hash), first INTEGER, last INTEGER);
CREATE INDEX IF NOT EXISTS version_document ON versions (document);
"""


def last_number(index_dir: Path) -> int:
    """The number of the last generation that was recorded: numbers are not used twice.

    An archive that is damaged is begun anew.
    """
    if not (index_dir / FILE).is_file():
        return 0
    try:
        with _opened(index_dir) as database:
            return int(database.execute("SELECT coalesce(max(number), 0) FROM generations").fetchone()[0])
    except sqlite3.DatabaseError:
        (index_dir / FILE).unlink()
        return 0


def record(index_dir: Path, generation: str, documents: Iterable[Document]) -> None:
    """Keep the documents of a generation that is about to be published."""
    number = number_of(generation)
    packed = {document.id: _pack(document) for document in documents}
    with _opened(index_dir) as database:
        database.execute("INSERT INTO generations VALUES (?, ?)", (number, generation))
        open_versions = dict(database.execute("SELECT document, hash FROM versions WHERE last IS NULL"))
        gone = [name for name, key in open_versions.items() if name not in packed or packed[name][0] != key]
        new = [name for name, (key, _) in packed.items() if open_versions.get(name) != key]
        database.executemany(
            "UPDATE versions SET last = ? WHERE document = ? AND last IS NULL", ((number - 1, name) for name in gone)
        )
        database.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", (packed[name] for name in new))
        database.executemany(
            "INSERT INTO versions VALUES (?, ?, ?, NULL)", ((name, packed[name][0], number) for name in new)
        )


def find(index_dir: Path, document_id: str, generation: str) -> Document | None:
    """A document as a generation held it, however long ago; None when it did not, was forgotten, or cannot be read."""
    if not (index_dir / FILE).is_file():
        return None
    query = """
    SELECT t.document FROM generations g JOIN versions v ON v.first <= g.number AND (v.last IS NULL OR v.last >= g.number)
    JOIN texts t ON t.hash = v.hash WHERE g.name = ? AND v.document = ?
    """
    try:
        with _opened(index_dir) as database:
            row = database.execute(query, (generation, document_id)).fetchone()
    except sqlite3.DatabaseError:
        return None
    return _unpack(row[0]) if row else None


def forget(index_dir: Path) -> None:
    """Remove, from the disk too, every version that the generation recorded last does not hold."""
    with _opened(index_dir) as database:
        database.execute("DELETE FROM versions WHERE last IS NOT NULL")
        database.execute("DELETE FROM texts WHERE hash NOT IN (SELECT hash FROM versions)")
    with closing(sqlite3.connect(index_dir / FILE)) as database:
        database.execute("VACUUM")


@contextmanager
def _opened(index_dir: Path) -> Iterator[sqlite3.Connection]:
    """The archive, in a transaction; made when there is none."""
    with closing(sqlite3.connect(index_dir / FILE, timeout=30)) as database:
        database.execute("PRAGMA secure_delete = ON")
        database.executescript(_SCHEMA)
        with database:
            yield database


def _pack(document: Document) -> tuple[str, bytes]:
    fields = asdict(document)
    del fields["aliases"]  # the same version, wherever else it stood
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest(), zlib.compress(text)


def _unpack(packed: bytes) -> Document:
    fields = json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass"))
    sources = tuple(Source(**source) for source in fields["sources"])
    return Document(**fields | {"sources": sources, "pages": tuple(fields["pages"])})
