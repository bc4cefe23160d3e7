"""Build a generation beside the published one, and check it. Nothing that is published is touched."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from advisor.documents.chunking import chunk_document, passages_of
from advisor.documents.instructions import Encode, line_of, orders_in, shortened
from advisor.documents.passages import embedded_text
from advisor.documents.reading import content_hash, title_of_name
from advisor.documents.sections import SECTIONS_FILE, read_sections
from advisor.errors import BrokenIndexError
from advisor.files import flush
from advisor.index.calibration import CALIBRATION_FILE, calibration_path, read_calibration
from advisor.index.catalog import Catalog, text_hash
from advisor.index.catalog_edit import Cut, edit_catalog
from advisor.index.checkpoint import Checkpoint, forget_checkpoints
from advisor.index.corpus_vectors import NO_VECTORS, CorpusVectors, read_corpus_vectors
from advisor.index.generation import Generation
from advisor.index.generations import (
    CATALOG,
    IN_USE,
    Companions,
    Manifest,
    blank_manifest,
    file_sizes,
    flush_tree,
    write_manifest,
)
from advisor.index.lock import now
from advisor.index.parts import NextGeneration, write_parts, write_phrasings, write_thesaurus
from advisor.index.phrasings import (
    FOLDER,
    PhrasingEntry,
    phrasings_digest,
    read_phrasings,
)
from advisor.index.plan import Changes
from advisor.index.report import LeftOut
from advisor.index.thesaurus import THESAURUS_FILE, read_thesaurus
from advisor.index.vector_server import ServedVectors, collection_of, collections_prefix, open_server
from advisor.index.vectors import Vectors, make_vectors
from advisor.models.embeddings import Embeddings
from advisor.settings import BUNDLED_MODEL, Settings
from advisor.spreading import Portion, Spread, alone
from advisor.text.reasons import FailedDocument, reason
from advisor.types import Document, IndexProgress

BUILDING = ".building-"
_SAMPLES = 5
_PORTION = Portion(16)


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
    spread: Spread = alone

    def served(self, generation: str) -> ServedVectors | None:
        """Where the vectors of a generation go, if that is a server."""
        server, index_dir = open_server(self.settings), self.settings.index_dir
        return ServedVectors(server, collection_of(collections_prefix(index_dir), generation)) if server else None

    def tell(self, stage: str, total: int) -> None:
        """Say that a stage begins."""
        if self.progress:
            self.progress(stage, 0, total)


def build_generation(context: BuildContext, changes: Changes, *, number: int, previous: str) -> Built:
    """Write a generation into the index folder; it is not published yet. What is as in the old one is not written again.

    :param changes: how its documents differ from those of the old one.
    :param previous: the name of the generation to go back to; "" for none.
    :raises BrokenIndexError: when it does not pass its checks, or would be empty.
    """
    settings, embeddings, old = context.settings, context.embeddings, context.old
    _check_beside(settings.corpus_dir, embeddings.digest)
    shipped = read_corpus_vectors(settings.corpus_dir, embeddings)
    cut, left_out = _cut(context, changes, shipped)
    name = f"{number:06d}-{_digest(changes.contents)}"
    # First: what changes from here on is seen at the next sync.
    beside = companions_of(settings.corpus_dir, embeddings.digest)
    so_far = Checkpoint(settings.index_dir, embeddings)
    with _scratch_folder(settings.index_dir / f"{BUILDING}{name}") as folder:
        edit = edit_catalog(folder / CATALOG, old.folder / CATALOG if old else None, cut, changes.removed)
        with closing(Catalog(folder / CATALOG)) as catalog:
            coming = NextGeneration(folder, catalog, edit, old, context.fresh, context.served(name))
            vectors = make_vectors(partial(shipped.passages, so_far), edit.chunks, old, context.progress)
            context.tell("write", len(edit.chunks))
            counted = write_parts(coming, vectors)
            entries = read_phrasings(settings.corpus_dir)
            lost = write_phrasings(coming, entries, partial(shipped.questions, so_far))
            write_thesaurus(coming, settings.corpus_dir, beside.thesaurus)
            _copy_file(settings.corpus_dir / SECTIONS_FILE, folder / SECTIONS_FILE)
            _copy_file(calibration_path(settings.corpus_dir, embeddings.digest), folder / CALIBRATION_FILE)
            (folder / IN_USE).touch()
            manifest = replace(
                blank_manifest(settings, embeddings),
                generation=name,
                created=now(),
                **asdict(counted),
                **asdict(beside),
                previous=previous,
                files=file_sizes(folder),
                collection=coming.served.name if coming.served else "",
            )
            write_manifest(folder, manifest)
            context.tell("check", len(edit.chunks))
            _check(coming, vectors)
        flush_tree(folder)
        folder.rename(settings.index_dir / name)
        flush(settings.index_dir)
    forget_checkpoints(settings.index_dir)
    embedded = sum(text_hash(embedded_text(chunk)) in vectors.new for chunk in edit.chunks)
    return Built(manifest, embedded, _lost_in_words(lost), left_out)


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


def _lost_in_words(lost: Sequence[tuple[PhrasingEntry, str]]) -> tuple[FailedDocument, ...]:
    """The entries that found no place in the generation, each with what to do."""
    return tuple(
        FailedDocument(f"{FOLDER}/{entry.file}", reason("lost_line", document=entry.document, line=repr(line)))
        for entry, line in lost
    )


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


def _cut(context: BuildContext, changes: Changes, shipped: CorpusVectors) -> tuple[list[Cut], tuple[LeftOut, ...]]:
    """The documents that changed with their chunks in order, and the orders to an assistant that are in none.

    Where only the names of a document changed, its chunks stay. A title that is an order gives way to the file's name.
    """
    settings, model = context.settings, context.embeddings
    same = dict(context.old.catalog.contents()) if context.old else {}
    anew = [document for document in changes.written if same.get(document.id) != document.content_hash]
    if anew and not model.is_fitted:  # the weights of orders are fitted on the bundled one, whatever model the index has
        local = {"embedding_model": BUNDLED_MODEL, "embedding_url": None}
        model, shipped = Embeddings(settings.model_copy(update=local)), NO_VECTORS
    spread = alone if settings.embedding_url else context.spread  # who reaches that server is this machine
    work = partial(_cut_each, settings.chunk_chars, partial(shipped.questions, model))
    found = {cut[0].id: (cut, orders) for cut, orders in spread(work, anew, _PORTION)}
    done = [found.get(document.id, ((document, None), [])) for document in changes.written]
    return [cut for cut, _ in done], tuple(order for _, orders in done for order in orders)


def _cut_each(chunk_chars: int, encode: Encode, documents: Iterable[Document]) -> Iterator[tuple[Cut, list[LeftOut]]]:
    """Each document with its chunks, and the orders that are in none."""
    for document in documents:
        orders = orders_in(document.text, passages_of(document), encode)
        left_out = [LeftOut(document.id, line_of(document.text, one), shortened(one.text)) for one in orders]
        named = document
        if document.title in {one.text for one in orders}:
            named = replace(document, title=title_of_name(document.id), named=True)
        yield (named, chunk_document(named, chunk_chars=chunk_chars, left_out=orders)), left_out


def _digest(contents: Mapping[str, str]) -> str:
    """Of the content, so that a name tells two indexes apart."""
    return hashlib.sha256("".join(f"{name}\0{key}\0" for name, key in contents.items()).encode()).hexdigest()[:8]


def _copy_file(path: Path, copy: Path) -> None:
    """Put a file of the corpus into the new generation, if there is one."""
    if path.is_file():
        shutil.copyfile(path, copy)


def _check(coming: NextGeneration, vectors: Vectors) -> None:
    """Open what was built and ask it: counts agree, and sampled chunks, new and old, find themselves by meaning and by word.

    :raises BrokenIndexError: when they do not; the current generation stays published.
    """
    new = [chunk for chunk in coming.edit.chunks if text_hash(embedded_text(chunk)) in vectors.new]
    spread = np.linspace(0, len(new) - 1, min(_SAMPLES, len(new))).astype(int)
    with closing(Generation(coming.folder, coming.served.server if coming.served else None)) as built:
        found, expected = built.count_vectors(), built.manifest.entries
        if found != expected:
            raise BrokenIndexError(reason("too_few_vectors", number=found, all=expected))
        for chunk in (*(new[number] for number in spread), *coming.catalog.sample(_SAMPLES)):
            key = text_hash(embedded_text(chunk))
            vector = vectors.new[key] if key in vectors.new else built.chunk_vectors([key])[key]
            nearest = built.search_vectors(vector, num_results=1)
            if not nearest or nearest[0][1] < float(vector @ vector) - 1e-3 or not built.keyword_index.finds(chunk):
                raise BrokenIndexError(reason("not_found_again", place=chunk.location))
