"""Files of the corpus folder -> Documents."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from charset_normalizer import from_bytes
from markdown_it import MarkdownIt

from advisor.errors import CorpusError, DocumentError
from advisor.settings import Settings
from advisor.text import detect_language, has_words, plain
from advisor.types import Document, Source

MARKDOWN = (".md", ".markdown")
TEXT = (".txt",)
SUFFIXES = MARKDOWN + TEXT
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*(?:\r\n?|\n)(.*?)(?:\r\n?|\n)---[ \t]*(?:\r\n?|\n|\Z)", re.DOTALL)
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BLOCKS = MarkdownIt("commonmark").disable("inline")
_TITLE_TAGS = ("h1", "h2")
_LONGEST_TITLE = 120  # characters; a longer first line is a paragraph


def list_files(corpus_dir: Path) -> list[Path]:
    """The files that can be indexed, sorted by path.

    :raises CorpusError: when the folder is missing or holds none: nothing must ever be emptied by mistake.
    """
    if not corpus_dir.is_dir():
        message = f"the corpus folder {corpus_dir} does not exist. Create it, or name another with --corpus"
        raise CorpusError(message)
    files = sorted(path for path in _walk(corpus_dir) if path.suffix.lower() in SUFFIXES)
    if not files:
        message = f"the corpus folder {corpus_dir} holds no document ({', '.join(SUFFIXES)}). Nothing was changed"
        raise CorpusError(message)
    return files


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder, without hidden ones, lock files of office programs, and links that lead out of it."""
    root = folder.resolve()
    for path in folder.rglob("*"):
        if any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts):
            continue
        if path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(root)):
            yield path


def document_id(path: Path, corpus_dir: Path) -> str:
    """The path relative to the corpus, with slashes; bytes of a name that are no UTF-8 are written as escapes."""
    return path.relative_to(corpus_dir).as_posix().encode("utf-8", "backslashreplace").decode("utf-8")


def read_bytes(path: Path, settings: Settings) -> bytes:
    """The bytes of one file.

    :raises DocumentError: when it is too large or cannot be read.
    """
    try:
        size = path.stat().st_size
        if size > settings.max_file_bytes:
            message = f"{size:,} bytes, over the limit of {settings.max_file_bytes:,} (ADVISOR_MAX_FILE_BYTES)"
            raise DocumentError(message)
        return path.read_bytes()
    except OSError as cause:
        message = f"cannot be read: {cause.strerror}"
        raise DocumentError(message) from cause


def content_hash(data: bytes) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def parse_document(name: str, data: bytes) -> Document:
    """A document from the bytes of its file; whatever the front matter lacks is derived from the text.

    A file without text is a document without chunks.

    :raises DocumentError: when the bytes are no text.
    """
    text = decode(data)
    front, body_start = _front_matter(text)
    body = text[body_start:]
    title = _string(front.get("title")) or _derive_title(name, body)
    return Document(
        id=name,
        title=title or title_of_name(name),
        language=front["language"] if front.get("language") in ("fr", "en") else detect_language(body),
        text=text,
        body_start=body_start,
        content_hash=content_hash(data),
        topic=_string(front.get("topic")),
        translation_of=_string(front.get("translation_of")),
        updated=_string(front.get("updated")),
        evidence=_string(front.get("evidence")),
        sources=_sources(front.get("sources")),
        named=not title,
    )


def title_of_name(name: str) -> str:
    """The title of a document that has none: its file name in words."""
    return Path(name).stem.replace("-", " ").replace("_", " ").strip().capitalize()


def decode(data: bytes) -> str:
    """The text of a file, newlines untouched: UTF-8 where it is, otherwise Windows-1252 where it can be.

    Documents are in French or English: statistics over a short text would rather see Polish (cp1250) in an "à".

    :raises DocumentError: when the bytes are binary.
    """
    text = _decoded(data, "utf-8")
    if text is None and not data.startswith(_UTF_16_MARKS) and not _CONTROLS.search(data):
        text = _decoded(data, "cp1252")
    if text is None:
        guess = from_bytes(data).best()
        text = _decoded(data, guess.encoding) if guess else None
    if text is None:
        message = "is not text in any known encoding. Save it as UTF-8"
        raise DocumentError(message)
    if "\0" in text:
        message = "is binary (it holds NUL bytes), not text"
        raise DocumentError(message)
    return text


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _front_matter(text: str) -> tuple[dict[str, Any], int]:
    """The YAML block at the top, and where the body starts. A block that is not YAML is part of the text."""
    found = _FRONT_MATTER.match(text)
    try:
        front = yaml.safe_load(found.group(1)) if found else None
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: a date such as 2026-13-01
        front = None
    if found and isinstance(front, dict):
        return front, found.end()
    return {}, 1 if text.startswith("\ufeff") else 0


def _string(value: object) -> str | None:
    """A scalar as text (YAML reads dates and numbers as such); None for anything else."""
    return str(value).strip() or None if value is not None and not isinstance(value, dict | list) else None


def _sources(value: object) -> tuple[Source, ...]:
    entries = value if isinstance(value, list) else []
    return tuple(
        Source(
            organisation=_string(entry.get("organisation")) or "",
            document=_string(entry.get("document")) or "",
            year=entry["year"] if isinstance(entry.get("year"), int) else None,
        )
        for entry in entries
        if isinstance(entry, dict)
    )


def _derive_title(name: str, body: str) -> str:
    """The first heading of Markdown, the first line of text; empty when there is none."""
    path = Path(name)
    if path.suffix.lower() in MARKDOWN and (heading := _first_heading(body)):
        return heading
    first = next((line.strip() for line in body.splitlines() if has_words(line)), "")
    if path.suffix.lower() in TEXT and 0 < len(first) <= _LONGEST_TITLE:
        return first
    return ""


def _first_heading(body: str) -> str:
    tokens = _BLOCKS.parse(body)
    titles = (
        plain(inside.content)
        for opening, inside in pairwise(tokens)
        if opening.type == "heading_open" and opening.tag in _TITLE_TAGS
    )
    return next(filter(has_words, titles), "")
