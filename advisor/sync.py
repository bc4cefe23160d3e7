"""Bring the index in line with the corpus folder: plan, build beside, check, switch, prune.

The current generation is never touched: whatever happens on the way, it stays published and whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock, Timeout

from advisor import lexical
from advisor.asked import FILE as ASKED
from advisor.asked import FOLDER, Asked, asked_digest, build_asked, locate, read_asked
from advisor.catalog import Catalog, write
from advisor.chunking import chunk_document
from advisor.corpus import content_hash, list_files
from advisor.errors import BrokenIndexError, IndexLockedError, IndexMismatchError, IndexNotFoundError
from advisor.index import (
    FORMAT,
    Generation,
    Manifest,
    current_generation,
    expected_recipe,
    generations,
    publish,
    read_manifest,
    write_vectors,
)
from advisor.models import Embeddings
from advisor.plan import Plan, make_plan
from advisor.settings import Settings
from advisor.thesaurus import FILE as THESAURUS
from advisor.thesaurus import read_thesaurus
from advisor.twins import match_twins
from advisor.types import Chunk, Document, FailedDocument, IndexReport
from advisor.vectors import Progress, make_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOCK = "writer.lock"
_BUILDING = ".building-"
_REMOVING = ".removing-"
_SAMPLES = 5


def sync(
    settings: Settings,
    embeddings: Embeddings,
    *,
    rebuild: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> IndexReport:
    """Index what was added, changed, renamed or deleted; publish a new generation when anything was.

    :param rebuild: re-use nothing.
    :param dry_run: say what would change, change nothing.
    :raises CorpusError: when the folder is missing or empty; the index stays as it is.
    :raises IndexLockedError: when another process is writing.
    """
    started = time.perf_counter()
    files = list_files(settings.corpus_dir)
    with ExitStack() as opened:
        if not dry_run:
            settings.index_dir.mkdir(parents=True, exist_ok=True)
            opened.enter_context(_writer_lock(settings.index_dir))
        old = None if rebuild else _open_reusable(settings, embeddings)
        if old:
            opened.callback(old.close)
        held = old.catalog if old else _open_catalog(settings.index_dir, opened)
        plan = make_plan(settings, files, held, reread=old is None)
        report = _report(plan, old.manifest if old else None)
        stale = old is None or (old.manifest.thesaurus, old.manifest.asked) != _curated(settings.corpus_dir)
        if not dry_run and (report.changed or stale):
            manifest, reused, embedded = _build(settings, embeddings, plan, old, progress)
            report = _report(plan, manifest, embedded=embedded, reused=reused)
        if not dry_run:
            _prune(settings.index_dir)
    return replace(report, seconds=round(time.perf_counter() - started, 3))


def rollback(settings: Settings) -> str:
    """Publish the generation before the current one; returns its name.

    :raises IndexNotFoundError: when there is none.
    """
    with _writer_lock(settings.index_dir):
        current = current_generation(settings.index_dir)
        previous = read_manifest(settings.index_dir / current).previous if current else ""
        if previous not in generations(settings.index_dir):
            message = f"there is no earlier generation in {settings.index_dir} to go back to"
            raise IndexNotFoundError(message)
        publish(settings.index_dir, previous)
        return previous


@contextmanager
def _writer_lock(index_dir: Path) -> Iterator[None]:
    """One writer at a time. The operating system frees the lock of a process that died."""
    holder = index_dir / f"{_LOCK}.holder"
    try:
        with FileLock(index_dir / _LOCK, timeout=0):
            holder.write_text(f"process {os.getpid()} since {_now()}", encoding="utf-8")
            try:
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout as cause:
        message = f"the index in {index_dir} is being written by {_holder(holder)}. Try again when it has finished"
        raise IndexLockedError(message) from cause


def _holder(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8") or "another process"
    except FileNotFoundError:  # it has just begun, or just finished
        return "another process"


def _open_reusable(settings: Settings, embeddings: Embeddings) -> Generation | None:
    """The current generation, if it was built the way these settings would build it."""
    name = current_generation(settings.index_dir)
    if name is None or not (settings.index_dir / name).is_dir():
        return None
    try:
        manifest = read_manifest(settings.index_dir / name)
        return Generation(settings.index_dir / name) if manifest.recipe() == expected_recipe(settings, embeddings) else None
    except IndexMismatchError:
        return None


def _open_catalog(index_dir: Path, opened: ExitStack) -> Catalog | None:
    """The published documents, whatever model and chunking they were indexed with; None when they cannot be read."""
    name = current_generation(index_dir)
    try:
        if name is None or read_manifest(index_dir / name).format != FORMAT:
            return None
        catalog = opened.enter_context(closing(Catalog(index_dir / name / "catalog.sqlite")))
        catalog.counts()
    except (IndexMismatchError, sqlite3.Error):
        return None
    return catalog


def _chunks(settings: Settings, plan: Plan) -> list[Chunk]:
    """The chunks of the next generation.

    :raises BrokenIndexError: when there are none; nothing must ever be emptied by mistake.
    """
    chunks = [chunk for document in plan.documents for chunk in chunk_document(document, chunk_chars=settings.chunk_chars)]
    if not chunks:
        why = f"{plan.failed[0].document}: {plan.failed[0].error}" if plan.failed else "the files are empty"
        message = f"no document of {settings.corpus_dir} holds text that can be read ({why}). The index was not changed"
        raise BrokenIndexError(message)
    return chunks


def _build(
    settings: Settings, embeddings: Embeddings, plan: Plan, old: Generation | None, progress: Progress | None
) -> tuple[Manifest, int, int]:
    """Build, check and publish a generation; returns its manifest, chunks re-used and chunks embedded."""
    documents, chunks = plan.documents, _chunks(settings, plan)
    name = _next_name(settings.index_dir, documents)
    scratch = settings.index_dir / f"{_BUILDING}{name}"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        vectors, sentences, reused = make_vectors(embeddings, chunks, old, progress)
        twins = match_twins(documents, chunks)
        write(scratch / "catalog.sqlite", documents, chunks, twins)
        phrasings, lost = locate(read_asked(settings.corpus_dir), chunks, twins)
        build_asked(phrasings, embeddings, old.asked if old else None).save(scratch / ASKED)
        plan.failed += [FailedDocument(f"{FOLDER}/{entry.file}", _lost(entry)) for entry in lost]
        np.save(scratch / "sentences.npy", sentences.astype(np.float16))
        lexical.build(scratch / "lexical", chunks)
        by_id = {document.id: document for document in documents}
        write_vectors(scratch / "chroma", chunks, vectors, [_metadata(by_id[chunk.document]) for chunk in chunks])
        (scratch / "in-use").touch()
        manifest = Manifest(
            generation=name,
            created=_now(),
            documents=len(documents),
            chunks=len(chunks),
            sentences=len(sentences),
            embedding_model=embeddings.name,
            embedding_digest=embeddings.digest,
            dimension=embeddings.dimension,
            chunk_chars=settings.chunk_chars,
            thesaurus=_copy_thesaurus(settings.corpus_dir, scratch),
            asked=asked_digest(settings.corpus_dir),
            previous=current_generation(settings.index_dir) or "",
        )
        (scratch / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")
        _check(scratch, chunks, vectors)
        scratch.rename(settings.index_dir / name)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    publish(settings.index_dir, name)
    return manifest, reused, len(chunks) - reused


def _lost(entry: Asked) -> str:
    return (
        f"not one sentence of {entry.document} begins with {entry.beginning!r}. Write its beginning as it stands there, "
        "long enough to be the only one"
    )


def _curated(corpus_dir: Path) -> tuple[str, str]:
    """The digests of what curators keep beside the documents: thesaurus and questions."""
    return _thesaurus_hash(corpus_dir), asked_digest(corpus_dir)


def _thesaurus_hash(folder: Path) -> str:
    """The hash of the thesaurus in a folder; empty when there is none."""
    path = folder / THESAURUS
    return content_hash(path.read_bytes()) if path.is_file() else ""


def _copy_thesaurus(corpus_dir: Path, folder: Path) -> str:
    """Put the thesaurus into the new generation; returns its hash."""
    if (corpus_dir / THESAURUS).is_file():
        shutil.copyfile(corpus_dir / THESAURUS, folder / THESAURUS)
        read_thesaurus(folder / THESAURUS)
    return _thesaurus_hash(folder)


def _metadata(document: Document) -> dict[str, str]:
    """What a chunk can be filtered by. Chroma takes no None."""
    values = {
        "document": document.id,
        "language": document.language,
        "topic": document.topic,
        "evidence": document.evidence,
        "updated": document.updated,
    }
    return {name: value for name, value in values.items() if value}


def _check(folder: Path, chunks: Sequence[Chunk], vectors: NDArray[np.float32]) -> None:
    """Open what was built and ask it: counts agree, and sampled chunks find themselves.

    :raises BrokenIndexError: when they do not; the current generation stays published.
    """
    built = Generation(folder)
    try:
        counts = {built.catalog.counts()[1], built.count_vectors(), built.lexical.size, len(chunks)}
        if len(counts) != 1:
            message = f"the new generation is incomplete (chunks counted: {sorted(counts)}). The old one stays. Try again"
            raise BrokenIndexError(message)
        for number in np.linspace(0, len(chunks) - 1, min(_SAMPLES, len(chunks))).astype(int):
            hits = built.search_vectors(vectors[number], num_results=1)
            if not hits or hits[0][1] < float(vectors[number] @ vectors[number]) - 1e-3:
                message = f"the new generation does not find {chunks[number].location}. The old one stays. Try again"
                raise BrokenIndexError(message)
    finally:
        built.close()


def _prune(index_dir: Path) -> None:
    """Remove what a killed run left, and the generations that nobody reads but the current one and the one before it."""
    for leftover in (*index_dir.glob(f"{_BUILDING}*"), *index_dir.glob(f"{_REMOVING}*")):
        shutil.rmtree(leftover, ignore_errors=True)
    current = current_generation(index_dir)
    names = generations(index_dir)
    if current not in names:
        return
    kept = (current, read_manifest(index_dir / current).previous)
    for name in names:
        if name not in kept:
            _remove_unread(index_dir / name)


def _remove_unread(folder: Path) -> None:
    """Remove a generation, unless a reader holds it. It is renamed first: half removed, it must not look complete."""
    with (folder / "in-use").open("ab") as in_use:
        try:
            fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        doomed = folder.rename(folder.with_name(f"{_REMOVING}{folder.name}"))
    shutil.rmtree(doomed)


def _next_name(index_dir: Path, documents: Sequence[Document]) -> str:
    """A number that grows, and a digest of the content: `000003-5f3a9c1e`."""
    last = max((int(name.split("-")[0]) for name in generations(index_dir)), default=0)
    content = hashlib.sha256("".join(f"{d.id}\0{d.content_hash}\0" for d in documents).encode()).hexdigest()
    return f"{last + 1:06d}-{content[:8]}"


def _report(plan: Plan, manifest: Manifest | None, *, embedded: int = 0, reused: int = 0) -> IndexReport:
    return IndexReport(
        generation=manifest.generation if manifest else "",
        added=tuple(sorted(plan.added)),
        updated=tuple(sorted(plan.updated)),
        renamed=tuple(sorted(plan.renamed)),
        removed=tuple(plan.removed),
        unchanged=plan.unchanged,
        failed=tuple(plan.failed),
        documents=manifest.documents if manifest else len(plan.documents),
        chunks=manifest.chunks if manifest else 0,
        embedded=embedded,
        reused=reused,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
