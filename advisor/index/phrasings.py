"""How people ask for what a document says, in words that are not its own: `asked/*.yaml` in the corpus folder, optional.

    document: en/finops.md            # its translation answers to the same questions
    asked:
      - sentence: A unit cost can fall while the total bill rises     # how the sentence begins
        fr: ["Pourquoi payons-nous plus alors que chaque commande nous coûte moins ?"]
        en: ["unit economics improve but total spend goes up"]
      - lines: [FinOps works when each product team, Assign usage optimization, Useful actions on usage]
        fr: ["Comment réduire notre facture cloud ?"]
        en: ["How do we cut our cloud bill?"]

`sentence` is where the answer is; `lines` are the whole answer, in order: a curated answer. A small embedding model seldom
sees that a situation told in everyday words is what a sentence is about; it does see that two questions ask the same. A
curator adds a question that found no answer here, beside the lines that answer it. `written_by` names the model whose
questions nobody has read yet. A file with `not_covered` in place of
`document` and `asked` lists questions that nothing in the corpus answers, near as they are to its subjects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter

from advisor.documents.folder import ASKED
from advisor.documents.yaml_values import Written, read_yaml_file
from advisor.index.catalog import StoredChunk
from advisor.text.plain import fold, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = ASKED
PHRASINGS_FILE = "asked.npz"

_SHAPE = (
    "{document: path, asked: [{sentence: … (or lines: […]), fr: […], en: […]}]} and not {not_covered: {fr: […], en: […]}}"
)


class _Questions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    fr: list[Written] = []
    en: list[Written] = []

    @property
    def questions(self) -> tuple[str, ...]:
        return (*self.fr, *self.en)


class _OfSentence(_Questions):
    sentence: Written
    written_by: Written | None = None


class _OfLines(_Questions):
    lines: Annotated[list[Written], Field(min_length=1)]


def _whichever(key: str, other: str) -> Callable[[object], str]:
    """What tells two forms apart: whether this key is there."""
    return lambda entry: key if isinstance(entry, dict) and key in entry else other


class _Asked(BaseModel):
    document: Written
    asked: list[
        Annotated[
            Annotated[_OfSentence, Tag("sentence")] | Annotated[_OfLines, Tag("lines")],
            Discriminator(_whichever("lines", "sentence")),
        ]
    ]


class _NotCovered(BaseModel):
    not_covered: _Questions


_FILE: TypeAdapter[_Asked | _NotCovered] = TypeAdapter(
    Annotated[
        Annotated[_Asked, Tag("asked")] | Annotated[_NotCovered, Tag("not_covered")],
        Discriminator(_whichever("not_covered", "asked")),
    ]
)

Encoder = Callable[[Sequence[str]], "NDArray[np.float32]"]


@dataclass(frozen=True, slots=True)
class PhrasingEntry:
    """Questions that lines of a document answer; `lines` are how these begin, `curated`: a whole answer.

    `document` is "" for questions that nothing in the corpus answers. `is_read`: a person wrote or read them.
    """

    file: str
    document: str
    lines: tuple[str, ...]
    questions: tuple[str, ...]
    curated: bool = False
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Outline:
    """The numbers of the sentences that answer some questions, in order, and those of their translations (or the same)."""

    lines: tuple[int, ...]
    twins: tuple[int, ...]
    questions: tuple[str, ...]
    curated: bool


@dataclass(frozen=True, slots=True, eq=False)
class PhrasingIndex:
    """The phrasings of a generation.

    Row `n` of `vectors`, shape (phrasings, dimension), is that of `questions[n]`; `outline[n]` is the number of the outline
    that answers it. Outline `m` is the rows `starts[m]` to `starts[m + 1]` of `lines`, shape (lines, 2): the number of a
    sentence and that of its translation. `curated[m]` says that it is a whole answer.
    """

    questions: tuple[str, ...]
    vectors: NDArray[np.float32]
    outline: NDArray[np.int64]
    lines: NDArray[np.int64]
    starts: NDArray[np.int64]
    curated: NDArray[np.bool_]

    @classmethod
    def load(cls, path: Path) -> PhrasingIndex:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as held:
            arrays = (held[name] for name in ("vectors", "outline", "lines", "starts", "curated"))
            return cls(tuple(held["questions"].tolist()), *arrays)

    def save(self, path: Path) -> None:
        """Write the file of a generation."""
        np.savez(
            path,
            questions=np.array(self.questions, dtype=np.str_),
            vectors=self.vectors,
            outline=self.outline,
            lines=self.lines,
            starts=self.starts,
            curated=self.curated,
        )

    def within(self, held: NDArray[np.bool_]) -> tuple[PhrasingIndex, NDArray[np.bool_]]:
        """The phrasings that some sentences answer, or none; and which of these phrasings they are, shape (phrasings,).

        :param held: whether each row of the table of sentences is one of them, shape (rows,). Of a line and its translation,
            one is enough; of the lines of an outline, all have to be there.
        """
        lengths = np.diff(self.starts)
        there, outlines = held[self.lines], np.repeat(np.arange(len(lengths)), lengths)
        whole = np.ones(len(lengths), np.bool_)
        whole[outlines[~there.any(axis=1)]] = False
        kept = whole[self.outline]
        part = PhrasingIndex(
            questions=tuple(compress(self.questions, kept)),
            vectors=self.vectors[kept],
            outline=(np.cumsum(whole) - 1)[self.outline[kept]],
            lines=np.where(there, self.lines, self.lines[:, ::-1])[whole[outlines]],
            starts=np.cumsum([0, *lengths[whole]]),
            curated=self.curated[whole],
        )
        return part, kept

    def nearest(self, cosine: NDArray[np.float32], *, num_results: int, offset: float) -> dict[int, float]:
        """Sentence number -> cosine of its nearest phrasing, on the scale of a sentence's own.

        :param cosine: of the question with each phrasing, shape (phrasings,).
        :param num_results: how many of the nearest phrasings count.
        :param offset: how much nearer questions are to each other than to sentences, with the model of the index.
        """
        near = cosine - offset
        found: dict[int, float] = {}
        for at in highest(near, num_results):
            for sentence in self._rows(int(self.outline[at])).ravel().tolist():
                found.setdefault(sentence, float(near[at]))
        return found

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Whether each outline has lines, shape (outlines,): questions that the corpus does not answer have none."""
        return np.diff(self.starts) > 0

    def by_outline(self, near: NDArray[np.float32], *, most: int = 1) -> NDArray[np.float32]:
        """How near each outline is, shape (outlines,): the mean of its nearest phrasings, at most two of them.

        :param near: how near each phrasing is, shape (phrasings,).
        :param most: 2, where a single phrasing that is near by chance must not decide.
        """
        if not self.questions:
            return np.zeros(0, np.float32)
        begins = np.searchsorted(self.outline, np.arange(len(self.curated)))  # the phrasings stand outline by outline
        first: NDArray[np.float32] = np.maximum.reduceat(near, begins)
        if most == 1:
            return first
        second = np.maximum.reduceat(np.where(near == first[self.outline], -1, near), begins)
        return np.where(second > -1, (first + second) / 2, first)

    def by_sentence(self, near: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        """The highest value of the outlines that a sentence or its translation is in, shape (size,); -1 for no outline.

        :param near: a value for each outline, shape (outlines,).
        :param size: how many sentences the index has.
        """
        of_line = np.repeat(near, np.diff(self.starts))
        best = np.full(size, -1.0, np.float32)
        np.maximum.at(best, self.lines.ravel(), np.repeat(of_line, self.lines.shape[1]))
        return best

    def shares(self, of_outlines: NDArray[np.float64], size: int, *, first: bool = False) -> NDArray[np.float32]:
        """The sum over the outlines that a sentence or its translation is in, shape (size,).

        :param of_outlines: a value for each outline, shape (outlines,).
        :param size: how many sentences the index has.
        :param first: count only the outlines that begin with the sentence.
        """
        lines = self.lines[self.starts[:-1][self.answered]] if first else self.lines
        values = of_outlines[self.answered] if first else np.repeat(of_outlines, np.diff(self.starts))
        translated = lines[:, 0] != lines[:, 1]
        total = np.bincount(lines[:, 0], values, size) + np.bincount(lines[translated, 1], values[translated], size)
        return np.asarray(total, np.float32)

    def answer(self, outline: int) -> list[tuple[int, int]]:
        """The lines of an outline in order: each the number of a sentence, and that of its translation."""
        return [(int(line), int(twin)) for line, twin in self._rows(outline)]

    def questions_for(self, sentence: int) -> list[str]:
        """The phrasings that a sentence, or its translation, is known to answer."""
        held = (self.lines == sentence).any(axis=1)
        outlines = np.searchsorted(self.starts, np.flatnonzero(held), side="right") - 1
        return [self.questions[at] for at in np.flatnonzero(np.isin(self.outline, outlines))]

    def _rows(self, outline: int) -> NDArray[np.int64]:
        return self.lines[self.starts[outline] : self.starts[outline + 1]]


def highest(values: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """Where the highest values are, highest first: a few of tens of thousands, in a tenth of the time of sorting all."""
    best = np.argpartition(-values, most)[:most] if most < len(values) else np.arange(len(values))
    return best[np.argsort(-values[best])]


def build_phrasing_index(outlines: Sequence[Outline], encode: Encoder, old: PhrasingIndex | None) -> PhrasingIndex:
    """The phrasings with their vectors; those of the old generation are re-used.

    :param encode: gives the unit vectors of questions, shape (questions, dimension).
    """
    questions = [question for outline in outlines for question in outline.questions]
    known = dict(zip(old.questions, old.vectors, strict=True)) if old else {}
    new = [question for question in dict.fromkeys(questions) if question not in known]
    made = encode(new)
    known |= dict(zip(new, made, strict=True))
    lines = [line for outline in outlines for line in zip(outline.lines, outline.twins, strict=True)]
    return PhrasingIndex(
        questions=tuple(questions),
        vectors=np.stack([known[question] for question in questions]) if questions else made,
        outline=np.repeat(np.arange(len(outlines)), [len(outline.questions) for outline in outlines]),
        lines=np.array(lines, np.int64).reshape(-1, 2),
        starts=np.cumsum([0, *(len(outline.lines) for outline in outlines)]),
        curated=np.array([outline.curated for outline in outlines], np.bool_),
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
    content = read_yaml_file(path, _FILE, _SHAPE)
    if isinstance(content, _NotCovered):
        yield from (PhrasingEntry(path.name, "", (), (question,)) for question in content.not_covered.questions)
        return
    for entry in content.asked:
        if isinstance(entry, _OfLines):
            yield PhrasingEntry(path.name, content.document, tuple(entry.lines), entry.questions, curated=True)
        else:
            is_read = entry.written_by is None
            yield PhrasingEntry(path.name, content.document, (entry.sentence,), entry.questions, is_read=is_read)


def locate(
    entries: Sequence[PhrasingEntry], chunks: Iterable[StoredChunk]
) -> tuple[list[Outline], list[tuple[PhrasingEntry, str]]]:
    """The outlines, and the entries that are lost, each with the line that no sentence, or more than one, begins with.

    :param chunks: of the documents of the entries.
    """
    texts: dict[str, list[tuple[str, int]]] = {}
    twins: dict[int, int] = {}
    for each in chunks:
        twins |= zip(each.numbers, each.twins, strict=True)
        texts.setdefault(each.chunk.document, []).extend(
            (fold(plain(each.chunk.text_of(sentence))), number)
            for number, sentence in zip(each.numbers, each.chunk.sentences, strict=True)
        )
    found, lost = list[Outline](), list[tuple[PhrasingEntry, str]]()
    for entry in entries:
        if not entry.document:
            found.append(Outline((), (), entry.questions, curated=False))
            continue
        places = [_places(line, texts.get(entry.document, ())) for line in entry.lines]
        missing = next((line for line, at in zip(entry.lines, places, strict=True) if len(at) != 1), None)
        if missing is not None or not places:
            lost.append((entry, missing or ""))
            continue
        lines = tuple(at[0] for at in places)
        found.append(Outline(lines, tuple(twins[line] for line in lines), entry.questions, entry.curated))
    return found, lost


def _places(beginning: str, texts: Sequence[tuple[str, int]]) -> list[int]:
    start = fold(plain(beginning))
    return [number for text, number in texts if text.startswith(start)]
