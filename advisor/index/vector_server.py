"""The vectors of generations on a Chroma server that several replicas ask: a collection for each generation.

The replicas share the folder of the index, which has everything else: the pointer, the lock of who writes, catalogs, BM25.
`collections` in it is what the names of this index's collections begin with, and its own inode: there can be several indexes
on one server, and copies of one.

A server that was away is found again without anybody's doing. Until then one question in a few seconds tries it, and the
others go on without it at once.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import httpx

from advisor.errors import SettingsError, VectorServerError
from advisor.files import flush, storage_errors
from advisor.index.generations import PUBLIC
from advisor.settings import ChromaPlace, Settings
from advisor.text.reasons import reason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from advisor.index.chroma import ServerStores, VectorStore

_PREFIX_FILE = "collections"
_RANDOM_BYTES = 4
_CONNECT_SECONDS = 2
_SEARCH_SECONDS = 4  # that the server may say nothing to a question that somebody waits for
_WORK_SECONDS = 120  # and while it reads or writes thousands of vectors
_PAUSE_SECONDS = 2  # after a failure, until a question tries again

_LOGGER = logging.getLogger("advisor.index")
Given = TypeVar("Given")


class VectorServer:
    """A Chroma server, reached when it is first used. Safe to use from several threads."""

    def __init__(self, place: ChromaPlace) -> None:
        """:raises SettingsError: when its certificates cannot be used."""
        from advisor.index.chroma import ServerStores  # importing Chroma takes a second: only who has a server pays for it

        def stores(answer_seconds: float) -> ServerStores:
            return ServerStores(place, connect_seconds=_CONNECT_SECONDS, answer_seconds=answer_seconds)

        where = urlsplit(place.url)
        self._name = f"{where.hostname}:{where.port}" if where.port else where.hostname
        try:
            self._quick, self._patient = stores(_SEARCH_SECONDS), stores(_WORK_SECONDS)
        except OSError as cause:
            message = f"setting ADVISOR_CHROMA_CERTIFICATES: {place.certificates} holds no certificates ({cause})"
            raise SettingsError(message) from cause
        self._opened: dict[str, VectorStore] = {}
        self._away_until = 0.0  # by the monotonic clock; 0 while it answers

    def in_turn(self, name: str, ask: Callable[[VectorStore], Given]) -> Given:
        """As `at_once`; without asking, where the server was away a moment ago."""
        if self._away_until:
            if time.monotonic() < self._away_until:
                why = "it did not answer a moment ago"
                raise self._error(why)
            self._away_until = time.monotonic() + _PAUSE_SECONDS  # this one tries, the next ones go on without
        return self.at_once(name, ask)

    def at_once(self, name: str, ask: Callable[[VectorStore], Given]) -> Given:
        """What a collection says, within the time that somebody waits for. It stays open.

        :raises VectorServerError: when the server is away, or has no such collection.
        """
        try:
            if name not in self._opened:
                self._opened[name] = self._quick.open(name)
            given = ask(self._opened[name])
        except Exception as cause:
            self._opened.pop(name, None)  # a server that lost it and got it back has another of that name
            answered, self._away_until = not self._away_until, time.monotonic() + _PAUSE_SECONDS
            error = self._error_of(cause)
            if answered:
                _LOGGER.warning("%s. Until it is back, passages are found by their words alone", error)
            raise error from cause
        if self._away_until:
            _LOGGER.warning("the Chroma server %s is back", self._name)
        self._away_until = 0.0
        return given

    def at_length(self, work: Callable[[ServerStores], Given]) -> Given:
        """What work on the stores of the server gives.

        :raises VectorServerError: when the server is away, or lacks what the work wants.
        """
        try:
            given = work(self._patient)
        except Exception as cause:
            raise self._error_of(cause) from cause
        self._away_until = 0.0
        return given

    def write(self, name: str, keys: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Make a collection, in the place of one that a run left which did not end; it raises what `at_length` does."""
        self.at_length(lambda stores: stores.create(name).add(keys, vectors))
        self._opened.pop(name, None)

    def keep_only(self, prefix: str, kept: Collection[str]) -> None:
        """Delete the collections whose names begin with `prefix` but for some; it raises what `at_length` does."""

        def delete(stores: ServerStores) -> None:
            for name in stores.names():
                if name.startswith(f"{prefix}-") and name not in kept:
                    stores.delete(name)

        self.at_length(delete)

    def _error_of(self, cause: Exception) -> VectorServerError:
        from advisor.index.chroma import ChromaError  # already there: the stores are made of it

        if type(cause) is Exception:  # an answer that is not Chroma's own; its words may quote what was sent
            return self._error("it refuses the request: check ADVISOR_CHROMA_TOKEN and ADVISOR_CHROMA_HEADERS")
        told = isinstance(cause, (ChromaError, httpx.NetworkError, httpx.TimeoutException))  # others quote what was sent
        lines = str(cause).splitlines() if told else ()
        return self._error(lines[0] if lines else type(cause).__name__)

    def _error(self, why: str) -> VectorServerError:
        return VectorServerError(reason("vector_server", server=str(self._name), problem=why))


