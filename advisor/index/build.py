"""Build a generation beside the published one, and check it. Nothing that is published is touched."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from advisor.documents.chunking import chunk_document
from advisor.documents.passages import embedded_text
from advisor.documents.reading import content_hash
from advisor.errors import BrokenIndexError
from advisor.index import bm25 as lexical
from advisor.index.catalog import text_hash, write
from advisor.index.generation import Generation
from advisor.index.generations import (
    CATALOG,
    CHROMA,
    IN_USE,
    LEXICAL,
    SENTENCES,
    Manifest,
    file_sizes,
    flush,
    flush_tree,
    write_manifest,
)
from advisor.index.lock import now
from advisor.index.phrasings import FILE as ASKED
from advisor.index.phrasings import FOLDER, asked_digest, build_asked, locate, read_asked
from advisor.index.thesaurus import FILE as THESAURUS
from advisor.index.thesaurus import USED, read_thesaurus, used_forms, write_used_forms
from advisor.index.translations import match_twins
from advisor.index.vectors import Vectors, make_vectors
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.types import Chunk, Document, FailedDocument, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from advisor.index.chroma import VectorStore

BUILDING = ".building-"
_MOST_DEAD = 0.2  # share of removed entries above which the vector store is written anew
_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Built:
    """A generation that passed its checks, and how many of its chunks were embedded for it.

    `failed` are entries beside the documents that found no place in it.
    """

    manifest: Manifest
    embedded: int
    failed: tuple[FailedDocument, ...] = ()


def build(
    settings: Settings,
    embeddings: Embeddings,
    documents: Sequence[Document],
    number: int,
    *,
    previous: str,
    old: Generation | None,
    fresh: bool,
    progress: Progress | None,
) -> Built:
    """Write a generation into the index folder; it is not published yet.

    :param old: where vectors and chunks of unchanged documents come from.
    :param fresh: write the vector store anew, so that nothing of what was removed stays in it.
    :raises BrokenIndexError: when it does not pass its checks, or would be empty.
    """
    chunks = _chunks(settings, documents, old)
    name = f"{number:06d}-{_digest(documents)}"
    scratch = settings.index_dir / f"{BUILDING}{name}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        vectors = make_vectors(embeddings, chunks, old, progress)
        _tell(progress, "write", chunks)
        dead = _write_store(scratch / CHROMA, vectors, old, fresh=fresh)
        twins = match_twins(documents, chunks)
        write(scratch / CATALOG, documents, chunks, twins)
        lost = _write_asked(settings, embeddings, scratch, chunks, twins, old)
        np.save(scratch / SENTENCES, vectors.sentences)
        lexical.build(scratch / LEXICAL, chunks)
        (scratch / IN_USE).touch()
        manifest = Manifest(
            generation=name,
            created=now(),
            documents=len(documents),
            chunks=len(chunks),
            entries=len(vectors.keys),
            dead=dead,
            sentences=len(vectors.sentences),
            embedding_model=embeddings.name,
            embedding_digest=embeddings.digest,
            dimension=embeddings.dimension,
            chunk_chars=settings.chunk_chars,
            thesaurus=_write_thesaurus(settings.corpus_dir, scratch, chunks),
            asked=asked_digest(settings.corpus_dir),
            previous=previous,
        )
        manifest = replace(manifest, files=file_sizes(scratch))
        write_manifest(scratch, manifest)
        _tell(progress, "check", chunks)
        _check(scratch, chunks, vectors)
        flush_tree(scratch)
        scratch.rename(settings.index_dir / name)
        flush(settings.index_dir)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return Built(manifest, sum(text_hash(embedded_text(chunk)) in vectors.new for chunk in chunks), lost)


def _tell(progress: Progress | None, stage: str, chunks: Sequence[Chunk]) -> None:
    if progress:
        progress(stage, 0, len(chunks))


def _write_asked(
    settings: Settings,
    embeddings: Embeddings,
    folder: Path,
    chunks: Sequence[Chunk],
    twins: Mapping[int, int],
    old: Generation | None,
) -> tuple[FailedDocument, ...]:
    """Write the questions that curators put beside sentences; returns the entries whose sentence is not to be found."""
    phrasings, lost = locate(read_asked(settings.corpus_dir), chunks, twins)
    build_asked(phrasings, embeddings, old.asked if old else None).save(folder / ASKED)
    why = "not one sentence of {} begins with {!r}. Write its beginning as it stands there, long enough to be the only one"
    return tuple(FailedDocument(f"{FOLDER}/{e.file}", why.format(e.document, e.beginning)) for e in lost)


def curated(corpus_dir: Path) -> tuple[str, str]:
    """The digests of what curators keep beside the documents: the thesaurus, and the questions of sentences."""
    return thesaurus_hash(corpus_dir), asked_digest(corpus_dir)


def thesaurus_hash(folder: Path) -> str:
    """The hash of the thesaurus in a folder; empty when there is none."""
    path = folder / THESAURUS
    return content_hash(path.read_bytes()) if path.is_file() else ""


def _chunks(settings: Settings, documents: Sequence[Document], old: Generation | None) -> list[Chunk]:
    """The chunks of the next generation, in order; those of a document that has not changed are not cut again.

    :raises BrokenIndexError: when there are none; nothing must ever be emptied by mistake.
    """
    same = old.catalog.hashes() if old else {}
    cut = old.catalog.chunks_by_document() if old else {}
    chunks: list[Chunk] = []
    for document in documents:
        if document.id in cut and same[document.id] == document.content_hash:
            chunks += cut[document.id]
        else:
            chunks += chunk_document(document, chunk_chars=settings.chunk_chars)
    if not chunks:
        message = f"no document of {settings.corpus_dir} holds text that can be read. The index was not changed"
        raise BrokenIndexError(message)
    return chunks


def _digest(documents: Sequence[Document]) -> str:
    """Of the content, so that a name tells two indexes apart."""
    return hashlib.sha256("".join(f"{d.id}\0{d.content_hash}\0" for d in documents).encode()).hexdigest()[:8]


def _write_store(folder: Path, vectors: Vectors, old: Generation | None, *, fresh: bool) -> int:
    """Write the vectors: the difference, into a copy of the old store, or all of them; returns how many are dead.

    Entries that were removed stay in Chroma's graph and cost time at each search: beyond a share, they are left behind.
    """
    from advisor.index.chroma import VectorStore, copy_store

    dead = old.manifest.dead + len(vectors.gone) if old else 0
    if old and not fresh and dead <= _MOST_DEAD * (dead + len(vectors.keys)):
        copy_store(old.folder / CHROMA, folder)
        with closing(VectorStore(folder)) as store:
            store.remove(vectors.gone)
            _add(store, vectors.new)
        return dead
    kept = old.chunk_vectors([key for key in vectors.keys if key not in vectors.new]) if old else {}
    with closing(VectorStore(folder, create=True)) as store:
        known = kept | vectors.new
        _add(store, {key: known[key] for key in vectors.keys})
    return 0


def _add(store: VectorStore, entries: Mapping[str, NDArray[np.float32]]) -> None:
    if entries:
        store.add(list(entries), np.stack(list(entries.values())))


def _write_thesaurus(corpus_dir: Path, folder: Path, chunks: Sequence[Chunk]) -> str:
    """Put the thesaurus into the new generation, with the forms that its documents use; returns its hash."""
    if (corpus_dir / THESAURUS).is_file():
        shutil.copyfile(corpus_dir / THESAURUS, folder / THESAURUS)
    concepts = read_thesaurus(folder / THESAURUS)
    write_used_forms(folder / USED, used_forms(concepts, (embedded_text(chunk) for chunk in chunks)))
    return thesaurus_hash(folder)


def _check(folder: Path, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Open what was built and ask it: counts agree, and sampled chunks, new and old, find themselves by meaning and by word.

    :raises BrokenIndexError: when they do not; the current generation stays published.
    """
    new = [chunk for chunk in chunks if text_hash(embedded_text(chunk)) in vectors.new]
    with closing(Generation(folder)) as built:
        for chunk in (*_sampled(new), *_sampled(chunks)):
            key = text_hash(embedded_text(chunk))
            vector = vectors.new[key] if key in vectors.new else built.chunk_vectors([key])[key]
            nearest = built.search_vectors(vector, num_results=1)
            if not nearest or nearest[0][1] < float(vector @ vector) - 1e-3 or not built.lexical.finds(chunk):
                message = (
                    f"the new generation does not find {chunk.location}; the old one stays. Run: advisor index --rebuild"
                )
                raise BrokenIndexError(message)


def _sampled(chunks: Sequence[Chunk]) -> list[Chunk]:
    """A handful, evenly spread."""
    if not chunks:
        return []
    return [chunks[number] for number in np.linspace(0, len(chunks) - 1, min(_SAMPLES, len(chunks))).astype(int)]
