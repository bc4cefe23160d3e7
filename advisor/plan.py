"""What the corpus folder holds, against what the index holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from advisor.catalog import Catalog
from advisor.corpus import content_hash, document_id, parse_document, read_bytes
from advisor.errors import DocumentError
from advisor.formats.extractor import Extractor
from advisor.settings import Settings
from advisor.types import Document, FailedDocument


@dataclass
class Plan:
    """The documents of the next generation, and how they differ from those of the published one."""

    documents: list[Document] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: list[FailedDocument] = field(default_factory=list)


def make_plan(settings: Settings, files: Sequence[Path], held: Catalog | None, *, reread: bool) -> Plan:
    """Compare the files with the published documents.

    :param held: the published documents; a file that cannot be read keeps its version there.
    :param reread: parse also the files that have not changed.
    """
    before = held.hashes() if held else {}
    plan = Plan()
    seen = set()
    with Extractor(settings) as extractor:
        for path in files:
            name = document_id(path, settings.corpus_dir)
            seen.add(name)
            kept = held.document(name) if held and name in before else None
            try:
                document = _read(settings, path, name, None if reread else kept, extractor)
            except DocumentError as cause:
                plan.failed.append(FailedDocument(name, str(cause)))
                if kept:
                    plan.documents.append(kept)
                    plan.unchanged += 1
                continue
            plan.documents.append(document)
            if name not in before:
                plan.added.append(name)
            elif before[name] != document.content_hash:
                plan.updated.append(name)
            else:
                plan.unchanged += 1
    plan.removed = sorted(set(before) - seen)
    _match_renames(plan, before)
    return plan


def _read(settings: Settings, path: Path, name: str, known: Document | None, extractor: Extractor) -> Document:
    data = read_bytes(path, settings)
    return known if known and known.content_hash == content_hash(data) else parse_document(name, data, extractor)


def _match_renames(plan: Plan, before: dict[str, str]) -> None:
    """A document that vanished and one that appeared with the same content are one that was renamed."""
    hashes = {document.id: document.content_hash for document in plan.documents}
    vanished: dict[str, list[str]] = {}
    for name in reversed(plan.removed):
        vanished.setdefault(before[name], []).append(name)
    for new in list(plan.added):
        if vanished.get(hashes[new]):
            old_name = vanished[hashes[new]].pop()
            plan.renamed.append((old_name, new))
            plan.added.remove(new)
            plan.removed.remove(old_name)
