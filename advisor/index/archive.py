"""Every version of every document that was ever published, so that the links of old answers keep leading to their text.

A generation lives until the second next one; an answer, on a page or in an export, lives longer. A text is kept once,
however many generations hold it, with the first and the last of them. `forget` removes what is no longer published.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Container, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from advisor.index.catalog import Catalog
from advisor.index.generations import number_of
from advisor.types import Document, Scan, Source, Standing

ARCHIVE_FILE = "archive.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS generations (number INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS texts (hash TEXT PRIMARY KEY, document BLOB);
CREATE TABLE IF NOT EXISTS spans (
    document TEXT, hash TEXT REFERENCES texts (hash), content_hash TEXT, first INTEGER, last INTEGER
);
CREATE INDEX IF NOT EXISTS span_document ON spans (document);
"""


def last_number(index_dir: Path) -> int:
    """The number of the last generation that was recorded: numbers are not used twice.

    An archive that is damaged is begun anew.
    """
    if not (index_dir / ARCHIVE_FILE).is_file():
        return 0
    try:
        with _opened(index_dir) as database:
            return int(database.execute("SELECT coalesce(max(number), 0) FROM generations").fetchone()[0])
    except sqlite3.OperationalError:  # it is in use, or the disk is full: nothing is wrong with the archive
        raise
    except sqlite3.DatabaseError:
        (index_dir / ARCHIVE_FILE).unlink()
        return 0


def record(index_dir: Path, generation: str, catalog: Catalog, read: Container[str]) -> None:
    """Keep the documents of a generation that is about to be published.

    :param catalog: of that generation; only texts that are not archived yet are loaded from it.
    :param read: the documents that were read from their files for it; of the others, the same bytes are the same version.
    """
    number = number_of(generation)
    with _opened(index_dir) as database:
        database.execute("INSERT INTO generations VALUES (?, ?)", (number, generation))
        rows = database.execute("SELECT document, content_hash, hash FROM spans WHERE last IS NULL")
        going = {name: (content_hash, key) for name, content_hash, key in rows}
        for name, found in catalog.contents():
            content_hash, known = going.get(name, ("", ""))
            document = catalog.document(name) if name in read or found != content_hash else None
            key, packed = _pack(document) if document else (known, b"")
            if key == known:
                del going[name]
                continue
            database.execute("INSERT OR IGNORE INTO texts VALUES (?, ?)", (key, packed))
            # `last` is 0 until those that it replaces are closed.
            database.execute("INSERT INTO spans VALUES (?, ?, ?, ?, 0)", (name, key, found, number))
        database.executemany(
            "UPDATE spans SET last = ? WHERE document = ? AND last IS NULL", ((number - 1, name) for name in going)
        )
        database.execute("UPDATE spans SET last = NULL WHERE last = 0")


def find(index_dir: Path, document_id: str, generation: str) -> Document | None:
    """A document as a generation held it, however long ago; None when it did not, was forgotten, or cannot be read."""
    if not (index_dir / ARCHIVE_FILE).is_file():
        return None
    query = """
    SELECT t.document FROM generations g JOIN spans v ON v.first <= g.number AND (v.last IS NULL OR v.last >= g.number)
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
        database.execute("DELETE FROM spans WHERE last IS NOT NULL")
        database.execute("DELETE FROM texts WHERE hash NOT IN (SELECT hash FROM spans)")
    with closing(sqlite3.connect(index_dir / ARCHIVE_FILE)) as database:
        database.execute("VACUUM")


@contextmanager
def _opened(index_dir: Path) -> Iterator[sqlite3.Connection]:
    """The archive, in a transaction; made when there is none."""
    with closing(sqlite3.connect(index_dir / ARCHIVE_FILE, timeout=30)) as database:
        database.execute("PRAGMA secure_delete = ON")
        database.executescript(_SCHEMA)
        with database:
            yield database


def _pack(document: Document) -> tuple[str, bytes]:
    fields = asdict(document)
    del fields["aliases"], fields["hidden"]  # the same version, wherever else it stood
    if document.scan == Scan():
        del fields["scan"]  # most documents: as they were kept before there was OCR
    if document.standing is None:
        del fields["standing"]  # most documents: as they were kept before it was read
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest(), zlib.compress(text)


def _unpack(packed: bytes) -> Document:
    fields = json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass"))
    sources = tuple(Source(**source) for source in fields["sources"])
    scan = Scan.of(fields.pop("scan")) if "scan" in fields else Scan()
    said = fields.pop("standing", None)
    standing = Standing(**said) if said else None
    return Document(**fields | {"sources": sources, "pages": tuple(fields["pages"]), "scan": scan, "standing": standing})
