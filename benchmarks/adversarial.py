"""Questions made to look answerable: SQuAD 2.0's, each written so that a paragraph seems to answer it and does not.

    python benchmarks/adversarial.py --data ../shared/data --work /tmp/open/squad2-en [--questions 400]

The whole set is indexed (the index of `open_sets.py` will do). As many questions with an answer as without are asked; half
of each chooses the threshold with the best F1 of abstention. The other half reports the AUROC of confidence, and precision
and recall at that threshold and at the one in use, with 95 % intervals (questions on one document together). "Without an
answer" was judged against one paragraph: now and then another one of the document does answer.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from open_sets import in_words
from sklearn.metrics import roc_auc_score

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.search import Searcher, gather_evidence
from advisor.settings import load_settings

NAME = "squad2-en"


@dataclass(frozen=True, slots=True)
class Judged:
    """How sure the program was of a question on a document, and whether it has an answer."""

    confidence: float
    answerable: bool
    document: str


def main() -> None:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="folder of the index; it is re-used")
    parser.add_argument("--questions", type=int, default=400, help="of each kind")
    arguments = parser.parse_args()
    settings = load_settings(corpus_dir=arguments.data / NAME / "corpus", index_dir=arguments.work / "index")
    embeddings = Embeddings(settings)
    sync(settings, embeddings)
    advisor = Advisor.open(settings, embeddings)
    lines = map(json.loads, (arguments.data / NAME / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    clean = [line for line in lines if line["clean"]]
    generator = random.Random(0)
    tune, report = list[Judged](), list[Judged]()
    for kind in (True, False):
        some = generator.sample([line for line in clean if line["answerable"] is kind], arguments.questions)
        judged = [judge(advisor, line["question"], kind, line["gold_doc"] or line["near_doc"]) for line in some]
        tune += judged[::2]
        report += judged[1::2]
    advisor.close()
    tuned = max({one.confidence for one in tune}, key=lambda threshold: f1(tune, threshold))
    auroc = roc_auc_score([one.answerable for one in report], [one.confidence for one in report])
    print(f"{len(report)} questions: AUROC {auroc:.3f}")
    for name, threshold in (("in use", settings.answer_threshold), ("chosen on the other half", tuned)):
        cells = [
            f"{what} {in_words([right for _, right in rows], [one.document for one, _ in rows])} of {len(rows)}"
            for what, rows in refusals(report, threshold).items()
        ]
        print(f"  threshold {threshold:.3f} ({name}): abstention {', '.join(cells)}")


def judge(advisor: Advisor, question: str, answerable: bool, document: str) -> Judged:
    """Ask, and keep how sure the program was."""
    searcher = Searcher(advisor.settings, advisor.embeddings, advisor.index)
    return Judged(gather_evidence(searcher, question, "en").confidence, answerable, document)


def refusals(rows: Sequence[Judged], threshold: float) -> dict[str, list[tuple[Judged, bool]]]:
    """The questions that precision and recall are about, each with whether it counts as right."""
    refused = [one for one in rows if one.confidence < threshold]
    without = [one for one in rows if not one.answerable]
    return {
        "precision": [(one, not one.answerable) for one in refused],
        "recall": [(one, one.confidence < threshold) for one in without],
    }


def f1(rows: Sequence[Judged], threshold: float) -> float:
    """The harmonic mean of precision and recall of abstention."""
    means = [float(np.mean([right for _, right in some])) if some else 0.0 for some in refusals(rows, threshold).values()]
    return 2 * means[0] * means[1] / (sum(means) or 1.0)


if __name__ == "__main__":
    main()
