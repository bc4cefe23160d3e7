"""Build a generation beside the published one, and check it. Nothing that is published is touched."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from advisor.documents.chunking import chunk_document, passages_of
from advisor.documents.instructions import Encode, line_of, orders_in, shortened
from advisor.documents.passages import embedded_text
from advisor.documents.reading import content_hash, title_of_name
from advisor.documents.sections import SECTIONS_FILE, read_sections
from advisor.errors import BrokenIndexError
from advisor.files import flush
from advisor.index.bm25 import write_keyword_index
from advisor.index.calibration import CALIBRATION_FILE, calibration_path, read_calibration
from advisor.index.catalog import text_hash, write_catalog
from advisor.index.corpus_vectors import CorpusVectors, read_corpus_vectors
from advisor.index.generation import Generation
from advisor.index.generations import (
    CATALOG,
    CHROMA,
    IN_USE,
    LEXICAL,
    SENTENCES,
    Companions,
    Manifest,
    blank_manifest,
    file_sizes,
    flush_tree,
    write_manifest,
)
from advisor.index.lock import now
from advisor.index.phrasings import (
    FOLDER,
    PHRASINGS_FILE,
    PhrasingEntry,
    PhrasingIndex,
    build_phrasing_index,
    locate,
    phrasings_digest,
    read_phrasings,
)
from advisor.index.question_space import QUESTION_SPACE_FILE, fit_question_space
from advisor.index.report import LeftOut
from advisor.index.thesaurus import THESAURUS_FILE, USED, read_thesaurus, used_forms, write_used_forms
from advisor.index.translations import match_twins
from advisor.index.vectors import Vectors, make_vectors
from advisor.models.embeddings import Embeddings
from advisor.settings import BUNDLED_MODEL, Settings
from advisor.types import Chunk, Document, FailedDocument, IndexProgress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from advisor.index.chroma import VectorStore

BUILDING = ".building-"
_MOST_DEAD = 0.2  # share of removed entries above which the vector store is written anew
_SAMPLES = 5
_ENOUGH = 100  # phrasings; 176 for 15 documents made answers better: docs/retrieval.md
_KNOWN = 0.85  # of the sections: those without a phrasing lose their questions to the others


@dataclass(frozen=True, slots=True)
class Built:
    """A generation that passed its checks, and how many of its chunks were embedded for it.

    `failed` are entries beside the documents that found no place in it; `left_out` are orders to an assistant.
    """

    manifest: Manifest
    embedded: int
    failed: tuple[FailedDocument, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What generations are built with. `old` is the one that vectors and chunks of unchanged documents come from.

    `fresh` writes the vector store anew, so that nothing of what was removed stays in it.
    """

    settings: Settings
    embeddings: Embeddings
    old: Generation | None = None
    fresh: bool = False
    progress: IndexProgress | None = None

    def tell(self, stage: str, total: int) -> None:
        """Say that a stage begins."""
        if self.progress:
            self.progress(stage, 0, total)


