"""Fit the weights of `advisor/retrieval/ranking.json` and `confidence.json`, and the mean of questions that they hold for.

    python evals/train_ranking.py [--report]

The ranking is fitted on the advisory questions for tuning (each block of the candidate documents, by the share of its
sentences that the labels call core or useful). The model `plain`, for corpora without phrasings and known sections, sees the
same without the features that need them. The confidence is fitted on whether an answer helps (it opens with a useful
sentence, or shows a labelled one), for questions that were left out when the ranking was fitted (five folds); all questions
of the other sets stand beside, so their refusals are no report. What is printed is measured in the folds; `--report` asks
the advisory questions kept for reporting.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from advisor.advisor import Advisor
from advisor.answering.extractive import write_extractive
from advisor.models import bundled
from advisor.retrieval.block_features import Asked, BlockFeatures, block_features
from advisor.retrieval.blocks import TextBlock, candidate_blocks
from advisor.retrieval.confidence import Signals, measure
from advisor.retrieval.curated import nearest_curated
from advisor.retrieval.hybrid import in_one_language
from advisor.retrieval.ranking import Model, order_blocks
from advisor.retrieval.search import Retrieved, Searcher, retrieve
from advisor.settings import load_settings

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "advisor" / "retrieval"
FOLDS = 5
STRENGTH = 0.02  # inverse of the regularisation, chosen in the folds
CONFIDENCE_STRENGTH = 0.1
OTHERS = ("unanswerable", "near-misses", "article", "playbooks", "cross-language", "word-forms")
OF_WORDS = ("coverage", "unknown")  # signals that say nothing of passages in another language
SCALED = ("cosine", "sentences")  # signals that depend on the embedding model
FARTHER = 0.045
"""How much farther (cosine) the best passage is where the question is in another language: 120 questions of our own beside
the corpora's, on finops-en (.041), etalab-guides-fr (.051) and cnil-rgpd-dev-fr (.044)."""
TUNING = ("tune", "seen")
ANY_CORE, MOSTLY_USEFUL = 0.3, 0.5  # shares of a block's sentences that make it an example
NEEDS_PHRASINGS = ("space", "phrasing", "outline", "vote", "opening", "section")
Span = tuple[str, int, int]
Labels = tuple[frozenset[Span], frozenset[Span]]
"""The places of the core sentences, and of those that help (these among them)."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A labelled question with its candidate blocks.

    `features` are those with the phrasings of the corpus and those without, by the name of the model that sees them; `core`,
    `useful` are shares (0..1) of each block's sentences.
    """

    kind: str
    answerable: bool
    retrieved: Retrieved
    blocks: list[TextBlock]
    features: dict[str, BlockFeatures]
    core: np.ndarray
    useful: np.ndarray
    labels: Labels


