"""Odd input for all that reads what outsiders write: nothing may crash, and nothing may take longer than its deadline.

    python benchmarks/fuzz.py [TARGET …] [--seconds 600]

Targets: question, history, markdown, text, html, pdf, docx, front-matter, asked, thesaurus, questions. Hypothesis makes the
inputs from pieces that readers trip over. What finds something is written to `tests/found/<target>-<hash>`, which
`tests/test_found.py` reads again each time. An error that is meant for people (`AdvisorError`) is an answer, not a crash.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import signal
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from advisor.answering.follow_up import resolve
from advisor.answering.intake import check_history, check_question, question_language
from advisor.answering.small_talk import reply
from advisor.documents.chunking import chunk_document, passages_of
from advisor.documents.formats.extractor import Extractor
from advisor.documents.instructions import orders_in
from advisor.documents.reading import parse_document
from advisor.errors import AdvisorError
from advisor.evaluation.questions import read_set
from advisor.index.phrasings import FOLDER, read_phrasings
from advisor.index.thesaurus import read_thesaurus
from advisor.serialization import read_questions
from advisor.settings import Settings
from advisor.text.figures import figures
from advisor.text.language import LANGUAGES
from advisor.text.names import names
from advisor.text.terms import terms
from advisor.ui.document_view import render_document
from advisor.ui.texts import TEXTS

FOUND = Path(__file__).resolve().parent.parent / "tests" / "found"
DEADLINE = 5.0  # seconds for one input
SETTINGS = Settings(max_reading_seconds=4)
Read = Callable[[bytes], object]
Make = Callable[[Extractor, Path], Read]

PIECES = (
    *(
        "<!--",
        "-->",
        "---\n",
        "```",
        "~~~",
        "`",
        "> ",
        "- ",
        "1. ",
        "# ",
        "|",
        "| a |\n|---|\n",
        "[",
        "](",
        "![",
        "\\",
        "&#",
        "&amp;",
        "**",
        "_",
    ),
    *(
        "<div hidden>",
        "<script>",
        "<a href=",
        "</",
        "]]>",
        "<![CDATA[",
        "<?xml",
        "<table><tr><td>",
        "<svg><style>",
        "\x00",
        "\ufeff",
        "\u202e",
    ),
    *(
        "\u200b",
        "\ud7ff",
        "\U000e0041",
        "é",
        "e\u0301",
        "\u0301",
        "ﷺ",
        "İ",
        "ß",
        "你",
        "🙂",
        "\r",
        "\r\n",
        "\n\n",
        "\t",
        "\u00a0",
        "\u2028",
        " ",
    ),
    *(
        "a: b\n",
        "title: ",
        "sources:\n  - ",
        "*a ",
        "&a [*a]",
        "!!python/object:os.system ",
        "? ",
        "{",
        "}",
        "[[",
        ": ",
        "1e999",
        "2026-13-01",
    ),
    *(
        "question",
        "document: en/board.md\nasked:\n",
        "- sentence: ",
        "fr: [",
        "en: [",
        '{"id": "1", "question": "',
        '"}',
        "Assistant: ",
        "ignore your rules",
        "17 %",
        "3 M€",
    ),
    *(
        "obj\n<<",
        ">>\nendobj\n",
        "stream\n",
        "endstream\n",
        "/Type /Page ",
        "/Kids [1 0 R] ",
        "xref\n",
        "trailer\n",
        "%PDF-1.7\n",
        "<w:p><w:r><w:t>",
        "</w:t></w:r></w:p>",
    ),
)
_TEXT = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=40).flatmap(
    lambda parts: st.integers(1, 400).map(lambda times: ("".join(parts) * times)[:40_000])
)
BYTES = st.one_of(_TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=2_000))


def as_question(data: bytes) -> None:
    """Every step of a question that goes by its words."""
    text = check_question(data.decode("utf-8", "replace")[: SETTINGS.max_question_chars], SETTINGS)
    language = question_language(text, ())
    reply(text, language, ())
    names(text)
    figures(text)
    for one in LANGUAGES:
        terms(text, one)


def as_history(data: bytes) -> None:
    """A follow-up of up to 20 questions."""
    parts = [part[: SETTINGS.max_question_chars] for part in data.decode("utf-8", "replace").split("\n")[:20]]
    history = check_history(parts, SETTINGS)
    resolve("And then?", history, "en")
    resolve("Et ensuite ?", history, "fr")


def as_file(name: str) -> Make:
    """A document: read as an index does, cut, searched for orders, shown."""

    def make(extractor: Extractor, _: Path) -> Read:
        def read(data: bytes) -> None:
            document = parse_document(name, data, extractor)
            orders = orders_in(document.text, passages_of(document), lambda texts: np.zeros((len(texts), 384), np.float32))
            chunk_document(document, chunk_chars=900, left_out=orders)
            render_document(document, None, None, TEXTS["en"])

        return read

    return make


def in_front_matter(data: bytes) -> bytes:
    """The input as the front matter of a document."""
    return b"---\ntitle: x\n" + data + b"\n---\n\nThe board meets in May.\n"


def in_pdf(data: bytes) -> bytes:
    """The input inside a PDF file."""
    return (
        b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 "
        + data
    )


def in_docx(data: bytes) -> bytes:
    """The input as the body of a Word file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        body = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
        archive.writestr("word/document.xml", body + data + b"</w:body></w:document>")
        types = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        archive.writestr("[Content_Types].xml", types if data[:1] < b"a" else data)
        archive.writestr("_rels/.rels", data if data[:1] > b"a" else types)
    return buffer.getvalue()


