"""Fit the weights of `advisor/verification/groundedness.json`: how well sources must support a sentence nobody copied.

    python evals/calibrate_groundedness.py --data ../shared/data

QAGS has sentences of machine-written summaries with three human votes each: does the article support it? Half of the
articles (by a hash of their name) are for fitting, the other half tells how good the fit is: AUROC with the 95 % interval of
a bootstrap over articles, beside each feature alone. A sentence is supported from a probability of 0.5 on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from advisor.models.embeddings import Embeddings
from advisor.settings import load_settings
from advisor.text.plain import sentence_spans
from advisor.verification.groundedness import Sources, SourceSentence, SupportFeatures

NAMES = tuple(field.name for field in fields(SupportFeatures))
RESAMPLES = 2_000
OUTPUT = Path(__file__).resolve().parent.parent / "advisor" / "verification" / "groundedness.json"


@dataclass(frozen=True, slots=True)
class Row:
    """A judged sentence: its article, its features, and what people said."""

    article: str
    features: tuple[float, ...]
    supported: bool

    @property
    def fitted(self) -> bool:
        """Whether it is in the half that the weights are fitted on."""
        return hashlib.sha256(self.article.encode()).digest()[0] % 2 == 0


def main() -> None:
    """Measure, fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open evaluation sets")
    arguments = parser.parse_args()
    rows = read_rows(arguments.data / "qags-en", Embeddings(load_settings()))
    tuned, held = [row for row in rows if row.fitted], [row for row in rows if not row.fitted]
    model = LogisticRegression(C=100, class_weight="balanced").fit([r.features for r in tuned], [r.supported for r in tuned])
    weights = dict(zip(NAMES, map(float, model.coef_[0]), strict=True)) | {"bias": float(model.intercept_[0])}
    figures = {
        "fitted_sentences": len(tuned),
        "held_out_sentences": len(held),
        "auroc": report(held, model.decision_function([row.features for row in held])),
        "auroc_fitted_half": report(tuned, model.decision_function([row.features for row in tuned])),
    }
    for name in NAMES:
        figures[f"auroc_{name}"] = report(held, np.array([row.features[NAMES.index(name)] for row in held]))
    sys.stdout.write(json.dumps({"weights": weights, "figures": figures}, indent=1) + "\n")
    known = json.loads(OUTPUT.read_text(encoding="utf-8"))
    rounded = {name: round(value, 4) for name, value in weights.items()}
    kept = {"weights": rounded | {"threshold": known["weights"]["threshold"]}, "figures": figures}
    OUTPUT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def read_rows(folder: Path, embeddings: Embeddings) -> list[Row]:
    """The features of every judged sentence against its article."""
    rows = []
    lines = (folder / "sentences.jsonl").read_text(encoding="utf-8").splitlines()
    by_article: dict[str, list[dict[str, str]]] = defaultdict(list)
    for entry in map(json.loads, lines):
        by_article[entry["gold_doc"]].append(entry)
    for article, entries in by_article.items():
        text = (folder / "corpus" / article).read_text(encoding="utf-8")
        spans = [
            (start, end)
            for line in _lines(text)
            for start, end in ((line[0] + s, line[0] + e) for s, e in sentence_spans(text[line[0] : line[1]], "en"))
        ]
        sentences = [SourceSentence(article, start, end, text[start:end], "en", 1) for start, end in spans]
        sources = Sources(sentences, embeddings.encode_passages)
        for entry in entries:
            resting = sources.rests_on(entry["sentence"], "en")
            if resting:
                aligned = sources.judge(entry["sentence"], "en", resting)
                rows.append(Row(article, astuple(aligned.features), entry["label"] == "supported"))
    return rows


def _lines(text: str) -> list[tuple[int, int]]:
    found, at = [], 0
    for line in text.splitlines(keepends=True):
        found.append((at, at + len(line)))
        at += len(line)
    return found


def report(rows: list[Row], scores: np.ndarray) -> list[float]:
    """AUROC, and the 95 % interval of a bootstrap over articles."""
    labels = np.array([row.supported for row in rows])
    groups: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        groups[row.article].append(number)
    articles = list(groups.values())
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        chosen = [n for at in generator.integers(0, len(articles), len(articles)) for n in articles[at]]
        if len(set(labels[chosen])) > 1:
            drawn.append(roc_auc_score(labels[chosen], scores[chosen]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return [round(float(value), 4) for value in (roc_auc_score(labels, scores), low, high)]


if __name__ == "__main__":
    main()
