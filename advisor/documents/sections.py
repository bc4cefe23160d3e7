"""The sections that every playbook has, in both languages: what the sentences of a passage are there for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from advisor.text.plain import fold
from advisor.types import Chunk

Section = Literal["question", "applies", "steps", "checklist", "figures", "warnings", "trade-offs"]
Role = Literal["", "question", "applies", "how", "figures", "trade-offs", "warnings"]

_SECTIONS: dict[str, Section] = {
    "la question": "question",
    "the question": "question",
    "quand l'appliquer, et quand s'en abstenir": "applies",
    "when it applies, and when not": "applies",
    "comment faire, etape par etape": "steps",
    "how to do it, step by step": "steps",
    "liste de controle": "checklist",
    "checklist": "checklist",
    "chiffres a connaitre": "figures",
    "figures to know": "figures",
    "signaux d'alerte": "warnings",
    "warning signs": "warnings",
    "arbitrages et desaccords": "trade-offs",
    "trade-offs and disagreements": "trade-offs",
}
_ROLES: dict[Section, Role] = {
    "question": "question",
    "applies": "applies",
    "steps": "how",
    "checklist": "how",
    "figures": "figures",
    "warnings": "warnings",
    "trade-offs": "trade-offs",
}


def section_of(heading: Sequence[str]) -> Section | None:
    """The section that a heading path leads to; None for any other."""
    return _SECTIONS.get(fold(heading[-1])) if heading else None


def role(chunk: Chunk) -> Role:
    """The role of the section that a chunk is in; "" for any other section."""
    section = section_of(chunk.heading)
    return _ROLES[section] if section else ""
