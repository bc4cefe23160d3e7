"""The process that reads files: `python -m advisor.documents.formats.worker FD BYTES SECONDS`.

It serves one request after another over a socket until the other end closes it. A request is a JSON object and the file's
bytes; the reply a JSON object: what was read, or why it could not be. Memory and processor time are capped by the system,
and it can write little but its last words: whatever a hostile file makes of a reader ends here.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from functools import partial
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from advisor.documents.formats.extracted import Extracted, Picture
from advisor.documents.formats.ocr import ENDS_LATE, GOES_ON, within
from advisor.errors import DocumentError, NoProseError
from advisor.text.reasons import reason_of
from advisor.types import Document

READERS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "HTML": ("html", "read_page", ()),
    "PDF": ("pdf", "read_pdf", ("max_pages", "max_chars", "max_scans")),
    "DOCX": ("docx", "read_docx", ("max_bytes",)),
    "PPTX": ("slides", "read_slides", ("max_bytes",)),
    "workbook": ("sheets", "read_workbook", ("max_bytes", "max_chars")),
    "CSV": ("sheets", "read_csv", ("max_chars",)),
    "EPUB": ("books", "read_book", ("max_bytes",)),
    "OpenDocument": ("open_document", "read_open_document", ("max_bytes",)),
    "EML": ("mail", "read_mail", ()),
    "notebook": ("data_files", "read_notebook", ()),
    "JSON": ("data_files", "read_data", ()),
    "YAML": ("data_files", "read_data", ()),
    "RTF": ("converted", "read_converted", ()),
    "reStructuredText": ("converted", "read_converted", ()),
    "AsciiDoc": ("converted", "read_converted", ()),
    "page of PDF": ("pdf_picture", "draw_page", ("page",)),
    "look of DOCX": ("docx", "draw_docx", ("max_bytes",)),
}
"""Kind of file -> the module and function that read it, and the limits that it takes."""
_BY_KIND = ("JSON", "YAML", "RTF", "reStructuredText", "AsciiDoc")
_LARGEST_FILE = 100_000_000  # bytes: py3langid unpacks its model of 68 MB into a scratch file


def main() -> None:
    """Serve requests. An error that is no `DocumentError` ends the process, its last line on stderr says why."""
    descriptor, memory, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection = Connection(descriptor)
    while True:
        try:
            request = json.loads(connection.recv_bytes())
            data = connection.recv_bytes()
        except EOFError:
            return
        _allow(seconds)
        try:
            reply = asdict(_read(request, data, partial(_turn, connection, seconds)))
        except DocumentError as cause:
            reply = {"error": asdict(reason_of(cause)), "prose": not isinstance(cause, NoProseError)}
        connection.send_bytes(json.dumps(reply).encode())


def _allow(seconds: float) -> None:
    """Should the process that asks be killed meanwhile, nobody else would stop an endless file."""
    most = math.ceil(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


@contextmanager
def _turn(connection: Connection, seconds: float) -> Iterator[None]:
    """What is done within, and what follows, has the time of a file of its own each.

    :raises TooSlow: when the time within is over.
    """
    connection.send_bytes(json.dumps(GOES_ON).encode())
    _allow(seconds + ENDS_LATE)
    try:
        with within(seconds):
            yield
    finally:
        connection.send_bytes(json.dumps(GOES_ON).encode())
        _allow(seconds)


def _read(
    request: dict[str, Any], data: bytes, turn: Callable[[], AbstractContextManager[None]]
) -> Document | Extracted | Picture:
    """What a file says, or how it looks. Each library is imported when the first file of its kind comes.

    :param turn: what each page is recognised in that is a picture.
    """
    kind = request["file_type"]
    if kind == "text":
        from advisor.documents.chunking import blocks_of
        from advisor.documents.reading import read_text

        document = read_text(request["name"], data)
        blocks_of(document)  # what takes too long here would hold the server later
        return document
    name, function, limits = READERS[kind]
    reader = getattr(import_module(f"advisor.documents.formats.{name}"), function)
    options = {limit: request[limit] for limit in limits} | ({"kind": kind} if kind in _BY_KIND else {})
    options |= {"turn": turn} if kind == "PDF" else {}
    found: Extracted | Picture = reader(data, **options)
    return found


if __name__ == "__main__":
    main()
