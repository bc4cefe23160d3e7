"""Work of indexing on the machines of a Ray cluster: the only module that imports Ray.

What is read, cut and encoded travels to them, so they need none of the folders here; they need the program and its packages
in the same versions, which each of them checks before it does anything. Ray gives the work of a machine that has gone to
another.
"""

from __future__ import annotations

import hashlib
import logging
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.errors import AdvisorError, ClusterError
from advisor.spreading import Done, Item, Portion

if TYPE_CHECKING:
    from types import TracebackType

_PACKAGE = Path(__file__).resolve().parents[1]
_NAME = "cto-advisor"
_CODE = (".py", ".toml", ".json", ".npy", ".npz")
_AHEAD = 2  # portions for each that is being worked on, so that nobody waits for the next


class Cluster:
    """A Ray cluster; a context manager, within which it can be given work."""

    def __init__(self, address: str) -> None:
        """:param address: as Ray takes it: `ray://host:10001`, `auto` for the one of this machine, `local` to start one."""
        self.address = address
        self._ray: Any = None

    def __enter__(self) -> Cluster:
        """:raises ClusterError: when Ray is not installed, or the cluster cannot be reached."""
        try:
            import ray
        except ImportError as cause:
            message = f"--on needs Ray, which is not installed. Run: pip install '{_NAME}[ray]'"
            raise ClusterError(message) from cause
        try:
            ray.init(self.address, log_to_driver=False, logging_level=logging.ERROR)
        except (ray.exceptions.RayError, RuntimeError, ValueError, OSError) as cause:
            message = (
                f"the Ray cluster {self.address!r} cannot be reached ({_in_short(cause)}). See with `ray status` on its "
                "head whether it runs, or start one here with --on local"
            )
            raise ClusterError(message) from cause
        self._ray = ray
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ray.shutdown()

    def spread(
        self, work: Callable[[Iterable[Item]], Iterator[Done]], items: Iterable[Item], portion: Portion
    ) -> Iterator[Done]:
        """As `spreading.Spread`. Where a machine has gone, another does its part; the results are the same.

        :raises ClusterError: when no machine can do it, or one has another version.
        """
        ray, left, running = self._ray, iter(items), deque[Any]()
        task, most = self._task(portion)
        held = [ray.put(work)]  # in a list, Ray hands it over unopened: it is opened where the versions agree
        try:
            for things in iter(lambda: list(islice(left, portion.things)), []):
                if len(running) >= most:
                    yield from self._result(running.popleft())
                running.append(task.remote(versions(), held, things))
            while running:
                yield from self._result(running.popleft())
        finally:
            with suppress(ray.exceptions.RayError, ConnectionError):  # with a cluster that has gone, so has its work
                for each in running:
                    ray.cancel(each)

    def _task(self, portion: Portion) -> tuple[Any, int]:
        """The task of doing a portion, and how many are to be under way."""
        machines = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        graphics = sum(int(each.get("GPU", 0)) for each in machines) if portion.encodes else 0
        places = graphics or sum(int(each.get("CPU", 0)) // portion.threads for each in machines)
        if not places:
            message = (
                f"no machine of the Ray cluster {self.address!r} has {portion.threads} processors. Start one that has, or "
                "set ADVISOR_THREADS=1"
            )
            raise ClusterError(message)
        # One kind of machine encodes: a processor and a GPU differ in the last bits.
        wanted = {"num_gpus": 1, "num_cpus": 0} if graphics else {"num_cpus": portion.threads}
        # A process keeps the model that it has loaded, also on a GPU.
        return self._ray.remote(max_calls=0, **wanted)(_do), _AHEAD * places

    def _result(self, running: Any) -> list[Any]:  # noqa: ANN401 - Ray's reference to any result
        failures = self._ray.exceptions
        try:
            done: list[Any] = self._ray.get(running)
        except failures.RayTaskError as failed:
            if isinstance(failed.cause, AdvisorError):
                raise failed.cause from None
            message = (
                f"work on the Ray cluster {self.address!r} failed ({_in_short(failed.cause)}). Install the same version of "
                "the advisor on all of its machines; without --on, this machine does all of it"
            )
            raise ClusterError(message) from failed
        except (failures.RayError, ConnectionError) as cause:
            message = (
                f"the Ray cluster {self.address!r} did not finish its work ({_in_short(cause)}). See with `ray status` "
                "whether its machines are up and have memory left, then run it again"
            )
            raise ClusterError(message) from cause
        return done


def _do(expected: Mapping[str, str], work: list[Any], things: list[Any]) -> list[Any]:
    """What a machine of the cluster does with a portion.

    :raises ClusterError: when it is not as the machine where indexing was started.
    """
    found = versions()
    if found != expected:
        names = sorted({name for name, _ in found.items() ^ expected.items()})
        told = [f"{name} {found.get(name, 'none')} instead of {expected.get(name, 'none')}" for name in names]
        message = f"the machine {platform.node()} of the Ray cluster has {', '.join(told)}. Install the same there"
        raise ClusterError(message)
    import ray

    return list(ray.get(work[0])(things))


@cache
def versions() -> Mapping[str, str]:
    """What decides what is read and encoded: Python, the code of this package, and every package that it needs."""
    code = hashlib.sha256()
    for path in sorted(path for path in _PACKAGE.rglob("*") if path.suffix in _CODE):
        code.update(f"{path.relative_to(_PACKAGE)}\0".encode() + path.read_bytes())
    needs = (need for need in metadata.requires(_NAME) or () if "extra ==" not in need)
    names = {need.partition(";")[0].strip() for need in needs}
    bare = sorted({"".join(c if c.isalnum() or c in "-_." else " " for c in name).split()[0] for name in names})
    return {
        "Python": platform.python_version(),
        f"{_NAME} (its code)": code.hexdigest()[:12],
        **{name: _version_of(name) for name in bare},
    }


def _version_of(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def _in_short(error: BaseException) -> str:
    """The kind of an error, and the first line of what it says."""
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
