"""Any embedding model on any corpus, in one command: how well it finds, answers and refuses.

    python benchmarks/models.py
    ADVISOR_EMBEDDING_MODEL=/models/multilingual-e5-base python benchmarks/models.py --calibrate
    python benchmarks/models.py --corpus DIR --sets MINE.jsonl --split report

The model is the one of the settings, with its reranker if they name one. The corpus is copied into a temporary folder and
indexed there, so that nothing of yours changes. It prints the model, its dimension, the seconds that the index took and its
size; then for each question set and language: how many questions; nDCG@10 and Recall@5 of the search where the set has
quotes; of the questions with an answer, those that got a right one (every fact of it, or a labelled sentence) and those that
were refused (nothing shown) or left with the nearest passages; of the questions without, those refused or left so; and the
median and 95th percentile of the milliseconds of a question. With `--calibrate`, the calibration as that command prints it,
and the same table again. Only questions kept for reporting are asked, unless `--split` says otherwise.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from advisor.advisor import Advisor
from advisor.evaluation.calibration_run import Wanted, calibrated
from advisor.evaluation.measures import BY_NAME, groups, latencies
from advisor.evaluation.questions import Case, cases_of, find_sets, read_sets
from advisor.evaluation.reports.calibration_table import print_calibration
from advisor.evaluation.run_store import QUESTIONS
from advisor.evaluation.runner import ask_cases, refuse_stale_labels
from advisor.evaluation.scoring import Row, score_all
from advisor.index.calibration import write_calibration
from advisor.index.sync import sync
from advisor.models.embeddings import Embeddings
from advisor.retrieval.confidence import origin_of
from advisor.retrieval.search import Searcher
from advisor.settings import Settings, load_settings

SETS = ("article", "playbooks", "word-forms", "cross-language", "advisory", "unanswerable", "near-misses")
COLUMNS = {
    "ndcg@10": "nDCG@10",
    "recall@5": "Recall@5",
    "passed": "right",
    "wrong_refusal": "refused",
    "answered": "answered",
    "near_refused": "declined",
}
MEGABYTE = 1e6


@dataclass(frozen=True)
class Bench:
    """A model on a copy of a corpus, and the questions for it."""

    settings: Settings
    embeddings: Embeddings
    cases: Sequence[Case]

    def measure(self) -> None:
        """Index what is new, ask, print."""
        started = time.perf_counter()
        report = sync(self.settings, self.embeddings)
        seconds = time.perf_counter() - started
        with closing(Advisor.open(self.settings, self.embeddings)) as advisor:
            size = sum(path.stat().st_size for path in advisor.index.folder.rglob("*") if path.is_file())
            origin = origin_of(self.embeddings.digest, advisor.index.calibration)
            print(
                f"{self.embeddings.name} ({self.embeddings.digest}), {self.embeddings.dimension} dimensions; "
                f"{report.documents} documents, {report.chunks} passages indexed in {seconds:.0f} s, "
                f"{size / MEGABYTE:.0f} MB; calibration: {origin}"
            )
            refuse_stale_labels(self.cases, advisor.index.catalog.document)
            rows = score_all(ask_cases(advisor, self.cases))
        print_rows(rows)

    def calibrate(self, wanted: Wanted) -> None:
        """Fit a calibration, print it, and put it beside the copy of the corpus."""
        started = time.perf_counter()
        with closing(Advisor.open(self.settings, self.embeddings)) as advisor:
            found = calibrated(Searcher(self.settings, self.embeddings, advisor.index, advisor.reranker), wanted)
        print_calibration(found)
        print(f"calibrated in {time.perf_counter() - started:.0f} s")
        write_calibration(self.settings.corpus_dir, found.calibration)


def print_rows(rows: Sequence[Row]) -> None:
    """A line for each set and language."""
    print(f"{'set, language':<22} {'n':>5} " + " ".join(f"{label:>9}" for label in COLUMNS.values()))
    for group in groups(rows, lambda row: f"{row.set}, {row.language}", [BY_NAME[name] for name in COLUMNS]):
        values = [group.value(name) for name in COLUMNS]
        cells = " ".join(f"{'' if value is None else f'{value.value:.3f}':>9}" for value in values)
        print(f"{group.name:<22} {group.rows:>5} {cells}")
    for stage in latencies(rows):
        if stage.stage == "total":
            print(f"{stage.p50:.0f} ms a question, {stage.p95:.0f} ms at the 95th percentile", flush=True)


def main() -> None:
    """Copy, index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="folder of documents; that of the settings")
    parser.add_argument("--sets", nargs="+", default=SETS, help="question sets: names in evals/questions, or paths")
    parser.add_argument(
        "--split", choices=("tune", "seen", "report"), default="report", help="part of the sets that is asked"
    )
    parser.add_argument("--calibrate", action="store_true", help="ask again after `advisor calibrate`")
    parser.add_argument("--fit", nargs="+", default=(), help="question sets to calibrate on as well: their part for tuning")
    parser.add_argument("--precision", type=float, help="as of `advisor calibrate`")
    parser.add_argument("--questions", type=int, default=200, help="as of `advisor calibrate`")
    arguments = parser.parse_args()
    given = load_settings(corpus_dir=arguments.corpus)
    sets = read_sets(find_sets(arguments.sets, given.evals_dir / QUESTIONS))
    cases = [case for one in sets for case in cases_of(one, arguments.split)]
    with TemporaryDirectory(prefix="advisor-models-") as scratch:
        corpus = Path(scratch) / "corpus"
        shutil.copytree(given.corpus_dir, corpus, ignore=shutil.ignore_patterns("calibration-*.json"))
        settings = given.model_copy(update={"corpus_dir": corpus, "index_dir": Path(scratch) / "index"})
        bench = Bench(settings, Embeddings(settings), cases)
        bench.measure()
        if arguments.calibrate:
            bench.calibrate(Wanted(tuple(arguments.fit), "tune", arguments.precision, arguments.questions))
            bench.measure()


if __name__ == "__main__":
    main()
