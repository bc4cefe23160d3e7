"""What the sections of a corpus's documents are there for: `sections.yaml` at the root of the corpus folder, optional.

    steps: ["Comment faire, étape par étape", "How to do it, step by step"]
    warnings: ["Signaux d'alerte", "Warning signs"]

Each kind of section has the headings that open one, in any language; accents, case and the form of apostrophes do not count.
In a corpus without the file, no section is of a known kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, TypeAdapter

from advisor.documents.folder import SECTION_KINDS
from advisor.documents.yaml_values import read_yaml_file
from advisor.text.plain import fold

SECTIONS_FILE = SECTION_KINDS
Section = Literal["question", "applies", "steps", "checklist", "figures", "warnings", "trade-offs"]
SECTIONS: tuple[Section, ...] = get_args(Section)


@dataclass(frozen=True, slots=True)
class Sections:
    """The kinds of sections in a corpus: `kinds` maps a folded heading to what its section is."""

    kinds: Mapping[str, Section]

    def of(self, heading: Sequence[str]) -> Section | None:
        """The kind of the section that a heading path leads to; None for any other."""
        return self.kinds.get(fold(heading[-1])) if heading else None


def read_sections(path: Path) -> Sections:
    """The sections that a file describes; none when there is no file.

    :raises CorpusError: when the file has another form, names an unknown kind, or gives a heading to two kinds.
    """
    if not path.is_file():
        return Sections({})
    return Sections(read_yaml_file(path, _ENTRIES, "{kind of section: [headings]}"))


def _kinds(entries: Any) -> dict[str, Section]:  # noqa: ANN401 - whatever the file holds
    """:raises ValueError: for what is wrong with the entries."""
    if entries is None:
        return {}
    if not isinstance(entries, dict):
        message = f"it holds {entries!r}"
        raise ValueError(message)
    found: dict[str, Section] = {}
    for name, headings in entries.items():
        section = next((known for known in SECTIONS if known == name), None)
        if section is None:
            message = f"there is no kind {name!r}, but {', '.join(SECTIONS)}"
            raise ValueError(message)
        if not isinstance(headings, list) or not all(isinstance(heading, str) and fold(heading) for heading in headings):
            message = f"{name} has {headings!r}. Put a heading with a comma or a colon in quotation marks"
            raise ValueError(message)
        for heading in headings:
            if found.setdefault(fold(heading), section) != section:
                message = f"{heading!r} opens both {found[fold(heading)]} and {section}"
                raise ValueError(message)
    return found


_ENTRIES: TypeAdapter[Mapping[str, Section]] = TypeAdapter(Annotated[Mapping[str, Section], BeforeValidator(_kinds)])
