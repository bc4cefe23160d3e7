"""The command `advisor calibrate`."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

import typer

from advisor.cli.options import Corpus, Index, Json, note, print_json, settings_of, takes
from advisor.evaluation.questions import Split


@dataclass(frozen=True)
class CalibrateOptions:
    """The options of `advisor calibrate`."""

    sets: Annotated[
        list[str] | None, typer.Argument(help="Question sets to fit on as well: names in evals/questions, or paths.")
    ] = None
    split: Annotated[Split | None, typer.Option("--split", help="Only the questions of this part of the sets.")] = None
    precision: Annotated[
        float | None,
        typer.Option("--precision", min=0, max=1, help="Share of the answers that are to be right: chooses the threshold."),
    ] = None
    questions: Annotated[
        int, typer.Option("--questions", min=0, help="Most questions of each kind: headings, phrasings, not covered.")
    ] = 200
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be kept; keep nothing.")] = False
    corpus: Corpus = None
    index: Index = None
    as_json: Json = False


@takes(CalibrateOptions)
def calibrate(options: CalibrateOptions) -> None:
    """Fit how sure answers are for your corpus and model, without a chat model; it takes minutes."""
    from advisor.cli.evaluation_actions import asking_bar
    from advisor.evaluation.calibration_run import Wanted, calibrated
    from advisor.evaluation.reports import calibration_table
    from advisor.index.calibration import write_calibration
    from advisor.index.generation import open_current
    from advisor.index.progress import sync_with_progress
    from advisor.models.embeddings import Embeddings
    from advisor.retrieval.search import Searcher

    settings = settings_of(options.corpus, options.index)
    embeddings = Embeddings(settings)
    wanted = Wanted(tuple(options.sets or ()), options.split, options.precision, options.questions)
    with closing(open_current(settings, embeddings)) as index, asking_bar("Building and asking") as on_asked:
        found = calibrated(Searcher(settings, embeddings, index), wanted, on_asked)
    if options.as_json:
        print_json(calibration_table.calibration_json(found))
    else:
        calibration_table.print_calibration(found)
    if options.dry_run:
        return
    path = write_calibration(settings.corpus_dir, found.calibration)
    sync_with_progress(settings, embeddings)
    note(f"The calibration is in {path}, and in the index. Without it, delete the file and run: advisor index")
