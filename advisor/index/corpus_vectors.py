"""Vectors that come with a corpus: `vectors-<digest of the model>.npz` in the corpus folder, optional.

Encoding the texts of a corpus takes minutes, loading their vectors a second. `advisor index --save-vectors` writes the file,
for whoever gets a copy of the corpus. It is a cache: what it lacks is encoded, and what is no longer asked for is ignored.
Its numbers have 8 bits; the cosine with what the model made is 0.9999 (tests/test_corpus_vectors.py).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from advisor.documents.chunking import passages_of
from advisor.documents.instructions import suspicious_in
from advisor.errors import CorpusError
from advisor.files import replace_file
from advisor.index.catalog import Catalog, text_hash
from advisor.index.checkpoint import QUESTION, Encodes
from advisor.index.generation import Generation
from advisor.index.generations import PUBLIC
from advisor.models.embeddings import Embeddings, EncodingProgress
from advisor.text.reasons import reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 127  # of an 8-bit number, to either side of zero


@dataclass(frozen=True, slots=True, eq=False)
class CorpusVectors:
    """The text with a key has the direction of row `rows[key]` of `steps`, int8, shape (texts, dimension)."""

    rows: dict[str, int]
    steps: NDArray[np.int8]

    def passages(
        self, embeddings: Encodes, texts: Sequence[str], progress: EncodingProgress | None = None
    ) -> NDArray[np.float32]:
        """The unit vectors of passages, shape (len(texts), dimension); only those that are not known are encoded."""
        keys = [text_hash(text) for text in texts]
        return self._filled(texts, keys, lambda unknown: embeddings.encode_passages(unknown, progress), progress)

    def questions(self, embeddings: Encodes, texts: Sequence[str]) -> NDArray[np.float32]:
        """The unit vectors of questions, shape (len(texts), dimension); only those that are not known are encoded."""
        keys = [text_hash(QUESTION + text) for text in texts]
        return self._filled(texts, keys, embeddings.encode_questions, None)

    def _filled(
        self,
        texts: Sequence[str],
        keys: Sequence[str],
        encode: Callable[[list[str]], NDArray[np.float32]],
        progress: EncodingProgress | None,
    ) -> NDArray[np.float32]:
        known = [at for at, key in enumerate(keys) if key in self.rows]
        unknown = [at for at, key in enumerate(keys) if key not in self.rows]
        made = encode([texts[at] for at in unknown])
        vectors = np.empty((len(texts), made.shape[1]), np.float32)
        vectors[unknown] = made
        if known:
            found = self.steps[[self.rows[keys[at]] for at in known]].astype(np.float32)
            vectors[known] = found / np.linalg.norm(found, axis=1, keepdims=True)
            if progress:
                progress(len(known))
        return vectors


NO_VECTORS = CorpusVectors({}, np.zeros((0, 1), np.int8))


def read_corpus_vectors(corpus_dir: Path, embeddings: Embeddings) -> CorpusVectors:
    """The vectors that a corpus folder holds for this model; none where there is no such file.

    :raises CorpusError: when the file is damaged.
    """
    path = vectors_path(corpus_dir, embeddings)
    if not path.is_file():
        return NO_VECTORS
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as held:
            keys, steps = held["keys"], held["steps"]
    except (BadZipFile, OSError, ValueError, KeyError, EOFError) as cause:
        raise CorpusError(reason("damaged_vectors", path=str(path), problem=str(cause))) from cause
    return CorpusVectors({key.decode(): row for row, key in enumerate(keys.tolist())}, steps)


def save_corpus_vectors(corpus_dir: Path, generation: Generation, embeddings: Embeddings) -> Path:
    """Write the vectors of a generation's passages, sentences and questions beside its documents; returns the file.

    With them go those of the sentences that building an index looks at twice.
    """
    catalog, phrasings = generation.catalog, generation.phrasings
    rows = catalog.sentence_hashes()
    sentences = generation.sentence_vectors(list(rows.values()))
    chunks = generation.chunk_vectors(sorted(catalog.chunk_hashes()))
    vectors = dict(zip(rows, sentences, strict=True)) | chunks
    asked = [text_hash(QUESTION + question) for question in phrasings.questions]
    vectors |= dict(zip(asked, phrasings.vectors, strict=True))
    if embeddings.is_fitted:  # the one that orders to an assistant are looked for with
        judged = suspicious_wordings(catalog)
        keys = [text_hash(QUESTION + wording) for wording in judged]
        vectors |= dict(zip(keys, embeddings.encode_questions(judged), strict=True))
    keys = sorted(vectors)
    table = np.stack([vectors[key] for key in keys])
    steps = np.rint(table / np.abs(table).max(axis=1, keepdims=True) * _STEPS).astype(np.int8)
    written = io.BytesIO()
    np.savez_compressed(written, keys=np.array(keys, "S32"), steps=steps)
    path = vectors_path(corpus_dir, embeddings)
    replace_file(path, written.getvalue(), mode=PUBLIC)
    return path


def suspicious_wordings(catalog: Catalog) -> list[str]:
    """What is looked at twice in the documents, for orders to an assistant."""
    documents = catalog.documents()
    return list(dict.fromkeys(said for each in documents for said, _ in suspicious_in(each.text, passages_of(each))))


def vectors_path(corpus_dir: Path, embeddings: Embeddings) -> Path:
    """Where a corpus folder has the vectors of a model."""
    return corpus_dir / f"vectors-{embeddings.digest}.npz"
