"""Vectors of chunks and sentences, re-used from the generation before where the text is the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from advisor.catalog import text_hash
from advisor.index import Generation
from advisor.models import Embeddings
from advisor.types import Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

Progress = Callable[[str, int, int], None]
"""Called with the stage, what is done and what there is to do: ("embed", 120, 400)."""


def make_vectors(
    embeddings: Embeddings, chunks: Sequence[Chunk], old: Generation | None, progress: Progress | None
) -> tuple[NDArray[np.float32], NDArray[np.float32], int]:
    """The vectors of the chunks, those of their sentences in order, and how many chunks were in the old generation."""
    chunk_texts = [chunk.embedded_text for chunk in chunks]
    sentence_texts = [chunk.embedded_sentence(sentence) for chunk in chunks for sentence in chunk.sentences]
    known_chunks = _known_chunks(old, chunk_texts)
    known_sentences = _known_sentences(old, sentence_texts)
    missing = [text for text in dict.fromkeys(chunk_texts) if text_hash(text) not in known_chunks]
    missing_sentences = [text for text in dict.fromkeys(sentence_texts) if text_hash(text) not in known_sentences]
    todo = missing + missing_sentences
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress("embed", done, len(todo))

    fresh = dict(zip(map(text_hash, todo), embeddings.encode_passages(todo, advance), strict=True))
    reused = sum(text_hash(text) in known_chunks for text in chunk_texts)
    return _rows(chunk_texts, known_chunks | fresh), _rows(sentence_texts, known_sentences | fresh), reused


def _rows(texts: Sequence[str], vectors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.stack([vectors[text_hash(text)] for text in texts]).astype(np.float32)


def _known_chunks(old: Generation | None, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    if not old:
        return {}
    ids = old.catalog.chunk_hashes()
    wanted = {key: ids[key] for key in map(text_hash, texts) if key in ids}
    vectors = old.chunk_vectors(sorted(set(wanted.values())))
    return {key: vectors[chunk_id] for key, chunk_id in wanted.items() if chunk_id in vectors}


def _known_sentences(old: Generation | None, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    if not old:
        return {}
    numbers = old.catalog.sentence_hashes()
    wanted = {key: numbers[key] for key in map(text_hash, texts) if key in numbers}
    return dict(zip(wanted, old.sentence_vectors(list(wanted.values())), strict=True))
