"""DOCX -> headings, paragraphs, lists and tables as Markdown."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from xml.etree import ElementTree

import mammoth
from selectolax.lexbor import LexborHTMLParser

from advisor.documents.formats.archives import check_archive
from advisor.documents.formats.docx_numbers import HEADING_STYLE, LEVELS, Numbers
from advisor.documents.formats.docx_parts import mark_tables, simplify
from advisor.documents.formats.extracted import Extracted, Picture
from advisor.documents.formats.html_blocks import to_markdown
from advisor.documents.formats.markdown import one_line
from advisor.errors import DocumentError
from advisor.text.invisible import unseen_characters
from advisor.text.reasons import reason

_STYLES = "\n".join(
    ["p[style-name='Title'] => h1:fresh", "p[style-name='Subtitle'] => p:fresh"]
    + [f"p.{HEADING_STYLE}{level} => h{level}:fresh" for level in range(1, LEVELS + 1)]
)
_BODY = "word/document.xml"
_WITH_TEXT = (_BODY, "word/footnotes.xml", "word/endnotes.xml")
_CROSSED_OUT = ("s", "del")
_CORE = "docProps/core.xml"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_MODIFIED = "{http://purl.org/dc/terms/}modified"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def read_docx(data: bytes, *, max_bytes: int) -> Extracted:
    """The text of a Word document, footnotes last; tracked changes count as accepted.

    Pictures, comments, text that is deleted, crossed out or hidden, and the table of contents are left out.

    :param max_bytes: most bytes that its parts may unpack to.
    :raises DocumentError: when it is damaged, protected, larger unpacked, or holds what no Word document does.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = check_archive(archive, max_bytes)
            title, updated = _properties(archive)
            data, hidden = _prepared(archive, parts)
    except (zipfile.BadZipFile, ElementTree.ParseError) as cause:
        raise DocumentError(reason("damaged_docx", problem=str(cause))) from cause
    # No style map of the file's own, no picture, nothing from outside the file: it is not trusted.
    converted = mammoth.convert_to_html(
        io.BytesIO(data),
        style_map=_STYLES,
        include_embedded_style_map=False,
        external_file_access=False,
        convert_image=mammoth.images.img_element(lambda image: {}),
    )
    body = LexborHTMLParser(converted.value).body
    return Extracted(
        text=to_markdown(body, lambda node: node.tag in _CROSSED_OUT) if body else "",
        title=title,
        updated=updated,
        hidden=hidden + unseen_characters(body.text()) if body else hidden,
    )


def draw_docx(data: bytes, *, max_bytes: int) -> Picture:
    """A Word document with its pictures, as HTML. Only a frame in which nothing runs is a safe place for it.

    :raises DocumentError: as `read_docx`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_archive(archive, max_bytes)
        html = mammoth.convert_to_html(io.BytesIO(data), include_embedded_style_map=False, external_file_access=False).value
    except (zipfile.BadZipFile, ElementTree.ParseError) as cause:
        raise DocumentError(reason("damaged_docx", problem=str(cause))) from cause
    return Picture("text/html", base64.b64encode(str(html).encode()).decode())


def _prepared(archive: zipfile.ZipFile, parts: list[str]) -> tuple[bytes, int]:
    """The file with its text in plain paragraphs, and how many characters of it are hidden and left out.

    It is written anew of the parts that were checked: no other is ever unpacked.
    """
    changed, characters = dict[str, bytes](), 0
    for name in parts:
        if name not in _WITH_TEXT:
            continue
        tree = ElementTree.fromstring(archive.read(name))
        mark_tables(tree)
        characters += simplify(tree)
        if name == _BODY:
            Numbers.read(*(_part(archive, f"word/{other}.xml") for other in ("styles", "numbering"))).write(tree)
        changed[name] = ElementTree.tostring(tree, encoding="utf-8", xml_declaration=True)
    rewritten = io.BytesIO()
    with zipfile.ZipFile(rewritten, "w", zipfile.ZIP_STORED) as target:
        for name in parts:
            target.writestr(name, changed.get(name) or archive.read(name))
    return rewritten.getvalue(), characters


def _part(archive: zipfile.ZipFile, name: str) -> ElementTree.Element | None:
    return ElementTree.fromstring(archive.read(name)) if name in archive.namelist() else None


def _properties(archive: zipfile.ZipFile) -> tuple[str | None, str | None]:
    """Title and date of the last change."""
    if _CORE not in archive.namelist():
        return None, None
    core = ElementTree.fromstring(archive.read(_CORE))
    changed = _DATE.match(core.findtext(_MODIFIED) or "")
    return one_line(core.findtext(_TITLE) or "") or None, changed.group() if changed else None
