"""The sections that every playbook has, in both languages: what the sentences of a passage are there for."""

from __future__ import annotations

from typing import Literal

from advisor.text import fold
from advisor.types import Chunk

Role = Literal["", "how", "figures", "trade-offs", "warnings"]

_ROLES: dict[str, Role] = {
    "comment faire, etape par etape": "how",
    "how to do it, step by step": "how",
    "liste de controle": "how",
    "checklist": "how",
    "chiffres a connaitre": "figures",
    "figures to know": "figures",
    "signaux d'alerte": "warnings",
    "warning signs": "warnings",
    "arbitrages et desaccords": "trade-offs",
    "trade-offs and disagreements": "trade-offs",
}


def role(chunk: Chunk) -> Role:
    """The role of the section that a chunk is in; "" for any other section."""
    return _ROLES.get(fold(chunk.heading[-1]), "") if chunk.heading else ""
