"""Curves on common axes as small SVG elements, written by hand.

A page of thirty classes holds a hundred of them: matplotlib takes a second for twenty and five
kilobytes for the axes of one. Lines are thinned to what a screen shows, numbers have one decimal.
Colours are CSS expressions, so that a page can change them for dark mode.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from texturekit.draw.figures import FAINT, GRID, INK, _word
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Point = tuple[float, float]

_LEFT, _RIGHT, _TOP, _BOTTOM = 42.0, 11.0, 9.0, 39.0  # room for the numbers and names of axes
_FINE = 0.35  # a thinned line runs at most this far beside the true one; the drawing is 200 to 300
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Line:
    """A curve of a figure.

    Attributes
    ----------
    key : str
        Becomes the CSS class of its group: letters, digits, ``-`` only.
    x, y : sequence of float
        Points.
    colour, dashed, width : str, bool, float
        A CSS colour; whether the line is dashed, as baselines are; points.
    low, high : sequence of float
        The band around ``y``; empty without one.
    shown : bool
        Whether the band is seen before anybody has picked out a line.
    dot : (x, y), optional
        A point that is marked: where the method works.
    """

    key: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str = INK
    dashed: bool = False
    width: float = 1.8
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    shown: bool = False
    dot: Point | None = None


@dataclass(frozen=True)
class Axis:
    """One axis: its name, its ends, and where numbers stand."""

    name: str
    start: float = 0.0
    end: float = 1.0
    ticks: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ParameterError(
                f"the axis {self.name!r} runs from {self.start} to {self.end}; "
                "start must be below end."
            )


@dataclass(frozen=True)
class Plot:
    """Axes, and what is drawn on them, in units of the data.

    Attributes
    ----------
    x, y : Axis
    name : str
        Prefix of the ids inside, unique in the page: letters, digits, ``-`` only.
    label : str
        What a screen reader says.
    width, height : float
        Size in CSS pixels, before the page scales it.
    guides : sequence of (points, dash)
        Faint lines: chance, prevalence, perfection; the dash is that of SVG, empty for none.
    foot : float
        Room below the name of the x axis.
    """

    x: Axis
    y: Axis
    name: str
    label: str
    width: float = 300.0
    height: float = 300.0
    guides: Sequence[tuple[Sequence[Point], str]] = field(default_factory=tuple)
    foot: float = 0.0

    def across(self, value: float) -> float:
        """Return where a value of x stands in the drawing."""
        share = (value - self.x.start) / (self.x.end - self.x.start)
        return _LEFT + share * (self.width - _LEFT - _RIGHT)

    def up(self, value: float) -> float:
        """Return where a value of y stands in the drawing."""
        share = (value - self.y.start) / (self.y.end - self.y.start)
        return self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM)

    def points(self, x: Sequence[float], y: Sequence[float]) -> list[Point]:
        """Return points of the drawing, without those that no screen shows."""
        return thin([(self.across(a), self.up(b)) for a, b in zip(x, y, strict=True)])


def drawn(plot: Plot, lines: Sequence[Line], extra: str = "") -> str:
    """Draw lines, their bands below them and their dots above them.

    Parameters
    ----------
    plot : Plot
    lines : sequence of Line
        The most important one first; it is drawn on top.
    extra : str, default ""
        More SVG, drawn above the lines.

    Returns
    -------
    str
        One ``<svg>`` element. Bands are groups of the class ``band``, which a page may hide until
        their line is picked out, lines of the class ``line``, dots of the class ``dot``; each has
        the key of its line as a class, too.

    Raises
    ------
    ParameterError
        If a name or key is no plain word, or lengths differ.

    Examples
    --------
    >>> plot = Plot(Axis("1 - specificity"), Axis("Sensitivity"), name="roc", label="ROC curves")
    >>> svg = drawn(plot, [Line("m0", [0, 0, 1], [0, 1, 1])])
    >>> svg[:4], 'class="line m0"' in svg
    ('<svg', True)
    """
    clip = f"{_word(plot.name)}-clip"
    backwards = list(reversed(lines))
    inside = [_guide(plot, *guide) for guide in plot.guides]
    inside += [_band(plot, line) for line in backwards if len(line.low)]
    inside += [_path(plot, line) for line in backwards]
    dots = [_dot(plot, line) for line in backwards if line.dot is not None]
    size = f"{plot.width:g} {plot.height + plot.foot:g}"
    head = f'class="figure plot" viewBox="0 0 {size}" role="img"'
    return (
        f'<svg {head} aria-label="{escape(plot.label)}">{_axes(plot, clip)}'
        f'<g clip-path="url(#{clip})">{"".join(inside)}</g>{"".join(dots)}{extra}</svg>'
    )


def _axes(plot: Plot, clip: str) -> str:
    left, right = plot.across(plot.x.start), plot.across(plot.x.end)
    bottom, top = plot.up(plot.y.start), plot.up(plot.y.end)
    grid = [f"M{_n(plot.across(t))} {_n(bottom)}V{_n(top)}" for t in plot.x.ticks]
    grid += [f"M{_n(left)} {_n(plot.up(t))}H{_n(right)}" for t in plot.y.ticks]
    below = "".join(_text(plot.across(t), bottom + 14, told(t, plot.x.ticks)) for t in plot.x.ticks)
    beside = "".join(_text(left - 6, plot.up(t) + 4, told(t, plot.y.ticks)) for t in plot.y.ticks)
    middle, centre = (left + right) / 2, (top + bottom) / 2
    name = escape(plot.y.name)
    upright = (
        f'<text transform="rotate(-90 11 {_n(centre)})" x="11" y="{_n(centre)}" '
        f'text-anchor="middle">{name}</text>'
    )
    box = f'x="{_n(left)}" y="{_n(top)}" width="{_n(right - left)}" height="{_n(bottom - top)}"'
    # curves run along the edges: the clip leaves half a line's width
    room = f'x="{_n(left - 2)}" y="{_n(top - 2)}" width="{_n(right - left + 4)}"'
    return (
        f'<clipPath id="{clip}"><rect {room} height="{_n(bottom - top + 4)}"/></clipPath>'
        f'<g fill="none" stroke="{GRID}"><path stroke-width=".6" d="{"".join(grid)}"/>'
        f'<rect {box} stroke-width=".8"/></g><g fill="{INK}" text-anchor="middle">{below}'
        f'{_text(middle, plot.height - 5, plot.x.name)}{upright}</g>'
        f'<g fill="{INK}" text-anchor="end">{beside}</g>'
    )  # fmt: skip


def told(tick: float, ticks: Sequence[float]) -> str:
    """Return a number of an axis, with as many decimals as the axis needs."""
    places = next((p for p in range(4) if all(abs(round(t, p) - t) < 1e-9 for t in ticks)), 3)
    return f"{tick:.{places}f}".replace("-", MINUS)


def _text(x: float, y: float, words: str) -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}">{escape(words)}</text>'


def _guide(plot: Plot, points: Sequence[Point], dash: str) -> str:
    path = trail([(plot.across(x), plot.up(y)) for x, y in points])
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path class="guide" fill="none" stroke="{FAINT}"{dashed} d="{path}"/>'


def _path(plot: Plot, line: Line) -> str:
    dash = ' stroke-dasharray="6 4"' if line.dashed else ""
    return (
        f'<g class="line {_word(line.key)}"><path fill="none" stroke="{escape(line.colour)}" '
        f'stroke-width="{line.width:g}"{dash} d="{trail(plot.points(line.x, line.y))}"/></g>'
    )


def _band(plot: Plot, line: Line) -> str:
    upper = plot.points(line.x, line.high)
    lower = plot.points(line.x, line.low)
    path = trail([*upper, *reversed(lower)]) + "z"
    first = " first" if line.shown else ""
    return (
        f'<path class="band {_word(line.key)}{first}" fill="{escape(line.colour)}" '
        f'fill-opacity=".16" d="{path}"/>'
    )


def _dot(plot: Plot, line: Line) -> str:
    x, y = line.dot or (0.0, 0.0)
    return (
        f'<circle class="dot {_word(line.key)}" cx="{_n(plot.across(x))}" cy="{_n(plot.up(y))}" '
        f'r="4" fill="{escape(line.colour)}" stroke="var(--paper, #fff)"/>'
    )


def thin(points: Sequence[Point], far: float = _FINE) -> list[Point]:
    """Return the points that a line needs to stay within a distance of all (Douglas-Peucker)."""
    if len(points) < 3:
        return list(points)
    kept, open_parts = {0, len(points) - 1}, [(0, len(points) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        distance, place = _farthest(points, first, last)
        if distance > far:
            kept.add(place)
            open_parts += [(first, place), (place, last)]
    return [points[i] for i in sorted(kept)]


def _farthest(points: Sequence[Point], first: int, last: int) -> tuple[float, int]:
    """Return how far, and where, points lie from the straight piece between two of them."""
    if last - first < 2:
        return 0.0, first
    (x0, y0), (x1, y1) = points[first], points[last]
    dx, dy = x1 - x0, y1 - y0
    square = dx * dx + dy * dy
    away = []
    for x, y in points[first + 1 : last]:
        share = ((x - x0) * dx + (y - y0) * dy) / square if square else 0.0
        share = min(max(share, 0.0), 1.0)
        away.append(math.hypot(x - x0 - share * dx, y - y0 - share * dy))
    largest = max(away)
    return largest, first + 1 + away.index(largest)


def trail(points: Sequence[Point]) -> str:
    """Return the path through points, in steps of tenths of a pixel."""
    places = [(round(10 * x), round(10 * y)) for x, y in points]
    if not places:
        return ""
    parts = [f"M{_n(places[0][0] / 10)} {_n(places[0][1] / 10)}"]
    for (x0, y0), (x1, y1) in pairwise(places):
        if x1 == x0 and y1 == y0:
            continue
        if x1 == x0:
            parts.append(f"v{_n((y1 - y0) / 10)}")
        elif y1 == y0:
            parts.append(f"h{_n((x1 - x0) / 10)}")
        else:
            step = _n((y1 - y0) / 10)
            parts.append(f"l{_n((x1 - x0) / 10)}{'' if step[0] == '-' else ' '}{step}")
    return "".join(parts)


def _n(value: float) -> str:
    """Return a number with at most one decimal, as SVG allows it to be short."""
    text = f"{value:.1f}".removesuffix(".0")
    if text.startswith(("0.", "-0.")):
        text = text.replace("0.", ".", 1)
    return "0" if text == "-0" else text
