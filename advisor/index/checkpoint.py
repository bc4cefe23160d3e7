"""Vectors that are made for an index, kept in a file until it stands: one that is killed goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from advisor.files import storage_errors
from advisor.index.catalog import text_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from advisor.models.embeddings import Embeddings, EncodingProgress

CHECKPOINT = ".encoded-"
QUESTION = "question: "
"""A question and a passage of the same words have different vectors: what stands before the words of the first."""
_PORTION = 8_192  # texts: minutes of work for one machine, enough at once for a cluster


class Encodes(Protocol):
    """Makes unit vectors of texts, shape (texts, dimension)."""

    def encode_passages(self, texts: Sequence[str], progress: EncodingProgress | None = None) -> NDArray[np.float32]:
        """Of passages."""

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Of questions."""


def forget_checkpoints(index_dir: Path) -> None:
    """Remove what was kept in an index folder, for whatever model."""
    for path in index_dir.glob(f"{CHECKPOINT}*"):
        path.unlink(missing_ok=True)


class Checkpoint:
    """Encodes as the embeddings do; what takes more than one portion is kept, and made once."""

    def __init__(self, index_dir: Path, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        self._path = index_dir / f"{CHECKPOINT}{embeddings.digest}"
        self._row = np.dtype([("key", "S32"), ("vector", "<f4", (embeddings.dimension,))])
        self._made: NDArray[np.void] = np.zeros(0, self._row)
        if self._path.is_file() and (whole := self._path.stat().st_size // self._row.itemsize):
            self._made = np.memmap(self._path, self._row, mode="r", shape=(whole,))
        self._at = {key.decode(): at for at, key in enumerate(self._made["key"].tolist())}

    def encode_passages(self, texts: Sequence[str], progress: EncodingProgress | None = None) -> NDArray[np.float32]:
        """The unit vectors of passages, shape (len(texts), dimension)."""
        keys = [text_hash(text) for text in texts]
        return self._encode(texts, keys, lambda some: self._embeddings.encode_passages(some, progress), progress)

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The unit vectors of questions, shape (len(texts), dimension)."""
        return self._encode(texts, [text_hash(QUESTION + text) for text in texts], self._embeddings.encode_questions, None)

    def _encode(
        self,
        texts: Sequence[str],
        keys: Sequence[str],
        encode: Callable[[list[str]], NDArray[np.float32]],
        progress: EncodingProgress | None,
    ) -> NDArray[np.float32]:
        vectors = np.empty((len(texts), self._embeddings.dimension), np.float32)
        known = [at for at, key in enumerate(keys) if key in self._at]
        if known:
            vectors[known] = self._made["vector"][[self._at[keys[at]] for at in known]]
            if progress:
                progress(len(known))
        missing = [at for at, key in enumerate(keys) if key not in self._at]
        for start in range(0, len(missing), _PORTION):
            portion = missing[start : start + _PORTION]
            made = encode([texts[at] for at in portion])
            vectors[portion] = made
            if len(missing) > _PORTION:
                self._keep([keys[at] for at in portion], made)
        return vectors

    def _keep(self, keys: Sequence[str], made: NDArray[np.float32]) -> None:
        rows = np.empty(len(keys), self._row)
        rows["key"], rows["vector"] = keys, made
        written = self._path.stat().st_size if self._path.is_file() else 0
        with storage_errors(self._path), self._path.open("r+b" if written else "wb") as file:
            file.seek(written - written % self._row.itemsize)  # a row that a kill cut short is written over
            file.write(rows.tobytes())
