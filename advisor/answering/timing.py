"""Milliseconds per stage of an answer. Each stage is a span too, where the question is traced."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from advisor.tracing import stage_span


@dataclass(slots=True)
class Timer:
    """Milliseconds per stage."""

    ms: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    lap: float = field(default_factory=time.perf_counter)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A stage, or more of it. What has passed since the one before counts for it."""
        with stage_span(name):
            yield
        now = time.perf_counter()
        self.ms[name] = round(self.ms.get(name, 0.0) + (now - self.lap) * 1000, 2)
        self.lap = now

    def move(self, stage: str, other: str, ms: float) -> None:
        """Count so much of one stage's time for another."""
        self.ms[stage] = round(max(0.0, self.ms.get(stage, 0.0) - ms), 2)
        self.ms[other] = round(self.ms.get(other, 0.0) + ms, 2)

    def total(self) -> dict[str, float]:
        """Every stage, and the whole."""
        self.ms["total"] = round((time.perf_counter() - self.started) * 1000, 2)
        return {stage: self.ms.get(stage, 0.0) for stage in ("search", "write", "verify", "total")}