def main() -> None:
    """Read, fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true", help="ask the questions kept for reporting, too")
    wanted = parser.parse_args()
    advisor = Advisor.open(load_settings())
    searcher = Searcher(advisor.settings, advisor.embeddings, advisor.index)
    np.save(FOLDER.parent / "models" / "question-mean.npy", advisor.index.phrasings.vectors.mean(axis=0, dtype=np.float32))
    bundled.question_mean.cache_clear()
    tune = [case for name in ("advisory", *OTHERS) for case in cases(searcher, name, TUNING)]
    print(f"{len(tune)} questions, {sum(case.answerable for case in tune)} with an answer")
    models = {name: fit(for_ranking(tune), name) for name in USES}
    shown = {name: list(held_out(searcher, tune, name)) for name in USES}
    for name, some in shown.items():
        print_measures(f"{name}, five folds", [s for s in some if s.case.answerable and s.case.kind == "advisory"])
    names = [field.name for field in fields(Signals)]
    fitted = {name: fit_confidence(some, names) for name, some in shown.items()}
    for known in fitted.values():  # no question of the sets is foreign to all of the corpus
        known["foreign"] = round(FARTHER * sum(known[name] for name in SCALED), 4)
    weights = {
        "typical": typical([s for some in shown.values() for s in some]),
        "models": {searcher.embeddings.digest: fitted},
        "any_model": {
            name: fit_confidence(some, [name for name in names if name not in SCALED]) for name, some in shown.items()
        },
    }
    write("ranking.json", {"models": {name: {"features": m.features, "bias": m.bias} for name, m in models.items()}})
    write("confidence.json", weights)
    if wanted.report:
        kept = [case for case in cases(searcher, "advisory", ("report",)) if case.answerable]
        for name, model in models.items():
            print_measures(f"report, {name}", [answer(searcher, case, model, name) for case in kept])


def cases(searcher: Searcher, name: str, splits: Sequence[str]) -> Iterator[Case]:
    """The single questions of a set in some parts of it, searched."""
    lines = (HERE / "questions" / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    for line in filter(None, lines):
        entry = json.loads(line)
        if entry.get("split", "tune") in splits and "question" in entry:
            core = spans(searcher, entry.get("core") or entry.get("relevant", ()))
            labels = (core, core | spans(searcher, entry.get("useful", ())))
            yield searched(searcher, name, entry, labels)


def searched(searcher: Searcher, kind: str, entry: Mapping[str, object], labels: Labels) -> Case:
    """One question, its candidates and what the labels say of them."""
    question, language = str(entry["question"]), entry["language"]
    found = retrieve(searcher, question, language, searcher.settings.num_passages)
    passages = in_one_language(found.passages, language)
    blocks = candidate_blocks(searcher.index, passages, passages[0].chunk.language if passages else language)
    places, values = np.zeros(0, np.int64), np.zeros(0, np.float32)
    nothing = BlockFeatures({}, places, values, places, values)
    asked = {"phrasings": found.asked, "plain": unasked(searcher, found)}
    return Case(
        kind=kind,
        answerable=bool(entry["answerable"]),
        retrieved=found,
        blocks=blocks,
        features={name: block_features(searcher.index, a, blocks) if blocks else nothing for name, a in asked.items()},
        core=np.array([share(block, labels[0]) for block in blocks]),
        useful=np.array([share(block, labels[1]) for block in blocks]),
        labels=labels,
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
    held = [inside((block.chunk.document, each.start, each.end), wanted) for each in block.sentences]
    return sum(held) / len(held)


def inside(sentence: Span, wanted: frozenset[Span]) -> bool:
    """Whether a sentence begins in one of these places."""
    return any(sentence[0] == name and start <= sentence[1] < end for name, start, end in wanted)


def with_phrasings(name: str) -> bool:
    """Every feature."""
    return bool(name)


def without_phrasings(name: str) -> bool:
    """The features that any corpus has."""
    return not any(part in name for part in NEEDS_PHRASINGS)


USES: dict[str, Callable[[str], bool]] = {"phrasings": with_phrasings, "plain": without_phrasings}


def for_ranking(tuning: Sequence[Case]) -> list[Case]:
    """The questions whose labels tell all that an answer should hold."""
    return [case for case in tuning if case.answerable and case.blocks and case.kind == "advisory"]


def fit(tuning: Sequence[Case], kind: str) -> Model:
    """A logistic model of whether a block holds core sentences, and of whether most of it is useful."""
    names = [name for name in tuning[0].features[kind].columns if USES[kind](name)]
    tables = [np.stack([case.features[kind].columns[name] for name in names], axis=1).astype(float) for case in tuning]
    table = np.concatenate(tables)
    mean, deviation = table.mean(axis=0), table.std(axis=0)
    deviation[deviation == 0] = 1.0
    core = np.concatenate([case.core for case in tuning]) > ANY_CORE
    useful = np.concatenate([case.useful for case in tuning]) > MOSTLY_USEFUL
    fitted = [
        LogisticRegression(C=STRENGTH, max_iter=2000).fit((table - mean) / deviation, wanted) for wanted in (core, useful)
    ]
    rows = np.round(np.stack((mean, deviation, *(model.coef_[0] for model in fitted)), axis=1), 5).tolist()
    bias = (round(float(fitted[0].intercept_[0]), 5), round(float(fitted[1].intercept_[0]), 5))
    return Model(dict(zip(names, map(tuple, rows), strict=True)), bias)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a model would answer: the places of the sentences, in order, and the signals of confidence."""

    case: Case
    sentences: list[Span]
    signals: dict[str, float]

    @property
    def helps(self) -> bool:
        """Whether the first sentence is useful; where only the sentences that answer are labelled, whether one is shown."""
        core, useful = self.case.labels
        if self.case.kind == "advisory":
            return bool(self.sentences) and inside(self.sentences[0], useful)
        return any(inside(sentence, core) for sentence in self.sentences)