class ServedVectors:
    """The vectors of one generation on a server, as `VectorStore` has them; nothing is asked before they are used."""

    def __init__(self, server: VectorServer, name: str) -> None:
        """:param name: of the collection."""
        self.server, self.name = server, name

    def close(self) -> None:
        """Nothing is held."""

    def count(self) -> int:
        """How many entries there are; 0 where there is no such collection.

        :raises VectorServerError: when the server is away.
        """
        return self.server.at_length(lambda stores: stores.open(self.name).count() if self.name in stores.names() else 0)

    def holds(self, entries: int) -> bool:
        """Whether the server answers now, and has so many entries."""
        try:
            return self.server.at_once(self.name, lambda store: store.count()) == entries
        except VectorServerError:
            return False

    def search(
        self, vector: NDArray[np.float32], *, num_results: int, among: Sequence[str] | None = None
    ) -> list[tuple[str, float]]:
        """The nearest entries with their cosine to `vector`, best first.

        :param among: the keys of the entries that count (at least one); all of them when None.
        :raises VectorServerError: when the server is away.
        """
        return self.server.in_turn(self.name, lambda store: store.search(vector, num_results=num_results, among=among))

    def vectors(self, keys: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors of these entries; an unknown key is left out.

        :raises VectorServerError: when the server is away.
        """
        return self.server.at_length(lambda stores: stores.open(self.name).vectors(keys))

    def add(self, keys: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Make the collection, of these entries; `vectors` has one row per key.

        :raises VectorServerError: when the server is away.
        """
        self.server.write(self.name, keys, vectors)


def open_server(settings: Settings) -> VectorServer | None:
    """The Chroma server of these settings, one for the whole process; None where the vectors are in the index folder."""
    return _server_at(settings.chroma_place) if settings.chroma_place else None


@cache
def _server_at(place: ChromaPlace) -> VectorServer:
    return VectorServer(place)


def collections_prefix(index_dir: Path) -> str:
    """What the names of the collections of an index begin with; made for whoever writes it first. The caller has the lock.

    A copy of the folder gets another: it must not delete what the original has on the server. The file tells by its own
    inode whether it was copied. That is the same in all mounts of a shared folder, unlike its path and its device, and
    unlike the folder's, which is the same at the top of many volumes. Where a file system makes inodes up at each mount,
    collections are left behind, and none of another's is deleted.

    :raises StorageError: when it cannot be written.
    """
    path = index_dir / _PREFIX_FILE
    match path.read_text(encoding="utf-8").split() if path.is_file() else ():
        case [prefix, inode] if inode == str(path.stat().st_ino):
            return prefix
    prefix = f"advisor-{secrets.token_hex(_RANDOM_BYTES)}"
    with storage_errors(path):
        path.unlink(missing_ok=True)
        path.touch(mode=PUBLIC)
        path.write_text(f"{prefix} {path.stat().st_ino}\n", encoding="utf-8")  # half of it would be made anew
    flush(path)
    flush(index_dir)
    return prefix


def collection_of(prefix: str, generation: str) -> str:
    """The name of the collection of a generation."""
    return f"{prefix}-{generation}"
