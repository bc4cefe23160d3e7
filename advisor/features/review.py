"""Uploads wait for a curator's approval: until then they lie in the state folder, and nothing of them is in an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from advisor.documents.provenance import Provenance, record_provenance
from advisor.documents.reading import check_upload, content_hash, read_bytes
from advisor.errors import DocumentError, StorageError
from advisor.features.curation import UPLOADS, Upload, store_upload
from advisor.files import private_folder, replace_file
from advisor.settings import Settings

_WAITING = "waiting"
_NOTE = ".by.json"
OPERATOR = "operator"
"""Who adds and approves where there are no users: whoever works on this machine."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that waits: its name, and who added it when."""

    name: str
    added_by: str
    added: str


def submit_upload(settings: Settings, name: str, file: Path, who: str | None) -> Upload:
    """Have an uploaded file wait for approval; without users, it is in the corpus at once.

    :param who: the user; None without users.
    """
    if who is None:
        stored = store_upload(settings, name, file)
        if stored.document:
            digest = content_hash((settings.corpus_dir / stored.document).read_bytes())
            record_provenance(settings, stored.document, Provenance(digest, OPERATOR, _today(), OPERATOR, _today()))
        return stored
    try:
        data = read_bytes(file, settings)
        safe = check_upload(name, data, settings)
        folder = private_folder(settings.state_dir / _WAITING)
        note = json.dumps({"added_by": who, "added": _today()}).encode()
        replace_file(folder / safe, data)
        replace_file(folder / f"{safe}{_NOTE}", note)
    except (DocumentError, StorageError) as cause:
        return Upload(name, None, reason=str(cause))
    return Upload(name, f"{UPLOADS}/{safe}", waits=True, replaced=(settings.corpus_dir / UPLOADS / safe).exists())


def waiting_uploads(settings: Settings) -> list[Waiting]:
    """The files that wait for approval, by name."""
    notes = sorted((settings.state_dir / _WAITING).glob(f"*{_NOTE}"))
    return [Waiting(path.name.removesuffix(_NOTE), **json.loads(path.read_text(encoding="utf-8"))) for path in notes]


def waiting_file(settings: Settings, name: str) -> Path:
    """Where a file that waits lies."""
    return settings.state_dir / _WAITING / name


def approve_uploads(settings: Settings, names: Sequence[str], who: str) -> list[Upload]:
    """Put files that wait into the corpus folder, and write down who added and who approved them."""
    outcomes = []
    for one in waiting_uploads(settings):
        if one.name in names:
            file = waiting_file(settings, one.name)
            outcome = store_upload(settings, one.name, file)
            if outcome.document:
                digest = content_hash((settings.corpus_dir / outcome.document).read_bytes())
                record_provenance(settings, outcome.document, Provenance(digest, one.added_by, one.added, who, _today()))
                _remove(file)
            outcomes.append(outcome)
    return outcomes


def decline_uploads(settings: Settings, names: Sequence[str]) -> list[str]:
    """Remove files that wait; returns their names."""
    found = [one.name for one in waiting_uploads(settings) if one.name in names]
    for name in found:
        _remove(waiting_file(settings, name))
    return found


def _remove(file: Path) -> None:
    file.with_name(f"{file.name}{_NOTE}").unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
