"""Progress on stderr, for people at a terminal."""

from __future__ import annotations

import logging
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from rich import progress as bars
from rich.console import Console
from rich.text import Text

from advisor.errors import IndexMismatchError, IndexNotFoundError
from advisor.index.generation import open_current
from advisor.index.report import IndexReport
from advisor.index.sync import AS_USUAL, SyncOptions, sync
from advisor.models.embeddings import Embeddings
from advisor.settings import Settings

STDERR = Console(stderr=True)
_LOGGER = logging.getLogger("advisor.index")


_STAGES = {
    "wait": "Waiting for another writer",
    "read": "Reading documents",
    "embed": "Embedding passages and sentences",
    "write": "Writing",
    "check": "Checking",
}


class _SpeedColumn(bars.ProgressColumn):
    """How many a second. It is worked out when the line is drawn, not at each of thousands of steps."""

    def render(self, task: bars.Task) -> Text:
        return Text(f"{task.speed:.0f}/s" if task.speed else "")


def sync_with_progress(
    settings: Settings, embeddings: Embeddings, options: SyncOptions = AS_USUAL, *, told: bool = False
) -> IndexReport:
    """Run `sync` under a progress bar: what is being done, how much of it, how fast, and the time left.

    :param told: whether each step is a line on stderr where that is no terminal.
    """
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        _SpeedColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=STDERR, transient=True) as bar:
        task = bar.add_task("", total=None, visible=False)

        def show(stage: str, done: int, total: int) -> None:
            if bar.tasks[0].description != _STAGES[stage]:
                if told and not STDERR.is_terminal:  # where no bar is drawn, a log says how far it is
                    STDERR.print(f"{_STAGES[stage]} …", highlight=False)
                bar.reset(task, description=_STAGES[stage], visible=True)
            bar.update(task, completed=done, total=total or None)

        return sync(settings, embeddings, replace(options, progress=show))


def ensure_index(settings: Settings, embeddings: Embeddings) -> None:
    """Build the index when there is none that these settings can use."""
    try:
        open_current(settings, embeddings).close()
    except (IndexNotFoundError, IndexMismatchError) as reason:
        _say(settings, str(reason), "dim")
        _say(
            settings,
            f"Building the index of {settings.corpus_dir} in {settings.index_dir}. This is done once, usually within a "
            "minute for the corpus that comes with the program; about a second for each page of another.",
        )
        report = _build_apart(settings)
        _say(settings, f"Indexed {report.documents} documents, {report.chunks} passages in {report.seconds:.0f} s.")


def _say(settings: Settings, message: str, style: str | None = None) -> None:
    """A line on stderr: of the log, where programs read that."""
    if settings.log_format == "json":
        _LOGGER.info(message)
    else:
        STDERR.print(message, style=style, highlight=False, markup=False, soft_wrap=True)


def _build_apart(settings: Settings) -> IndexReport:
    """Build in a process of its own: torch, which encodes in bulk, leaves its memory with it.

    :raises AdvisorError: what building raised, or when the process was ended from outside.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(_build, settings).result()
        except BrokenProcessPool as cause:
            message = "building the index was ended before it was done: is there enough memory? Then run: advisor index"
            raise IndexNotFoundError(message) from cause


def _build(settings: Settings) -> IndexReport:
    if settings.log_format == "json":
        return sync(settings, Embeddings(settings))
    return sync_with_progress(settings, Embeddings(settings), told=True)
