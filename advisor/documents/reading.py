"""Files of the corpus folder -> Documents."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from itertools import pairwise
from pathlib import Path

from advisor.documents.dialects import Prepared, prepare
from advisor.documents.formats.encoding import decode, decode_html
from advisor.documents.formats.extracted import Extracted
from advisor.documents.formats.extractor import Extractor
from advisor.documents.formats.file_type import BY_SUFFIX, FileType, detect_file_type
from advisor.documents.front_matter import read_front_matter
from advisor.documents.instructions import is_order_by_words
from advisor.errors import DocumentError
from advisor.limits import FILE_NAME
from advisor.settings import Settings
from advisor.text.invisible import unseen_characters
from advisor.text.markdown_parser import markdown_parser
from advisor.text.plain import detect_language, fold, has_words, plain
from advisor.text.reasons import reason
from advisor.types import Document

_BLOCKS = markdown_parser().disable(["inline", "table"])
_TITLE_TAGS = ("h1", "h2")
_LONGEST_TITLE = 120  # characters; a longer first line is a paragraph
_ENOUGH_TO_TELL = 200  # characters from which on a text shows its language better than what it says of itself
_NOT_IN_A_NAME = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")  # controls, directions, surrogates, line separators


def read_bytes(path: Path, settings: Settings) -> bytes:
    """The bytes of one file.

    :raises DocumentError: when it is too large, cannot be read, is no file (a pipe, a device), or leads out of the corpus.
    """
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(settings.corpus_dir.resolve()):
            raise DocumentError(reason("link_out"))
        # A pipe that nobody writes to would be waited for.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise DocumentError(reason("no_file"))
            if found.st_size > settings.max_file_bytes:
                raise DocumentError(reason("large_file", size=found.st_size, most=settings.max_file_bytes))
            return file.read(settings.max_file_bytes)
    except OSError as cause:
        raise DocumentError(reason("unreadable", problem=cause.strerror or str(cause))) from cause
    except RuntimeError as cause:
        raise DocumentError(reason("link_circle")) from cause


def content_hash(data: bytes) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def parse_document(name: str, data: bytes, extractor: Extractor | None = None) -> Document:
    """A document from the bytes of its file; what it does not say of itself is derived from the text.

    A Markdown or text file without text is a document without chunks.

    :param extractor: reads files, one after another, within limits; None for one file with the usual limits, where Markdown
        and text are read here: for files that are trusted.
    :raises DocumentError: when the file cannot be read, or is not what its name promises.
    """
    if extractor is None:
        with _Here(Settings()) as own:
            return parse_document(name, data, own)
    file_type = detect_file_type(name, data)
    document = extractor.read_text(name, data) if is_text(file_type) else _read_extracted(name, data, file_type, extractor)
    most = extractor.settings.max_text_chars
    if len(document.text) > most:
        raise DocumentError(reason("long_text", size=len(document.text), most=most))
    if is_order_by_words(title_of_name(name)):
        raise DocumentError(reason("order_as_name"))
    return document


class _Here(Extractor):
    """Reads Markdown and text in this process."""

    def read_text(self, name: str, data: bytes) -> Document:
        """As `Extractor.read_text`, without its limits."""
        return read_text(name, data)


def is_text(file_type: FileType) -> bool:
    """Whether a document's text is its file's, as it stands."""
    return file_type in ("Markdown", "text")


def is_markdown(name: str) -> bool:
    """Whether a document's text is Markdown: of its file, or what was read from it."""
    return BY_SUFFIX.get(Path(name).suffix.lower()) != "text"


def is_source(name: str) -> bool:
    """Whether a document's text is Markdown that somebody wrote, in whichever dialect."""
    return BY_SUFFIX.get(Path(name).suffix.lower()) == "Markdown"


def check_upload(name: str, data: bytes, settings: Settings) -> str:
    """The name under which a file that somebody sends can be put into the corpus folder: no path, nothing invisible.

    :raises DocumentError: when it is too large, of no kind that is read, not what its name promises, or its name unusable.
    """
    bare = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    safe = "".join(c for c in bare if unicodedata.category(c) not in _NOT_IN_A_NAME).lstrip(". ").rstrip()
    if not has_words(Path(safe).stem):
        raise DocumentError(reason("no_name", name=repr(name[:80])))
    if FILE_NAME.excess(safe.encode()):
        raise DocumentError(reason("long_name", most=FILE_NAME.most))
    if len(data) > settings.max_file_bytes:
        raise DocumentError(reason("large_file", size=len(data), most=settings.max_file_bytes))
    if is_text(detect_file_type(safe, data)):
        decode(data)
    return safe


def read_text(name: str, data: bytes) -> Document:
    """The document of a Markdown or text file.

    :raises DocumentError: when it is binary, or its front matter cannot be read.
    """
    text = decode(data)
    front = read_front_matter(text)
    body = text[front.end :]
    prepared = prepare(body) if is_source(name) else Prepared(body, body)
    title = front.title or _derive_title(name, prepared.lines)
    return Document(
        id=name,
        title=title or title_of_name(name),
        language=front.language or detect_language(prepared.seen),
        text=text,
        body_start=front.end,
        content_hash=content_hash(data),
        topic=front.topic,
        translation_of=front.translation_of,
        updated=front.updated,
        evidence=front.evidence,
        sources=front.sources,
        named=not title,
        hidden=unseen_characters(prepared.seen) + _letters(body) - _letters(prepared.seen),
    )


def _read_extracted(name: str, data: bytes, file_type: FileType, extractor: Extractor) -> Document:
    found = extractor.extract(file_type, decode_html(data).encode("utf-8", "replace") if file_type == "HTML" else data)
    if not has_words(found.text):
        raise DocumentError(reason("no_text"))
    declared = found.language if len(found.text) < _ENOUGH_TO_TELL else None
    title = _own_title(found) or _derive_title(name, found.text)
    return Document(
        id=name,
        title=title or title_of_name(name),
        language="fr" if declared == "fr" else "en" if declared == "en" else detect_language(found.text),
        text=found.text,
        body_start=0,
        content_hash=content_hash(data),
        updated=found.updated,
        named=not title,
        pages=found.pages,
        scan=found.scan,
        hidden=found.hidden,
    )


def _own_title(found: Extracted) -> str | None:
    """The title that a file gives itself, without the name of the site that follows in many pages."""
    heading = _first_heading(found.text)
    return heading if found.title and heading and fold(heading) in fold(found.title) else found.title


def _letters(text: str) -> int:
    return len("".join(text.split()))


def _derive_title(name: str, body: str) -> str:
    """The first heading of Markdown, the first line of text; empty when there is none."""
    if is_markdown(name):
        return _first_heading(body)
    first = next((line.strip() for line in body.splitlines() if has_words(line)), "")
    return first if len(first) <= _LONGEST_TITLE else ""


def title_of_name(name: str) -> str:
    """The title of a document that has none: its file name in words."""
    return Path(name).stem.replace("-", " ").replace("_", " ").strip().capitalize()


def _first_heading(body: str) -> str:
    tokens = _BLOCKS.parse(body)
    titles = (
        plain(inside.content)
        for opening, inside in pairwise(tokens)
        if opening.type == "heading_open" and opening.tag in _TITLE_TAGS
    )
    return next(filter(has_words, titles), "")
