"""What is known of an embedding model beyond its weights: what was measured with one model says nothing of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from advisor.settings import BUNDLED_MODEL

HUB_NAME = "intfloat/multilingual-e5-small"


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """What a model asks of its users, and what was measured of it.

    `prompts` stand before every question (`query`) and passage (`document`), as in its training, where the model declares
    none itself; None where none is known to be needed. `question_offset` is how much nearer two unrelated questions are than
    a question and an unrelated sentence, as a cosine; 0 where nobody has measured it. `is_fitted`: with
    its vectors was fitted what the program brings: weights that find orders to an assistant in documents, the mean of
    questions.
    """

    prompts: Mapping[str, str] | None = None
    question_offset: float = 0.0
    is_fitted: bool = False


_OF_E5 = {"query": "query: ", "document": "passage: "}
_OF_BGE = {"query": "Represent this sentence for searching relevant passages: ", "document": ""}
_OF_NOMIC = {"query": "search_query: ", "document": "search_document: "}
_FAMILIES: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys((f"multilingual-e5-{size}" for size in ("small", "base", "large")), _OF_E5),
    **dict.fromkeys((f"e5-{size}{version}" for size in ("small", "base", "large") for version in ("", "-v2")), _OF_E5),
    **dict.fromkeys((f"bge-{size}-en-v1.5" for size in ("small", "base", "large")), _OF_BGE),
    **dict.fromkeys(("nomic-embed-text", "nomic-embed-text-v1", "nomic-embed-text-v1.5"), _OF_NOMIC),
}
"""The words that a model's card asks for, by the last part of its name: those whose configuration does not hold them.

A server of models has no such configuration; Ollama leaves the version out of a name."""

_E5_SMALL = ModelProfile(_OF_E5, question_offset=0.05, is_fitted=True)
_PROFILES = {BUNDLED_MODEL: _E5_SMALL, HUB_NAME: replace(_E5_SMALL, is_fitted=False)}


def profile_of(name: str) -> ModelProfile:
    """The profile of a model, by the name that the settings give it: of a hub, of a server, or the path of a folder.

    What a server has after a colon (`bge-large-en-v1.5:latest`) is a version of the same model.
    """
    return _PROFILES.get(name) or ModelProfile(_FAMILIES.get(PurePath(name).name.lower().partition(":")[0]))
