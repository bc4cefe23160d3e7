"""Who added a document and who approved it: `provenance.json` beside the documents.

It has an entry for each file that came in through the page, with the hash of its content, and one for each curated answer
that was made there (`asked/costs.yaml#Why do we pay more?`), with the hash of its lines and questions. Any other file was
put into the folder by whoever runs the advisor, who answers for it; so was one that has changed since.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from advisor.errors import CorpusError
from advisor.files import private_folder, replace_file
from advisor.settings import Settings
from advisor.text.reasons import reason

PROVENANCE_FILE = "provenance.json"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who added a file and when, and who approved it; names of users, and days in ISO 8601, UTC."""

    content_hash: str
    added_by: str
    added: str
    approved_by: str
    approved: str


def provenance_of(settings: Settings, name: str, content_hash: str) -> Provenance | None:
    """Where a document is from; None for one that whoever runs the advisor put into the folder.

    :raises CorpusError: when the record cannot be read.
    """
    found = _read(settings.corpus_dir / PROVENANCE_FILE).get(name)
    return found if found and found.content_hash == content_hash else None


def record_provenance(settings: Settings, name: str, provenance: Provenance) -> None:
    """Write down where a document is from.

    :raises StorageError: when it cannot be written.
    """
    with _edit(settings) as entries:
        entries[name] = provenance


@contextmanager
def _edit(settings: Settings) -> Iterator[dict[str, Provenance]]:
    path = settings.corpus_dir / PROVENANCE_FILE
    with FileLock(private_folder(settings.state_dir) / "provenance.lock"):
        entries = _read(path)
        yield entries
        written = json.dumps({name: asdict(one) for name, one in sorted(entries.items())}, ensure_ascii=False, indent=1)
        replace_file(path, f"{written}\n".encode(), mode=0o644)


def _read(path: Path) -> dict[str, Provenance]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return {name: Provenance(**entry) for name, entry in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError) as cause:
        raise CorpusError(reason("provenance", path=str(path), problem=str(cause))) from cause
