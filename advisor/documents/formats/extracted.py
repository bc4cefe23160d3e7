"""What is taken out of a file, before anything is known of the corpus it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field

from advisor.types import Scan


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was read from an HTML, PDF or Word file: its text as Markdown, and what it says of itself.

    `pages` and `scan` as in the document; `language` is whatever code it gives; `updated` a date as `2026-03-01`;
    `hidden` counts the characters of the file that its reader does not see, and that were left out.
    """

    text: str
    pages: tuple[int, ...] = ()
    title: str | None = None
    language: str | None = None
    updated: str | None = None
    scan: Scan = field(default_factory=Scan)
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A file, or a page of it, as a browser shows it: its media type, and its content in Base64."""

    media: str
    content: str
