"""What a sweep found: losses over two settings in three and two dimensions, and over all of them.

SVG by hand, as curves are; colours are CSS expressions, so that a page can change them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from texturekit.draw.figures import FAINT, GRID, INK, _short
from texturekit.draw.plots import _n, trail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.draw.scales import Scale, Setting

    Point = tuple[float, float]

_WIDE, _HIGH, _DEEP, _SLOPE = 300.0, 210.0, 170.0, math.radians(33)
_LEFT, _TOP, _BELOW = 58.0, 14.0, 44.0


@dataclass(frozen=True)
class Spot:
    """One trial.

    Attributes
    ----------
    x, y, z : setting or number
        Its two settings and its loss; ``y`` is not needed in two dimensions.
    colour : str
        A CSS colour.
    words : str
        What the pointer is told.
    hollow : bool
        Whether the trial was stopped early.
    best : bool
        Whether it has the lowest loss of all.
    """

    x: Setting
    z: float
    y: Setting = None
    colour: str = INK
    words: str = ""
    hollow: bool = False
    best: bool = False


def cloud(spots: Sequence[Spot], x: Scale, y: Scale, z: Scale, *, label: str) -> str:
    """Draw losses over two settings, each on a stem above the floor.

    Parameters
    ----------
    spots : sequence of Spot
    x, y, z : Scale
        To the right, into the depth, upwards.
    label : str
        What a screen reader says.

    Returns
    -------
    str
        One ``<svg>`` element. Depth hides values: a table or flat drawing belongs beside it.

    Examples
    --------
    >>> from texturekit.draw.scales import Scale
    >>> spots = [Spot(8, 0.5, 1e-3), Spot(16, 0.4, 1e-2, best=True)]
    >>> axes = [Scale.of(n, v) for n, v in [("a", [8, 16]), ("b", [1e-3, 1e-2]), ("c", [0.4, 0.5])]]
    >>> cloud(spots, *axes, label="Loss").count('<circle class="spot')
    2
    """
    parts = [_box(x, y, z)]
    for spot in sorted(spots, key=lambda s: (-y.at(s.y), s.x if isinstance(s.x, int) else 0)):
        u, v, w = x.at(spot.x), y.at(spot.y), z.at(spot.z)
        foot, top = _place(u, v, 0), _place(u, v, w)
        parts.append(
            f'<path d="{trail([foot, top])}" stroke="{escape(spot.colour)}" stroke-width="1" '
            f'opacity=".45"/><circle cx="{_n(foot[0])}" cy="{_n(foot[1])}" r="1.5" '
            f'fill="{escape(spot.colour)}" opacity=".5"/>{_spot(spot, top)}'
        )
    width, height = _place(1, 1, 0)[0] + 62, _place(0, 0, 0)[1] + _BELOW
    return _svg(width, height, label, "".join(parts))


def _place(u: float, v: float, w: float) -> Point:
    """Return where a point of the box, its sides from 0 to 1, stands in the drawing."""
    far = _DEEP * v
    bottom = _TOP + _HIGH + _DEEP * math.sin(_SLOPE)
    return _LEFT + _WIDE * u + far * math.cos(_SLOPE), bottom - _HIGH * w - far * math.sin(_SLOPE)


def _box(x: Scale, y: Scale, z: Scale) -> str:
    """Draw the floor and two walls, with lines at every mark."""
    lines: list[list[Point]] = []
    for at, _ in x.marks:
        lines.append([_place(at, 0, 0), _place(at, 1, 0), _place(at, 1, 1)])
    for at, _ in y.marks:
        lines.append([_place(1, at, 0), _place(0, at, 0), _place(0, at, 1)])
    for at, _ in z.marks:
        lines.append([_place(0, 0, at), _place(0, 1, at), _place(1, 1, at)])
    frame = [
        [_place(0, 0, 0), _place(1, 0, 0), _place(1, 1, 0), _place(0, 1, 0), _place(0, 0, 0)],
        [_place(0, 0, 0), _place(0, 0, 1), _place(0, 1, 1), _place(1, 1, 1), _place(1, 1, 0)],
        [_place(0, 1, 0), _place(0, 1, 1)],
    ]
    grid = "".join(trail(line) for line in lines)
    solid = "".join(trail(line) for line in frame)
    words = [_word(*_beside(_place(at, 0, 0), 0, 14), text) for at, text in x.marks]
    words += [_word(*_beside(_place(1, at, 0), 7, 8), text, "start") for at, text in y.marks]
    words += [_word(*_beside(_place(0, 0, at), -6, 4), text, "end") for at, text in z.marks]
    middle = _place(0.5, 0, 0)
    words.append(_word(middle[0], middle[1] + 34, x.name, "middle", name=True))
    a, b = _place(1, 0, 0), _place(1, 1, 0)
    beside = ((a[0] + b[0]) / 2 + 34, (a[1] + b[1]) / 2 + 22)
    words.append(_turned(*beside, -math.degrees(_SLOPE), y.name))
    words.append(_turned(12, _place(0, 0, 0.5)[1], -90, z.name))
    return (
        f'<g fill="none" stroke="{GRID}"><path stroke-width=".7" d="{grid}"/>'
        f'<path stroke="{FAINT}" stroke-width=".8" d="{solid}"/></g>'
        f'<g fill="{INK}">{"".join(words)}</g>'
    )


def _beside(point: Point, right: float, down: float) -> Point:
    return point[0] + right, point[1] + down


def flat(
    spots: Sequence[Spot],
    x: Scale,
    z: Scale,
    *,
    label: str,
    joined: bool = True,
    steps: Sequence[Point] = (),
) -> str:
    """Draw losses over one setting; spots of one colour are joined.

    Parameters
    ----------
    spots : sequence of Spot
    x, z : Scale
    label : str
        What a screen reader says.
    joined : bool, default True
        Whether lines join spots of one colour, from left to right.
    steps : sequence of (x, z)
        A line of steps behind the spots, such as the lowest loss so far.

    Returns
    -------
    str
        One ``<svg>`` element.
    """
    left, top, width, height = 52.0, 10.0, 250.0, 170.0

    def place(a: Setting, b: float) -> Point:
        return left + width * x.at(a), top + height * (1 - z.at(b))

    grid = "".join(f"M{_n(left + width * at)} {_n(top)}v{_n(height)}" for at, _ in x.marks)
    grid += "".join(f"M{_n(left)} {_n(top + height * (1 - at))}h{_n(width)}" for at, _ in z.marks)
    bottom = top + height
    words = [_word(left + width * at, bottom + 14, text) for at, text in x.marks]
    words += [_word(left - 6, top + height * (1 - at) + 4, t, "end") for at, t in z.marks]
    words.append(_word(left + width / 2, bottom + 31, x.name, name=True))
    words.append(_turned(10, top + height / 2, -90, z.name))
    inside = []
    if steps:
        corners = [place(*steps[0])]
        for before, after in pairwise(steps):
            corners += [place(after[0], before[1]), place(*after)]
        inside.append(
            f'<path fill="none" stroke="{FAINT}" stroke-width="1.5" d="{trail(corners)}"/>'
        )
    if joined:
        for colour in dict.fromkeys(spot.colour for spot in spots):
            own = sorted(place(s.x, s.z) for s in spots if s.colour == colour)
            inside.append(
                f'<path fill="none" stroke="{escape(colour)}" stroke-width="1.2" opacity=".6" '
                f'd="{trail(own)}"/>'
            )
    inside += [_spot(spot, place(spot.x, spot.z)) for spot in sorted(spots, key=lambda s: s.best)]
    frame = f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(width)}" height="{_n(height)}"/>'
    return _svg(
        left + width + 14, bottom + 38, label,
        f'<g fill="none" stroke="{GRID}"><path stroke-width=".7" d="{grid}"/>{frame}</g>'
        f'<g fill="{INK}">{"".join(words)}</g>{"".join(inside)}',
    )  # fmt: skip


@dataclass(frozen=True)
class Thread:
    """One trial in parallel coordinates.

    Attributes
    ----------
    values : sequence of setting or ...
        One an axis; an ellipsis where the trial has no such setting.
    colour, words, best
        As of `Spot`.
    share : float
        0 for the highest loss to 1 for the lowest: how strong the line is.
    """

    values: Sequence[object]
    colour: str
    words: str
    share: float
    best: bool = False


def parallel(threads: Sequence[Thread], axes: Sequence[Scale], *, label: str) -> str:
    """Draw a line a trial through one upright axis a setting; the last axis is the loss.

    Parameters
    ----------
    threads : sequence of Thread
    axes : sequence of Scale
    label : str
        What a screen reader says.

    Returns
    -------
    str
        One ``<svg>`` element. A trial without a setting runs below its axis.
    """
    longest = max((len(_short(text, 18)) for _, text in axes[0].marks), default=0)
    left, top, height, apart = 16 + max(44.0, 6.2 * longest), 30.0, 200.0, 120.0
    bottom = top + height
    none = bottom + 16

    def place(number: int, value: object) -> Point:
        across = left + apart * number
        if value is ...:
            return across, none
        return across, bottom - height * axes[number].at(value)  # type: ignore[arg-type]  # a setting

    lines = []
    for one in sorted(threads, key=lambda t: (t.best, t.share)):
        path = trail([place(k, value) for k, value in enumerate(one.values)])
        stroke = f'stroke="{escape(one.colour)}" stroke-width="{3 if one.best else 1.2}"'
        opacity = 1.0 if one.best else 0.15 + 0.7 * one.share
        lines.append(
            f'<path fill="none" {stroke} opacity="{opacity:.2f}" d="{path}">'
            f"<title>{escape(one.words)}</title></path>"
        )
    marks, uprights = [], []
    for number, axis in enumerate(axes):
        across = left + apart * number
        uprights.append(f"M{_n(across)} {_n(top)}V{_n(bottom)}")
        marks.append(_word(across, top - 12, _short(axis.name, 20), name=True))
        marks += [
            _word(across - 5, bottom - height * at + 4, _short(text, 18), "end", note=True)
            for at, text in axis.marks
        ]
    if any(value is ... for one in threads for value in one.values):
        marks.append(_word(left - 8, none + 4, "none", "end"))
    return _svg(
        left + apart * (len(axes) - 1) + 66, none + 14, label,
        f'{"".join(lines)}<path stroke="{FAINT}" d="{"".join(uprights)}"/>'
        f'<g fill="{INK}">{"".join(marks)}</g>',
    )  # fmt: skip


def _spot(spot: Spot, place: Point) -> str:
    ring = (
        f'<circle cx="{_n(place[0])}" cy="{_n(place[1])}" r="8" fill="none" stroke="{INK}" '
        'stroke-width="1.4"/>'
        if spot.best
        else ""
    )
    fill = "var(--paper, #fff)" if spot.hollow else escape(spot.colour)
    return (
        f'{ring}<circle class="spot" cx="{_n(place[0])}" cy="{_n(place[1])}" r="4.2" '
        f'fill="{fill}" stroke="{escape(spot.colour)}" stroke-width="1.4">'
        f"<title>{escape(spot.words)}</title></circle>"
    )


def _word(
    x: float, y: float, text: str, anchor: str = "middle", *, name: bool = False, note: bool = False
) -> str:
    weight = ' font-weight="600"' if name else ' class="note"' if note else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def _turned(x: float, y: float, angle: float, text: str) -> str:
    return (
        f'<text transform="translate({_n(x)} {_n(y)}) rotate({angle:.0f})" text-anchor="middle" '
        f'font-weight="600">{escape(text)}</text>'
    )


def _svg(width: float, height: float, label: str, inside: str) -> str:
    return (
        f'<svg class="figure plot" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'aria-label="{escape(label)}">{inside}</svg>'
    )
