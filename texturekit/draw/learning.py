"""Learning curves: what more training images would bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.draw.figures import (
    GRID,
    INK,
    _figure,
    _Paint,
    _plain_axes,
    _svg,
    _word,
    plain_style,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_DODGE = 1.012  # intervals of methods at the same number of images stand beside one another


@dataclass(frozen=True)
class Course:
    """A method's way through a learning curve.

    Attributes
    ----------
    key : str
        Becomes the CSS class of its group: letters, digits, ``-`` only.
    images : sequence of float
        Training images, above 0.
    values, lows, highs : sequence of float or None
        The score and its interval; None where there is none.
    colour, dashed : str, bool
        As of `texturekit.draw.Line`.
    """

    key: str
    images: Sequence[float]
    values: Sequence[float | None]
    lows: Sequence[float | None]
    highs: Sequence[float | None]
    colour: str = INK
    dashed: bool = False


def learning(courses: Sequence[Course], *, name: str, label: str) -> str:
    """Draw AUC over the number of training images, with intervals.

    Parameters
    ----------
    courses : sequence of Course
        The most important one first.
    name : str
        Prefix of the ids inside, unique in the page: letters, digits, ``-`` only.
    label : str
        What a screen reader says.

    Returns
    -------
    str
        One ``<svg>`` element.

    Examples
    --------
    >>> course = Course("m0", [10, 100], [0.6, 0.8], [0.5, 0.7], [0.7, 0.9])
    >>> svg = learning([course], name="learning", label="Learning curves")
    >>> svg[:4], 'class="line m0"' in svg
    ('<svg', True)
    """
    with plain_style():
        figure, paint = _figure(4.8, 4.0), _Paint()
        axes = figure.add_axes((0.6 / 4.8, 0.52 / 4.0, 1 - 0.75 / 4.8, 1 - 0.66 / 4.0))
        middle = (len(courses) - 1) / 2
        for place, course in reversed(list(enumerate(courses))):
            _draw(axes, course, _DODGE ** (place - middle), paint)
        _dress(axes, courses, paint)
        return _svg(figure, paint, name, label, {})


def _draw(axes: Axes, course: Course, shift: float, paint: _Paint) -> None:
    from matplotlib.lines import Line2D

    points = zip(course.images, course.values, course.lows, course.highs, strict=True)
    shown = [(x * shift, y, low, high) for x, y, low, high in points if y is not None]
    colour, gid = paint(course.colour), f"line--{_word(course.key)}"
    for x, _, low, high in shown:
        if low is not None and high is not None:
            bar = Line2D([x, x], [low, high], color=colour, linewidth=0.9, alpha=0.55)
            bar.set_gid(gid)
            axes.add_line(bar)
    if not shown:
        return
    (line,) = axes.plot(
        [x for x, *_ in shown], [y for _, y, *_ in shown],
        color=colour, linewidth=1.6, marker="o", markersize=3.5, clip_on=False,
    )  # fmt: skip
    line.set_gid(gid)
    if course.dashed:
        line.set_linestyle((0, (4, 2.5)))


def _dress(axes: Axes, courses: Sequence[Course], paint: _Paint) -> None:
    images = sorted({round(x) for course in courses for x in course.images})
    lows = [v for c in courses for v in (*c.values, *c.lows) if v is not None]
    bottom = max(0.0, min([0.5, *lows]) - 0.03)
    axes.set_xscale("log")
    axes.set(ylim=(bottom, 1.01), xlim=(images[0] / 1.25, images[-1] * 1.25))
    axes.set_xticks(images, [f"{n:,}" for n in images])
    axes.minorticks_off()
    _plain_axes(axes, paint)
    axes.grid(visible=True, color=paint(GRID), linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("Training images (mean over folds, log scale)", color=paint(INK), labelpad=5)
    axes.set_ylabel("AUC", color=paint(INK), labelpad=5)