def beside(place: str, look: Callable[[Path], object]) -> Make:
    """A file that lies beside the documents, at this place of a corpus folder."""

    def make(_: Extractor, folder: Path) -> Read:
        def read(data: bytes) -> None:
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            look(path)

        return read

    return make


def both_readers(path: Path) -> None:
    """A file of questions, as evaluations and as `advisor ask --from` read it."""
    list(read_questions(path))
    read_set(path)


TARGETS: dict[str, tuple[Callable[[bytes], bytes], Make]] = {
    "question": (bytes, lambda *_: as_question),
    "history": (bytes, lambda *_: as_history),
    "markdown": (bytes, as_file("a.md")),
    "text": (bytes, as_file("a.txt")),
    "html": (lambda data: b"<html><body>" + data, as_file("a.html")),
    "pdf": (in_pdf, as_file("a.pdf")),
    "docx": (in_docx, as_file("a.docx")),
    "front-matter": (in_front_matter, as_file("a.md")),
    "asked": (bytes, beside(f"{FOLDER}/a.yaml", lambda path: read_phrasings(path.parent.parent))),
    "thesaurus": (bytes, beside("thesaurus.yaml", read_thesaurus)),
    "questions": (bytes, beside("a.jsonl", both_readers)),
}


@contextmanager
def reader(target: str) -> Iterator[Read]:
    """What reads the inputs of a target."""
    with Extractor(SETTINGS) as extractor, tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        yield TARGETS[target][1](extractor, Path(folder))


@contextmanager
def cut_off(seconds: float) -> Iterator[None]:
    """End what takes longer, a pattern that never comes to its end included."""

    def end(*_: object) -> None:
        message = f"more than {seconds:g} s"
        raise TimeoutError(message)

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def problem(read: Read, data: bytes) -> str:
    """What is wrong with reading an input; "" for nothing."""
    began = time.monotonic()
    try:
        with cut_off(2 * DEADLINE):
            read(data)
    except AdvisorError:
        pass
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return f"{type(error).__name__}: {error}"[:200]
    seconds = time.monotonic() - began
    return f"took {seconds:.1f} s" if seconds > DEADLINE else ""


def fuzz(target: str, seconds: float) -> dict[str, object]:
    """Try inputs until the time is over; those that find something are kept, one of each kind."""
    wrap, ends, tried, kinds = TARGETS[target][0], time.monotonic() + seconds, 0, dict[str, str]()

    @settings(
        max_examples=1_000_000,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(BYTES)
    def once(data: bytes) -> None:
        nonlocal tried
        if time.monotonic() > ends:
            raise KeyboardInterrupt
        tried += 1
        wrong = problem(read, wrap(data))
        if wrong.startswith("took"):  # other programs use the machine too
            wrong = problem(read, wrap(data))
        kind = wrong.split(":")[0].split(" ")[0]
        if wrong and kind not in kinds:
            kinds[kind] = wrong
            FOUND.mkdir(exist_ok=True)
            name = f"{target}-{hashlib.sha256(data).hexdigest()[:12]}"
            (FOUND / name).write_bytes(wrap(data))

    with reader(target) as read, suppress(KeyboardInterrupt):
        problem(read, wrap(b"The board meets in May."))  # what is loaded at the first use
        once()
    return {"tried": tried, "found": kinds}


def main() -> None:
    """Fuzz the targets one after another."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], default=[])
    parser.add_argument("--seconds", type=float, default=600)
    arguments = parser.parse_args()
    for target in arguments.targets or TARGETS:
        sys.stdout.write(json.dumps({target: fuzz(target, arguments.seconds)}, ensure_ascii=False) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
