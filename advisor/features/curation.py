"""What a curator does with the corpus: look at it, add and delete files, bring the index in line, go back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from advisor.documents.formats.extractor import Extractor
from advisor.documents.reading import check_upload, parse_document, read_bytes
from advisor.errors import CorpusError, DocumentError, NoProseError, Reason, StorageError
from advisor.features.background import in_steps
from advisor.files import replace_file
from advisor.index.generation import Generation
from advisor.index.report import IndexReport
from advisor.index.sync import SyncOptions, sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings
from advisor.text.reasons import FailedDocument, reason, reason_of
from advisor.types import Language

UPLOADS = "uploads"
"""The folder of the corpus that uploaded files go to."""

WAIT_SECONDS = 10
"""For another writer of the index, while somebody waits for the outcome."""

_SETTLING_SECONDS = 1.0  # before that, a rate says nothing


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as a curator sees it.

    `state`: `indexed`; `added`, `updated` or `removed` when the next re-index will make it so; `failed` with its `reason`
    (the version before, if there is one, stays in the index). `chunks` is 0 for a document that is not in the index;
    `aliases` are files with the same bytes.
    """

    document: str
    title: str
    language: Language | None
    topic: str | None
    chunks: int
    date: str | None
    state: str
    reason: Reason | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Upload:
    """What became of an uploaded file: where it is stored, or will be once it is approved, or why it was refused."""

    name: str
    document: str | None
    replaced: bool = False
    waits: bool = False
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a re-index is. `passages` per second and `seconds_left` are None until they can be told."""

    stage: str
    done: int
    total: int
    passages_per_second: float | None = None
    seconds_left: float | None = None


def entries(index: Generation, pending: IndexReport) -> list[Entry]:
    """The documents of the index and of the folder, by path.

    :param pending: what a re-index would change (`sync` with `dry_run`).
    """
    counts = index.catalog.chunk_counts()
    states = dict.fromkeys(pending.updated, "updated") | dict.fromkeys(pending.removed, "removed")
    states |= {old: "removed" for old, _ in pending.renamed}
    reasons = {failed.document: failed.reason for failed in pending.failed}
    rows = [
        Entry(
            document=document.id,
            title=document.title,
            language=document.language,
            topic=document.topic,
            chunks=counts.get(document.id, 0),
            date=document.updated,
            state="failed" if document.id in reasons else states.get(document.id, "indexed"),
            reason=reasons.get(document.id),
            aliases=document.aliases,
        )
        for document in index.catalog.listing()
    ]
    known = {row.document for row in rows}
    added = (*pending.added, *(new for _, new in pending.renamed))
    rows += [_not_indexed(name, "added") for name in added if name not in known]
    rows += [_not_indexed(f.document, "failed", f.reason) for f in pending.failed if f.document not in known]
    return sorted(rows, key=lambda row: row.document)


def _not_indexed(name: str, state: str, why: Reason | None = None) -> Entry:
    return Entry(name, Path(name).stem, None, None, 0, None, state, why)


def store_upload(settings: Settings, name: str, file: Path) -> Upload:
    """Put one uploaded file into the corpus folder, whole or not at all; a file of the same name is replaced."""
    folder = settings.corpus_dir / UPLOADS
    try:
        safe, data = readable_upload(settings, name, file)
        replaced = (folder / safe).exists()
        folder.mkdir(parents=True, exist_ok=True)
        # It has a hidden name until it is whole: a re-index that runs meanwhile does not see half a file.
        replace_file(folder / safe, data, mode=0o644)
    except (DocumentError, StorageError) as cause:
        return Upload(name, None, reason=reason_of(cause))
    return Upload(name, f"{UPLOADS}/{safe}", replaced=replaced)


def readable_upload(settings: Settings, name: str, file: Path) -> tuple[str, bytes]:
    """The name and the bytes of an uploaded file that indexing will be able to read.

    :raises DocumentError: when it will not.
    """
    data = read_bytes(file, settings)
    safe = check_upload(name, data, settings)
    with Extractor(settings) as extractor, suppress(NoProseError):  # a file of data is passed over, and no failure
        parse_document(safe, data, extractor)
    return safe, data


def delete_documents(settings: Settings, names: Sequence[str]) -> tuple[list[str], list[FailedDocument]]:
    """Delete files of the corpus folder; the index follows at the next re-index.

    :returns: the documents that were deleted, and those that were not, with the reason.
    """
    root = settings.corpus_dir.resolve()
    deleted, kept = list[str](), list[FailedDocument]()
    for name in names:
        path = settings.corpus_dir / name
        try:
            if not path.parent.resolve().is_relative_to(root) or path.is_dir():
                raise CorpusError(reason("not_in_corpus"))
            path.unlink()
            deleted.append(name)
        except CorpusError as cause:
            kept.append(FailedDocument(name, reason_of(cause)))
        except OSError as cause:
            kept.append(FailedDocument(name, reason("not_deleted", problem=cause.strerror or str(cause))))
    return deleted, kept


def sync_in_steps(settings: Settings, embeddings: Embeddings) -> Iterator[Progress | IndexReport]:
    """Bring the index in line: how far it is, twice a second, and the report last.

    :raises AdvisorError: when it cannot be done; the index stays as it is.
    """
    meter = _Meter()
    yield from in_steps(
        lambda: sync(settings, embeddings, SyncOptions(progress=meter.read)), lambda: meter.latest, "re-index"
    )


class _Meter:
    """Passages per second and seconds left of the stage that runs, from when it began."""

    def __init__(self) -> None:
        self.latest = Progress("read", 0, 0)
        self._began = time.monotonic()

    def read(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage != self.latest.stage:
            self._began = now
        elapsed = now - self._began
        if elapsed < _SETTLING_SECONDS or not done:
            self.latest = Progress(stage, done, total)
        else:
            rate = done / elapsed
            self.latest = Progress(stage, done, total, rate, (total - done) / rate)
