"""The generations of an index on disk: their names, their manifests, and which one is published.

    index/current                 the name of the published generation
    index/<generation>/
        manifest.json             what it was built with, and the counts
        catalog.sqlite            documents, chunks, sentences
        chroma/                   vectors of the chunks (cosine), where they are not on a server
        lexical/                  BM25 of the chunks
        sentences.npy             vectors of the sentences, float16, shape (rows, dimension)
        thesaurus.yaml            the corpus's thesaurus, if it has one
        sections.yaml             what its headings say of their sections, if it has that
        calibration.json          how sure answers are, if that was fitted for this corpus and model
        used-forms.json           the forms of its concepts that the documents use
        asked.npz                 vectors of the questions that a curator wrote beside lines
        question-space.npz        the space that these questions make, if there are any
        in-use                    readers hold a shared lock on it; a generation with readers is not removed
    index/archive.sqlite          the text of every version of every document, for the links of old answers
    index/collections             what the names of its collections on a Chroma server begin with, and its own inode
    index/report.json             what the last sync did

A generation is never modified once `current` names it.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.documents import chunking
from advisor.errors import IndexMismatchError
from advisor.files import flush, replace_file
from advisor.index import bm25
from advisor.settings import Settings
from advisor.text.reasons import reason

if TYPE_CHECKING:
    from advisor.models.embeddings import Embeddings

FORMAT = 8
"""Raise it when the layout of a generation changes: the index is then rebuilt."""

POINTER = "current"
PUBLIC = 0o644  # mode of the index's own files: what is in them is no secret
CATALOG, SENTENCES, CHROMA, LEXICAL, IN_USE = "catalog.sqlite", "sentences.npy", "chroma", "lexical", "in-use"
_MANIFEST = "manifest.json"
_RECIPE = (
    *("embedding_model", "embedding_digest", "dimension"),
    *("chunk_chars", "chunking_version", "lexical_version", "format", "chromadb"),
)


@dataclass(frozen=True, slots=True)
class Companions:
    """The digests of what curators keep beside the documents; "" for what they do not keep.

    The thesaurus, the questions of sentences, what the sections are there for, the calibration of the model at hand.
    """

    thesaurus: str
    asked: str
    sections: str
    calibration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a generation holds.

    `entries` counts the different texts of the chunks, `dead` those that the vector store drags along; `rows` those of the
    table of sentence vectors, some of which can be nobody's. Chunks up to the number `keyword_base` are in segments of BM25
    that generations share, and `keyword_dead` of them were removed since.
    """

    documents: int = 0
    chunks: int = 0
    entries: int = 0
    dead: int = 0
    sentences: int = 0
    rows: int = 0
    keyword_base: int = 0
    keyword_dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest(Counts):
    """What a generation was built with, and what it holds.

    `previous` was published when it was built; `files` has the size of each file, in bytes; `collection` has the vectors
    where they are on a server ("" where they are in the folder).
    """

    generation: str = ""
    created: str = ""
    embedding_model: str
    embedding_digest: str
    dimension: int
    chunk_chars: int
    thesaurus: str = ""
    asked: str = ""
    sections: str = ""
    calibration: str = ""
    previous: str = ""
    files: dict[str, int] = field(default_factory=dict)
    collection: str = ""
    chunking_version: int = chunking.VERSION
    lexical_version: int = bm25.VERSION
    format: int = FORMAT
    chromadb: str = field(default_factory=lambda: version("chromadb"))

    def recipe(self) -> dict[str, object]:
        """The part that decides whether two generations can share anything."""
        return {name: getattr(self, name) for name in _RECIPE}

    @property
    def companions(self) -> Companions:
        """What it was built with beside the documents."""
        return Companions(self.thesaurus, self.asked, self.sections, self.calibration)


def blank_manifest(settings: Settings, embeddings: Embeddings) -> Manifest:
    """The manifest of an empty generation that these settings would build."""
    return Manifest(
        embedding_model=embeddings.name,
        embedding_digest=embeddings.digest,
        dimension=embeddings.dimension,
        chunk_chars=settings.chunk_chars,
    )


def current_generation(index_dir: Path) -> str | None:
    """The name of the published generation, or None."""
    try:
        return (index_dir / POINTER).read_text(encoding="utf-8").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None


def generations(index_dir: Path) -> list[str]:
    """The complete generations on disk, oldest first."""
    return sorted(path.parent.name for path in index_dir.glob(f"[0-9]*/{_MANIFEST}"))


def number_of(generation: str) -> int:
    """The number in a generation's name; 0 when it has none."""
    digits = generation.split("-")[0]
    return int(digits) if digits.isdecimal() else 0


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation.

    :raises IndexMismatchError: when it was written by another version of this program, or is damaged.
    """
    try:
        return Manifest(**json.loads((folder / _MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as cause:
        raise IndexMismatchError(reason("other_version", folder=str(folder), problem=str(cause))) from cause


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a generation that is being built; its other files are complete."""
    (folder / _MANIFEST).write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")


def file_sizes(folder: Path) -> dict[str, int]:
    """The size of every file of a generation but its manifest."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != _MANIFEST)
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def is_whole(folder: Path, manifest: Manifest) -> bool:
    """Whether every file is there and none shorter than it was; Chroma's database can grow when it is read."""
    sizes = file_sizes(folder)
    return all(sizes.get(name, -1) >= size for name, size in manifest.files.items())


def publish(index_dir: Path, generation: str) -> None:
    """Point at another generation, atomically: readers see the old one or the new one, and so they do after a power cut."""
    replace_file(index_dir / POINTER, f"{generation}\n".encode(), mode=PUBLIC)


def flush_tree(folder: Path) -> None:
    """`flush` everything in a folder, and the folder."""
    for path in (*folder.rglob("*"), folder):
        flush(path)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a generation from being removed.

    :raises OSError: when it has gone already.
    """
    with (folder / IN_USE).open("rb") as in_use:
        fcntl.flock(in_use, fcntl.LOCK_SH)
        yield
