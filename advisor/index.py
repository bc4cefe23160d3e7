"""A generation of the index, opened for reading. The only module that imports Chroma.

    index/current                 the name of the published generation
    index/<generation>/
        manifest.json             what it was built with, and the counts
        catalog.sqlite            documents, chunks, sentences
        chroma/                   vectors of the chunks (cosine)
        lexical/                  BM25 of the chunks
        sentences.npy             vectors of the sentences, float16, shape (sentences, dimension)
        thesaurus.yaml            the corpus's thesaurus, if it has one
        in-use                    readers hold a shared lock on it; a generation with readers is not removed

A generation is never modified once `current` names it.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import weakref
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import chromadb
import numpy as np
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

from advisor import chunking, lexical
from advisor.catalog import Catalog
from advisor.errors import IndexMismatchError, IndexNotFoundError
from advisor.lexical import LexicalIndex
from advisor.settings import Settings
from advisor.thesaurus import FILE as THESAURUS
from advisor.thesaurus import read_thesaurus
from advisor.types import Chunk, IndexInfo

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from numpy.typing import NDArray

    from advisor.models import Embeddings

FORMAT = 3
"""Raise it when the layout of a generation changes: the index is then rebuilt."""

POINTER = "current"
_COLLECTION = "chunks"
# HNSW is approximate: with these, top-10 lists equal exact search on the sets we measure (benchmarks/).
_HNSW: CreateHNSWConfiguration = {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 400}
_REBUILD = "Run: advisor index"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was built with, and what it holds; `previous` was published when it was built."""

    generation: str
    created: str
    documents: int
    chunks: int
    sentences: int
    embedding_model: str
    embedding_digest: str
    dimension: int
    chunk_chars: int
    thesaurus: str = ""
    previous: str = ""
    chunking_version: int = chunking.VERSION
    lexical_version: int = lexical.VERSION
    format: int = FORMAT
    chromadb: str = chromadb.__version__

    def recipe(self) -> dict[str, object]:
        """The part that decides whether two generations can share anything."""
        content = ("generation", "created", "documents", "chunks", "sentences", "thesaurus", "previous")
        return {name: value for name, value in asdict(self).items() if name not in content}


def expected_recipe(settings: Settings, embeddings: Embeddings) -> dict[str, object]:
    """The recipe that these settings would build with."""
    return Manifest(
        generation="",
        created="",
        documents=0,
        chunks=0,
        sentences=0,
        embedding_model=embeddings.name,
        embedding_digest=embeddings.digest,
        dimension=embeddings.dimension,
        chunk_chars=settings.chunk_chars,
    ).recipe()


def current_generation(index_dir: Path) -> str | None:
    """The name of the published generation, or None."""
    try:
        return (index_dir / POINTER).read_text(encoding="utf-8").strip() or None
    except (FileNotFoundError, NotADirectoryError):
        return None


def generations(index_dir: Path) -> list[str]:
    """The complete generations on disk, oldest first."""
    return sorted(path.parent.name for path in index_dir.glob("[0-9]*/manifest.json"))


