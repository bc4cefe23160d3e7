"""Long work in another thread, while something is shown of how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

_REFRESH_SECONDS = 0.5
Step = TypeVar("Step")
Done = TypeVar("Done")


def in_steps(work: Callable[[], Done], latest: Callable[[], Step], name: str) -> Iterator[Step | Done]:
    """What `latest` gives, twice a second, for as long as the work runs; its result last. What it raises is raised here.

    :param name: of the thread.
    """
    # A thread, because the work gives nothing until it is done; one, because it is one piece of work.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=name) as worker:
        running = worker.submit(work)
        while not wait([running], timeout=_REFRESH_SECONDS).done:
            yield latest()
        yield running.result()
