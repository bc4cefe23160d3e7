"""The vectors of the chunks, in Chroma. The only module that imports Chroma.

An entry is a text's hash and its vector, nothing else: text that moves, or stands in two places, is one entry, and what a
document says is in the catalog alone. Chroma never shrinks: an entry that is removed stays in its graph, unseen, until the
store is written anew.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import chromadb
import numpy as np
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError

__all__ = ["ChromaError", "VectorStore", "copy_store"]

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from numpy.typing import NDArray

_COLLECTION = "chunks"
_DATABASE = "chroma.sqlite3"
# HNSW is approximate: with these, top-10 lists equal exact search on the sets we measure (benchmarks/).
_HNSW: CreateHNSWConfiguration = {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 400}


class VectorStore:
    """An open store. The stores of one folder in one process share a system, which stops when the last is closed."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open it, or make an empty one.

        :raises ChromaError: when there is none, or it is damaged.
        """
        try:
            client = chromadb.PersistentClient(str(folder), settings=ChromaSettings(anonymized_telemetry=False))
        except ChromaError:
            # A system that did not start would be handed to the next who opens this folder.
            SharedSystemClient._identifier_to_system.pop(str(folder), None)
            raise
        self._client = cast("Client", client)  # only the class, not the interface that is declared, has `close`
        self._most = client.get_max_batch_size()
        if create:
            self._entries = client.create_collection(_COLLECTION, configuration={"hnsw": _HNSW}, embedding_function=None)
        else:
            self._entries = client.get_collection(_COLLECTION, embedding_function=None)

    def close(self) -> None:
        """Let go of files and memory."""
        self._client.close()

    def count(self) -> int:
        """How many entries there are."""
        return int(self._entries.count())

    def search(
        self, vector: NDArray[np.float32], *, num_results: int, among: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """The nearest entries with their cosine to `vector`, best first.

        :param among: the keys of the entries that count (at least one); all of them when None.
        """
        wanted = None if among is None else list(among)
        found = self._entries.query(
            query_embeddings=[vector.tolist()], n_results=num_results, ids=wanted, include=["distances"]
        )
        distances = (found["distances"] or [[]])[0]
        return [(key, 1.0 - float(distance)) for key, distance in zip(found["ids"][0], distances, strict=True)]

    def vectors(self, keys: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of these entries; an unknown key is left out."""
        vectors: dict[str, NDArray[np.float32]] = {}
        for at in range(0, len(keys), self._most):
            found = self._entries.get(ids=list(keys[at : at + self._most]), include=["embeddings"])
            if found["ids"]:
                vectors.update(zip(found["ids"], np.asarray(found["embeddings"], np.float32), strict=True))
        return vectors

    def add(self, keys: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Add entries; `vectors` has one row per key."""
        for at in range(0, len(keys), self._most):
            some = slice(at, at + self._most)
            self._entries.upsert(ids=list(keys[some]), embeddings=vectors[some])

    def remove(self, keys: Sequence[str]) -> None:
        """Remove entries."""
        for at in range(0, len(keys), self._most):
            self._entries.delete(ids=list(keys[at : at + self._most]))


def copy_store(source: Path, target: Path) -> None:
    """Copy a store that others may be reading: Chroma writes to its database even then, so SQLite takes the snapshot."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(f"{_DATABASE}*"))
    with closing(sqlite3.connect(source / _DATABASE)) as old, closing(sqlite3.connect(target / _DATABASE)) as new:
        old.backup(new)
