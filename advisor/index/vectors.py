"""Vectors of chunks and sentences: those of the generation before where the text is the same, otherwise made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.format import read_array_header_1_0, read_magic, write_array_header_1_0

from advisor.documents.passages import embedded_sentence, embedded_text
from advisor.files import clone_file
from advisor.index.catalog import text_hash
from advisor.index.catalog_edit import CatalogEdit
from advisor.index.generation import Generation
from advisor.models.embeddings import EncodingProgress
from advisor.types import Chunk, IndexProgress

if TYPE_CHECKING:
    from numpy.typing import NDArray

Encoder = Callable[[Sequence[str], EncodingProgress], "NDArray[np.float32]"]
"""Gives the unit vectors of passages, shape (passages, dimension), and says how many are done."""


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """The vectors of the chunks that were written.

    `new` has those of the texts that the old generation lacks, by the texts' hashes; `sentences` has a row per sentence,
    float16, shape (sentences, dimension).
    """

    new: dict[str, NDArray[np.float32]]
    sentences: NDArray[np.float16]


def make_vectors(
    encode: Encoder, chunks: Sequence[Chunk], old: Generation | None, progress: IndexProgress | None
) -> Vectors:
    """The vectors of chunks and of their sentences, in order; only texts that `old` does not know are encoded."""
    texts = {text_hash(text): text for text in map(embedded_text, chunks)}
    sentences = [embedded_sentence(chunk, sentence) for chunk in chunks for sentence in chunk.sentences]
    hashes = [text_hash(text) for text in sentences]
    known = old.catalog.ids_of_texts(list(texts)) if old else {}
    rows = old.catalog.sentences_of_texts(list(dict.fromkeys(hashes))) if old else {}
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
    return Vectors(new, table)


def write_sentence_vectors(
    path: Path, base: Path | None, size: int, edit: CatalogEdit, vectors: NDArray[np.float16]
) -> None:
    """Write the table of the sentences' vectors: a copy of the one before, in which only the rows that changed are written.

    :param base: None to begin with an empty one.
    :param size: how many rows it has then; those that are no sentence's are zero.
    :param vectors: of the sentences that were written, shape (sentences, dimension).
    """
    if not base:
        np.save(path, np.zeros((0, vectors.shape[1]), np.float16))
    else:
        clone_file(base, path)
    with path.open("r+b") as file:
        read_magic(file)
        read_array_header_1_0(file)
        start = file.tell()
        file.seek(0)
        # NumPy leaves room in the header for the number of rows to grow.
        write_array_header_1_0(file, {"descr": "<f2", "fortran_order": False, "shape": (size, vectors.shape[1])})
        if file.tell() != start:
            message = f"the header of {path} has another length than before"
            raise ValueError(message)
        file.truncate(start + size * vectors.shape[1] * vectors.itemsize)
    if size:
        table = np.load(path, mmap_mode="r+")
        table[edit.freed[edit.freed < size]] = 0
        table[edit.rows] = vectors
        table.flush()