def answer(searcher: Searcher, case: Case, model: Model, kind: str) -> Shown:
    """The answer that a model's order makes, and its signals."""
    ranked = order_blocks(case.blocks, case.features[kind], model) if case.blocks else []
    draft = write_extractive(searcher.index, ranked, max_words=searcher.settings.max_answer_words)
    texts = {
        (each.block.chunk.document, text): sentence
        for each in ranked
        for sentence, text in zip(each.block.sentences, each.block.texts, strict=True)
    }
    documents = {citation.marker: citation.document for citation in draft.citations}
    named = [(documents[sentence.markers[0]], sentence.text) for sentence in draft.sentences]
    shown = [(name, texts[name, text].start, texts[name, text].end) for name, text in named]
    spoken = case.blocks[0].chunk.language if case.blocks else case.retrieved.query.language
    asked = case.retrieved.asked if kind == "phrasings" else unasked(searcher, case.retrieved)
    curated = nearest_curated(searcher.index, asked.like, spoken) if asked.like else None
    passages = in_one_language(case.retrieved.passages, case.retrieved.query.language)
    return Shown(case, shown, asdict(measure(asked, passages, ranked, curated)))


def unasked(searcher: Searcher, found: Retrieved) -> Asked:
    """The question as it is compared in a corpus without phrasings."""
    return replace(found.asked, like=None, compared=searcher.embeddings.distinctive(found.vector))


def held_out(searcher: Searcher, tuning: Sequence[Case], kind: str) -> Iterator[Shown]:
    """The answer to each question by a model that was fitted without it."""
    order = np.random.default_rng(0).permutation(len(tuning))
    for fold in range(FOLDS):
        left = {int(at) for at in order[fold::FOLDS]}
        model = fit(for_ranking([case for at, case in enumerate(tuning) if at not in left]), kind)
        for at in sorted(left):
            yield answer(searcher, tuning[at], model, kind)


def fit_confidence(shown: Sequence[Shown], names: Sequence[str]) -> dict[str, float]:
    """The weight of each signal for whether the answer helps, and the bias."""
    right = [each.helps for each in shown]
    table = np.array([[each.signals[name] for name in names] for each in shown])
    mean, deviation = table.mean(axis=0), table.std(axis=0)
    deviation[deviation == 0] = 1.0
    scaled = (table - mean) / deviation
    model = LogisticRegression(C=CONFIDENCE_STRENGTH, max_iter=2000)
    guessed = cross_val_predict(model, scaled, right, cv=10, method="predict_proba")[:, 1]
    print(f"confidence of {len(names)} signals: AUROC {roc_auc_score(right, guessed):.3f} (ten folds)")
    weights = model.fit(scaled, right).coef_[0] / deviation
    bias = float(model.intercept_[0] - (weights * mean).sum())
    return {"bias": round(bias, 4)} | {n: round(float(w), 4) for n, w in zip(names, weights, strict=True)}


def typical(shown: Sequence[Shown]) -> dict[str, float]:
    """The means of the signals that count words, over the answers that help: for passages in another language."""
    helping = [each.signals for each in shown if each.helps]
    return {name: round(float(np.mean([each[name] for each in helping])), 4) for name in OF_WORDS}


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
