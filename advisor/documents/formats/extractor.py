"""Reads files in a process of its own, which is stopped when a file takes too long or too much memory."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from advisor.documents.formats.extracted import Extracted, Picture
from advisor.documents.formats.file_type import FileType
from advisor.documents.formats.ocr import ENDS_LATE, GOES_ON, MOST_READINGS
from advisor.errors import DocumentError, NoProseError, Reason
from advisor.files import storage_errors
from advisor.settings import Settings
from advisor.text.reasons import reason
from advisor.types import Document, Scan, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection
    from types import TracebackType

_PACKAGE = Path(__file__).resolve().parents[2]
_STOPPED = (EOFError, BrokenPipeError, ConnectionResetError)


class Extractor:
    """One process reads file after file; it starts with the first and is replaced when a file has stopped it.

    A context manager: leaving it ends the process. Not to be shared between threads.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[bytes, bytes] | None = None
        self._errors: BinaryIO | None = None

    def __enter__(self) -> Extractor:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def extract(self, file_type: FileType, data: bytes) -> Extracted:
        """What a file says.

        :param data: the bytes of the file; those of HTML in UTF-8.
        :raises DocumentError: when it cannot be read, or not within the limits of the settings.
        """
        limits = self.settings
        request: dict[str, object] = {
            "file_type": file_type,
            "max_pages": limits.max_pages,
            "max_chars": limits.max_text_chars,
            "max_bytes": limits.max_unpacked_bytes,
            "max_scans": limits.max_scanned_pages,
        }
        found = self._ask(request, data)
        return Extracted(**{**found, "pages": tuple(found["pages"]), "scan": Scan.of(found["scan"])})

    def read_text(self, name: str, data: bytes) -> Document:
        """The document of a Markdown or text file.

        :raises DocumentError: when it cannot be read, or not within the limits of the settings.
        """
        found = self._ask({"file_type": "text", "name": name}, data)
        sources = tuple(Source(**source) for source in found["sources"])
        return Document(**{**found, "sources": sources, "aliases": (), "pages": (), "scan": Scan()})

    def draw(self, file_type: FileType, data: bytes, page: int) -> Picture:
        """How a PDF (a page of it, from 1) or a Word file looks.

        :raises DocumentError: when it cannot be drawn, or not within the limits of the settings.
        """
        kind = "page of PDF" if file_type == "PDF" else "look of DOCX"
        request = {"file_type": kind, "page": page, "max_bytes": self.settings.max_unpacked_bytes}
        return Picture(**self._ask(request, data))

    def _ask(self, request: Mapping[str, object], data: bytes) -> dict[str, Any]:
        limits = self.settings
        connection = self._connection or self._start()
        try:
            connection.send_bytes(json.dumps(request).encode())
            connection.send_bytes(data)
            wait = limits.max_reading_seconds
            for _ in range(1 + 2 * MOST_READINGS * limits.max_scanned_pages):
                if not connection.poll(wait):
                    self.close()
                    raise DocumentError(reason("too_slow", seconds=f"{limits.max_reading_seconds:g}"))
                reply: dict[str, Any] = json.loads(connection.recv_bytes())
                if reply != GOES_ON:
                    break
                wait = limits.max_reading_seconds + ENDS_LATE
        except _STOPPED as cause:
            why = self._why_it_stopped()
            self.close()
            raise DocumentError(why) from cause
        if "error" in reply:
            raise (DocumentError if reply["prose"] else NoProseError)(Reason.of(reply["error"]))
        return reply

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._connection:
            self._connection.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        if self._errors:
            self._errors.close()
        self._connection = self._process = self._errors = None

    def _start(self) -> Connection[bytes, bytes]:
        ours, theirs = Pipe()
        limits = [str(self.settings.max_reading_bytes), str(self.settings.max_reading_seconds)]
        with storage_errors(Path(tempfile.gettempdir())):
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        # In the folder above the package, `-m` finds the very package that is running.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "advisor.documents.formats.worker", str(theirs.fileno()), *limits],
            cwd=_PACKAGE.parent,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        theirs.close()
        self._connection = ours
        return ours

    def _why_it_stopped(self) -> Reason:
        assert self._process is not None
        assert self._errors is not None
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        megabytes = self.settings.max_reading_bytes // 1_000_000
        last = lines[-1][:200] if lines else str(status)
        if last.startswith("MemoryError"):
            return reason("too_much_memory", megabytes=megabytes)
        # A library that is refused memory deep in C may end the process, or forget to say why it failed (SystemError).
        if status < 0 or last.startswith("SystemError"):
            name = signal.Signals(-status).name if status < 0 else "SystemError"
            return reason("stops_reader", signal=name, megabytes=megabytes)
        return reason("reader_stopped", problem=last)
