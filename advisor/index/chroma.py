"""The vectors of the chunks, in Chroma: in the folder of a generation, or on a server. The only module that imports Chroma.

An entry is a text's hash and its vector, nothing else: text that moves, or stands in two places, is one entry, and what a
document says is in the catalog alone. Chroma never shrinks: an entry that is removed stays in its graph, unseen, until the
store is written anew.
"""

from __future__ import annotations

import shutil
import sqlite3
import warnings
import weakref
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import chromadb
import numpy as np
from chromadb.api.fastapi import FastAPI
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings as ChromaSettings
from chromadb.config import System
from chromadb.errors import ChromaError, NotFoundError

from advisor.settings import ChromaPlace

__all__ = ["ChromaError", "ServerStores", "VectorStore", "copy_store", "open_folder"]

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.types import Collection as CollectionModel
    from numpy.typing import NDArray

_COLLECTION = "chunks"
_DATABASE = "chroma.sqlite3"
# HNSW is approximate: with these, top-10 lists equal exact search on the sets we measure (benchmarks/).
_HNSW: CreateHNSWConfiguration = {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 400}


class VectorStore:
    """The open entries of one generation."""

    def __init__(self, entries: chromadb.Collection, most: int, close: Callable[[], None]) -> None:
        """:param most: how many entries Chroma takes at once."""
        self._entries, self._most, self._close = entries, most, close

    def close(self) -> None:
        """Let go of files and memory."""
        self._close()

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


def open_folder(folder: Path, *, create: bool = False) -> VectorStore:
    """Open the store of a folder, or make an empty one.

    The stores of one folder in one process share a system, which stops when the last is closed.

    :raises ChromaError: when there is none, or it is damaged.
    """
    try:
        client = chromadb.PersistentClient(str(folder), settings=ChromaSettings(anonymized_telemetry=False))
    except ChromaError:
        # A system that did not start would be handed to the next who opens this folder.
        SharedSystemClient._identifier_to_system.pop(str(folder), None)
        raise
    if create:
        entries = client.create_collection(_COLLECTION, configuration={"hnsw": _HNSW}, embedding_function=None)
    else:
        entries = client.get_collection(_COLLECTION, embedding_function=None)
    close = cast("Client", client).close  # only the class, not the interface that is declared, has it
    return VectorStore(entries, client.get_max_batch_size(), close)


class ServerStores:
    """The stores on a Chroma server, each a collection. Nothing is sent before the first use; safe in several threads.

    Chroma's `HttpClient` waits without end, for a connection too, and asks the server before it can be told otherwise: this
    is the interface below it. Its errors are of many kinds, some of none (`Exception`).
    """

    def __init__(self, place: ChromaPlace, *, connect_seconds: float, answer_seconds: float) -> None:
        """:param answer_seconds: the longest that the server may say nothing.

        :raises OSError: when the file of certificates cannot be used.
        """
        self._tenant, self._database = place.tenant, place.database
        system = System(
            ChromaSettings(
                anonymized_telemetry=False,
                chroma_api_impl=f"{FastAPI.__module__}.{FastAPI.__name__}",
                chroma_server_host=place.url,
                chroma_server_http_port=0,  # the address has it; there must be one
                chroma_server_headers=dict(place.headers),
                chroma_server_ssl_verify=str(place.certificates) if place.certificates else None,
            )
        )
        with warnings.catch_warnings():  # Chroma hands the name of the file on, which httpx would rather have read
            warnings.simplefilter("ignore", DeprecationWarning)
            self._server = system.instance(FastAPI)
        waits = (connect_seconds, answer_seconds, answer_seconds, connect_seconds)  # connect, read, write, pool
        self._server._session.timeout = waits
        weakref.finalize(self, self._server._session.close)
        system.start()

    def open(self, name: str) -> VectorStore:
        """The store of that name.

        :raises Exception: when there is none, or the server does not answer.
        """
        return self._store(self._server.get_collection(name, self._tenant, self._database))

    def create(self, name: str) -> VectorStore:
        """A new store of that name, in the place of one that a killed run left; it raises what `open` does."""
        self.delete(name)
        made = self._server.create_collection(
            name, configuration={"hnsw": _HNSW}, tenant=self._tenant, database=self._database
        )
        return self._store(made)

    def delete(self, name: str) -> None:
        """Delete the store of that name, if there is one; it raises what `open` does."""
        try:
            self._server.delete_collection(name, self._tenant, self._database)
        except NotFoundError:
            return

    def names(self) -> list[str]:
        """The names of all stores; it raises what `open` does."""
        return [each.name for each in self._server.list_collections(tenant=self._tenant, database=self._database)]

    def _store(self, model: CollectionModel) -> VectorStore:
        entries = chromadb.Collection(self._server, model, embedding_function=None)
        return VectorStore(entries, self._server.get_max_batch_size(), lambda: None)


def copy_store(source: Path, target: Path) -> None:
    """Copy a store that others may be reading: Chroma writes to its database even then, so SQLite takes the snapshot."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(f"{_DATABASE}*"))
    with closing(sqlite3.connect(source / _DATABASE)) as old, closing(sqlite3.connect(target / _DATABASE)) as new:
        old.backup(new)
