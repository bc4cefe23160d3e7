"""How work on many things is done: by this process, or by the machines of a cluster (`index.cluster`).

Work takes things one after another and gives one result for each, which depends on nothing but the thing itself: so it can
be cut into portions anywhere, and the results are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Portion:
    """What is given to a machine at once: so many things, for work in so many threads, or on a GPU where there is one."""

    things: int
    threads: int = 1
    encodes: bool = False


class Spread(Protocol):
    """Does work; the results come in the order of the things."""

    def __call__(
        self, work: Callable[[Iterable[Item]], Iterator[Done]], items: Iterable[Item], portion: Portion
    ) -> Iterator[Done]:
        """:param work: can be pickled, as can the things."""


def alone(work: Callable[[Iterable[Item]], Iterator[Done]], items: Iterable[Item], portion: Portion) -> Iterator[Done]:
    """Work in this process, one thing after another."""
    return work(items)
