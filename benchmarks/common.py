"""What the measurements of indexing share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from advisor.advisor import Advisor
from advisor.documents.passages import embedded_text
from advisor.index.generation import open_current
from advisor.models.embeddings import Embeddings, EncodingProgress
from advisor.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray


class RememberingEmbeddings(Embeddings):
    """The real model; a text that several indexes hold is encoded once."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode_passages(self, texts: Sequence[str], progress: EncodingProgress | None = None) -> NDArray[np.float32]:
        """The unit vectors of passages, shape (len(texts), dimension)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, super().encode_passages(new, progress), strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else super().encode_passages([])


def content(settings: Settings, embeddings: Embeddings) -> dict[str, tuple[object, ...]]:
    """Chunk id -> what the published generation holds of it."""
    index = open_current(settings, embeddings)
    chunks = index.catalog.chunks_by_document()
    index.close()
    return {chunk.id: (embedded_text(chunk), chunk.sentences, chunk.heading) for some in chunks.values() for chunk in some}


def best(settings: Settings, embeddings: Embeddings, questions: Sequence[str]) -> list[list[str]]:
    """The ids of the ten best chunks for each question."""
    advisor = Advisor.open(settings, embeddings)
    found = [[result.chunk.id for result in advisor.search(question, k=10)] for question in questions]
    advisor.close()
    return found


def load() -> str:
    """The load of the machine, over one minute."""
    return f"{os.getloadavg()[0]:.1f}"
