"""The documents behind the answers: as the index holds them, and the files that they were read from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.convertors import PathConvertor, register_url_convertor

from advisor.advisor import Advisor
from advisor.api.access import may_curate
from advisor.api.problems import RESPONSES, ProblemError
from advisor.api.schemas import SourceBody, StandingBody
from advisor.api.tools import check_span, find_document
from advisor.documents.folder import document_id, list_files
from advisor.documents.formats.file_type import BY_SUFFIX
from advisor.documents.provenance import provenance_of
from advisor.documents.reading import content_hash, is_text, read_bytes
from advisor.errors import CorpusError
from advisor.features.review import OPERATOR, waiting_file, waiting_uploads
from advisor.limits import DOCUMENT, FILE_NAME, KEY
from advisor.types import Document, Language


class _NameConvertor(PathConvertor):
    """A path with anything in it: names of files may hold line breaks."""

    regex = r"(?s:.+)"


register_url_convertor("name", _NameConvertor())
DocumentName = Annotated[str, Path(max_length=DOCUMENT.most)]
Show = Callable[[Document, int | None, int | None, Language], str]
"""Renders a document as HTML that is safe to show, a span of it marked, with the words around it in a language."""


def documents_router(advisor: Advisor, show: Show) -> APIRouter:
    """`GET /sources/…` and `GET /originals/…`."""
    router = APIRouter(tags=["documents"], responses=RESPONSES)

    @router.get("/sources/{document:name}", response_model=SourceBody)
    def source(
        document: DocumentName,
        generation: Annotated[str | None, Query(max_length=KEY.most)] = None,
        start: Annotated[int | None, Query(ge=0)] = None,
        end: Annotated[int | None, Query(ge=0)] = None,
        language: Language = "en",
    ) -> SourceBody:
        """A document of the index, `[start, end)` of its text marked; `language` is that of the words around it."""
        name = generation or advisor.index.info.generation
        found = find_document(advisor, document, name)
        check_span(found, start, end)
        provenance = provenance_of(advisor.settings, found.id, found.content_hash)
        return SourceBody(
            document=found.id,
            title=found.title,
            language=found.language,
            topic=found.topic,
            evidence=found.evidence,
            date=found.updated,
            standing=StandingBody(**asdict(found.standing)) if found.standing else None,
            also_at=list(found.aliases),
            added_by=provenance.added_by if provenance else OPERATOR,
            approved_by=provenance.approved_by if provenance else OPERATOR,
            generation=name,
            text=found.text,
            quote=None if start is None else found.text[start:end],
            html=show(found, start, end, language),
        )

    @router.get("/originals/{document:name}", response_class=Response)
    def original(document: DocumentName) -> Response:
        """The file that a document of the index was read from, as it was then."""
        return _original(advisor, document)

    @router.get("/waiting/{name}", response_class=Response)
    def waiting(name: Annotated[str, Path(max_length=FILE_NAME.most)], request: Request) -> Response:
        """A file that waits for approval, for curators."""
        if not may_curate(request):
            raise ProblemError(403, "curators_only", "only curators see uploads that wait", "Ask a curator.")
        if name not in {one.name for one in waiting_uploads(advisor.settings)}:
            raise _gone(name, "does not wait for approval")
        return _to_save(name, waiting_file(advisor.settings, name).read_bytes())

    return router


def _original(advisor: Advisor, name: str) -> Response:
    """A file of the corpus folder, as the browser may show it.

    Nothing of it runs on the page's behalf: a PDF is shown by the browser's own reader, text as text, any other file is
    handed over to be saved.
    """
    data = original_file(advisor, name)
    file_type = BY_SUFFIX[PurePosixPath(name).suffix.lower()]
    if file_type == "PDF":
        return Response(data, 200, {"Content-Disposition": f"inline; {_file_name(name)}"}, "application/pdf")
    if is_text(file_type) and _is_utf8(data):
        return Response(data, 200, {"Content-Disposition": f"inline; {_file_name(name)}"}, "text/plain; charset=utf-8")
    return _to_save(name, data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def original_file(advisor: Advisor, name: str) -> bytes:
    """A file of the corpus folder, when the index holds just that. What is asked for is looked up there, never opened.

    :raises ProblemError: when it is not there, or not as it was indexed.
    """
    found = find_document(advisor, name, advisor.index.info.generation)
    try:
        files = list_files(advisor.settings.corpus_dir)
        path = next((path for path in files if document_id(path, advisor.settings.corpus_dir) == name), None)
        data = read_bytes(path, advisor.settings) if path else b""
    except CorpusError as cause:
        raise _gone(name, str(cause)) from cause
    if path is None or content_hash(data) != found.content_hash:
        raise _gone(name, "has been changed or removed since it was indexed")
    return data


def _to_save(name: str, data: bytes) -> Response:
    headers = {"Content-Disposition": f"attachment; {_file_name(name)}", "Content-Security-Policy": "sandbox"}
    return Response(data, 200, headers, "application/octet-stream")


def _file_name(name: str) -> str:
    return f"filename*=UTF-8''{quote(name.rpartition('/')[2])}"


def _gone(name: str, why: str) -> ProblemError:
    return ProblemError(404, "not_found", f"{name} {why}", "Its text is at /api/sources.")
