"""A generation of the index, opened for reading; `generations` says what is in its folder."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from copy import copy
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from advisor.documents.sections import SECTIONS_FILE, read_sections
from advisor.errors import IndexMismatchError, IndexNotFoundError
from advisor.index.bm25 import KeywordIndex
from advisor.index.calibration import CALIBRATION_FILE, read_calibration
from advisor.index.catalog import Catalog
from advisor.index.generations import (
    CATALOG,
    CHROMA,
    LEXICAL,
    SENTENCES,
    blank_manifest,
    current_generation,
    held,
    read_manifest,
)
from advisor.index.phrasings import PHRASINGS_FILE, PhrasingIndex
from advisor.index.question_space import QUESTION_SPACE_FILE, QuestionSpace
from advisor.index.scope import find_documents
from advisor.index.thesaurus import THESAURUS_FILE, USED, read_thesaurus, read_used_forms
from advisor.index.vector_server import ServedVectors, VectorServer, open_server
from advisor.settings import Settings
from advisor.text.reasons import reason
from advisor.types import EVERYTHING, IndexInfo, Language, Scope

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from advisor.index.chroma import VectorStore
    from advisor.models.embeddings import Embeddings


def _writable(folder: Path, opened: ExitStack) -> Path:
    """The folder of a generation's stores, or a copy of them where it is read-only: both libraries lock files to read.

    :param opened: removes the copy when it is closed.
    :raises OSError: when there is no room for it among the temporary files.
    """
    if os.access(folder, os.W_OK):
        return folder
    copy = Path(opened.enter_context(TemporaryDirectory(prefix="advisor-index-", ignore_cleanup_errors=True)))
    for name in filter(lambda name: (folder / name).is_dir(), (LEXICAL, CHROMA)):
        shutil.copytree(folder / name, copy / name, copy_function=shutil.copyfile)
        (copy / name).chmod(stat.S_IRWXU)
    return copy


class Generation:
    """One generation: its catalog, vectors, BM25 and sentence vectors."""

    def __init__(self, folder: Path, server: VectorServer | None = None) -> None:
        """Open for reading; hold the folder against removal until `close`, or until nobody uses this object.

        :param server: that has the vectors, where they are not in the folder. It is asked nothing yet: it may be away.
        :raises IndexMismatchError: when a part is missing or damaged.
        """
        self.folder = folder
        self.manifest = read_manifest(folder)
        self.scope = EVERYTHING
        self.whole: Generation | None = None  # what this is a part of
        self.part: dict[str, str] | None = None
        """The ids of the chunks of the scope, each with the hash of its embedded text; None where all are in it."""
        from advisor.index.chroma import ChromaError  # importing Chroma takes a second: only who opens a store pays for it

        with ExitStack() as opened:
            try:
                self._open_parts(opened, server)
            except (OSError, ValueError, EOFError, sqlite3.Error, ChromaError) as cause:
                why = " ".join(str(cause).split())
                raise IndexMismatchError(reason("damaged_index", folder=str(folder), problem=why)) from cause
            self._release = weakref.finalize(self, opened.pop_all().close)

    def _open_parts(self, opened: ExitStack, server: VectorServer | None) -> None:
        opened.enter_context(held(self.folder))
        self.catalog = opened.enter_context(closing(Catalog(self.folder / CATALOG)))
        stores = _writable(self.folder, opened)
        self.keyword_index = KeywordIndex(stores / LEXICAL)
        self._store = opened.enter_context(closing(self._open_store(stores, server)))
        self._sentences: NDArray[np.float16] = np.load(self.folder / SENTENCES, mmap_mode="r")
        self.thesaurus = read_thesaurus(self.folder / THESAURUS_FILE)
        self.sections = read_sections(self.folder / SECTIONS_FILE)
        self.calibration = read_calibration(self.folder / CALIBRATION_FILE, self.manifest.embedding_digest)
        self.used_forms = read_used_forms(self.folder / USED)
        self.phrasings = PhrasingIndex.load(self.folder / PHRASINGS_FILE)
        self.question_space = QuestionSpace.load(self.folder / QUESTION_SPACE_FILE)
        said = self.manifest
        expected = (said.documents, said.chunks, said.sentences, said.entries, said.chunks, said.rows)
        entries = said.entries if said.collection else self.count_vectors()
        found = (*self.catalog.counts(), entries, self.keyword_index.size, len(self._sentences))
        if found != expected:
            message = f"documents, chunks, sentences, and entries of each part: {found}, where the manifest says {expected}"
            raise ValueError(message)

    def _open_store(self, stores: Path, server: VectorServer | None) -> VectorStore | ServedVectors:
        from advisor.index.chroma import open_folder

        if not self.manifest.collection:
            return open_folder(stores / CHROMA)
        if server is None:
            message = "its vectors are on a server, and none is named"
            raise ValueError(message)
        return ServedVectors(server, self.manifest.collection)

    @property
    def has_vectors(self) -> bool:
        """Whether search by meaning works now: always, unless they are on a server that is away."""
        return not isinstance(self._store, ServedVectors) or self._store.holds(self.manifest.entries)

    @property
    def info(self) -> IndexInfo:
        """Name and size, as answers report them."""
        return IndexInfo(self.manifest.generation, self.manifest.documents, self.manifest.chunks)

    @property
    def knows_questions(self) -> bool:
        """Whether so many phrasings of its questions are known that they have a say in every answer."""
        return self.question_space is not None

    def within(self, scope: Scope) -> Generation:
        """The same generation, in which search finds nothing outside the documents of a scope.

        :raises ScopeError: when it holds no such documents.
        """
        if scope == EVERYTHING:
            return self
        part = copy(self)
        part.whole = self  # its files stay open as long
        part.scope, documents = find_documents(self.catalog.listing(), scope)
        part.part, sentences = self.catalog.part(documents)
        there = np.zeros(self.manifest.rows, np.bool_)
        there[sentences] = True
        part.phrasings, kept = self.phrasings.within(there)
        if self.question_space:  # a part that no known question is answered from is as a corpus without any
            space = replace(self.question_space, phrasings=self.question_space.phrasings[kept])
            part.question_space = space if part.phrasings.answered.any() else None
        outlines = np.unique(self.phrasings.outline[kept])
        part.outline_sections = tuple(self.outline_sections[at] for at in outlines)
        return part

    def search_vectors(self, vector: NDArray[np.float32], *, num_results: int) -> list[tuple[str, float]]:
        """Chunk ids with their cosine to `vector`, best first.

        :raises VectorServerError: when they are on a server that is away.
        """
        among = None if self.part is None else list(dict.fromkeys(self.part.values()))
        count = min(num_results, self.manifest.entries if among is None else len(among))
        if not count:
            return []
        nearest = self._store.search(vector, num_results=count, among=among)
        ids = self.catalog.ids_of_texts([key for key, _ in nearest])
        found = [(chunk_id, cosine) for key, cosine in nearest for chunk_id in ids[key]]
        return [each for each in found if self.part is None or each[0] in self.part][:num_results]

    def search_words(self, wanted: Mapping[Language, Mapping[str, float]], *, num_results: int) -> list[tuple[str, float]]:
        """Chunk ids with their BM25 scores, best first, as `KeywordIndex.search` finds them."""
        among = None if self.part is None else list(self.part)
        return self.keyword_index.search(wanted, num_results=num_results, among=among)

    def titles(self, language: Language) -> tuple[str, ...]:
        """The titles of the documents in a language, or of all where there are none in it."""
        found = self.catalog.listing()
        own = tuple(each.title for each in found if each.language == language)
        return own or tuple(each.title for each in found)

    @cached_property
    def outline_sections(self) -> tuple[tuple[str, ...], ...]:
        """The sections that the lines of each outline of the phrasings stand in; "" for a section of no known kind."""
        lines = self.phrasings.lines[:, 0].tolist()
        ids = self.catalog.chunk_ids(lines)
        chunks = self.catalog.chunks(list(dict.fromkeys(ids)))
        sections = [self.sections.of(chunks[each].chunk.heading) or "" for each in ids]
        return tuple(tuple(sections[start:end]) for start, end in pairwise(self.phrasings.starts.tolist()))

    def sentence_vectors(self, numbers: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """The unit vectors of these sentences, shape (len(numbers), dimension)."""
        return np.asarray(self._sentences[list(numbers)], np.float32)

    def all_sentence_vectors(self) -> NDArray[np.float16]:
        """Every sentence's vector, by sentence number; zero for a number that is nobody's."""
        return self._sentences

    def chunk_vectors(self, hashes: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The stored vectors of chunks, by the hash of their embedded text; an unknown hash is left out.

        :raises VectorServerError: when they are on a server that is away.
        """
        return self._store.vectors(hashes)

    def count_vectors(self) -> int:
        """How many vectors Chroma holds: one for each different text; it raises what `search_vectors` does."""
        return self._store.count()

    def close(self) -> None:
        """Let go of files and memory; once is enough."""
        self._release()


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
        why = reason("no_index", folder=str(settings.index_dir), corpus=str(settings.corpus_dir))
        raise IndexNotFoundError(why)
    manifest = read_manifest(settings.index_dir / name)
    expected = blank_manifest(settings, embeddings).recipe()
    different = [key for key, value in manifest.recipe().items() if expected[key] != value]
    if different:
        key = different[0]
        if key == "dimension":  # of one model under one name: only a server has another behind it
            message = (
                f"the index in {settings.index_dir} has vectors of {manifest.dimension} numbers, and the embedding server "
                f"gives {embeddings.dimension} for {embeddings.name!r}: it has another model under that name. Have it serve "
                "the earlier one again, or run: advisor index"
            )
            raise IndexMismatchError(message)
        built, wanted = repr(manifest.recipe()[key]), repr(expected[key])
        why = reason("other_recipe", folder=str(settings.index_dir), key=key, built=built, wanted=wanted)
        raise IndexMismatchError(why)
    server = open_server(settings)
    if bool(manifest.collection) != bool(server):
        folder = str(settings.index_dir)
        why = reason("vectors_in_folder", folder=folder) if server else reason("vectors_on_server", folder=folder)
        raise IndexMismatchError(why)
    return Generation(settings.index_dir / name, server)
