"""Bring the index in line with the corpus folder: plan, build beside, check, switch, prune.

The current generation is never touched: whatever happens on the way, it stays published and whole.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from advisor.documents.chunking import chunk_document
from advisor.documents.folder import list_files
from advisor.documents.passages import embedded_text
from advisor.errors import (
    BrokenIndexError,
    IndexMismatchError,
    IndexNotFoundError,
    Reason,
    RefusedIndexError,
    VectorServerError,
)
from advisor.files import replace_file
from advisor.index import archive
from advisor.index.build import BUILDING, BuildContext, build_generation, companions_of
from advisor.index.catalog import Catalog, text_hash
from advisor.index.checkpoint import forget_checkpoints
from advisor.index.generation import Generation
from advisor.index.generations import (
    CATALOG,
    FORMAT,
    IN_USE,
    PUBLIC,
    Manifest,
    blank_manifest,
    current_generation,
    generations,
    held,
    is_whole,
    number_of,
    publish,
    read_manifest,
)
from advisor.index.lock import now, writer_lock
from advisor.index.plan import Plan, Reading, make_plan, next_documents
from advisor.index.report import HiddenText, IndexReport, LeftOut
from advisor.index.vector_server import ServedVectors, collection_of, collections_prefix, open_server
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.spreading import Spread, alone
from advisor.text.reasons import FailedDocument, reason
from advisor.types import IndexProgress, Scan

Judge = Callable[[Generation, Generation], Sequence[str]]
"""Given the published generation and the next one, what speaks against publishing it; nothing, when it may be."""

_REMOVING = ".removing-"
_REPORT = "report.json"


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How to bring the index in line.

    `rebuild` re-uses nothing. `forget` keeps no trace of what the folder no longer holds: earlier generations, archived
    versions, dead vectors. `dry_run` says what would change, and changes nothing. `unsettled` are files that are being
    written: they stay as they are in the index. `wait` is in seconds, for another writer. The `judge` is asked before a
    generation is published; not, where there is no earlier one to compare it with. Documents are read and cut by `spread`.
    """

    rebuild: bool = False
    forget: bool = False
    dry_run: bool = False
    unsettled: Collection[Path] = ()
    wait: float = 0
    progress: IndexProgress | None = None
    judge: Judge | None = None
    spread: Spread = alone


AS_USUAL = SyncOptions()


@dataclass(frozen=True, slots=True)
class _Published:
    """The published generation: its documents, and its manifest where these settings can build on it."""

    catalog: Catalog | None
    manifest: Manifest | None


def sync(settings: Settings, embeddings: Embeddings, options: SyncOptions = AS_USUAL) -> IndexReport:
    """Index what was added, changed, renamed or deleted; publish a new generation when anything was.

    :raises CorpusError: when the folder is missing or empty; the index stays as it is.
    :raises RefusedIndexError: when the judge objects; the index stays as it is.
    :raises VectorServerError: when the server of the vectors is away; where all was to be forgotten, at the end too.
    :raises IndexLockedError: when another process is writing.
    """
    started = time.perf_counter()
    if options.dry_run:
        return _finished(_compare_and_build(settings, embeddings, options), started)
    if not settings.index_dir.exists():
        list_files(settings.corpus_dir)  # nothing is made for a folder that cannot be read
    if options.progress and options.wait:
        options.progress("wait", 0, 0)
    with writer_lock(settings.index_dir, f"indexing {settings.corpus_dir}", wait=options.wait):
        report = _compare_and_build(settings, embeddings, options)
        _prune(settings, must_forget=options.forget)
        report = _finished(report, started)
        written = json.dumps(asdict(report), ensure_ascii=False, indent=1) + "\n"
        replace_file(settings.index_dir / _REPORT, written.encode("utf-8", "replace"), mode=PUBLIC)
    return report


def _compare_and_build(settings: Settings, embeddings: Embeddings, options: SyncOptions) -> IndexReport:
    with ExitStack() as opened:
        published = _open_published(settings, embeddings, opened, rebuild=options.rebuild)
        reading = Reading(options.unsettled, options.progress, options.spread)
        plan = make_plan(settings, published.catalog, reading, reread=published.manifest is None)
        beside = published.manifest.companions if published.manifest else None
        stale = beside != companions_of(settings.corpus_dir, embeddings.digest) or _must_move(settings, published.manifest)
        if options.dry_run or not (plan.changed or stale or options.forget):
            report = _report(plan, published.manifest, silent=published.catalog.silent() if published.catalog else ())
            known = published.catalog if published.manifest else None
            return replace(report, embedded=_new_passages(settings, plan, known)) if options.dry_run else report
        return _build_and_publish(settings, embeddings, options, plan, published)


