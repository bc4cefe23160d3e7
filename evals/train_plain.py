"""Fit the weights of corpora without known questions: `plain` in `advisor/retrieval/ranking.json` and `confidence.json`.

    python evals/train_plain.py [--indexes FOLDER] [--report]

Such a corpus can be anything, so the weights are fitted on several: the shipped one without its phrasings, the article
alone, and other people's documents with other people's questions (the sets of `OPEN` in `ADVISOR_DATA_DIR`, `../shared/data`
where it is not set). Of an open set, half of the questions (by a hash of their ids) are for fitting; `--report` asks the
other half. For the ranking, what an open question wants is its gold passage; for the confidence, an answer helps when it
opens with a sentence that belongs or is useful (open sets: in the gold passage). The indexes are kept in `--indexes`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from train_ranking import (
    FARTHER,
    FOLDER,
    FOLDS,
    HERE,
    SCALED,
    TUNING,
    Case,
    Shown,
    answer,
    cases,
    fit,
    fit_confidence,
    for_ranking,
    inside,
    print_measures,
    searched,
    without_phrasings,
    write,
)

from advisor.advisor import Advisor
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.confidence import Signals
from advisor.retrieval.ranking import Model
from advisor.retrieval.search import Searcher
from advisor.settings import load_settings

OPEN = ("etalab-guides-fr", "finops-en", "squad2-en", "piaf-fr")
MOST_DOCUMENTS = 150
MOST_QUESTIONS = 150
ARTICLE = "cto-evolution-article.md"
Asked = tuple[Searcher, Case]


def main() -> None:
    """Index, ask, fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--indexes", type=Path, default=Path(tempfile.gettempdir()) / "advisor-training")
    parser.add_argument("--report", action="store_true", help="ask the questions kept for reporting, too")
    wanted = parser.parse_args()
    settings = load_settings()
    embeddings = Embeddings(settings)
    data = Path(os.environ.get("ADVISOR_DATA_DIR") or HERE.parent.parent / "shared" / "data")
    whole = Advisor.open(settings, embeddings)
    own = Searcher(settings, embeddings, whole.index)
    tune = [(own, case) for name in ("advisory", "unanswerable", "near-misses") for case in cases(own, name, TUNING)]
    article = Corpus(wanted.indexes / "article", embeddings)
    for path in settings.corpus_dir.rglob(ARTICLE):
        article.take(path, path.relative_to(settings.corpus_dir))
    alone = article.searcher()
    tune += [(alone, case) for name in ("article", "near-misses", "unanswerable") for case in cases(alone, name, TUNING)]
    kept: dict[str, list[Asked]] = {}
    for name in OPEN:
        fitted, kept[name] = halves(Corpus(wanted.indexes / name, embeddings), data / name)
        tune += fitted
        print(f"{name}: {len(fitted)} questions to fit on, {len(kept[name])} kept")
    model = fit_model(tune)
    shown = list(held_out(tune))
    names = [field.name for field in fields(Signals)]
    known = fit_confidence(shown, names)
    known["foreign"] = round(FARTHER * sum(known[name] for name in SCALED), 4)
    anywhere = fit_confidence(shown, [name for name in names if name not in SCALED])
    replace_plain("ranking.json", {("models", "plain"): {"features": model.features, "bias": model.bias}})
    replace_plain("confidence.json", {("models", embeddings.digest, "plain"): known, ("any_model", "plain"): anywhere})
    if wanted.report:
        report(model, own, kept)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in a folder of their own, and their index."""

    folder: Path
    embeddings: Embeddings

    def take(self, path: Path, name: Path) -> None:
        """Copy a document into the corpus."""
        place = self.folder / "corpus" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)

    def searcher(self) -> Searcher:
        """The documents, indexed."""
        settings = load_settings().model_copy(
            update={"corpus_dir": self.folder / "corpus", "index_dir": self.folder / "index"}
        )
        sync(settings, self.embeddings)
        return Searcher(settings, self.embeddings, Advisor.open(settings, self.embeddings).index)


def halves(corpus: Corpus, source: Path) -> tuple[list[Asked], list[Asked]]:
    """The questions of an open set for fitting, and those for reporting."""
    lines = (source / "questions.jsonl").read_text(encoding="utf-8").split("\n")
    entries = [entry for entry in map(json.loads, filter(None, lines)) if entry.get("clean", True)]
    for path in sorted(path for path in (source / "corpus").rglob("*") if path.is_file())[:MOST_DOCUMENTS]:
        corpus.take(path, path.relative_to(source / "corpus"))
    searcher = corpus.searcher()
    found = [(entry["id"], (searcher, case)) for entry in entries for case in gold_case(searcher, source.name, entry)]
    found.sort(key=lambda each: hashlib.sha256(each[0].encode()).hexdigest())
    chosen = [asked for _, asked in found[: 2 * MOST_QUESTIONS]]
    return chosen[::2], chosen[1::2]


def gold_case(searcher: Searcher, name: str, entry: dict[str, str]) -> Iterator[Case]:
    """A question of an open set, searched; none where its document is not among the indexed ones."""
    document = searcher.index.catalog.document(entry["gold_doc"]) if entry["gold_doc"] else None
    start = document.text.find(entry["gold_passage"]) if document else -1
    if start < 0:
        return
    gold = frozenset([(entry["gold_doc"], start, start + len(entry["gold_passage"]))] if entry["answerable"] else ())
    asked = {"question": entry["question"], "language": entry["lang"], "answerable": entry["answerable"]}
    yield searched(searcher, name, asked, (gold, gold))


def fit_model(tuning: Sequence[Asked]) -> Model:
    """The ranking, of the questions that have labels for all that an answer should hold."""
    chosen = [case for _, case in tuning if case.answerable and case.blocks and (case.kind in OPEN or for_ranking([case]))]
    return fit(chosen, without_phrasings)


def held_out(tuning: Sequence[Asked]) -> Iterator[Shown]:
    """The answer to each question by a ranking that was fitted without it."""
    order = np.random.default_rng(0).permutation(len(tuning))
    for fold in range(FOLDS):
        left = {int(at) for at in order[fold::FOLDS]}
        model = fit_model([asked for at, asked in enumerate(tuning) if at not in left])
        for at in sorted(left):
            searcher, case = tuning[at]
            yield answer(searcher, case, model)


def replace_plain(name: str, values: dict[tuple[str, ...], object]) -> None:
    """Put weights into a file, which keeps its others."""
    loaded = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    for place, value in values.items():
        inner = loaded
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
    write(name, loaded)


def report(model: Model, own: Searcher, kept: dict[str, list[Asked]]) -> None:
    """What was not fitted on: the advisory questions kept for reporting, and the other halves of the open sets."""
    advisory = [case for case in cases(own, "advisory", ("report",)) if case.answerable]
    print_measures("advisory, without phrasings", [answer(own, case, model) for case in advisory])
    for name, asked in kept.items():
        shown = [answer(searcher, case, model) for searcher, case in asked if case.answerable]
        first = [each.sentences[:1] for each in shown]
        gold = [each.case.labels[0] for each in shown]
        documents = [bool(one) and one[0][0] == next(iter(g))[0] for one, g in zip(first, gold, strict=True)]
        openings = [bool(one) and inside(one[0], g) for one, g in zip(first, gold, strict=True)]
        print(
            f"{name} ({len(shown)}): right document {np.mean(documents):.3f}, opening in the passage {np.mean(openings):.3f}"
        )


if __name__ == "__main__":
    main()
