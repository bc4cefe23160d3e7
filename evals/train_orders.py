"""Fit the weights of `advisor/documents/orders.json`: which sentences of a document give an assistant an order.

    python evals/train_orders.py DATA

`DATA` is a folder of corpora that other people wrote, in which nobody gives an assistant an order: the sentences of some
are for fitting, those of others for measuring. `evals/orders` has our own sentences, hostile and honest, in groups by how
they are written, and frames to make more of them. The groups with `held = false`, the frames and sentences of the shipped
corpus are for fitting; the thresholds are set on each group with weights fitted on the others. What is printed and kept
beside the weights is measured: for each group with the weights fitted on the others, and for the groups with `held = true`,
which nothing was fitted or chosen on.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from advisor.documents.chunking import chunk_document
from advisor.documents.instructions import Passage, grams, order_weights, orders_in, without_examples, wordings
from advisor.documents.reading import parse_document
from advisor.errors import DocumentError
from advisor.models.embeddings import Embeddings
from advisor.settings import load_settings

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "advisor" / "documents" / "orders.json"
FROM_A_FRAME = 12
FROM_THE_CORPUS = 1_500  # sentences, of which a half is for fitting
FROM_EACH = 2_500  # sentences of each corpus of other people, by chance
FITTED = ("finops-en/corpus", "etalab-guides-fr/corpus", "foreign/made-tech-handbook-en")
MEASURED = ("cnil-rgpd-dev-fr/corpus", "foreign/beta-gouv-site-fr", "foreign/wellcome-adr-rfc-en")
VOCABULARY, FEWEST = 2_000, 3  # words and pairs, each in so many sentences
STRENGTH = 5.0  # inverse of the regularisation
VECTOR_SCALE = 3.0
WEIGHT = {
    ("written", 1): 3.0,
    ("written", 0): 1.5,
    ("frame", 1): 0.5,
    ("frame", 0): 0.5,
    ("corpus", 0): 0.3,
    ("data", 0): 0.3,
}
LOOK_RECALL = 0.97  # of the orders pass the first look
FALSE_ALARMS_OF_NAMES = 0.02
FALSE_ALARMS = 0.08  # of the honest sentences that are written as near to orders as they come
FALSE_ALARMS_OF_OTHERS = 0.001  # of the sentences of other people's corpora
_SLOT = re.compile(r"\{(\w+)\}")
_FRENCH = (
    (r"\bà le ", "au "),
    (r"\bà les ", "aux "),
    (r"\bde le ", "du "),
    (r"\bde les ", "des "),
    (r"\b([Dd]|qu)e (?=[aeiouéèêy])", r"\1'"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence: where it is from (`written`, `frame`, `corpus`), in which group, and whether it is an order."""

    text: str
    order: int
    origin: str
    way: str = ""
    held: bool = False