def _new_passages(settings: Settings, plan: Plan, known: Catalog | None) -> int:
    """How many passages of the files that were read have to be embedded."""
    cut = (chunk_document(document, chunk_chars=settings.chunk_chars) for document in plan.parsed.values())
    hashes = {text_hash(embedded_text(chunk)) for chunks in cut for chunk in chunks}
    return len(hashes - known.ids_of_texts(list(hashes)).keys() if known else hashes)


def _must_move(settings: Settings, manifest: Manifest | None) -> bool:
    """Whether the vectors are in the folder and belong on a server, or the other way round."""
    return manifest is not None and bool(manifest.collection) != bool(settings.chroma_url)


def _finished(report: IndexReport, started: float) -> IndexReport:
    return replace(report, seconds=round(time.perf_counter() - started, 3), finished=now())


def last_report(index_dir: Path) -> IndexReport | None:
    """What the last sync did, and when it finished; None when there was none that can be read."""
    try:
        fields: dict[str, Any] = json.loads((index_dir / _REPORT).read_text(encoding="utf-8"))
        fields |= {name: tuple(fields[name]) for name in ("added", "updated", "removed")}
        fields["renamed"] = tuple((old, new) for old, new in fields["renamed"])
        for name in ("failed", "passed_over"):
            failed = ((each["document"], Reason.of(each["reason"])) for each in fields.get(name, ()))
            fields[name] = tuple(FailedDocument(*each) for each in failed)
        fields["silent"] = tuple(fields.get("silent", ()))
        fields["hidden"] = tuple(HiddenText(**each) for each in fields["hidden"])
        fields["scans"] = {name: Scan.of(scan) for name, scan in fields.get("scans", {}).items()}
        fields["left_out"] = tuple(LeftOut(**each) for each in fields["left_out"])
        return IndexReport(**fields)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def rollback(settings: Settings, *, wait: float = 0) -> str:
    """Publish the generation before the current one; returns its name. The next sync applies the folder again.

    :raises IndexNotFoundError: when there is none.
    :raises BrokenIndexError: when its vectors are elsewhere than the settings say, or have gone; the current one stays.
    """
    with writer_lock(settings.index_dir, "going back a generation", wait=wait):
        current = current_generation(settings.index_dir)
        previous = read_manifest(settings.index_dir / current).previous if current else ""
        if previous not in generations(settings.index_dir):
            raise IndexNotFoundError(reason("no_earlier", folder=str(settings.index_dir)))
        _check_vectors(settings, previous)
        publish(settings.index_dir, previous)
        return previous


def _check_vectors(settings: Settings, generation: str) -> None:
    """See that a generation that is gone back to has its vectors where these settings look for them.

    :raises BrokenIndexError: when it has not; the current generation stays.
    """
    manifest, server = read_manifest(settings.index_dir / generation), open_server(settings)
    if server is None and manifest.collection:
        raise IndexMismatchError(reason("earlier_on_server", generation=generation))
    if server and not manifest.collection:
        raise IndexMismatchError(reason("earlier_in_folder", generation=generation))
    if server and ServedVectors(server, manifest.collection).count() != manifest.entries:
        raise BrokenIndexError(reason("earlier_without_vectors", generation=generation))


def _open_published(settings: Settings, embeddings: Embeddings, opened: ExitStack, *, rebuild: bool) -> _Published:
    """What is published, held until `opened` closes; nothing, where it cannot be read."""
    name = current_generation(settings.index_dir)
    folder = settings.index_dir / (name or "")
    try:
        manifest = read_manifest(folder) if name else None
        if manifest is None or manifest.format != FORMAT:
            return _Published(None, None)
        catalog = opened.enter_context(closing(Catalog(folder / CATALOG)))
        catalog.counts()
    except (IndexMismatchError, sqlite3.Error):
        return _Published(None, None)
    usable = (
        not rebuild and manifest.recipe() == blank_manifest(settings, embeddings).recipe() and is_whole(folder, manifest)
    )
    if usable and manifest.collection:
        server = open_server(settings)
        usable = server is not None and ServedVectors(server, manifest.collection).count() == manifest.entries
    if usable:
        opened.enter_context(held(folder))
    return _Published(catalog, manifest if usable else None)


