"""What the corpus folder holds, against what the index holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from advisor.documents.formats.extractor import Extractor
from advisor.documents.reading import content_hash, document_id, parse_document, read_bytes, title_of_name
from advisor.errors import DocumentError, HostileDocumentError
from advisor.index.catalog import Catalog
from advisor.settings import Settings
from advisor.types import Document, FailedDocument, Progress


@dataclass
class Plan:
    """How the files differ from the published documents.

    `hashes` has the content of every file in the next generation, in the order of the files; `parsed` those that were read.
    """

    hashes: dict[str, str] = field(default_factory=dict)
    parsed: dict[str, Document] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: list[FailedDocument] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether any file differs."""
        return bool(self.added or self.updated or self.renamed or self.removed)


def make_plan(
    settings: Settings,
    files: Sequence[Path],
    published: Catalog | None,
    *,
    reread: bool,
    unsettled: Collection[Path] = (),
    progress: Progress | None = None,
) -> Plan:
    """Compare the files with the published documents. Every file is hashed: dates and sizes can lie, and hashing is fast.

    :param published: a file that cannot be read keeps its version there, but for one that tells the assistant what to do.
    :param reread: parse also the files that have not changed.
    :param unsettled: files that are being written; like one that cannot be read, but no failure.
    """
    before = published.hashes() if published else {}
    plan = Plan()
    present = set()
    with Extractor(settings) as extractor:
        for done, path in enumerate(files, start=1):
            name = document_id(path, settings.corpus_dir)
            present.add(name)
            wait = path in unsettled
            _compare(plan, settings, extractor, path, before.get(name), reread=reread, wait=wait)
            if progress:
                progress("read", done, len(files))
    # What speaks to the assistant leaves the index, like a file that is gone.
    plan.removed = sorted(name for name in before if name not in present or name not in plan.hashes)
    _match_renames(plan, before)
    return plan


def _compare(
    plan: Plan, settings: Settings, extractor: Extractor, path: Path, known: str | None, *, reread: bool, wait: bool
) -> None:
    """:param known: the content hash of the published version."""
    name = document_id(path, settings.corpus_dir)
    found = known if wait else None
    if not wait:
        try:
            data = read_bytes(path, settings)
            found = content_hash(data)
            if reread or found != known:
                plan.parsed[name] = parse_document(name, data, extractor)
        except DocumentError as cause:
            plan.failed.append(FailedDocument(name, str(cause)))
            found = None if isinstance(cause, HostileDocumentError) else known
    if found is None:
        return
    plan.hashes[name] = found
    if known is None:
        plan.added.append(name)
    elif found != known:
        plan.updated.append(name)
    else:
        plan.unchanged += 1


def _match_renames(plan: Plan, before: dict[str, str]) -> None:
    """A file that vanished and one that appeared with the same content are one that was renamed."""
    vanished: dict[str, list[str]] = {}
    for name in reversed(plan.removed):
        vanished.setdefault(before[name], []).append(name)
    for new in list(plan.added):
        if vanished.get(plan.hashes[new]):
            old_name = vanished[plan.hashes[new]].pop()
            plan.renamed.append((old_name, new))
            plan.added.remove(new)
            plan.removed.remove(old_name)


def next_documents(plan: Plan, published: Catalog | None) -> list[Document]:
    """The documents of the next generation. Files with the same bytes are one, under the first of their names."""
    held = {name: d for d in published.documents() for name in (d.id, *d.aliases)} if published else {}
    groups: dict[str, list[str]] = {}
    for name, key in plan.hashes.items():
        groups.setdefault(key, []).append(name)
    found = (replace(_named(names[0], plan, held), aliases=tuple(names[1:])) for names in groups.values())
    return sorted(found, key=lambda document: document.id)


def _named(name: str, plan: Plan, held: Mapping[str, Document]) -> Document:
    """The document under this name: as read, as published, or as published under another."""
    document = plan.parsed.get(name) or held[name]
    if document.id == name:
        return document
    return replace(document, id=name, title=title_of_name(name) if document.named else document.title)
