"""EPUB -> its chapters one after the other, each read like a page."""

from __future__ import annotations

import io
import posixpath
import zipfile
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from advisor.documents.formats.archives import check_archive, parse_xml
from advisor.documents.formats.encoding import decode_html
from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.html import read_html
from advisor.documents.formats.markdown import one_line
from advisor.errors import DocumentError
from advisor.text.reasons import reason

_CONTAINER = "META-INF/container.xml"
_RIGHTS = "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html")


def read_book(data: bytes, *, max_bytes: int) -> Extracted:
    """The text of a book; its navigation is left out.

    :raises DocumentError: when it is damaged, protected, or larger unpacked than `max_bytes`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = check_archive(archive, max_bytes, doctypes=True)
            if _RIGHTS in names and b"xhtml" in archive.read(_RIGHTS):
                raise DocumentError(reason("rights"))
            root = next(parse_xml(archive.read(_CONTAINER)).iterfind(".//{*}rootfile")).get("full-path", "")
            package = parse_xml(archive.read(root))
            chapters = [
                read_html(decode_html(archive.read(name)))
                for name in _spine(package, posixpath.dirname(root))
                if name in names
            ]
    except (zipfile.BadZipFile, KeyError, StopIteration) as cause:
        raise DocumentError(reason("damaged_epub", problem=str(cause))) from cause
    said = {name: one_line(package.findtext(f".//{{*}}{name}") or "") for name in ("title", "language", "date")}
    return Extracted(
        text="\n".join(chapter.text for chapter in chapters if chapter.text),
        title=said["title"] or None,
        language=said["language"][:2].lower() or None,
        updated=said["date"][:10] or None,
        hidden=sum(chapter.hidden for chapter in chapters),
    )


def _spine(package: Element, folder: str) -> list[str]:
    """The pages of the book in the order of reading, but for its table of contents."""
    items = {item.get("id"): item for item in package.iterfind(".//{*}item")}
    read = [one.get("idref") for one in package.iterfind(".//{*}itemref") if one.get("linear") != "no"]
    return [
        posixpath.normpath(posixpath.join(folder, unquote(page.get("href", ""))))
        for page in (items[name] for name in read if name in items)
        if page.get("media-type") in _PAGES and "nav" not in (page.get("properties") or "").split()
    ]
