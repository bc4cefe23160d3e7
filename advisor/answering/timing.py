"""Milliseconds per stage of an answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Timer:
    """Milliseconds per stage."""

    ms: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    lap: float = field(default_factory=time.perf_counter)

    def mark(self, stage: str) -> None:
        """A stage has ended."""
        now = time.perf_counter()
        self.ms[stage] = round((now - self.lap) * 1000, 2)
        self.lap = now

    def add(self, stage: str) -> None:
        """A stage that was begun before has gone on until now."""
        before = self.ms.get(stage, 0.0)
        self.mark(stage)
        self.ms[stage] = round(self.ms[stage] + before, 2)

    def move(self, stage: str, other: str, ms: float) -> None:
        """Count so much of one stage's time for another."""
        self.ms[stage] = round(max(0.0, self.ms.get(stage, 0.0) - ms), 2)
        self.ms[other] = round(self.ms.get(other, 0.0) + ms, 2)

    def total(self) -> dict[str, float]:
        """Every stage, and the whole."""
        self.ms["total"] = round((time.perf_counter() - self.started) * 1000, 2)
        return {stage: self.ms.get(stage, 0.0) for stage in ("search", "write", "verify", "total")}
