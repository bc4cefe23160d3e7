"""Progress on stderr, for people at a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from advisor.errors import IndexMismatchError, IndexNotFoundError
from advisor.index import open_current
from advisor.models import Embeddings
from advisor.settings import Settings
from advisor.sync import sync
from advisor.types import IndexReport

STDERR = Console(stderr=True)


def sync_with_progress(
    settings: Settings, embeddings: Embeddings, *, rebuild: bool = False, dry_run: bool = False
) -> IndexReport:
    """Run `sync` under a progress bar that appears when there is something to embed."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=STDERR, transient=True) as bar:
        task = bar.add_task("Indexing", total=None, visible=False)

        def show(_stage: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        return sync(settings, embeddings, rebuild=rebuild, dry_run=dry_run, progress=show)


def ensure_index(settings: Settings, embeddings: Embeddings) -> None:
    """Build the index when there is none that these settings can use."""
    try:
        open_current(settings, embeddings).close()
    except (IndexNotFoundError, IndexMismatchError) as reason:
        STDERR.print(f"[dim]{reason}[/dim]", highlight=False)
        STDERR.print(f"Building the index of {settings.corpus_dir} in {settings.index_dir} (once).", highlight=False)
        report = sync_with_progress(settings, embeddings)
        STDERR.print(
            f"Indexed {report.documents} documents, {report.chunks} passages in {report.seconds:.0f} s.", highlight=False
        )
