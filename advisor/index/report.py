"""What a sync did, or would do, with the files of the folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from advisor.text.reasons import FailedDocument
from advisor.types import Scan


@dataclass(frozen=True, slots=True)
class HiddenText:
    """A file with text that its reader does not see, and how many characters of it; they were not indexed."""

    document: str
    characters: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A sentence, a heading or a title that gives an assistant an order, and its line; it is not searched nor quoted."""

    document: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What `advisor index` did, or would do. Paths are relative to the corpus; `finished` is in ISO 8601, UTC.

    `hidden`, `scans` (by document) and `left_out` are about the files that were read for it. `passed_over` is what the
    folder holds and is not read, `silent` are documents without a passage. `chunks`, `embedded` (or that it would embed)
    and `reused` count passages; `documents` counts files of the same bytes once.
    """

    generation: str
    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0
    failed: tuple[FailedDocument, ...] = ()
    hidden: tuple[HiddenText, ...] = ()
    scans: Mapping[str, Scan] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    passed_over: tuple[FailedDocument, ...] = ()
    silent: tuple[str, ...] = ()
    documents: int = 0
    chunks: int = 0
    embedded: int = 0
    reused: int = 0
    seconds: float = field(default=0.0, compare=False)
    finished: str = field(default="", compare=False)

    @property
    def changed(self) -> bool:
        """Whether anything differs from the generation before."""
        return bool(self.added or self.updated or self.renamed or self.removed)
