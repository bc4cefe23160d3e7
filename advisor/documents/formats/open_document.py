"""ODT and ODP -> headings, paragraphs, lists and tables; a slide is a section under its title."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from html import escape as tagless
from xml.etree.ElementTree import Element

from selectolax.lexbor import LexborHTMLParser

from advisor.documents.formats.archives import check_archive, parse_xml
from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.html_blocks import to_markdown
from advisor.documents.formats.markdown import one_line
from advisor.errors import DocumentError
from advisor.text.reasons import reason

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_SHOWN = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
_LEFT_OUT = {
    f"{_TEXT}tracked-changes", f"{_TEXT}table-of-content", f"{_TEXT}note-citation", f"{_OFFICE}annotation",
    f"{_TABLE}covered-table-cell", f"{_TEXT}sequence-decls", f"{_OFFICE}forms",
}  # fmt: skip
_TAGS = {
    f"{_TEXT}list": "ul", f"{_TEXT}list-item": "li", f"{_TEXT}list-header": "li", f"{_TABLE}table": "table",
    f"{_TABLE}table-row": "tr", f"{_TABLE}table-cell": "td",
}  # fmt: skip
_AROUND_SLIDES = ("page-number", "date-time", "footer", "header", "page")
_DEEPEST = 200
_MOST_REPEATED = 200


def read_open_document(data: bytes, *, max_bytes: int) -> Extracted:
    """The text of an OpenDocument text or presentation; comments, deleted and crossed out text are left out.

    :raises DocumentError: when it is damaged, protected, or larger unpacked than `max_bytes`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = check_archive(archive, max_bytes)
            content = parse_xml(archive.read("content.xml"))
            meta = parse_xml(archive.read("meta.xml")) if "meta.xml" in names else None
    except (zipfile.BadZipFile, KeyError) as cause:
        raise DocumentError(reason("damaged_open_document", problem=str(cause))) from cause
    body = content.find(f"{_OFFICE}body")
    writer = _Writer(_styles(content))
    page = LexborHTMLParser("".join(writer.html(body, 0)) if body is not None else "").body
    return Extracted(
        text=to_markdown(page, lambda node: False) if page else "",
        title=one_line((meta.findtext(".//{*}title") if meta is not None else "") or "") or None,
        updated=((meta.findtext(".//{*}date") if meta is not None else "") or "")[:10] or None,
        hidden=writer.hidden,
    )


def _styles(content: Element) -> dict[str, set[str]]:
    """Name of a style -> what it does to a value: `sup`, `struck` or `hidden`."""
    found: dict[str, set[str]] = {}
    for style in content.iter(f"{_STYLE}style"):
        marks = set()
        for properties in style.iter(f"{_STYLE}text-properties"):
            place = properties.get(f"{_STYLE}text-position", "").split(" ")[0]
            if place == "super" or (place.rstrip("%").isdigit() and place != "0%"):
                marks.add("sup")
            if properties.get(f"{_STYLE}text-line-through-style", "none") != "none":
                marks.add("struck")
            if properties.get(f"{_TEXT}display") == "none":
                marks.add("hidden")
        found[style.get(f"{_STYLE}name", "")] = marks
    return found


def _words(element: Element) -> str:
    return tagless(" ".join("".join(element.itertext()).split()))


class _Writer:
    """OpenDocument as HTML."""

    def __init__(self, styles: dict[str, set[str]]) -> None:
        self._styles = styles
        self.hidden = 0

    def html(self, element: Element, depth: int) -> Iterator[str]:
        """What an element and all below it say.

        :raises DocumentError: when it is nested too deeply.
        """
        if depth > _DEEPEST:
            raise DocumentError(reason("nested"))
        tag = element.tag
        marks = self._styles.get(element.get(f"{_TEXT}style-name", ""), set())
        if "hidden" in marks:
            self.hidden += len("".join("".join(element.itertext()).split()))
            return
        if tag in _LEFT_OUT or "struck" in marks:
            return
        if tag == f"{_DRAW}frame" and element.get(f"{_SHOWN}class") in _AROUND_SLIDES:
            return
        if tag == f"{_TEXT}note":
            body = element.find(f"{_TEXT}note-body")
            yield f" ({_words(body)})" if body is not None else ""
            return
        if tag == f"{_DRAW}frame" and element.get(f"{_SHOWN}class") == "title":
            yield f"<h2>{_words(element)}</h2>"
            return
        opening, closing = self._edges(element, tag, marks)
        yield opening
        yield from self._inside(element, depth)
        yield closing

    def _inside(self, element: Element, depth: int) -> Iterator[str]:
        if element.tag == f"{_TEXT}s":
            yield " "
        yield tagless(element.text or "")
        for child in element:
            yield from self.html(child, depth + 1)
            yield tagless(child.tail or "")

    def _edges(self, element: Element, tag: str, marks: set[str]) -> tuple[str, str]:
        if tag == f"{_TEXT}h":
            level = element.get(f"{_TEXT}outline-level", "1")
            level = level if level in ("1", "2", "3", "4", "5") else "6"
            return f"<h{level}>", f"</h{level}>"
        if tag == f"{_TEXT}p":
            return ("<p>", "</p>")
        if tag == f"{_DRAW}page":
            name = element.get(f"{_DRAW}name", "")
            has_title = any(each.get(f"{_SHOWN}class") == "title" for each in element.iter(f"{_DRAW}frame"))
            return ("" if has_title or name.startswith("page") else f"<h2>{tagless(name)}</h2>"), ""
        if tag == f"{_TABLE}table-cell":
            spans = "".join(
                f' {name}="{min(int(value), _MOST_REPEATED)}"'
                for name, of in (("colspan", "columns"), ("rowspan", "rows"))
                if (value := element.get(f"{_TABLE}number-{of}-spanned", "")).isdigit() and len(value) < 6  # noqa: PLR2004
            )
            return f"<td{spans}>", "</td>"
        if tag in (f"{_TEXT}tab", f"{_TEXT}line-break"):
            return " ", ""
        if "sup" in marks:
            return "<sup>", "</sup>"
        known = _TAGS.get(tag)
        return (f"<{known}>", f"</{known}>") if known else ("", "")