def build_generation(context: BuildContext, documents: Sequence[Document], *, number: int, previous: str) -> Built:
    """Write a generation into the index folder; it is not published yet.

    :param previous: the name of the generation to go back to; "" for none.
    :raises BrokenIndexError: when it does not pass its checks, or would be empty.
    """
    settings, embeddings, old = context.settings, context.embeddings, context.old
    _check_beside(settings.corpus_dir, embeddings.digest)
    shipped = read_corpus_vectors(settings.corpus_dir, embeddings)
    documents, chunks, left_out = _cut(context, documents, shipped)
    name = f"{number:06d}-{_digest(documents)}"
    # First: what changes from here on is seen at the next sync.
    beside = companions_of(settings.corpus_dir, embeddings.digest)
    with _scratch_folder(settings.index_dir / f"{BUILDING}{name}") as folder:
        vectors = make_vectors(partial(shipped.passages, embeddings), chunks, old, context.progress)
        context.tell("write", len(chunks))
        dead = _write_store(folder / CHROMA, vectors, old, fresh=context.fresh)
        twins = match_twins(documents, chunks)
        write_catalog(folder / CATALOG, documents, chunks, twins)
        outlines, lost = locate(read_phrasings(settings.corpus_dir), chunks, twins)
        asked = build_phrasing_index(outlines, partial(shipped.questions, embeddings), old.phrasings if old else None)
        _write_phrasings(folder, asked, chunks, vectors.sentences)
        np.save(folder / SENTENCES, vectors.sentences)
        write_keyword_index(folder / LEXICAL, chunks)
        _write_thesaurus(settings.corpus_dir, folder, chunks)
        _copy_file(settings.corpus_dir / SECTIONS_FILE, folder / SECTIONS_FILE)
        _copy_file(calibration_path(settings.corpus_dir, embeddings.digest), folder / CALIBRATION_FILE)
        (folder / IN_USE).touch()
        manifest = replace(
            blank_manifest(settings, embeddings),
            generation=name,
            created=now(),
            documents=len(documents),
            chunks=len(chunks),
            entries=len(vectors.keys),
            dead=dead,
            sentences=len(vectors.sentences),
            **asdict(beside),
            previous=previous,
            files=file_sizes(folder),
        )
        write_manifest(folder, manifest)
        context.tell("check", len(chunks))
        _check(folder, chunks, vectors)
        flush_tree(folder)
        folder.rename(settings.index_dir / name)
        flush(settings.index_dir)
    return Built(
        manifest, sum(text_hash(embedded_text(chunk)) in vectors.new for chunk in chunks), _lost_in_words(lost), left_out
    )


def _check_beside(corpus_dir: Path, digest: str) -> None:
    """Read what stands beside the documents, so that what is wrong with it is told before anything is built.

    :param digest: of the model.
    """
    read_sections(corpus_dir / SECTIONS_FILE)
    read_thesaurus(corpus_dir / THESAURUS_FILE)
    read_calibration(calibration_path(corpus_dir, digest), digest)


