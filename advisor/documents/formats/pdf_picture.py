"""A page of a PDF as a picture, to stand beside the text that was read from it."""

from __future__ import annotations

import base64
import io

import pypdfium2 as pdfium

from advisor.documents.formats.extracted import Picture
from advisor.errors import DocumentError
from advisor.text.reasons import reason

_WIDTH = 1_200  # pixels: sharp in half a wide window
_TALLEST = 4_000  # pixels: a page may be as long as its maker likes


def draw_page(data: bytes, *, page: int) -> Picture:
    """A page, from 1, as PNG.

    :raises DocumentError: when the file cannot be opened, or has no such page.
    """
    try:
        with pdfium.PdfDocument(data) as opened:
            if not 1 <= page <= len(opened):
                raise DocumentError(reason("no_page", pages=len(opened), page=page))
            drawing = opened[page - 1]
            width, height = drawing.get_size()
            scale = min(_WIDTH / max(width, 1), _TALLEST / max(height, 1))
            written = io.BytesIO()
            drawing.render(scale=scale).to_pil().convert("RGB").save(written, "PNG")
    except pdfium.PdfiumError as cause:
        raise DocumentError(reason("not_drawn", problem=str(cause))) from cause
    return Picture("image/png", base64.b64encode(written.getvalue()).decode())
