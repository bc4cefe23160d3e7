"""Vectors of chunks and sentences: those of the generation before where the text is the same, otherwise made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from advisor.documents.passages import embedded_sentence, embedded_text
from advisor.index.catalog import text_hash
from advisor.index.generation import Generation
from advisor.models.embeddings import EncodingProgress
from advisor.types import Chunk, IndexProgress

if TYPE_CHECKING:
    from numpy.typing import NDArray

Encoder = Callable[[Sequence[str], EncodingProgress], "NDArray[np.float32]"]
"""Gives the unit vectors of passages, shape (passages, dimension), and says how many are done."""


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """What the next generation is written from.

    `keys` are the hashes of the chunks' different texts; `new` has the vectors of those that the old generation lacks;
    `gone` are the keys that it alone has. `sentences` has a row per sentence, float16, shape (sentences, dimension).
    """

    keys: tuple[str, ...]
    new: dict[str, NDArray[np.float32]]
    gone: tuple[str, ...]
    sentences: NDArray[np.float16]


def make_vectors(
    encode: Encoder, chunks: Sequence[Chunk], old: Generation | None, progress: IndexProgress | None
) -> Vectors:
    """The vectors of the chunks and of their sentences, in order; only texts that `old` does not know are encoded."""
    texts = {text_hash(embedded_text(chunk)): embedded_text(chunk) for chunk in chunks}
    sentences = [embedded_sentence(chunk, sentence) for chunk in chunks for sentence in chunk.sentences]
    hashes = [text_hash(text) for text in sentences]
    known = old.catalog.chunk_hashes() if old else set()
    rows = old.catalog.sentence_hashes() if old else {}
    missing = {key: text for key, text in texts.items() if key not in known}
    unknown = {key: text for key, text in zip(hashes, sentences, strict=True) if key not in rows}
    todo = [*missing.values(), *unknown.values()]
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress:
            progress("embed", done, len(todo))

    made = encode(todo, advance)
    new = dict(zip(missing, made, strict=False))
    fresh = dict(zip(unknown, made[len(missing) :].astype(np.float16), strict=True))
    table = np.empty((len(hashes), made.shape[1]), np.float16)
    kept = [number for number, key in enumerate(hashes) if key in rows]
    if old and kept:
        table[kept] = old.all_sentence_vectors()[[rows[hashes[number]] for number in kept]]
    for number, key in enumerate(hashes):
        if key in fresh:
            table[number] = fresh[key]
    return Vectors(tuple(texts), new, tuple(sorted(known - texts.keys())), table)
