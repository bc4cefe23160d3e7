"""Files that are ZIP archives of XML: what may be unpacked of them, and how their parts are parsed."""

from __future__ import annotations

import zipfile
from xml.etree import ElementTree

from advisor.errors import DocumentError
from advisor.text.reasons import reason

_PARTS = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx")
_MOST_PARTS = 10_000


def check_archive(archive: zipfile.ZipFile, max_bytes: int, *, doctypes: bool = False) -> list[str]:
    """The names of the parts that hold text: each is read once, and never more of it than its entry says.

    :param doctypes: whether XML with a document type is usual in such files (pages of books have one).
    :raises DocumentError: when they are protected, unpack to too much, or hold what no office program writes.
    """
    parts = [entry for entry in archive.infolist() if entry.filename.endswith(_PARTS)]
    size = sum(entry.file_size for entry in parts)
    if any(entry.flag_bits & 1 for entry in parts):
        raise DocumentError(reason("password"))
    if size > max_bytes or len(parts) > _MOST_PARTS:
        raise DocumentError(reason("unpacks", size=size, most=max_bytes))
    if not doctypes and any(b"<!DOCTYPE" in archive.read(entry).replace(b"\0", b"") for entry in parts):
        raise DocumentError(reason("has_document_type"))
    return [entry.filename for entry in parts]


def parse_xml(data: bytes) -> ElementTree.Element:
    """A part without a document type.

    :raises DocumentError: when it has one, or is no XML.
    """
    if b"<!DOCTYPE" in data.replace(b"\0", b"") or b"<!ENTITY" in data.replace(b"\0", b""):
        raise DocumentError(reason("document_type"))
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as cause:
        raise DocumentError(reason("damaged_part", problem=str(cause))) from cause
