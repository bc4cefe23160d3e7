"""Plots as SVG; the page that shows them colours their classes (`bar`, `track`, `whisker`, `curve`, `point`, ...).

Three small shapes are all that reports need; a plotting library would weigh more than the rest of the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from advisor.evaluation.wording import EvaluationWords
from advisor.text.templates import Templates

TEMPLATES = Templates("advisor.evaluation.reports")

WIDTH = 560
_LABEL, _VALUE, _ROW = 150, 54, 26
_HEIGHT, _LEFT, _BOTTOM, _TOP = 250, 44, 36, 12
_MARGIN = 12
_BAR = 14  # the height of a bar
# Of a plot in a file of its own: the colours of reports on white, which every page can show.
_STYLE = Markup("""
text { font: 12px system-ui, sans-serif; fill: #1c2024; } .tick { fill: #667078; } .page { fill: #fff; }
.grid { stroke: #e3e5e8; } .curve { fill: none; stroke: #2f6f8f; stroke-width: 2.5; }
.curve.second { stroke: #c2571a; stroke-dasharray: 6 4; }
.point { fill: #fff; stroke: #2f6f8f; stroke-width: 2.5; } .point.second { stroke: #c2571a; }
""")


@dataclass(frozen=True, slots=True)
class Shape:
    """An element of a plot: its tag, its class, its attributes, the text in it, and what is said under the pointer."""

    tag: str
    kind: str
    attributes: Mapping[str, str]
    text: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A value in 0..1, in figures too, with its interval; `other` is that of the run compared with."""

    label: str
    value: float
    shown: str
    low: float | None = None
    high: float | None = None
    other: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points from left to right, both coordinates in 0..1; `mark` is one to show, on the line or beside it."""

    label: str
    points: Sequence[tuple[float, float]]
    mark: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Milliseconds of a stage: median and 95th percentile."""

    label: str
    middle: float
    high: float


def bars(rows: Sequence[Bar], title: str) -> Markup:
    """Horizontal bars from 0 to 1, a whisker for the interval, a tick for the other run."""
    span = WIDTH - _LABEL - _VALUE
    parts = []
    for number, row in enumerate(rows):
        middle = number * _ROW + _ROW / 2
        parts.append(_text(_LABEL - 10, middle + 4, row.label, anchor="end"))
        parts.append(_box(_LABEL, middle - _BAR / 2, span, "track"))
        parts.append(_box(_LABEL, middle - _BAR / 2, span * row.value, "bar", f"{row.label} – {row.shown} ({row.note})"))
        if row.low is not None and row.high is not None:
            parts.append(_stroke(_LABEL + span * row.low, middle, _LABEL + span * row.high, middle, "whisker"))
        if row.other is not None:
            at = _LABEL + span * row.other
            parts.append(_stroke(at, middle - 10, at, middle + 10, "other"))
        parts.append(_text(WIDTH, middle + 4, row.shown, anchor="end", kind="value"))
    said = ", ".join(f"{row.label} {row.shown}" for row in rows)
    return _svg(parts, len(rows) * _ROW, f"{title} – {said}")


def curves(lines: Sequence[Curve], words: EvaluationWords, *, top: float = 1.0, alone: bool = False) -> Markup:
    """One or two lines of risk over coverage, on axes from 0 to 1.

    :param top: where the upward axis ends.
    :param alone: as a file of its own: with colours, a background and the names of the lines.
    """
    right, bottom = WIDTH - 14, _HEIGHT - _BOTTOM

    def place(x: float, y: float) -> tuple[float, float]:
        return _LEFT + x * (right - _LEFT), bottom - y / top * (bottom - _TOP)

    parts = []
    for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        x, y = place(tick, tick * top)
        parts.append(_stroke(_LEFT, y, right, y, "grid"))
        parts.append(_text(_LEFT - 8, y + 4, f"{tick * top:g}".replace(".", words.decimal), anchor="end", kind="tick"))
        parts.append(_text(x, bottom + 16, f"{tick:g}".replace(".", words.decimal), anchor="middle", kind="tick"))
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 4, words.across, anchor="middle", kind="tick"))
    parts.append(_text(_LEFT + 4, _TOP + 10, words.up, kind="tick"))
    for number, (line, kind) in enumerate(zip(lines, ("", " second"), strict=False)):
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line.points))
        parts.append(Shape("polyline", f"curve{kind}", {"points": drawn}, title=line.label))
        if line.mark:
            parts.append(
                _circle(
                    *place(*line.mark),
                    f"point{kind}",
                    f"{line.label} – {words.number(line.mark[0])} / {words.number(line.mark[1])}",
                )
            )
        if alone:
            height = _TOP + 30 + 20 * number
            parts.append(_stroke(_LEFT + 6, height, _LEFT + 32, height, f"curve{kind}"))
            parts.append(_text(_LEFT + 40, height + 4, line.label))
    return _svg(parts, _HEIGHT, f"{words.up} / {words.across}", alone=alone)


def ranges(rows: Sequence[Range], title: str) -> Markup:
    """Median (bar) and 95th percentile (whisker) in milliseconds, on one scale."""
    span = WIDTH - _LABEL - _VALUE - 60
    longest = max((row.high for row in rows), default=1.0) or 1.0
    parts = []
    for number, row in enumerate(rows):
        middle = number * _ROW + _ROW / 2
        parts.append(_text(_LABEL - 10, middle + 4, row.label, anchor="end"))
        parts.append(_box(_LABEL, middle - _BAR / 2, span * row.middle / longest, "bar"))
        parts.append(_stroke(_LABEL, middle, _LABEL + span * row.high / longest, middle, "whisker"))
        parts.append(_text(WIDTH, middle + 4, f"{row.middle:.0f} / {row.high:.0f} ms", anchor="end", kind="value"))
    return _svg(parts, len(rows) * _ROW, title)


def _svg(shapes: Sequence[Shape], height: float, title: str, *, alone: bool = False) -> Markup:
    """The plot as an element of a page or, with colours and a margin, as a file of its own."""
    box = (0, 0, WIDTH, round(height))
    if alone:
        box = (-_MARGIN, -_MARGIN, WIDTH + 2 * _MARGIN, round(height) + 2 * _MARGIN)
    return TEMPLATES.render("plot", shapes=shapes, box=box, title=title, style=_STYLE if alone else "")


def _text(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "label") -> Shape:
    return Shape("text", kind, {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}, text)


def _box(x: float, y: float, width: float, kind: str, title: str = "") -> Shape:
    size = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{max(width, 0):.1f}", "height": f"{_BAR}", "rx": "3"}
    return Shape("rect", kind, size, title=title)


def _circle(x: float, y: float, kind: str, title: str) -> Shape:
    return Shape("circle", kind, {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "5"}, title=title)


def _stroke(x1: float, y1: float, x2: float, y2: float, kind: str) -> Shape:
    return Shape("line", kind, {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"})
