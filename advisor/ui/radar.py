"""A radar chart as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import cos, pi, sin

_WIDTH, _HEIGHT, _RADIUS = 520, 360, 115
_RINGS = (0.25, 0.5, 0.75, 1.0)
_LABEL_GAP = 22
_LINE = 22
_MIDDLE = 0.2  # of the radius: labels this near to the vertical axis are centred on it


def radar(axes: Sequence[tuple[str, float]], title: str) -> str:
    """The values (0..1) of the axes, clockwise from the top, with their names; `title` is read to who cannot see it."""
    values = ", ".join(f"{name} {value * 100:.0f} %" for name, value in axes)
    rings = "".join(f'<polygon class="ring" points="{_polygon([ring] * len(axes))}"/>' for ring in _RINGS)
    spokes = "".join(_spoke(number, len(axes)) for number in range(len(axes)))
    dots = "".join(_dot(number, len(axes), value) for number, (_, value) in enumerate(axes))
    labels = "".join(_label(number, len(axes), name) for number, (name, _) in enumerate(axes))
    return (
        f'<svg class="radar" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(f"{title}: {values}")}">'
        f'{rings}{spokes}<polygon class="area" points="{_polygon([value for _, value in axes])}"/>{dots}{labels}</svg>'
    )


def _place(number: int, count: int, value: float) -> tuple[float, float]:
    angle = 2 * pi * number / count - pi / 2
    return _WIDTH / 2 + _RADIUS * value * cos(angle), _HEIGHT / 2 + _RADIUS * value * sin(angle)


def _polygon(values: Sequence[float]) -> str:
    places = (_place(number, len(values), value) for number, value in enumerate(values))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _spoke(number: int, count: int) -> str:
    x, y = _place(number, count, 1)
    return f'<line class="ring" x1="{_WIDTH / 2:.1f}" y1="{_HEIGHT / 2:.1f}" x2="{x:.1f}" y2="{y:.1f}"/>'


def _dot(number: int, count: int, value: float) -> str:
    x, y = _place(number, count, value)
    return f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'


def _label(number: int, count: int, name: str) -> str:
    x, y = _place(number, count, 1 + _LABEL_GAP / _RADIUS)
    side = x - _WIDTH / 2
    anchor = "middle" if abs(side) < _MIDDLE * _RADIUS else ("start" if side > 0 else "end")
    first, _, rest = name.partition(" ")  # two lines: a phone has no room for one
    lines = [first, rest] if rest else [first]
    top = y - (len(lines) - 1) * _LINE / 2
    spans = "".join(f'<tspan x="{x:.1f}" y="{top + n * _LINE:.1f}">{escape(line)}</tspan>' for n, line in enumerate(lines))
    return f'<text text-anchor="{anchor}" dominant-baseline="middle">{spans}</text>'
