"""An optional cross-encoder that orders passages anew. Opening it imports torch (5-9 s)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from advisor.errors import ModelError
from advisor.models.inference import BATCH_SIZE, composed, prepare_torch
from advisor.settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import CrossEncoder


class Reranker:
    """A cross-encoder: it reads a question and a passage together, and says how well one answers the other."""

    def __init__(self, name: str, *, threads: int) -> None:
        """Load it.

        :param name: of a model of the hub, or a folder.
        :raises ModelError: when it cannot be loaded, or gives more than one score.
        """
        self.name = name
        self._encoder = _load_cross_encoder(name, threads)
        self._one_at_a_time = threading.Lock()  # a fast tokenizer lent to one thread refuses the next

    def scores(self, question: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """How well each text answers, shape (len(texts),): logits, which tell apart what probabilities would round to 1."""
        from torch.nn import Identity

        if not texts:
            return np.zeros(0, np.float32)
        pairs = [(composed(question), composed(text)) for text in texts]
        with self._one_at_a_time:
            found = self._encoder.predict(
                pairs, batch_size=BATCH_SIZE, activation_fn=Identity(), show_progress_bar=False, convert_to_numpy=True
            )
        return np.asarray(found, np.float32)


def open_reranker(settings: Settings) -> Reranker | None:
    """The reranker that the settings name, None when they name none. Everybody in a process shares one.

    :raises ModelError: when it cannot be had.
    """
    return _open_reranker(settings.reranker, settings.threads) if settings.reranker else None


@lru_cache(maxsize=1)
def _open_reranker(name: str, threads: int) -> Reranker:
    return Reranker(name, threads=threads)


def _load_cross_encoder(name: str, threads: int) -> CrossEncoder:
    prepare_torch(threads)
    import torch
    from sentence_transformers import CrossEncoder

    advice = (
        "Set ADVISOR_RERANKER to the folder of a cross-encoder, or to one of the hub when there is a network "
        "(BAAI/bge-reranker-v2-m3); leave it empty to do without"
    )
    try:
        encoder: CrossEncoder = CrossEncoder(
            name, local_files_only=Path(name).is_dir(), model_kwargs={"dtype": torch.float32}
        )
    except (OSError, ValueError) as cause:
        why = str(cause).splitlines()[0].rstrip(".")
        message = f"the reranker {name!r} cannot be loaded ({why}). {advice}"
        raise ModelError(message) from cause
    if encoder.num_labels != 1:
        message = f"the model {name!r} is no reranker (it has {encoder.num_labels} scores for a pair, not one). {advice}"
        raise ModelError(message)
    return encoder
