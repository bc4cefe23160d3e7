"""How the originals of documents look: fragments beside the text that was read from them, for the page's own script."""

from __future__ import annotations

import base64
from pathlib import PurePosixPath
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from advisor.advisor import Advisor
from advisor.api.document_routes import DocumentName, original_file
from advisor.documents.formats.extractor import Extractor
from advisor.documents.formats.file_type import BY_SUFFIX, FileType
from advisor.errors import DocumentError
from advisor.ui.conversation_routes import Owner

DRAWN: tuple[FileType, ...] = ("PDF", "DOCX")
"""The kinds of files that are shown as they look: the others are text, or nothing that a browser can show safely."""
_KEPT_SECONDS = 600  # by the browser: a file that changes is another document


def original_routes(advisor: Advisor) -> APIRouter:
    """`/page/originals/…`: a page of a PDF as a picture, a Word file as HTML for a frame in which nothing runs."""
    router = APIRouter(prefix="/page/originals", include_in_schema=False)
    one_at_a_time = Lock()  # each is drawn in a process of its own, as files are read

    @router.get("/{document:name}", response_class=Response)
    def look(_user: Owner, document: DocumentName, page: Annotated[int, Query(ge=1)] = 1) -> Response:
        file_type = kind_of(document)
        data = original_file(advisor, document)
        if file_type not in DRAWN:
            raise HTTPException(404, f"{document} is shown as its text")
        try:
            with one_at_a_time, Extractor(advisor.settings) as extractor:
                drawn = extractor.draw(file_type, data, page)
        except DocumentError as cause:
            raise HTTPException(404, f"{document} {cause}") from cause
        content = base64.b64decode(drawn.content)
        # As a fragment, Word's HTML is put into a frame by the script. Opened by itself, it is text.
        media = "text/plain; charset=utf-8" if drawn.media == "text/html" else drawn.media
        return Response(content, 200, {"Cache-Control": f"private, max-age={_KEPT_SECONDS}"}, media)

    return router


def kind_of(document: str) -> FileType | None:
    """What kind of file a document was read from, by its name, which told the truth when it was indexed."""
    return BY_SUFFIX.get(PurePosixPath(document).suffix.lower())
