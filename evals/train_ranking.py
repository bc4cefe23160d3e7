"""Fit the weights of `advisor/retrieval/ranking.json` and `confidence.json`.

    python evals/train_ranking.py [--report]

The ranking is fitted on the advisory questions that are for tuning: each block of the candidate documents, by the share of
its sentences that the labels call core or useful. The model `plain`, for corpora without phrasings and known sections, sees
the same questions without the features that need them. The confidence is fitted on whether the first sentence of an answer
helps the asker, for questions that were left out when the ranking was fitted (five folds), with the questions of
`unanswerable.jsonl` for tuning beside them. What is printed is measured in the same folds; `--report` asks the questions
kept for reporting, once everything is fitted.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from advisor.advisor import Advisor
from advisor.answering.extractive import write_extractive
from advisor.retrieval.blocks import TextBlock, candidate_blocks
from advisor.retrieval.confidence import Signals, measure
from advisor.retrieval.curated import nearest_curated
from advisor.retrieval.features import Asked, block_features
from advisor.retrieval.hybrid import in_one_language
from advisor.retrieval.ranking import Model, RankedBlock
from advisor.retrieval.search import Retrieved, Searcher, retrieve
from advisor.settings import load_settings

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "advisor" / "retrieval"
FOLDS = 5
STRENGTH = {"core": 0.02, "useful": 0.02}  # inverse of the regularisation, chosen in the folds
CONFIDENCE_STRENGTH = 0.3
ANY_CORE, MOSTLY_USEFUL = 0.3, 0.5  # shares of a block's sentences that make it an example
NEEDS_PHRASINGS = ("space", "phrasing", "outline", "section")
Span = tuple[str, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A labelled question with its candidate blocks: `core`, `useful` are shares (0..1) of each block's sentences."""

    id: str
    answerable: bool
    retrieved: Retrieved
    blocks: list[TextBlock]
    features: dict[str, np.ndarray]
    focus: list[int]
    core: np.ndarray
    useful: np.ndarray
    labels: tuple[frozenset[Span], frozenset[Span]]


def main() -> None:
    """Read, fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true", help="ask the questions kept for reporting, too")
    wanted = parser.parse_args()
    advisor = Advisor.open(load_settings())
    searcher = Searcher(advisor.settings, advisor.embeddings, advisor.index)
    tune = [case for name in ("advisory", "unanswerable") for case in cases(searcher, name, "tune")]
    print(f"{len(tune)} questions for tuning, {sum(case.answerable for case in tune)} with an answer")
    models = {name: fit([c for c in tune if c.answerable], uses) for name, uses in USES.items()}
    signals, right = [], []
    for name, uses in USES.items():
        shown = list(held_out(searcher, tune, uses))
        print_measures(f"{name}, five folds", [s for s in shown if s.case.answerable])
        signals += [[*s.signals.values()] for s in shown]
        right += [s.helps for s in shown]
    weights = fit_confidence(np.array(signals), np.array(right))
    write("ranking.json", {"models": {name: {"features": m.features, "bias": m.bias} for name, m in models.items()}})
    write("confidence.json", {"weights": weights})
    if wanted.report:
        kept = list(cases(searcher, "advisory", "report"))
        print_measures("report", [answer(searcher, c, models["phrasings"]) for c in kept if c.answerable])


def cases(searcher: Searcher, name: str, split: str) -> Iterator[Case]:
    """The single questions of a set in one part of it, searched."""
    lines = (HERE / "questions" / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    for line in filter(None, lines):
        entry = json.loads(line)
        if entry.get("split", "tune") == split and "question" in entry:
            yield searched(searcher, entry)


def searched(searcher: Searcher, entry: Mapping[str, object]) -> Case:
    """One question, its candidates and what the labels say of them."""
    question, language = str(entry["question"]), entry["language"]
    found = retrieve(searcher, question, language, searcher.settings.num_passages)
    passages = in_one_language(found.passages, language)
    blocks = candidate_blocks(searcher.index, passages, passages[0].chunk.language if passages else language)
    asked = Asked(found.query, found.vector, found.keyword_scores)
    features, focus = block_features(searcher.index, asked, blocks) if blocks else ({}, [])
    core = spans(searcher, entry.get("core", ()))
    useful = core | spans(searcher, entry.get("useful", ()))
    return Case(
        id=str(entry["id"]),
        answerable=bool(entry["answerable"]),
        retrieved=found,
        blocks=blocks,
        features=features,
        focus=focus,
        core=np.array([share(block, core) for block in blocks]),
        useful=np.array([share(block, useful) for block in blocks]),
        labels=(core, useful),
    )


def spans(searcher: Searcher, labels: Sequence[Mapping[str, str]]) -> frozenset[Span]:
    """Where the labelled sentences stand."""
    found = set()
    for label in labels:
        document = searcher.index.catalog.document(label["document"])
        start = document.text.find(label["quote"]) if document else -1
        if start >= 0:
            found.add((label["document"], start, start + len(label["quote"])))
    return frozenset(found)


def share(block: TextBlock, wanted: frozenset[Span]) -> float:
    """The share (0..1) of a block's sentences that begin in one of these places."""
    name = block.chunk.document
    held = [any(name == d and start <= s.start < end for d, start, end in wanted) for s in block.sentences]
    return sum(held) / len(held)


def with_phrasings(name: str) -> bool:
    """Every feature."""
    return bool(name)


