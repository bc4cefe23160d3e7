"""Ask question sets, score the answers, keep the run: what the command line and the page both do."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from advisor.advisor import Advisor
from advisor.evaluation import comparison
from advisor.evaluation import run_store as runs
from advisor.evaluation.asking import Progress, evaluate, pinned, refuse_stale_labels
from advisor.evaluation.questions import find_sets, items_of, read_sets
from advisor.evaluation.report import report
from advisor.evaluation.scoring import score_all
from advisor.features.background import in_steps


def set_names(evals_dir: Path) -> list[str]:
    """The question sets of a project; none where there is no folder of them."""
    return sorted(path.stem for path in (evals_dir / runs.QUESTIONS).glob("*.jsonl"))


def run_names(evals_dir: Path) -> list[str]:
    """The runs that were kept, newest first, then the baseline if there is one."""
    kept = sorted((evals_dir / runs.RUNS).glob("[!.]*/settings.json"), key=lambda path: -path.stat().st_mtime)
    baseline = [runs.BASELINE] if (evals_dir / runs.BASELINE / "settings.json").is_file() else []
    return [*(path.parent.name for path in kept), *baseline]


def perform(advisor: Advisor, names: Sequence[str], name: str, progress: Progress | None = None) -> runs.Run:
    """Ask the sets (all of them when none is named) of the published generation, and keep the run under a name.

    :raises EvaluationError: when a set cannot be used, or the name is taken.
    """
    settings = advisor.settings
    runs.check_name(name, settings.evals_dir / runs.RUNS)
    sets = read_sets(find_sets(names, settings.evals_dir / runs.QUESTIONS))
    items = [item for one in sets for item in items_of(one)]
    asked = pinned(advisor)
    refuse_stale_labels(items, asked.index.catalog.document)
    started = time.perf_counter()
    outcomes = evaluate(asked, items, progress)
    rows = score_all(outcomes)
    info = runs.describe(name, settings, asked.index, sets, rows, time.perf_counter() - started)
    return runs.write_run(settings.evals_dir / runs.RUNS / name, info, outcomes, rows)


def perform_in_steps(advisor: Advisor, names: Sequence[str], name: str) -> Iterator[tuple[int, int] | runs.Run]:
    """`perform`, telling twice a second how many questions were asked, of how many; the run last.

    :raises EvaluationError: as `perform`.
    """
    latest = (0, 0)

    def note(done: int, total: int) -> None:
        nonlocal latest
        latest = (done, total)

    yield from in_steps(lambda: perform(advisor, names, name, note), lambda: latest, "evaluate")


def page(run: runs.Run, against: str | None, evals_dir: Path, *, force: bool = False) -> str:
    """The HTML page of a run, alone or against another.

    :param force: compare what unlike runs share.
    :raises EvaluationError: when the other run cannot be read, or the two cannot be compared.
    """
    other = runs.read_run(against, evals_dir) if against else None
    compared = comparison.compare(other, run, force=force) if other else None
    return report(run, other, compared)
