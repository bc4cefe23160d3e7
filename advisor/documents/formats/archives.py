"""Files that are ZIP archives of XML: what may be unpacked of them, and how their parts are parsed."""

from __future__ import annotations

import zipfile
from xml.etree import ElementTree

from advisor.errors import DocumentError

_PARTS = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx")
_MOST_PARTS = 10_000


def check_archive(archive: zipfile.ZipFile, max_bytes: int, *, doctypes: bool = False) -> list[str]:
    """The names of the parts that hold text: each is read once, and never more of it than its entry says.

    :param doctypes: whether XML with a document type is usual in such files (pages of books have one).
    :raises DocumentError: when they are protected, unpack to too much, or hold what no office program writes.
    """
    parts = [entry for entry in archive.infolist() if entry.filename.endswith(_PARTS)]
    size = sum(entry.file_size for entry in parts)
    message = ""
    if any(entry.flag_bits & 1 for entry in parts):
        message = "is protected by a password. Save it without one"
    elif size > max_bytes or len(parts) > _MOST_PARTS:
        message = f"unpacks to {size:,} bytes, over the limit of {max_bytes:,} (ADVISOR_MAX_UNPACKED_BYTES)"
    elif not doctypes and any(b"<!DOCTYPE" in archive.read(entry).replace(b"\0", b"") for entry in parts):
        message = "holds XML with a document type, which no such file does. Save it again with its program"
    if message:
        raise DocumentError(message)
    return [entry.filename for entry in parts]


def parse_xml(data: bytes) -> ElementTree.Element:
    """A part without a document type.

    :raises DocumentError: when it has one, or is no XML.
    """
    if b"<!DOCTYPE" in data.replace(b"\0", b"") or b"<!ENTITY" in data.replace(b"\0", b""):
        message = "holds XML with a document type, which is not read. Save it again with its program"
        raise DocumentError(message)
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as cause:
        message = f"is damaged ({cause}). Save it again with its program"
        raise DocumentError(message) from cause
