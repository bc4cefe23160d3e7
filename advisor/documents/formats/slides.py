"""PPTX -> each slide as a section: its title as the heading, its text, lists, tables and notes below."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from html import escape as tagless
from typing import Any

from pptx import Presentation
from pptx.exc import PackageNotFoundError
from selectolax.lexbor import LexborHTMLParser

from advisor.documents.formats.archives import check_archive
from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.html_blocks import to_markdown
from advisor.documents.formats.markdown import one_line
from advisor.errors import DocumentError
from advisor.text.reasons import reason

_DEEPEST = 8  # groups within groups
_CROSSED_OUT = ("sngStrike", "dblStrike")


def read_slides(data: bytes, *, max_bytes: int) -> Extracted:
    """The text of a presentation, slide by slide; hidden slides and pictures are left out.

    :raises DocumentError: when it is damaged, protected, or larger unpacked than `max_bytes`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_archive(archive, max_bytes)
        deck = Presentation(io.BytesIO(data))
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError) as cause:
        raise DocumentError(reason("damaged_pptx", problem=str(cause))) from cause
    text, pages, hidden = "", list[int](), 0
    for slide in deck.slides:
        pages.append(len(text))
        said = _markdown("".join(_slide(slide)))
        if slide._element.get("show") == "0":
            hidden += len("".join(said.split()))
        elif said:
            text += ("\n" if text else "") + said
    core = deck.core_properties
    return Extracted(
        text=text,
        pages=tuple(pages),
        title=one_line(core.title or "").replace("PowerPoint Presentation", "") or None,
        updated=core.modified.date().isoformat() if core.modified else None,
        hidden=hidden,
    )


def _slide(slide: Any) -> Iterator[str]:  # noqa: ANN401 - the library has no types
    title = slide.shapes.title
    if title is not None and title.has_text_frame and title.text_frame.text.strip():
        yield f"<h2>{tagless(' '.join(title.text_frame.text.split()))}</h2>"
    for shape in _in_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape, 0)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        yield from _paragraphs(slide.notes_slide.notes_text_frame, lists=False)


def _in_order(shapes: Any) -> list[Any]:  # noqa: ANN401
    """As a reader goes: placeholders as they come, then from top to bottom."""
    return sorted(shapes, key=lambda shape: (not shape.is_placeholder, 0 if shape.is_placeholder else shape.top or 0))


def _shape(shape: Any, depth: int) -> Iterator[str]:  # noqa: ANN401
    if depth > _DEEPEST:
        return
    if hasattr(shape, "shapes"):
        for inner in _in_order(shape.shapes):
            yield from _shape(inner, depth + 1)
    elif getattr(shape, "has_table", False) and shape.has_table:
        yield "<table>"
        for number, row in enumerate(shape.table.rows):
            tag = "td" if number else "th"
            yield "<tr>" + "".join(_cell(cell, tag) for cell in row.cells if not cell.is_spanned) + "</tr>"
        yield "</table>"
    elif shape.has_text_frame:
        yield from _paragraphs(shape.text_frame, lists=shape.is_placeholder)


def _cell(cell: Any, tag: str) -> str:  # noqa: ANN401
    spans = f' colspan="{cell.span_width}" rowspan="{cell.span_height}"' if cell.is_merge_origin else ""
    return f"<{tag}{spans}>{'<br>'.join(_runs(paragraph) for paragraph in cell.text_frame.paragraphs)}</{tag}>"


def _paragraphs(frame: Any, *, lists: bool) -> Iterator[str]:  # noqa: ANN401
    """Several paragraphs of a placeholder are the points of a list."""
    said = [(paragraph.level, words) for paragraph in frame.paragraphs if (words := _runs(paragraph)).strip()]
    if not lists or len(said) < 2:  # noqa: PLR2004 - one is no list
        yield from (f"<p>{words}</p>" for _, words in said)
        return
    for level, words in said:
        yield "<ul>" * (level + 1) + f"<li>{words}</li>" + "</ul>" * (level + 1)


def _runs(paragraph: Any) -> str:  # noqa: ANN401
    parts = []
    for run in paragraph.runs:
        properties = run._r.find("{http://schemas.openxmlformats.org/drawingml/2006/main}rPr")
        if properties is not None and properties.get("strike") in _CROSSED_OUT:
            continue
        raised = properties is not None and properties.get("baseline", "0").lstrip("+").isdigit()
        above = raised and int(properties.get("baseline", "0")) > 0
        words = tagless(run.text)
        parts.append(f"<sup>{words}</sup>" if above else words)
    return "".join(parts)


def _markdown(html: str) -> str:
    body = LexborHTMLParser(html).body
    return to_markdown(body, lambda node: False) if body else ""
