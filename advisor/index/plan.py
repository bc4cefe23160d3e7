"""What the corpus folder holds, against what the index holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from advisor.documents.folder import document_id, list_files, passed_over
from advisor.documents.formats.extractor import Extractor
from advisor.documents.reading import content_hash, parse_document, read_bytes, title_of_name
from advisor.errors import DocumentError, NoProseError
from advisor.index.catalog import Catalog
from advisor.settings import Settings
from advisor.spreading import Portion, Spread, alone
from advisor.text.reasons import FailedDocument, reason_of
from advisor.types import Document, IndexProgress

_PORTION = Portion(16)
_Fate = Document | DocumentError | None
"""What becomes of a file: it was read, or why it was not, or it stays as it was."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the files differ from the published documents.

    `hashes` has the content of every file in the next generation, in the order of the files; `parsed` those that were read.
    """

    hashes: Mapping[str, str]
    parsed: Mapping[str, Document]
    added: tuple[str, ...]
    updated: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    failed: tuple[FailedDocument, ...]
    passed_over: tuple[FailedDocument, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether any file differs."""
        return bool(self.added or self.updated or self.renamed or self.removed)


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read. Those that are `unsettled` are being written: like one that cannot be read, but no failure."""

    unsettled: Collection[Path] = ()
    progress: IndexProgress | None = None
    spread: Spread = alone


def make_plan(settings: Settings, published: Catalog | None, reading: Reading = Reading(), *, reread: bool) -> Plan:
    """Compare the files with the published documents. Every file is hashed: dates and sizes can lie, and hashing is fast.

    :param published: a file that cannot be read keeps its version there.
    :param reread: parse also the files that have not changed.
    :raises CorpusError: when the folder is missing or holds no file.
    """
    files = list_files(settings.corpus_dir)
    before = published.hashes() if published else {}
    fates = dict[str, _Fate]()

    def settle(name: str, fate: _Fate) -> None:
        fates[name] = fate
        if reading.progress:
            reading.progress("read", len(fates), len(files))

    def unread() -> Iterator[tuple[str, bytes]]:
        """The files that have to be read; what becomes of the others is settled on the way."""
        for path in files:
            name = document_id(path, settings.corpus_dir)
            if path in reading.unsettled:
                settle(name, None)
                continue
            try:
                data = read_bytes(path, settings)
            except DocumentError as cause:
                settle(name, cause)
                continue
            if not reread and content_hash(data) == before.get(name):
                settle(name, None)
            else:
                yield name, data

    for name, fate in reading.spread(partial(_parse_each, settings.without_secrets()), unread(), _PORTION):
        settle(name, fate)
    names = [document_id(path, settings.corpus_dir) for path in files]
    return _plan(before, {name: fates[name] for name in names}, passed_over(settings.corpus_dir))


def _parse_each(settings: Settings, files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, _Fate]]:
    """The document in each file, under the file's name, or why it has none."""
    with Extractor(settings) as extractor:
        for name, data in files:
            try:
                yield name, parse_document(name, data, extractor)
            except DocumentError as cause:
                yield name, cause


def _plan(before: Mapping[str, str], fates: Mapping[str, _Fate], passed: Iterable[FailedDocument]) -> Plan:
    """:param fates: of every file of the folder; None for one that stays as it was."""
    held = {name: fate.content_hash if isinstance(fate, Document) else before.get(name) for name, fate in fates.items()}
    refused = {name: fate for name, fate in fates.items() if isinstance(fate, DocumentError)}
    no_prose = {name: fate for name, fate in refused.items() if isinstance(fate, NoProseError)}
    held |= dict.fromkeys(no_prose)
    parsed = {name: fate for name, fate in fates.items() if isinstance(fate, Document)}
    failed = [FailedDocument(name, reason_of(fate)) for name, fate in refused.items() if name not in no_prose]
    more = (FailedDocument(name, reason_of(fate)) for name, fate in no_prose.items())
    return replace(_difference(before, held, parsed, failed), passed_over=(*passed, *more))


def _difference(
    before: Mapping[str, str],
    held: Mapping[str, str | None],
    parsed: Mapping[str, Document],
    failed: Iterable[FailedDocument],
) -> Plan:
    """:param held: the content of every file of the folder; None for one that cannot be read and has no earlier version."""
    hashes = {name: found for name, found in held.items() if found is not None}
    added = [name for name in hashes if name not in before]
    removed = sorted(name for name in before if name not in hashes)
    renamed = _renames(added, removed, {**before, **hashes})
    old_names, new_names = {old for old, _ in renamed}, {new for _, new in renamed}
    return Plan(
        hashes=hashes,
        parsed=parsed,
        added=tuple(name for name in added if name not in new_names),
        updated=tuple(name for name, found in hashes.items() if name in before and found != before[name]),
        renamed=tuple(renamed),
        removed=tuple(name for name in removed if name not in old_names),
        unchanged=sum(before.get(name) == found for name, found in hashes.items()),
        failed=tuple(failed),
    )


def _renames(added: Iterable[str], removed: Iterable[str], hashes: Mapping[str, str]) -> list[tuple[str, str]]:
    """A file that vanished and one that appeared with the same content are one that was renamed: (old name, new name)."""
    vanished: dict[str, list[str]] = {}
    for name in removed:
        vanished.setdefault(hashes[name], []).append(name)
    return [(vanished[hashes[new]].pop(0), new) for new in added if vanished.get(hashes[new])]


@dataclass(frozen=True, slots=True)
class Changes:
    """How the documents of the next generation differ from those of the one that it is built on.

    `contents` has the hash of each document of the next one, by id in order; `written` are those that the other does not
    hold, or not like this; `removed` the ids of those that it alone holds.
    """

    contents: Mapping[str, str]
    written: tuple[Document, ...]
    removed: tuple[str, ...]


def next_documents(plan: Plan, published: Catalog | None, *, base: bool = True) -> Changes:
    """The documents of the next generation. Files with the same bytes are one, under the first of their names.

    :param published: a file that was not read is as it is there.
    :param base: whether the next generation is built on the published one; if not, every document is written.
    """
    held = {document.id: document for document in published.listing()} if published else {}
    before = published.hashes() if published else {}
    groups: dict[str, list[str]] = {}
    for name, key in plan.hashes.items():
        groups.setdefault(key, []).append(name)
    contents, written = dict[str, str](), list[Document]()
    for key, (name, *others) in sorted(groups.items(), key=lambda group: group[1][0]):
        contents[name] = key
        same = base and name in held and before[name] == key and held[name].aliases == tuple(others)
        if not same:
            written.append(replace(_named(name, plan, published), aliases=tuple(others)))
    return Changes(contents, tuple(written), tuple(sorted(held.keys() - contents.keys())) if base else ())


def _named(name: str, plan: Plan, published: Catalog | None) -> Document:
    """The document under this name: as read, as published, or as published under another."""
    document = plan.parsed.get(name) or (published.document(name) if published else None)
    if document is None:
        message = f"{name} was neither read nor published"
        raise KeyError(message)
    if document.id == name:
        return document
    return replace(document, id=name, title=title_of_name(name) if document.named else document.title)
