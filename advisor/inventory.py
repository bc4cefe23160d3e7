"""What the index holds, document by document, and which files it could not take."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from advisor.catalog import Catalog
from advisor.generations import CATALOG, current_generation, held
from advisor.sync import last_report


@dataclass(frozen=True, slots=True)
class DocumentState:
    """One document. `updated` is its own date, `indexed` when this version entered the index (ISO 8601).

    `state`: `ok`; `kept`, when the file fails now and the index shows its previous version; `failed`, when it shows none;
    `error` says why.
    """

    document: str
    state: Literal["ok", "kept", "failed"]
    title: str = ""
    aliases: tuple[str, ...] = ()
    chunks: int = 0
    updated: str | None = None
    indexed: str = ""
    error: str = ""


def list_documents(index_dir: Path) -> list[DocumentState]:
    """Every document of the published generation, and every file that failed at the last sync, by name.

    :raises OSError: when nothing is published, or it cannot be read.
    """
    report = last_report(index_dir)
    errors = {failed.document: failed.error for failed in report.failed} if report else {}
    with ExitStack() as opened:
        folder = index_dir / (current_generation(index_dir) or "")
        opened.enter_context(held(folder))
        catalog = opened.enter_context(closing(Catalog(folder / CATALOG)))
        counts = catalog.chunk_counts()
        documents = catalog.documents()
    found = []
    for document in documents:
        names = (document.id, *document.aliases)
        error = next((errors.pop(name) for name in names if name in errors), "")
        found.append(
            DocumentState(
                document=document.id,
                state="kept" if error else "ok",
                title=document.title,
                aliases=document.aliases,
                chunks=counts.get(document.id, 0),
                updated=document.updated,
                indexed=document.indexed,
                error=error,
            )
        )
    found += [DocumentState(document=name, state="failed", error=error) for name, error in errors.items()]
    return sorted(found, key=lambda each: each.document)
