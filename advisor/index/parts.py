"""Write the parts of a generation beside its catalog: only what differs from the one that it is built on.

What a library never writes again is shared with that one; what it does write to is copied.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from advisor.documents.passages import embedded_text
from advisor.errors import BrokenIndexError
from advisor.index.bm25 import edit_keyword_index, write_keyword_index
from advisor.index.catalog import Catalog
from advisor.index.catalog_edit import CatalogEdit
from advisor.index.generation import Generation
from advisor.index.generations import CHROMA, LEXICAL, SENTENCES, Counts
from advisor.index.phrasings import PHRASINGS_FILE, Encoder, PhrasingEntry, PhrasingIndex, build_phrasing_index, locate
from advisor.index.question_space import QUESTION_SPACE_FILE, fit_question_space
from advisor.index.thesaurus import THESAURUS_FILE, USED, read_thesaurus, used_forms, write_used_forms
from advisor.index.vectors import Vectors, write_sentence_vectors
from advisor.text.reasons import reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from advisor.index.chroma import VectorStore
    from advisor.index.vector_server import ServedVectors

_MOST_DEAD = 0.2  # share of removed entries above which the vector store is written anew
_MOST_APART = 0.02  # share of chunks removed from BM25's segments, or beside them, above which it is written anew
_MANY = 1_000  # phrasings of people that are enough, however much of the corpus they know of
_ENOUGH = 100  # where they know of most of it; 176 for 15 documents made answers better: docs/retrieval.md
_KNOWN = 0.85  # of the sections: those without a phrasing lose their questions to the others


@dataclass(frozen=True, slots=True)
class NextGeneration:
    """A generation while it is written: its folder, its catalog, what that changed, and the generation that it is built on.

    `fresh` leaves nothing in it of what was removed. `served` takes its vectors, where they go to a server.
    """

    folder: Path
    catalog: Catalog
    edit: CatalogEdit
    old: Generation | None
    fresh: bool
    served: ServedVectors | None = None

    def base(self, part: str) -> Path | None:
        """A part of the generation that it is built on."""
        return self.old.folder / part if self.old else None


def write_parts(coming: NextGeneration, vectors: Vectors) -> Counts:
    """Write the vectors and BM25; returns what the generation holds.

    :raises BrokenIndexError: when it holds no chunk; nothing must ever be emptied by mistake.
    """
    documents, chunks, sentences = coming.catalog.counts()
    entries, last, rows = coming.catalog.sizes()
    if not chunks:
        raise BrokenIndexError(reason("no_passage"))
    dead = _write_store(coming, vectors, entries)
    write_sentence_vectors(coming.folder / SENTENCES, coming.base(SENTENCES), rows, coming.edit, vectors.sentences)
    settled, apart = _write_keywords(coming, chunks, last)
    return Counts(
        documents=documents,
        chunks=chunks,
        entries=entries,
        dead=dead,
        sentences=sentences,
        rows=rows,
        keyword_base=settled,
        keyword_dead=apart,
    )


def _write_store(coming: NextGeneration, vectors: Vectors, entries: int) -> int:
    """Write the chunks' vectors; returns how many are dead.

    :raises OSError: when there is no room for them: Chroma has an error of its own for it.
    """
    from advisor.index.chroma import ChromaError

    try:
        return _write_vectors(coming, vectors, entries)
    except ChromaError as cause:
        raise OSError(str(cause)) from cause


def _write_vectors(coming: NextGeneration, vectors: Vectors, entries: int) -> int:
    """Write the difference, into a copy of the old store, or all vectors.

    Entries that were removed stay in Chroma's graph and cost time at each search: beyond a share, they are left behind.
    A server copies no collection: it is sent all vectors.
    """
    from advisor.index.chroma import copy_store, open_folder

    folder, old = coming.folder / CHROMA, coming.old
    removed = sorted({text for _, text in coming.edit.removed.values()})
    left = coming.catalog.ids_of_texts(removed)
    gone = [key for key in removed if key not in left]
    dead = old.manifest.dead + len(gone) if old else 0
    in_folders = old and not (old.manifest.collection or coming.served)
    if old and in_folders and not coming.fresh and dead <= _MOST_DEAD * (dead + entries):
        copy_store(old.folder / CHROMA, folder)
        with closing(open_folder(folder)) as store:
            store.remove(gone)
            _add(store, vectors.new)
        return dead
    kept = old.chunk_vectors(sorted(coming.catalog.chunk_hashes() - vectors.new.keys())) if old else {}
    with closing(coming.served or open_folder(folder, create=True)) as store:
        _add(store, kept | vectors.new)
    return 0


def _add(store: VectorStore | ServedVectors, entries: Mapping[str, NDArray[np.float32]]) -> None:
    if entries:
        store.add(list(entries), np.stack(list(entries.values())))


def _write_keywords(coming: NextGeneration, chunks: int, last: int) -> tuple[int, int]:
    """Write BM25: all chunks, or those that came since it was last written as a whole, beside its segments.

    The few are written again each time: a chunk that is edited a hundred times counts twice in the statistics, not a
    hundred times.

    :param last: the highest number of a chunk.
    :return: the highest number of a chunk that is in the segments that are shared, and how many of these were removed.
    """
    folder, old = coming.folder / LEXICAL, coming.old
    if old and not coming.fresh:
        base = old.manifest.keyword_base
        dead = old.manifest.keyword_dead + sum(number <= base for number, _ in coming.edit.removed.values())
        beside = coming.catalog.ids_after(base)
        if dead + len(beside) <= _MOST_APART * chunks:
            again = {*coming.edit.removed, *old.catalog.ids_after(base)}
            edit_keyword_index(folder, old.folder / LEXICAL, sorted(again), coming.catalog.in_turn(beside))
            return base, dead
    write_keyword_index(folder, coming.catalog.in_turn(coming.catalog.ids_after(0)))
    return last, 0


def write_phrasings(
    coming: NextGeneration, entries: Sequence[PhrasingEntry], encode: Encoder
) -> list[tuple[PhrasingEntry, str]]:
    """Write the questions that curators put beside lines, and the space that they make where there are enough.

    :param encode: gives the unit vectors of questions.
    :return: the entries that are lost, each with the line that was not found.
    """
    wanted = sorted({entry.document for entry in entries})
    outlines, lost = locate(entries, (stored for name in wanted for stored in coming.catalog.chunks_of(name)))
    asked = build_phrasing_index(outlines, encode, coming.old.phrasings if coming.old else None)
    asked.save(coming.folder / PHRASINGS_FILE)
    read = _count_read(entries) - _count_read(entry for entry, _ in lost)
    if _decide(asked, read, coming.catalog):
        _, _, sentences = coming.catalog.counts()
        space = fit_question_space(asked, np.load(coming.folder / SENTENCES, mmap_mode="r"), sentences)
        if space:
            space.save(coming.folder / QUESTION_SPACE_FILE)
    return lost


def _count_read(entries: Iterable[PhrasingEntry]) -> int:
    """How many questions people have written or read."""
    return sum(len(entry.questions) for entry in entries if entry.is_read)


def _decide(asked: PhrasingIndex, read: int, catalog: Catalog) -> bool:
    """Whether there are phrasings enough to rank by: fewer would vote for what they know of, whatever is asked.

    A model writes section after section, thousands for a part of a corpus: its questions count once they know of most of it.

    :param read: how many of the phrasings people have written or read.
    """
    count = len(asked.questions)
    return read >= _MANY or (count >= _ENOUGH and catalog.share_of_sections(asked.lines.ravel().tolist()) >= _KNOWN)


def write_thesaurus(coming: NextGeneration, corpus_dir: Path, digest: str) -> None:
    """Put the thesaurus into the new generation, with the forms that its documents use.

    :param digest: of the thesaurus; "" where there is none.
    """
    path, catalog, old = coming.folder / THESAURUS_FILE, coming.catalog, coming.old
    if digest:
        shutil.copyfile(corpus_dir / THESAURUS_FILE, path)
    concepts = read_thesaurus(path)
    if old and old.manifest.thesaurus == digest:
        gone = old.catalog.in_turn(list(coming.edit.removed))
        forms = Counter(old.used_forms)
        forms.subtract(used_forms(concepts, map(embedded_text, gone)))
        forms.update(used_forms(concepts, map(embedded_text, coming.edit.chunks)))
    else:
        forms = used_forms(concepts, map(embedded_text, catalog.in_turn(catalog.ids_after(0))))
    write_used_forms(coming.folder / USED, +forms)