def publish(index_dir: Path, generation: str) -> None:
    """Point at another generation, atomically: readers see the old one or the new one."""
    scratch = index_dir / f".{POINTER}.{os.getpid()}"
    with scratch.open("w", encoding="utf-8") as file:
        file.write(generation + "\n")
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(index_dir / POINTER)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation.

    :raises IndexMismatchError: when it was written by another version of this program, or is damaged.
    """
    try:
        return Manifest(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as cause:
        message = f"the index in {folder} is damaged or of another version ({cause}). {_REBUILD} --rebuild"
        raise IndexMismatchError(message) from cause


class Generation:
    """One generation: its catalog, vectors, BM25 and sentence vectors."""

    def __init__(self, folder: Path) -> None:
        """Open for reading; hold the folder against removal until `close`, or until nobody uses this object.

        :raises IndexMismatchError: when a part is missing or damaged.
        """
        self.folder = folder
        self.manifest = read_manifest(folder)
        with ExitStack() as opened:
            try:
                self._open_parts(opened)
            except (OSError, ValueError, EOFError, sqlite3.Error, ChromaError) as cause:
                why = " ".join(str(cause).split())
                message = f"the index in {folder} is damaged ({why}). {_REBUILD} --rebuild"
                raise IndexMismatchError(message) from cause
            self._release = weakref.finalize(self, opened.pop_all().close)

    def _open_parts(self, opened: ExitStack) -> None:
        in_use = opened.enter_context((self.folder / "in-use").open("rb"))
        fcntl.flock(in_use, fcntl.LOCK_SH)
        self.catalog = opened.enter_context(closing(Catalog(self.folder / "catalog.sqlite")))
        self.lexical = LexicalIndex(self.folder / "lexical")
        client = opened.enter_context(closing(open_client(self.folder / "chroma")))
        self._collection = client.get_collection(_COLLECTION, embedding_function=None)
        self._most_ids = client.get_max_batch_size()
        self._sentences: NDArray[np.float16] = np.load(self.folder / "sentences.npy", mmap_mode="r")
        self.thesaurus = read_thesaurus(self.folder / THESAURUS)
        _, chunks, sentences = said = (self.manifest.documents, self.manifest.chunks, self.manifest.sentences)
        held = (*self.catalog.counts(), self.count_vectors(), self.lexical.size, len(self._sentences))
        if held != (*said, chunks, chunks, sentences):
            message = f"{held} documents, chunks, sentences and entries of each part, where the manifest says {said}"
            raise ValueError(message)

    @property
    def info(self) -> IndexInfo:
        """Name and size, as answers report them."""
        return IndexInfo(self.manifest.generation, self.manifest.documents, self.manifest.chunks)

    def search_vectors(self, vector: NDArray[np.float32], *, num_results: int) -> list[tuple[str, float]]:
        """Chunk ids with their cosine to `vector`, best first."""
        count = min(num_results, self.manifest.chunks)
        if not count:
            return []
        found = self._collection.query(query_embeddings=[vector.tolist()], n_results=count, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        return [(key, 1.0 - float(distance)) for key, distance in zip(found["ids"][0], distances, strict=True)]

    def sentence_vectors(self, numbers: Sequence[int]) -> NDArray[np.float32]:
        """The unit vectors of these sentences, shape (len(numbers), dimension)."""
        return np.asarray(self._sentences[list(numbers)], np.float32)

    def all_sentence_vectors(self) -> NDArray[np.float16]:
        """Every sentence's vector, by sentence number."""
        return self._sentences

    def chunk_vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The stored vectors of these chunks."""
        vectors: dict[str, NDArray[np.float32]] = {}
        for at in range(0, len(ids), self._most_ids):
            found = self._collection.get(ids=list(ids[at : at + self._most_ids]), include=["embeddings"])
            if found["ids"]:
                vectors.update(zip(found["ids"], np.asarray(found["embeddings"], np.float32), strict=True))
        return vectors

    def count_vectors(self) -> int:
        """How many chunks Chroma holds."""
        return int(self._collection.count())

    def close(self) -> None:
        """Let go of files and memory; once is enough."""
        self._release()


def open_client(folder: Path) -> Client:
    """A Chroma client on a folder, without telemetry.

    The clients of one path in one process share a system, which stops when the last of them is closed.
    """
    client = chromadb.PersistentClient(str(folder), settings=ChromaSettings(anonymized_telemetry=False))
    return cast("Client", client)  # only the class, not the interface that is declared, has `close`


def write_vectors(folder: Path, chunks: Sequence[Chunk], vectors: NDArray[np.float32], metadata: Sequence[Any]) -> None:
    """Write the vectors of the chunks into a new Chroma store; `metadata` has one non-empty mapping per chunk."""
    with closing(open_client(folder)) as client:
        collection = client.create_collection(_COLLECTION, configuration={"hnsw": _HNSW}, embedding_function=None)
        most = client.get_max_batch_size()
        for at in range(0, len(chunks), most):
            some = slice(at, at + most)
            collection.upsert(
                ids=[chunk.id for chunk in chunks[some]],
                embeddings=vectors[some],
                documents=[chunk.text for chunk in chunks[some]],
                metadatas=list(metadata[some]),
            )


def open_current(settings: Settings, embeddings: Embeddings) -> Generation:
    """The published generation, checked against the settings.

    :raises IndexNotFoundError: when nothing has been built.
    :raises IndexMismatchError: when it was built with something else.
    """
    name = current_generation(settings.index_dir)
    try:
        return _open_checked(settings, embeddings, name)
    except (IndexNotFoundError, IndexMismatchError):
        if current_generation(settings.index_dir) == name:
            raise
    return open_current(settings, embeddings)  # another one was published, and this one removed, in the meantime


def _open_checked(settings: Settings, embeddings: Embeddings, name: str | None) -> Generation:
    if name is None or not (settings.index_dir / name).is_dir():
        message = f"there is no index in {settings.index_dir}. {_REBUILD} --corpus {settings.corpus_dir}"
        raise IndexNotFoundError(message)
    manifest = read_manifest(settings.index_dir / name)
    expected = expected_recipe(settings, embeddings)
    different = [key for key, value in manifest.recipe().items() if expected[key] != value]
    if different:
        key = different[0]
        message = (
            f"the index in {settings.index_dir} was built with {key} {manifest.recipe()[key]!r}, the settings say "
            f"{expected[key]!r}. {_REBUILD}"
        )
        raise IndexMismatchError(message)
    return Generation(settings.index_dir / name)