def main() -> None:
    """Read, fit, measure, write."""
    embeddings = Embeddings(load_settings())
    written, corpus = list(read_written()), list(read_corpus(HERE.parent / "corpus", FROM_THE_CORPUS, "corpus"))
    known = [one for one in written if not one.held]
    data = Path(sys.argv[1])
    others = [one for folder in FITTED for one in read_corpus(data / folder, FROM_EACH, "data")]
    own = corpus[: len(corpus) // 2]
    examples = [*known, *read_frames(), *own, *others]
    texts = list(dict.fromkeys([wording for one in [*examples, *known] for wording in judged(one.text)]))
    vectors = dict(zip(texts, embeddings.encode_questions(texts), strict=True))
    scores = [
        score for way in dict.fromkeys(one.way for one in known) for score in _scores_of(way, known, examples, vectors)
    ]
    look = float(np.quantile([first for one, first, _ in scores if one.order], 1 - LOOK_RECALL))
    passed = [(one, second if first > look else -np.inf) for one, first, second in scores]
    decision = float(np.quantile([score for one, score in passed if not one.order], 1 - FALSE_ALARMS, method="lower"))
    cautious = [*_scores_of("data", [*own[::2], *others[::2]], [*known, *read_frames(), *own[1::2], *others[1::2]], vectors)]
    passed_of_others = [second if first > look else -np.inf for _, first, second in cautious]
    decision = max(decision, float(np.quantile(passed_of_others, 1 - FALSE_ALARMS_OF_OTHERS, method="lower")))
    alone = float(np.quantile([first for one, first, _ in scores if not one.order], 1 - FALSE_ALARMS_OF_NAMES))
    values = fit(examples, vectors) | {"threshold": [round(look, 3), round(decision, 3), round(alone, 3)]}
    _write(values, {})
    order_weights.cache_clear()
    apart = {
        name: _share([score > decision for one, score in passed if one.order == order])
        for name, order in (("hostile", 1), ("honest", 0))
    }
    apart_from = {folder: list(read_corpus(data / folder, FROM_EACH, "data")) for folder in MEASURED}
    report = {"each_way_by_the_others": apart, **measured(written, {"corpus": corpus[len(own) :]} | apart_from, embeddings)}
    _write(values, report)
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")


def _write(values: Mapping[str, object], report: Mapping[str, object]) -> None:
    OUTPUT.write_text(json.dumps({"weights": values, "figures": report}, ensure_ascii=False) + "\n", encoding="utf-8")


def read_written() -> Iterator[Example]:
    """The sentences that people wrote."""
    for name, order in (("hostile", 1), ("honest", 0)):
        for group in tomllib.loads((HERE / "orders" / f"{name}.toml").read_text(encoding="utf-8"))["group"]:
            yield from (Example(text, order, "written", group["way"], group["held"]) for text in group["sentences"])


def read_frames() -> Iterator[Example]:
    """Sentences made from the frames, the same each time."""
    generator = random.Random(0)
    frames = tomllib.loads((HERE / "orders" / "frames.toml").read_text(encoding="utf-8"))
    for name, order in (("orders", 1), ("honest", 0)):
        for language, some in frames[name].items():
            words = frames["words"][language]
            for frame in some:
                made = dict.fromkeys(_filled(frame, words, generator, language) for _ in range(FROM_A_FRAME))
                yield from (Example(text, order, "frame") for text in made)


def _filled(frame: str, words: Mapping[str, Sequence[str]], generator: random.Random, language: str) -> str:
    while found := _SLOT.search(frame):
        frame = frame[: found.start()] + generator.choice(words[found.group(1)]) + frame[found.end() :]
    for pattern, contracted in _FRENCH if language == "fr" else ():
        frame = re.sub(pattern, contracted, frame)
    return frame[0].upper() + frame[1:]


def read_corpus(folder: Path, most: int, origin: str) -> Iterator[Example]:
    """Sentences of a corpus, in an order by chance."""
    found = []
    for path in sorted(folder.rglob("*.md")):
        try:
            document = parse_document(path.name, path.read_bytes())
        except DocumentError:
            continue  # it is empty, or not text
        chunks = chunk_document(document, chunk_chars=900)
        found += [Example(chunk.text_of(sentence), 0, origin, origin) for chunk in chunks for sentence in chunk.sentences]
    random.Random(0).shuffle(found)
    yield from found[:most]


def judged(text: str) -> list[str]:
    """What is judged of a sentence."""
    return wordings(without_examples(text))


def fit(examples: Sequence[Example], vectors: Mapping[str, np.ndarray]) -> dict[str, object]:
    """The weights of both regressions, on whole orders, and on honest sentences with their parts."""
    rows = [(text, one) for one in examples for text in judged(one.text)[: 1 if one.order else None]]
    counts = Counter(gram for text, _ in rows for gram in grams(text))
    vocabulary = [gram for gram, count in counts.most_common(VOCABULARY) if count >= FEWEST]
    words = _word_matrix([text for text, _ in rows], vocabulary)
    both = hstack([words, csr_matrix(np.stack([vectors[text] for text, _ in rows]) * VECTOR_SCALE)]).tocsr()
    labels, strengths = [one.order for _, one in rows], [WEIGHT[one.origin, one.order] for _, one in rows]
    look, decision = (
        LogisticRegression(C=STRENGTH, solver="liblinear").fit(matrix, labels, sample_weight=strengths)
        for matrix in (words, both)
    )
    size = len(vocabulary)
    columns = zip(vocabulary, look.coef_[0], decision.coef_[0][:size], strict=True)
    return {
        "words": [[gram, round(float(first), 3), round(float(second), 3)] for gram, first, second in columns],
        "vector": [round(float(value) * VECTOR_SCALE, 4) for value in decision.coef_[0][size:]],
        "bias": [round(float(look.intercept_[0]), 4), round(float(decision.intercept_[0]), 4)],
    }


def _word_matrix(texts: Sequence[str], vocabulary: Sequence[str]) -> csr_matrix:
    """One row per text, the words that it holds, each row of length 1."""
    column = {gram: number for number, gram in enumerate(vocabulary)}
    held = [[column[gram] for gram in grams(text) if gram in column] for text in texts]
    values = [1 / np.sqrt(len(row)) for row in held for _ in row]
    starts = np.cumsum([0, *map(len, held)])
    return csr_matrix((values, [number for row in held for number in row], starts), shape=(len(texts), len(vocabulary)))


def _scores_of(
    way: str, known: Sequence[Example], examples: Sequence[Example], vectors: Mapping[str, np.ndarray]
) -> Iterator[tuple[Example, float, float]]:
    """The sentences of a group with the scores that weights fitted on the others give them: those of the worst wording."""
    values = fit([one for one in examples if one.way != way or way == "data"], vectors)
    words = {gram: (first, second) for gram, first, second in values["words"]}
    for one in (one for one in known if one.way == way or way == "data"):
        best = (-9.0, -9.0)
        for text in judged(one.text):
            found = [words[gram] for gram in grams(text) if gram in words]
            first, second = (sum(pair[n] for pair in found) / np.sqrt(len(found) or 1) + values["bias"][n] for n in (0, 1))
            best = max(
                best, (float(first), float(second + vectors[text] @ np.array(values["vector"]))), key=lambda pair: pair[1]
            )
        yield one, *best


def measured(
    written: Sequence[Example], corpora: Mapping[str, Sequence[Example]], embeddings: Embeddings
) -> dict[str, object]:
    """What the weights as they are kept find in the groups kept apart, and in sentences of corpora that were, too."""
    held = [one for one in written if one.held]
    ways = {
        ("hostile: " if order else "honest: ") + way: _share(
            [_found(one.text, embeddings) for one in held if (one.way, one.order) == (way, order)]
        )
        for way, order in dict.fromkeys((one.way, one.order) for one in held)
    }
    return {
        "held_hostile": _share([_found(one.text, embeddings) for one in held if one.order]),
        "held_honest": _share([_found(one.text, embeddings) for one in held if not one.order]),
        **{name: _share([_found(one.text, embeddings) for one in some]) for name, some in corpora.items()},
        "ways": ways,
    }


def _found(text: str, embeddings: Embeddings) -> bool:
    return bool(orders_in(text, [Passage(0, len(text), text)], embeddings.encode_questions))


def _share(found: Sequence[bool]) -> str:
    return f"{sum(found)} of {len(found)}"


if __name__ == "__main__":
    main()
