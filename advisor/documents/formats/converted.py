"""RTF, reStructuredText and AsciiDoc, through pandoc: the extra `formats` brings it as a package."""

from __future__ import annotations

import subprocess

from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.html import read_html
from advisor.documents.formats.markdown import one_line
from advisor.errors import DocumentError
from advisor.text.reasons import reason

FORMATS = {"RTF": "rtf", "reStructuredText": "rst", "AsciiDoc": "asciidoc"}


def read_converted(data: bytes, kind: str) -> Extracted:
    """What pandoc makes of a file. It may open no other file and reach no network (`--sandbox`).

    :raises DocumentError: when pandoc is not installed, or cannot read the file.
    """
    try:
        import pypandoc

        pandoc = pypandoc.get_pandoc_path()
    except (ImportError, OSError) as cause:
        raise DocumentError(reason("no_pandoc")) from cause
    command = [pandoc, "--sandbox", "--from", FORMATS[kind], "--to", "html", "--wrap", "none", "--mathml"]
    command += ["--standalone"] if kind == "AsciiDoc" else []  # the title of the others is their first heading
    heap = ["+RTS", "-M512m", "-RTS"]
    done = subprocess.run([*command, *heap], input=data, capture_output=True, check=False)
    if done.returncode:
        why = one_line(done.stderr.decode("utf-8", "replace"))[:200]
        raise DocumentError(reason("not_converted", kind=kind, problem=why))
    return read_html(done.stdout.decode("utf-8"))
