"""What is known of an embedding model beyond its weights: what was measured with one model says nothing of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.settings import BUNDLED_MODEL

HUB_NAME = "intfloat/multilingual-e5-small"


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """What a model asks of its users, and what was measured of it.

    `prompts` stand before every question (`query`) and passage (`document`), as in its training; None for those that the
    model declares itself. `question_offset` is how much nearer two unrelated questions are than a question and an unrelated
    sentence, as a cosine; 0 where nobody has measured it.
    """

    prompts: Mapping[str, str] | None = None
    question_offset: float = 0.0


_E5_SMALL = ModelProfile({"query": "query: ", "document": "passage: "}, question_offset=0.05)
_PROFILES = {BUNDLED_MODEL: _E5_SMALL, HUB_NAME: _E5_SMALL}
_UNKNOWN = ModelProfile()


def profile_of(name: str) -> ModelProfile:
    """The profile of a model, by the name that the settings give it."""
    return _PROFILES.get(name, _UNKNOWN)
