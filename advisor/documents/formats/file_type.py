"""What a file is, by its content: a name promises, bytes decide."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Literal

from advisor.errors import DocumentError
from advisor.text.reasons import reason

FileType = Literal[
    "Markdown", "text", "HTML", "PDF", "DOCX", "PPTX", "workbook", "CSV", "EPUB", "OpenDocument", "EML", "notebook", "JSON",
    "YAML", "RTF", "reStructuredText", "AsciiDoc",
]  # fmt: skip
BY_SUFFIX: dict[str, FileType] = {
    ".md": "Markdown",
    ".markdown": "Markdown",
    ".mdx": "Markdown",
    ".txt": "text",
    ".html": "HTML",
    ".htm": "HTML",
    ".xhtml": "HTML",
    ".pdf": "PDF",
    ".docx": "DOCX",
    ".pptx": "PPTX",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
    ".xls": "workbook",
    ".ods": "workbook",
    ".csv": "CSV",
    ".tsv": "CSV",
    ".epub": "EPUB",
    ".odt": "OpenDocument",
    ".odp": "OpenDocument",
    ".eml": "EML",
    ".ipynb": "notebook",
    ".json": "JSON",
    ".yaml": "YAML",
    ".yml": "YAML",
    ".rtf": "RTF",
    ".rst": "reStructuredText",
    ".adoc": "AsciiDoc",
    ".asciidoc": "AsciiDoc",
}
SUFFIXES = tuple(BY_SUFFIX)

_HTML = re.compile(rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_HTML_BEGINS_WITHIN = 2_000  # bytes
_PDF_BEGINS_WITHIN = 1_024  # bytes, as readers of PDF allow
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LONGEST_MIME = 200  # bytes
_OLD_WORKBOOK = "Workbook".encode("utf-16-le")
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
# Other than these, a file begins in a way that tells what it is.
_FOREIGN = (
    (b"{\\rtf", "RTF"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"%!PS", "a PostScript file"),
    (b"SQLite format 3", "a database"),
)
_IN_ZIP = (("xl/", "workbook"), ("ppt/", "PPTX"))
_OF_TEXT = ("Markdown", "text", "HTML", "CSV", "EML", "notebook", "JSON", "YAML", "reStructuredText", "AsciiDoc")
_SHEETS = b"opendocument.spreadsheet"


def detect_file_type(name: str, data: bytes) -> FileType:
    """What a file holds, when that is what its suffix promises.

    :raises DocumentError: when the suffix is none that is read, the file is empty of its kind, or holds something else.
    """
    promised = BY_SUFFIX.get(PurePosixPath(name).suffix.lower())
    if promised is None:
        raise DocumentError(reason("unknown_suffix", suffixes=", ".join(SUFFIXES)))
    found = _begins_as(data)
    if found is None:
        found = promised if promised in _OF_TEXT else "none"
    if found == promised or (found == "HTML" and promised == "EML"):
        return promised
    if not data:
        raise DocumentError(reason("empty_file", promised=promised))
    suffix = next((suffix for suffix, kind in BY_SUFFIX.items() if kind == found), "")
    if not suffix:
        raise DocumentError(reason("foreign_kind", promised=promised, what=found))
    article = "an" if found[0] in "HOE" or found == "RTF" else "a"
    what = f"{article} {found} file"
    raise DocumentError(reason("other_kind", promised=promised, what=what, found=found, suffix=suffix))


def _begins_as(data: bytes) -> str | None:
    """A kind that is read, another kind in words, or None for what can be text."""
    if b"%PDF-" in data[:_PDF_BEGINS_WITHIN]:
        return "PDF"
    if data.startswith(b"PK\x03\x04"):
        return _in_zip(data)
    if data.startswith(_OLE):
        if _ENCRYPTED_OFFICE in data:
            raise DocumentError(reason("password"))
        return "workbook" if _OLD_WORKBOOK in data else "an Office file of before 2007 (such as .doc)"
    if _HTML.match(_after_comments(data[:_HTML_BEGINS_WITHIN])):
        return "HTML"
    return next((words for start, words in _FOREIGN if data.startswith(start)), None)


def _after_comments(data: bytes) -> bytes:
    """What follows the byte order mark, the declaration of XML and the comments at the beginning: each is looked at once."""
    rest = data.removeprefix(codecs.BOM_UTF8).lstrip()
    if rest.startswith(b"<?xml"):
        rest = rest.partition(b">")[2].lstrip()
    while rest.startswith(b"<!--"):
        rest = rest.partition(b"-->")[2].lstrip()
    return rest


def _in_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            size = archive.getinfo("mimetype").file_size if "mimetype" in names else 0
            mime = archive.read("mimetype") if 0 < size < _LONGEST_MIME else b""
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, zlib.error):
        return "a damaged archive"
    if "word/document.xml" in names:
        return "DOCX"
    if b"epub" in mime:
        return "EPUB"
    if mime and "content.xml" in names:
        return "workbook" if _SHEETS in mime else "OpenDocument"
    return next((words for folder, words in _IN_ZIP if any(name.startswith(folder) for name in names)), "a ZIP archive")
