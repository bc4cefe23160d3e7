"""Counts and times for Prometheus, without a word of what people ask."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from advisor.advisor import Advisor
from advisor.errors import AdvisorError, QuestionError
from advisor.index.generations import number_of
from advisor.types import Answer

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_AREAS = (
    *("api/ask", "api/search", "api/sources", "api/originals", "api/health", "api/index"),
    *("v1", "mcp", "login", "metrics"),
)
"""What requests are counted by; everything else is the page."""


class Metrics:
    """The counts of one server."""

    def __init__(self, advisor: Advisor) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(_Index(advisor))
        self._questions = Counter(
            "advisor_questions", "Questions by what became of them.", ["outcome", "language"], registry=self.registry
        )
        self._stages = Histogram(
            "advisor_stage_seconds", "Time of each stage.", ["stage"], registry=self.registry, buckets=_SECONDS
        )
        self._requests = Counter("advisor_requests", "Requests by area.", ["area", "status"], registry=self.registry)
        self._seconds = Histogram(
            "advisor_request_seconds", "Time of a request, by area.", ["area"], registry=self.registry, buckets=_SECONDS
        )

    def question(self, outcome: Answer | AdvisorError) -> None:
        """Count a question."""
        if isinstance(outcome, AdvisorError):
            self._questions.labels("invalid" if isinstance(outcome, QuestionError) else "failed", "").inc()
            return
        self._questions.labels(outcome.status, outcome.language).inc()
        for stage, ms in outcome.ms.items():
            self._stages.labels(stage).observe(ms / 1000)

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request."""
        area = next((area for area in _AREAS if f"{path}/".startswith(f"/{area}/")), "page")
        self._requests.labels(area, str(status)).inc()
        self._seconds.labels(area).observe(seconds)


class _Index(Collector):
    """What is published, when it is asked for."""

    def __init__(self, advisor: Advisor) -> None:
        self._advisor = advisor

    def collect(self) -> Iterable[GaugeMetricFamily]:
        info = self._advisor.index.info
        number = number_of(info.generation)
        yield GaugeMetricFamily("advisor_index_generation", "Number of the published generation.", number)
        yield GaugeMetricFamily("advisor_index_documents", "Documents of the index.", info.documents)
        yield GaugeMetricFamily("advisor_index_chunks", "Passages of the index.", info.chunks)


def metrics_router(metrics: Metrics) -> APIRouter:
    """`GET /metrics`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    def read() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
