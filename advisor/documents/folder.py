"""The corpus folder: which of its files are documents, what stands beside them, and what is passed over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from advisor.documents.formats.file_type import SUFFIXES
from advisor.documents.provenance import PROVENANCE_FILE
from advisor.errors import CorpusError
from advisor.text.reasons import FailedDocument, reason

THESAURUS = "thesaurus.yaml"
ASKED = "asked"
SECTION_KINDS = "sections.yaml"
"""What curators keep in the folder beside the documents: words that mean the same, how people ask, kinds of sections."""
CALIBRATION = ("calibration-", ".json")
"""How the name of a calibration begins and ends; between them is the digest of its model."""
_VECTORS = ("vectors-", ".npz")
_HIDDEN = (".", "~$")
_REMEDIES = {
    ".doc": ("save_as", ".docx"), ".ppt": ("save_as", ".pptx"), ".msg": ("save_as", ".eml"),
    ".pages": ("export_as", ".docx"), ".key": ("export_as", ".pptx"), ".numbers": ("export_as", ".xlsx"),
    ".org": ("export_as", "Markdown"),
    ".tex": ("make_pdf", ""), ".mobi": ("convert_to", ".epub"), ".zip": ("unpack", ""),
}  # fmt: skip
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp", ".tif", ".tiff", ".ico")
_NAMED = 3  # files of a kind


def list_files(corpus_dir: Path) -> list[Path]:
    """The files that can be indexed, sorted by path.

    :raises CorpusError: when the folder is missing or holds none: nothing must ever be emptied by mistake.
    """
    if not corpus_dir.is_dir():
        raise CorpusError(reason("no_folder", folder=str(corpus_dir)))
    files = sorted((path for path in _walk(corpus_dir) if _is_document(path, corpus_dir)), key=str)
    if not files:
        raise CorpusError(reason("empty_folder", folder=str(corpus_dir), suffixes=", ".join(SUFFIXES)))
    return files


def passed_over(corpus_dir: Path) -> tuple[FailedDocument, ...]:
    """What the folder holds and is not read, a line for each kind of file and each linked folder, with the reason."""
    kinds: dict[str, list[str]] = {}
    for path in _walk(corpus_dir):
        suffix = path.suffix.lower()
        if suffix and suffix not in SUFFIXES and not _is_beside(path, corpus_dir):
            kinds.setdefault(suffix, []).append(document_id(path, corpus_dir))
    lines = [_of_a_kind(suffix, sorted(names)) for suffix, names in sorted(kinds.items())]
    linked = reason("linked_folder")
    return (*lines, *(FailedDocument(document_id(path, corpus_dir), linked) for path in _linked_folders(corpus_dir)))


def _of_a_kind(suffix: str, names: list[str]) -> FailedDocument:
    count = f"{len(names)} {suffix}"
    which = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    remedy, better = _REMEDIES.get(suffix, ("pictures" if suffix in _PICTURES else "unread_kind", ""))
    return FailedDocument(f"{count} ({which})", reason(remedy, suffix=better))


def _is_document(path: Path, corpus_dir: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not _is_beside(path, corpus_dir)


def _is_beside(path: Path, corpus_dir: Path) -> bool:
    """Whether a file is one of those that curators keep beside the documents, or that says where these are from."""
    inside = path.relative_to(corpus_dir)
    of_model = any(path.name.startswith(before) and path.suffix == after for before, after in (_VECTORS, CALIBRATION))
    asked = inside.parts[0] == ASKED and path.suffix.lower() in (".yaml", ".yml")
    return asked or inside in map(Path, (THESAURUS, SECTION_KINDS, PROVENANCE_FILE)) or of_model


def _walk(folder: Path) -> Iterator[Path]:
    """What is below a folder, but for folders, what is hidden, and lock files of office programs.

    Links to folders are not followed.
    """
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(_HIDDEN)]
        yield from (Path(place, name) for name in names if not name.startswith(_HIDDEN))


def _linked_folders(folder: Path) -> list[Path]:
    found = [Path(place, name) for place, folders, _ in os.walk(folder) for name in folders if not name.startswith(_HIDDEN)]
    return sorted(path for path in found if path.is_symlink())


def _refuse(error: OSError) -> None:
    """A folder that cannot be listed must not pass for an empty one: its documents would be taken as deleted."""
    if not isinstance(error, FileNotFoundError):  # one that has just gone is
        why = reason("unlisted_folder", folder=error.filename, problem=error.strerror or str(error))
        raise CorpusError(why) from error


def document_id(path: Path, corpus_dir: Path) -> str:
    """The path relative to the corpus, with slashes; bytes of a name that are no UTF-8 are written as escapes."""
    return path.relative_to(corpus_dir).as_posix().encode("utf-8", "backslashreplace").decode("utf-8")
