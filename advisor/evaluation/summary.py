"""The figures of a run, ready to be shown: in the terminal, in a report, on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.evaluation.measures import (
    BY_NAME,
    Figure,
    Group,
    Latency,
    confidence_figures,
    figures,
    groups,
    latencies,
)
from advisor.evaluation.run_store import Run, RunInfo

HEADLINES = {
    "passed": "passed",
    "ndcg@10": "nDCG@10",
    "key_facts": "facts",
    "citation_recall": "cited",
    "answered": "answered",
    "abstention_recall": "refused",
}
"""The measures that stand side by side for each group, with a short name."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in figures. `breakdowns`: title -> the groups of rows; `failures`: question -> error."""

    info: RunInfo
    figures: tuple[Figure, ...]
    breakdowns: Mapping[str, tuple[Group, ...]]
    latencies: tuple[Latency, ...]
    failures: Mapping[str, str]


def summarise(run: Run) -> Summary:
    """The figures of a run."""
    rows = run.rows
    headlines = [BY_NAME[name] for name in HEADLINES]
    keys = {
        "category": lambda row: row.category,
        "set": lambda row: row.set,
        "language": lambda row: row.language,
        "split": lambda row: row.split,
        "kind": lambda row: row.kind,
    }
    return Summary(
        info=run.info,
        figures=(*figures(rows), *confidence_figures(rows)),
        breakdowns={title: tuple(groups(rows, key, headlines)) for title, key in keys.items()},
        latencies=tuple(latencies(rows)),
        failures={row.id: row.error or "" for row in rows if row.status == "failed"},
    )
