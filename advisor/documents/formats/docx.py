"""DOCX -> headings, paragraphs, lists and tables as Markdown."""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree

import mammoth
from selectolax.lexbor import LexborHTMLParser

from advisor.documents.formats.html_blocks import to_markdown
from advisor.documents.formats.markdown import one_line
from advisor.errors import DocumentError
from advisor.text.invisible import unseen_characters
from advisor.types import Extracted

_PARTS = (".xml", ".rels")
_MOST_PARTS = 10_000
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
"""
_CORE = "docProps/core.xml"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_MODIFIED = "{http://purl.org/dc/terms/}modified"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def read_docx(data: bytes, *, max_bytes: int) -> Extracted:
    """The text of a Word document, footnotes last; pictures, comments, deleted and hidden text are left out.

    :param max_bytes: most bytes that its parts may unpack to.
    :raises DocumentError: when it is damaged, protected, larger unpacked, or holds what no Word document does.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check(archive, max_bytes)
            title, updated = _properties(archive)
            data, hidden = _without_hidden_runs(archive, data)
    except (zipfile.BadZipFile, ElementTree.ParseError) as cause:
        message = f"is a damaged DOCX file ({cause}). Open it in Word and save it again"
        raise DocumentError(message) from cause
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
        text=to_markdown(body, lambda node: False) if body else "",
        title=title,
        updated=updated,
        hidden=hidden + unseen_characters(body.text()) if body else hidden,
    )


def _without_hidden_runs(archive: zipfile.ZipFile, data: bytes) -> tuple[bytes, int]:
    """The file without the runs that are formatted as hidden text, and how many characters they hold.

    A file that has some is written anew of the parts that were checked: no other is ever unpacked.
    """
    parts = [name for name in archive.namelist() if name.endswith(_PARTS)]
    changed, characters = dict[str, bytes](), 0
    for name in parts:
        part = archive.read(name)
        if b"vanish" not in part.replace(b"\0", b""):  # it may be in UTF-16
            continue
        tree = ElementTree.fromstring(part)
        for above in list(tree.iter()):
            for run in [run for run in above if run.tag == f"{_WORD}r" and _is_hidden(run)]:
                characters += sum(len(text.text or "") for text in run.iter(f"{_WORD}t"))
                above.remove(run)
        changed[name] = ElementTree.tostring(tree, encoding="utf-8", xml_declaration=True)
    if not changed:
        return data, 0
    rewritten = io.BytesIO()
    with zipfile.ZipFile(rewritten, "w", zipfile.ZIP_DEFLATED) as target:
        for name in parts:
            target.writestr(name, changed.get(name) or archive.read(name))
    return rewritten.getvalue(), characters


def _is_hidden(run: ElementTree.Element) -> bool:
    marks = [mark for properties in run.findall(f"{_WORD}rPr") for mark in properties.findall(f"{_WORD}vanish")]
    return any(mark.get(f"{_WORD}val", "true") not in ("0", "false", "off") for mark in marks)


def _check(archive: zipfile.ZipFile, max_bytes: int) -> None:
    """Every part is read once, and never more of it than its entry says."""
    parts = [entry for entry in archive.infolist() if entry.filename.endswith(_PARTS)]
    size = sum(entry.file_size for entry in parts)
    message = ""
    if any(entry.flag_bits & 1 for entry in parts):
        message = "is protected by a password. Save it without one"
    elif size > max_bytes or len(parts) > _MOST_PARTS:
        message = f"unpacks to {size:,} bytes, over the limit of {max_bytes:,} (ADVISOR_MAX_UNPACKED_BYTES)"
    elif any(b"<!DOCTYPE" in archive.read(entry).replace(b"\0", b"") for entry in parts):
        message = "holds XML with a document type, which no Word document does. Open it in Word and save it again"
    if message:
        raise DocumentError(message)


def _properties(archive: zipfile.ZipFile) -> tuple[str | None, str | None]:
    """Title and date of the last change."""
    if _CORE not in archive.namelist():
        return None, None
    core = ElementTree.fromstring(archive.read(_CORE))
    changed = _DATE.match(core.findtext(_MODIFIED) or "")
    return one_line(core.findtext(_TITLE) or "") or None, changed.group() if changed else None