@contextmanager
def _scratch_folder(folder: Path) -> Iterator[Path]:
    """An empty folder, removed when what is done in it fails."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write_phrasings(folder: Path, asked: PhrasingIndex, chunks: Sequence[Chunk], sentences: NDArray[np.float16]) -> None:
    """Write the questions that curators put beside lines, and the space that they make where there are enough.

    :param sentences: the vectors of all sentences, shape (sentences, dimension).
    """
    asked.save(folder / PHRASINGS_FILE)
    enough = len(asked.questions) >= _ENOUGH and _known(asked, chunks) >= _KNOWN
    space = fit_question_space(asked, sentences) if enough else None
    if space:
        space.save(folder / QUESTION_SPACE_FILE)


def _known(asked: PhrasingIndex, chunks: Sequence[Chunk]) -> float:
    """The share (0..1) of the sections that hold a line which phrasings ask for, or its translation."""
    section_of = [(chunk.document, chunk.heading) for chunk in chunks for _ in chunk.sentences]
    return len({section_of[line] for line in asked.lines.ravel()}) / max(1, len(set(section_of)))


def _lost_in_words(lost: Sequence[tuple[PhrasingEntry, str]]) -> tuple[FailedDocument, ...]:
    """The entries that found no place in the generation, each with what to do."""
    why = "not one sentence of {} begins with {!r}. Write its beginning as it stands there, long enough to be the only one"
    return tuple(FailedDocument(f"{FOLDER}/{entry.file}", why.format(entry.document, line)) for entry, line in lost)


def companions_of(corpus_dir: Path, digest: str) -> Companions:
    """What curators keep beside the documents of a folder, for the model with this digest."""
    return Companions(
        thesaurus=_digest_of_file(corpus_dir / THESAURUS_FILE),
        asked=phrasings_digest(corpus_dir),
        sections=_digest_of_file(corpus_dir / SECTIONS_FILE),
        calibration=_digest_of_file(calibration_path(corpus_dir, digest)),
    )


def _digest_of_file(path: Path) -> str:
    return content_hash(path.read_bytes()) if path.is_file() else ""


def _cut(
    context: BuildContext, documents: Sequence[Document], shipped: CorpusVectors
) -> tuple[list[Document], list[Chunk], tuple[LeftOut, ...]]:
    """The documents of the next generation, their chunks in order, and the orders to an assistant that are in none.

    The chunks of a document that has not changed are not cut again. A title that is an order gives way to the file's name.

    :raises BrokenIndexError: when there are no chunks; nothing must ever be emptied by mistake.
    """
    old, settings = context.old, context.settings
    same = old.catalog.hashes() if old else {}
    known = old.catalog.chunks_by_document() if old else {}
    kept, chunks, left_out = list[Document](), list[Chunk](), list[LeftOut]()
    encode: Encode | None = None
    for document in documents:
        if document.id in known and same[document.id] == document.content_hash:
            kept.append(document)
            chunks += known[document.id]
            continue
        encode = encode or _encode(context, shipped)
        orders = orders_in(document.text, passages_of(document), encode)
        left_out += [LeftOut(document.id, line_of(document.text, one), shortened(one.text)) for one in orders]
        if document.title in {one.text for one in orders}:
            document = replace(document, title=title_of_name(document.id), named=True)
        kept.append(document)
        chunks += chunk_document(document, chunk_chars=settings.chunk_chars, left_out=orders)
    if not chunks:
        message = f"no document of {settings.corpus_dir} holds text that can be read. The index was not changed"
        raise BrokenIndexError(message)
    return kept, chunks, tuple(left_out)


def _encode(context: BuildContext, shipped: CorpusVectors) -> Encode:
    """The bundled model, which the weights of orders are fitted on, whatever model the index has."""
    model = context.embeddings
    if not model.finds_orders:
        local = {"embedding_model": BUNDLED_MODEL, "embedding_url": None}
        return Embeddings(context.settings.model_copy(update=local)).encode_questions
    return partial(shipped.questions, model)


def _digest(documents: Sequence[Document]) -> str:
    """Of the content, so that a name tells two indexes apart."""
    return hashlib.sha256("".join(f"{d.id}\0{d.content_hash}\0" for d in documents).encode()).hexdigest()[:8]


def _write_store(folder: Path, vectors: Vectors, old: Generation | None, *, fresh: bool) -> int:
    """Write the vectors; returns how many are dead.

    :raises OSError: when there is no room for them: Chroma has an error of its own for it.
    """
    from advisor.index.chroma import ChromaError

    try:
        return _write_vectors(folder, vectors, old, fresh=fresh)
    except ChromaError as cause:
        raise OSError(str(cause)) from cause


def _write_vectors(folder: Path, vectors: Vectors, old: Generation | None, *, fresh: bool) -> int:
    """Write the difference, into a copy of the old store, or all vectors.

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


def _copy_file(path: Path, copy: Path) -> None:
    """Put a file of the corpus into the new generation, if there is one."""
    if path.is_file():
        shutil.copyfile(path, copy)


def _write_thesaurus(corpus_dir: Path, folder: Path, chunks: Sequence[Chunk]) -> None:
    """Put the thesaurus into the new generation, with the forms that its documents use."""
    _copy_file(corpus_dir / THESAURUS_FILE, folder / THESAURUS_FILE)
    concepts = read_thesaurus(folder / THESAURUS_FILE)
    write_used_forms(folder / USED, used_forms(concepts, (embedded_text(chunk) for chunk in chunks)))


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
            if not nearest or nearest[0][1] < float(vector @ vector) - 1e-3 or not built.keyword_index.finds(chunk):
                message = (
                    f"the new generation does not find {chunk.location}; the old one stays. Run: advisor index --rebuild"
                )
                raise BrokenIndexError(message)


def _sampled(chunks: Sequence[Chunk]) -> list[Chunk]:
    """A handful, evenly spread."""
    if not chunks:
        return []
    return [chunks[number] for number in np.linspace(0, len(chunks) - 1, min(_SAMPLES, len(chunks))).astype(int)]
