"""Where everything of a radar chart is; its template draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

_WIDTH, _HEIGHT, _RADIUS = 520, 360, 115
_RINGS = (0.25, 0.5, 0.75, 1.0)
_LABEL_GAP = 22
_LINE = 22
_MIDDLE = 0.2  # of the radius: labels this near to the vertical axis are centred on it

Place = tuple[str, str]
"""From the left and from the top, as SVG has it."""


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """The name of an axis, line by line, each with its height."""

    anchor: str
    x: str
    lines: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class RadarChart:
    """A chart: polygons as SVG has them, the ends of the axes, the values on them; `said` is read to who cannot see it."""

    said: str
    rings: tuple[str, ...]
    area: str
    rim: tuple[Place, ...]
    dots: tuple[Place, ...]
    labels: tuple[AxisLabel, ...]
    width: int = _WIDTH
    height: int = _HEIGHT
    middle: Place = (f"{_WIDTH / 2:.1f}", f"{_HEIGHT / 2:.1f}")


def radar(axes: Sequence[tuple[str, float]], title: str) -> RadarChart:
    """The values (0..1) of the axes, clockwise from the top, with their names."""
    count = len(axes)
    values = ", ".join(f"{name} {value * 100:.0f} %" for name, value in axes)
    return RadarChart(
        said=f"{title}: {values}",
        rings=tuple(_polygon([ring] * count) for ring in _RINGS),
        area=_polygon([value for _, value in axes]),
        rim=tuple(_written(number, count, 1) for number in range(count)),
        dots=tuple(_written(number, count, value) for number, (_, value) in enumerate(axes)),
        labels=tuple(_label(number, count, name) for number, (name, _) in enumerate(axes)),
    )


def _place(number: int, count: int, value: float) -> tuple[float, float]:
    angle = 2 * pi * number / count - pi / 2
    return _WIDTH / 2 + _RADIUS * value * cos(angle), _HEIGHT / 2 + _RADIUS * value * sin(angle)


def _written(number: int, count: int, value: float) -> Place:
    x, y = _place(number, count, value)
    return f"{x:.1f}", f"{y:.1f}"


def _polygon(values: Sequence[float]) -> str:
    return " ".join(",".join(_written(number, len(values), value)) for number, value in enumerate(values))


def _label(number: int, count: int, name: str) -> AxisLabel:
    x, y = _place(number, count, 1 + _LABEL_GAP / _RADIUS)
    side = x - _WIDTH / 2
    anchor = "middle" if abs(side) < _MIDDLE * _RADIUS else ("start" if side > 0 else "end")
    lines = [part for part in name.split(" ", 1) if part]  # two: a phone has no room for one
    top = y - (len(lines) - 1) * _LINE / 2
    return AxisLabel(anchor, f"{x:.1f}", tuple((line, f"{top + at * _LINE:.1f}") for at, line in enumerate(lines)))
