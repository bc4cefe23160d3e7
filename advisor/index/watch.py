"""Follow the corpus folder: sync when it changes, once it has come to rest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import watchfiles

from advisor.documents.folder import list_files
from advisor.errors import AdvisorError, CorpusError
from advisor.index.report import IndexReport
from advisor.index.sync import SyncOptions, sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

_TICK_MS = 500
_STEP = 0.25  # seconds between two looks at files that may be moving
_QUIET = 1.5  # seconds without a change, after which a file is taken to be complete
_PATIENCE = 10.0  # seconds after which a file that keeps growing no longer holds up the others
_WAIT = 600.0  # seconds for another writer


def follow(settings: Settings, embeddings: Embeddings) -> Iterator[IndexReport | AdvisorError]:
    """Sync now and after each burst of changes, for ever; gives what each sync did, or why it could not.

    A file that is still being written is left out, and taken when it rests. A folder that is missing or empty (a disk that
    was unmounted) leaves the index as it is; it is followed again when it comes back.
    """
    moving: frozenset[Path] = frozenset()
    for number, _ in enumerate(_changes(settings.corpus_dir)):
        if number:
            moving = _settle(settings.corpus_dir)
        yield _attempt(settings, embeddings, moving)
        while moving:
            moving = _settle(settings.corpus_dir)
            yield _attempt(settings, embeddings, moving)


def _attempt(settings: Settings, embeddings: Embeddings, moving: frozenset[Path]) -> IndexReport | AdvisorError:
    try:
        return sync(settings, embeddings, SyncOptions(unsettled=moving, wait=_WAIT))
    except AdvisorError as error:
        return error


def _changes(folder: Path) -> Iterator[None]:
    """Something to do: once the folder is watched, after each change in it, and when it goes or another takes its place."""
    while True:
        watched = _identity(folder)
        if watched is None:
            yield
            while _identity(folder) is None:
                time.sleep(_TICK_MS / 1000)
            continue
        with suppress(FileNotFoundError):  # it went before the watch began
            notices = watchfiles.watch(folder, watch_filter=None, step=100, rust_timeout=_TICK_MS, yield_on_timeout=True)
            next(notices)  # from here on, a change during a sync is not missed
            yield
            for found in notices:
                if _identity(folder) != watched:
                    break
                if found:
                    yield


def _identity(folder: Path) -> tuple[int, int] | None:
    """Which folder it is, on which disk: a disk that is mounted on it makes it another."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _settle(folder: Path) -> frozenset[Path]:
    """Wait until no file changes any more; gives those that still do after a while."""
    started = time.monotonic()
    changed: dict[Path, float] = {}
    before = _signatures(folder)
    while True:
        time.sleep(_STEP)
        after = _signatures(folder)
        now = time.monotonic()
        changed.update({path: now for path in before.keys() | after.keys() if before.get(path) != after.get(path)})
        before = after
        recent = {path for path, when in changed.items() if now - when < _QUIET}
        if now - started >= (_PATIENCE if recent else _QUIET):
            return frozenset(recent & after.keys())


def _signatures(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """What tells that a file is being written: its size and its times."""
    found = {}
    with suppress(CorpusError):
        for path in list_files(folder):
            with suppress(OSError):  # it went in the meantime
                status = path.stat()
                found[path] = (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found
