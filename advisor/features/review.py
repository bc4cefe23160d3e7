"""Uploads wait for a curator's approval: until then they lie in the state folder, and nothing of them is in an answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from advisor.documents.provenance import Provenance, record_provenance
from advisor.documents.reading import content_hash
from advisor.errors import DocumentError, StorageError
from advisor.features.curation import UPLOADS, Upload, readable_upload, store_upload
from advisor.files import private_folder, replace_file
from advisor.settings import Settings
from advisor.text.reasons import reason, reason_of

_WAITING, _NOTES = "waiting", "waiting-notes"  # a folder each: no name of an upload can make it a note
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

    What waits is never replaced: whoever approves it has looked at that, and at nothing else.

    :param who: the user; None without users.
    """
    if who is None:
        stored = store_upload(settings, name, file)
        if stored.document:
            digest = content_hash((settings.corpus_dir / stored.document).read_bytes())
            record_provenance(settings, stored.document, Provenance(digest, OPERATOR, _today(), OPERATOR, _today()))
        return stored
    try:
        safe, data = readable_upload(settings, name, file)
        if _note(settings, safe).exists():
            return Upload(name, None, reason=reason("name_waits"))
        private_folder(settings.state_dir / _WAITING)
        private_folder(settings.state_dir / _NOTES)
        replace_file(waiting_file(settings, safe), data)
        replace_file(_note(settings, safe), json.dumps(asdict(Waiting(safe, who, _today()))).encode())
    except (DocumentError, StorageError) as cause:
        return Upload(name, None, reason=reason_of(cause))
    return Upload(name, f"{UPLOADS}/{safe}", waits=True, replaced=(settings.corpus_dir / UPLOADS / safe).exists())


def waiting_uploads(settings: Settings) -> list[Waiting]:
    """The files that wait for approval, by name."""
    notes = (settings.state_dir / _NOTES).glob("*.json")
    return sorted((Waiting(**json.loads(path.read_text(encoding="utf-8"))) for path in notes), key=lambda one: one.name)


def waiting_file(settings: Settings, name: str) -> Path:
    """Where a file that waits lies."""
    return settings.state_dir / _WAITING / name


def _note(settings: Settings, name: str) -> Path:
    """Where it is written who added a file that waits: a name as long as a file's may be leaves no room for a suffix."""
    return settings.state_dir / _NOTES / f"{hashlib.sha256(name.encode()).hexdigest()}.json"


def approve_uploads(settings: Settings, names: Sequence[str], who: str) -> list[Upload]:
    """Put files that wait into the corpus folder, and write down who added and who approved them."""
    outcomes = []
    for one in waiting_uploads(settings):
        if one.name in names:
            outcome = store_upload(settings, one.name, waiting_file(settings, one.name))
            if outcome.document:
                digest = content_hash((settings.corpus_dir / outcome.document).read_bytes())
                record_provenance(settings, outcome.document, Provenance(digest, one.added_by, one.added, who, _today()))
                _remove(settings, one.name)
            outcomes.append(outcome)
    return outcomes


def decline_uploads(settings: Settings, names: Sequence[str]) -> list[str]:
    """Remove files that wait; returns their names."""
    found = [one.name for one in waiting_uploads(settings) if one.name in names]
    for name in found:
        _remove(settings, name)
    return found


def _remove(settings: Settings, name: str) -> None:
    _note(settings, name).unlink(missing_ok=True)
    waiting_file(settings, name).unlink(missing_ok=True)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
