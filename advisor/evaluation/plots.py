"""Plots as SVG text; the page that shows them colours their classes (`bar`, `track`, `whisker`, `curve`, ...).

Three small shapes are all that reports need; a plotting library would weigh more than the rest of the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 560
_LABEL, _VALUE, _ROW = 150, 54, 26
_HEIGHT, _LEFT, _BOTTOM, _TOP = 250, 44, 36, 12


@dataclass(frozen=True, slots=True)
class Bar:
    """A value in 0..1 with its interval; `other` is that of the run compared with."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    other: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Points from left to right, both coordinates in 0..1."""

    label: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Range:
    """Milliseconds of a stage: median and 95th percentile."""

    label: str
    middle: float
    high: float


def bars(rows: Sequence[Bar]) -> str:
    """Horizontal bars from 0 to 1, a whisker for the interval, a tick for the other run."""
    span = WIDTH - _LABEL - _VALUE
    parts = []
    for number, row in enumerate(rows):
        middle = number * _ROW + _ROW / 2
        parts.append(_text(_LABEL - 10, middle + 4, row.label, anchor="end"))
        parts.append(_box(_LABEL, middle - 7, span, 14, "track"))
        parts.append(_box(_LABEL, middle - 7, span * row.value, 14, "bar", f"{row.label}: {row.value:.3f} {row.note}"))
        if row.low is not None and row.high is not None:
            parts.append(_stroke(_LABEL + span * row.low, middle, _LABEL + span * row.high, middle, "whisker"))
        if row.other is not None:
            at = _LABEL + span * row.other
            parts.append(_stroke(at, middle - 10, at, middle + 10, "other"))
        parts.append(_text(WIDTH, middle + 4, f"{row.value:.2f}", anchor="end", kind="value"))
    return _svg(parts, len(rows) * _ROW, f"Bars: {', '.join(row.label for row in rows)}")


def curves(lines: Sequence[Line], *, across: str, up: str) -> str:
    """One line a run, on axes from 0 to 1."""
    right, bottom = WIDTH - 14, _HEIGHT - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return _LEFT + x * (right - _LEFT), bottom - y * (bottom - _TOP)

    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(tick, tick)
        parts += [_stroke(_LEFT, y, right, y, "grid"), _text(_LEFT - 8, y + 4, f"{tick:g}", anchor="end", kind="tick")]
        parts.append(_text(x, bottom + 16, f"{tick:g}", anchor="middle", kind="tick"))
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 4, across, anchor="middle", kind="tick"))
    parts.append(_text(_LEFT + 4, _TOP + 10, up, kind="tick"))
    for line, kind in zip(lines, ("curve", "curve second"), strict=False):
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line.points))
        parts.append(f'<polyline class="{kind}" points="{drawn}"><title>{escape(line.label)}</title></polyline>')
    return _svg(parts, _HEIGHT, f"{up} against {across}")


def ranges(rows: Sequence[Range]) -> str:
    """Median (bar) and 95th percentile (whisker) in milliseconds, on one scale."""
    span = WIDTH - _LABEL - _VALUE - 60
    longest = max((row.high for row in rows), default=1.0) or 1.0
    parts = []
    for number, row in enumerate(rows):
        middle = number * _ROW + _ROW / 2
        parts.append(_text(_LABEL - 10, middle + 4, row.label, anchor="end"))
        parts.append(_box(_LABEL, middle - 7, span * row.middle / longest, 14, "bar"))
        parts.append(_stroke(_LABEL, middle, _LABEL + span * row.high / longest, middle, "whisker"))
        parts.append(_text(WIDTH, middle + 4, f"{row.middle:.0f} / {row.high:.0f} ms", anchor="end", kind="value"))
    return _svg(parts, len(rows) * _ROW, "Median and 95th percentile of each stage")


def _svg(parts: Iterable[str], height: float, title: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "label") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> str:
    inner = f"<title>{escape(title)}</title>" if title else ""
    size = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
    return f'<rect class="{kind}" {size} rx="3">{inner}</rect>'


def _stroke(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