def without_phrasings(name: str) -> bool:
    """The features that any corpus has."""
    return not any(part in name for part in NEEDS_PHRASINGS)


USES: dict[str, Callable[[str], bool]] = {"phrasings": with_phrasings, "plain": without_phrasings}


def fit(tuning: Sequence[Case], uses: Callable[[str], bool]) -> Model:
    """A logistic model of whether a block holds core sentences, and of whether most of it is useful."""
    names = [name for name in tuning[0].features if uses(name)]
    table = np.concatenate([np.stack([case.features[name] for name in names], axis=1) for case in tuning]).astype(float)
    mean, deviation = table.mean(axis=0), table.std(axis=0)
    deviation[deviation == 0] = 1.0
    scaled = (table - mean) / deviation
    labels = {
        "core": np.concatenate([case.core for case in tuning]) > ANY_CORE,
        "useful": np.concatenate([case.useful for case in tuning]) > MOSTLY_USEFUL,
    }
    fitted = {k: LogisticRegression(C=STRENGTH[k], max_iter=2000).fit(scaled, y) for k, y in labels.items()}
    columns = (mean, deviation, fitted["core"].coef_[0], fitted["useful"].coef_[0])
    rows = np.round(np.stack(columns, axis=1), 5).tolist()
    bias = (round(float(fitted["core"].intercept_[0]), 5), round(float(fitted["useful"].intercept_[0]), 5))
    return Model(dict(zip(names, map(tuple, rows), strict=True)), bias)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a model would answer: the places of the sentences, in order, and the signals of confidence."""

    case: Case
    sentences: list[Span]
    signals: dict[str, float]

    @property
    def helps(self) -> bool:
        """Whether the first sentence is one that helps."""
        return bool(self.sentences) and inside(self.sentences[0], self.case.labels[1])


def inside(sentence: Span, wanted: frozenset[Span]) -> bool:
    """Whether a sentence begins in one of these places."""
    return any(sentence[0] == name and start <= sentence[1] < end for name, start, end in wanted)


def answer(searcher: Searcher, case: Case, model: Model) -> Shown:
    """The answer that a model's order makes, and its signals."""
    ranked: list[RankedBlock] = []
    if case.blocks:
        rows = zip(case.blocks, model.probabilities(case.features), case.focus, strict=True)
        ranked = sorted((RankedBlock(b, float(c), float(u), at) for b, (c, u), at in rows), key=lambda each: -each.score)
    draft = write_extractive(searcher.index, ranked, max_words=searcher.settings.max_answer_words)
    texts = {
        (r.block.chunk.document, text): s for r in ranked for s, text in zip(r.block.sentences, r.block.texts, strict=True)
    }
    documents = {citation.marker: citation.document for citation in draft.citations}
    named = [(documents[sentence.markers[0]], sentence.text) for sentence in draft.sentences]
    shown = [(name, texts[name, text].start, texts[name, text].end) for name, text in named]
    plain = not any(name.startswith("section") for name in model.features)
    spoken = case.blocks[0].chunk.language if case.blocks else case.retrieved.query.language
    curated = None if plain else nearest_curated(searcher.index, case.retrieved.vector, spoken)
    passages = in_one_language(case.retrieved.passages, case.retrieved.query.language)
    return Shown(case, shown, asdict(measure(case.retrieved.query, passages, ranked, curated)))


def held_out(searcher: Searcher, tuning: Sequence[Case], uses: Callable[[str], bool]) -> Iterator[Shown]:
    """The answer to each question by a model that was fitted without it."""
    order = np.random.default_rng(0).permutation(len(tuning))
    for fold in range(FOLDS):
        left = {int(at) for at in order[fold::FOLDS]}
        model = fit([case for at, case in enumerate(tuning) if at not in left and case.answerable], uses)
        for at in sorted(left):
            yield answer(searcher, tuning[at], model)


def fit_confidence(signals: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """The weight of each signal for whether the answer helps, and the bias."""
    names = [field.name for field in fields(Signals)]
    mean, deviation = signals.mean(axis=0), signals.std(axis=0)
    deviation[deviation == 0] = 1.0
    model = LogisticRegression(C=CONFIDENCE_STRENGTH, max_iter=2000).fit((signals - mean) / deviation, right)
    print(f"confidence: AUROC {roc_auc_score(right, model.decision_function((signals - mean) / deviation)):.3f} (fitted)")
    weights = model.coef_[0] / deviation
    bias = float(model.intercept_[0] - (weights * mean).sum())
    return {"bias": round(bias, 4)} | {n: round(float(w), 4) for n, w in zip(names, weights, strict=True)}


def print_measures(name: str, shown: Sequence[Shown]) -> None:
    """Opening, recall and helpful share of answers."""
    core = [[inside(s, each.case.labels[0]) for s in each.sentences] for each in shown]
    useful = [[inside(s, each.case.labels[1]) for s in each.sentences] for each in shown]
    recall = [np.mean([any(inside(s, frozenset([w])) for s in e.sentences) for w in e.case.labels[0]]) for e in shown]
    print(
        f"{name} ({len(shown)}): opening core {np.mean([c[:1] == [True] for c in core]):.3f}, "
        f"useful {np.mean([u[:1] == [True] for u in useful]):.3f}, core recall {np.mean(recall):.3f}, "
        f"helpful {np.mean([np.mean(u) for u in useful if u]):.3f}"
    )


def write(name: str, value: object) -> None:
    """Write a file of weights."""
    (FOLDER / name).write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
