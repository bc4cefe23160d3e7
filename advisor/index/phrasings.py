"""How people ask for what a sentence says, in words that are not its own: `asked/*.yaml` in the corpus folder, optional.

    document: en/finops.md            # its translation answers to the same questions
    asked:
      - sentence: A unit cost can fall while the total bill rises     # how the sentence begins
        fr: ["Pourquoi payons-nous plus alors que chaque commande nous coûte moins ?"]
        en: ["unit economics improve but total spend goes up"]

A small embedding model seldom sees that a situation told in everyday words is what a sentence is about; it does see that two
questions ask the same. A curator adds a question that found no answer here, beside the sentence that answers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from advisor.errors import CorpusError
from advisor.models.embeddings import Embeddings, cosines
from advisor.text.plain import fold, plain
from advisor.types import Chunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = "asked"
FILE = "asked.npz"
_OFFSET = 0.05
"""How much nearer two unrelated questions are than a question and an unrelated sentence (cosine, e5-small)."""


@dataclass(frozen=True, slots=True)
class PhrasingEntry:
    """The questions that one sentence of a document answers; `beginning` is how the sentence begins."""

    file: str
    document: str
    beginning: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrasing:
    """A question, and the numbers of the sentences that answer it: one, or one and its translation."""

    question: str
    sentences: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PhrasingIndex:
    """The phrasings of a generation.

    Row `n` of `vectors`, shape (phrasings, dimension), is that of `questions[n]`; row `n` of `sentences`, shape
    (phrasings, 2), has the numbers of the sentence that answers it and of its translation, or the one number twice.
    """

    questions: tuple[str, ...]
    vectors: NDArray[np.float32]
    sentences: NDArray[np.int64]

    @classmethod
    def load(cls, path: Path) -> PhrasingIndex:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as held:
            return cls(tuple(held["questions"].tolist()), held["vectors"], held["sentences"])

    def save(self, path: Path) -> None:
        """Write the file of a generation."""
        np.savez(path, questions=np.array(self.questions, dtype=np.str_), vectors=self.vectors, sentences=self.sentences)

    def nearest(self, vector: NDArray[np.float32], *, num_results: int) -> dict[int, float]:
        """Sentence number -> cosine of its nearest phrasing, on the scale of a sentence's own.

        :param vector: the question's unit vector, shape (dimension,).
        :param num_results: how many of the nearest phrasings count.
        """
        if not len(self.sentences):
            return {}
        near = cosines(self.vectors, vector) - _OFFSET
        found: dict[int, float] = {}
        for at in np.argsort(-near)[:num_results]:
            for sentence in self.sentences[at].tolist():
                found.setdefault(sentence, float(near[at]))
        return found

    def questions_for(self, sentence: int) -> list[str]:
        """The phrasings that a sentence, or its translation, is known to answer."""
        return [self.questions[at] for at in np.flatnonzero((self.sentences == sentence).any(axis=1))]


def build_phrasing_index(phrasings: Sequence[Phrasing], embeddings: Embeddings, old: PhrasingIndex | None) -> PhrasingIndex:
    """The phrasings with their vectors; those of the old generation are re-used."""
    known = dict(zip(old.questions, old.vectors, strict=True)) if old else {}
    new = [question for question in dict.fromkeys(p.question for p in phrasings) if question not in known]
    known |= dict(zip(new, embeddings.encode_questions(new), strict=True))
    vectors = [known[phrasing.question] for phrasing in phrasings]
    return PhrasingIndex(
        questions=tuple(phrasing.question for phrasing in phrasings),
        vectors=np.stack(vectors) if vectors else np.zeros((0, embeddings.dimension), np.float32),
        sentences=np.array([(p.sentences[0], p.sentences[-1]) for p in phrasings], np.int64).reshape(-1, 2),
    )


def phrasings_digest(corpus_dir: Path) -> str:
    """A digest of every file of questions; empty when there is none."""
    files = phrasing_files(corpus_dir)
    return sha256(b"\0".join(path.name.encode() + b"\0" + path.read_bytes() for path in files)).hexdigest() if files else ""


def phrasing_files(corpus_dir: Path) -> list[Path]:
    """The files of questions of a corpus, by name."""
    return sorted((corpus_dir / FOLDER).glob("*.yaml"))


def read_phrasings(corpus_dir: Path) -> list[PhrasingEntry]:
    """The entries of every file.

    :raises CorpusError: when a file has another form.
    """
    return [entry for path in phrasing_files(corpus_dir) for entry in _entries(path)]


def _entries(path: Path) -> Iterator[PhrasingEntry]:
    try:
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        document = str(content["document"])
        for entry in content["asked"]:
            questions = tuple(str(question) for language in ("fr", "en") for question in entry.get(language, ()))
            yield PhrasingEntry(path.name, document, str(entry["sentence"]), questions)
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as cause:
        why = " ".join(str(cause).split())
        message = f"{path} is not {{document: path, asked: [{{sentence: …, fr: […], en: […]}}]}}: {why}"
        raise CorpusError(message) from cause


def locate(
    entries: Sequence[PhrasingEntry], chunks: Sequence[Chunk], twins: Mapping[int, int]
) -> tuple[list[Phrasing], list[PhrasingEntry]]:
    """The phrasings with the sentences (and their translations) that answer them, and the entries that no sentence begins.

    :param chunks: of the generation, in order; their sentences are numbered in that order.
    """
    wanted = {entry.document for entry in entries}
    texts: dict[str, list[tuple[str, int]]] = {}
    numbered = ((chunk, sentence) for chunk in chunks for sentence in chunk.sentences)
    for number, (chunk, sentence) in enumerate(numbered):
        if chunk.document in wanted:
            texts.setdefault(chunk.document, []).append((fold(plain(chunk.text_of(sentence))), number))
    found, lost = list[Phrasing](), list[PhrasingEntry]()
    for entry in entries:
        beginning = fold(plain(entry.beginning))
        numbers = [number for text, number in texts.get(entry.document, ()) if text.startswith(beginning)]
        if len(numbers) != 1:
            lost.append(entry)
            continue
        answering = tuple(dict.fromkeys((numbers[0], twins.get(numbers[0], numbers[0]))))
        found += [Phrasing(question, answering) for question in entry.questions]
    return found, lost