def _build_and_publish(
    settings: Settings, embeddings: Embeddings, options: SyncOptions, plan: Plan, published: _Published
) -> IndexReport:
    index_dir = settings.index_dir
    if not plan.hashes:
        first = plan.failed[0] if plan.failed else None
        why = reason("of_document", document=first.document, problem=first.reason) if first else reason("nothing_settled")
        raise BrokenIndexError(reason("nothing_readable", folder=str(settings.corpus_dir), problem=why))
    changes = next_documents(plan, published.catalog, base=published.manifest is not None)
    if options.rebuild:
        forget_checkpoints(index_dir)
    with ExitStack() as opened:
        old = None
        if published.manifest:
            folder = index_dir / published.manifest.generation
            old = opened.enter_context(closing(Generation(folder, open_server(settings))))
        context = BuildContext(settings, embeddings, old, options.forget, options.progress, options.spread)
        number = 1 + max(archive.last_number(index_dir), *map(number_of, generations(index_dir)), 0)
        previous = "" if options.forget else current_generation(index_dir) or ""
        built = build_generation(context, changes, number=number, previous=previous)
        if options.judge and old:
            _judge(options.judge, old, Generation(index_dir / built.manifest.generation, open_server(settings)))
        catalog = opened.enter_context(closing(Catalog(index_dir / built.manifest.generation / CATALOG)))
        archive.record(index_dir, built.manifest.generation, catalog, plan.parsed)
        silent = catalog.silent()
    publish(index_dir, built.manifest.generation)
    if options.forget:
        archive.forget(index_dir)
    plan = replace(plan, failed=(*plan.failed, *built.failed))
    report = _report(plan, built.manifest, embedded=built.embedded, silent=silent)
    return replace(report, left_out=built.left_out)


def _judge(judge: Judge, published: Generation, candidate: Generation) -> None:
    """Have a generation judged that is built and not published.

    :raises RefusedIndexError: when there are objections; the generation is removed.
    """
    with closing(candidate):
        objections = judge(published, candidate)
    if objections:
        shutil.rmtree(candidate.folder)
        raise RefusedIndexError(reason("index_refused", problem="; ".join(objections)))


def _prune(settings: Settings, *, must_forget: bool) -> None:
    """Remove what a killed run left, and the generations that nobody reads but the current one and the one before it.

    :raises VectorServerError: when the server goes away, and what is forgotten is on it still.
    """
    _prune_folder(settings.index_dir)
    server = open_server(settings)
    if server:
        prefix = collections_prefix(settings.index_dir)
        kept = {collection_of(prefix, name) for name in generations(settings.index_dir)}
        try:
            server.keep_only(prefix, kept)
        except VectorServerError:  # what was indexed is published; the next sync removes them
            if must_forget:
                raise


def _prune_folder(index_dir: Path) -> None:
    for leftover in (*index_dir.glob(f"{BUILDING}*"), *index_dir.glob(f"{_REMOVING}*")):
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
    with (folder / IN_USE).open("ab") as in_use:
        try:
            fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        doomed = folder.rename(folder.with_name(f"{_REMOVING}{folder.name}"))
    shutil.rmtree(doomed)


def _report(
    plan: Plan, manifest: Manifest | None, *, embedded: int | None = None, silent: tuple[str, ...] = ()
) -> IndexReport:
    """:param embedded: of the generation that was built; None when none was."""
    return IndexReport(
        generation=manifest.generation if manifest else "",
        added=tuple(sorted(plan.added)),
        updated=tuple(sorted(plan.updated)),
        renamed=tuple(sorted(plan.renamed)),
        removed=plan.removed,
        unchanged=plan.unchanged,
        failed=plan.failed,
        hidden=tuple(HiddenText(name, document.hidden) for name, document in plan.parsed.items() if document.hidden),
        scans={name: document.scan for name, document in plan.parsed.items() if document.scan != Scan()},
        passed_over=plan.passed_over,
        silent=silent,
        documents=len(set(plan.hashes.values())),
        chunks=manifest.chunks if manifest else 0,
        embedded=embedded or 0,
        reused=manifest.chunks - embedded if manifest and embedded is not None else 0,
    )
