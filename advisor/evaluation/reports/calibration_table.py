"""A calibration as people read it in a terminal, and as programs read it in JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from advisor.evaluation.calibrating import CurvePoint
from advisor.evaluation.calibration_run import Calibrated
from advisor.evaluation.reports.tables import STDOUT
from advisor.retrieval.confidence import Origin

_BEFORE: dict[Origin, str] = {"own": "before, yours", "shipped": "before, shipped", "none": "before, none"}


def print_calibration(found: Calibrated) -> None:
    """What it was fitted on, risk against coverage, and the operating point, against that of before.

    An answer is right when it cites the document that holds one.
    """
    own = found.calibration
    sources = ", ".join(f"{count} {name}" for name, count in found.sources.items())
    _say(
        f"{own.answerable} questions with an answer and {own.unanswerable} without ({sources}), each asked of "
        "documents that the weights were not fitted on."
    )
    table = Table("answered from", "of those with an answer", "right answers", "refused of those without", box=None)
    for point in found.curve:
        table.add_row(f"{point.threshold:.2f}", *_cells(point))
    STDOUT.print(table)
    table = Table(
        "", "answered from", "of those with an answer", "right answers", "refused of those without", "AUROC", box=None
    )
    before, chosen = found.before_point, found.chosen
    table.add_row(_BEFORE[found.before], f"{before.threshold:.2f}", *_cells(before), f"{found.before_auroc:.3f}")
    table.add_row("now, yours", f"{chosen.threshold:.2f}", *_cells(chosen), f"{found.auroc:.3f}")
    STDOUT.print(table)


def _cells(point: CurvePoint) -> tuple[str, str, str]:
    return f"{point.coverage:.0%}", f"{point.precision:.0%}", f"{point.refused:.0%}"


def _say(text: str) -> None:
    STDOUT.print(text, highlight=False, markup=False, soft_wrap=True)


def calibration_json(found: Calibrated) -> dict[str, Any]:
    """All of it."""
    return {
        "calibration": found.calibration.model_dump(mode="json"),
        "sources": dict(found.sources),
        "curve": [asdict(point) for point in found.curve],
        "chosen": asdict(found.chosen) | {"auroc": found.auroc},
        "before": asdict(found.before_point) | {"auroc": found.before_auroc, "origin": found.before},
    }
