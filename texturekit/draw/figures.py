"""Figures as SVG text that stands inside an HTML page.

The same input gives the same bytes. Colours are CSS expressions such as ``currentColor``, so that a
page can change them for dark mode; texts stay texts and take the page's font.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID, FAINT = "currentColor", "var(--grid, #ddd)", "var(--muted, #777)"
_GRID_STEPS = 400  # curves are drawn on a lattice of this many steps: finer than a screen shows


@dataclass(frozen=True)
class Line:
    """A curve of a figure.

    Attributes
    ----------
    key : str
        Becomes the CSS class of its group: letters, digits, ``-`` only.
    x, y : sequence of float
        Points, 0 to 1.
    colour, dashed, width : str, bool, float
        A CSS colour; whether the line is dashed, as baselines are; points.
    """

    key: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str = INK
    dashed: bool = False
    width: float = 1.8


def roc(lines: Sequence[Line], *, name: str, label: str, side: float = 4.4) -> str:
    """Draw ROC curves on common axes.

    Parameters
    ----------
    lines : sequence of Line
        The curves, the most important one first; ``x`` is 1 - specificity, ``y`` sensitivity.
    name : str
        Prefix of the ids inside, unique in the page: letters, digits, ``-`` only.
    label : str
        What a screen reader says.
    side : float, default 4.4
        Width and height in inches; texts keep their size.

    Returns
    -------
    str
        One ``<svg>`` element.

    Raises
    ------
    ParameterError
        If ``name`` or a key is no plain word.

    Examples
    --------
    >>> svg = roc([Line("m0", [0, 0, 1], [0, 1, 1])], name="roc", label="ROC curves")
    >>> svg[:4], 'class="line m0"' in svg
    ('<svg', True)
    """
    with plain_style():
        figure, paint = _figure(side, side), _Paint()
        box = (0.55 / side, 0.5 / side, 1 - 0.7 / side, 1 - 0.7 / side)
        _draw_roc(figure.add_axes(box), lines, paint)
        return _svg(figure, paint, name, label, {})


def confusion(counts: Sequence[Sequence[int]], classes: Sequence[str], *, name: str) -> str:
    """Draw a confusion matrix as a heat map: colour is the share of the row, the number the count.

    Parameters
    ----------
    counts, classes : (n, n) sequence of int, sequence of str
        Rows are the truth, columns what was predicted; the n class names.
    name : str
        Prefix of the ids inside, unique in the page.

    Returns
    -------
    str
        One ``<svg>`` element.

    Raises
    ------
    ParameterError
        If the matrix does not fit the classes.

    Examples
    --------
    >>> svg = confusion([[8, 2], [1, 9]], ["benign", "malignant"], name="c0")
    >>> "malignant" in svg
    True
    """
    size = len(classes)
    if size == 0 or len(counts) != size or any(len(row) != size for row in counts):
        raise ParameterError(f"{len(counts)} rows of counts do not fit {size} classes; give n x n.")
    margin, side = 0.25 + 0.068 * max(len(_short(item)) for item in classes), 0.42 * size
    names = {f"@{i}@": _short(item) for i, item in enumerate(classes)}
    label = "Confusion matrix, rows are the truth: " + "; ".join(
        f"{item}: {', '.join(map(str, row))}" for item, row in zip(classes, counts, strict=True)
    )
    with plain_style():
        figure, paint = _figure(margin + side + 0.1, margin + side + 0.1), _Paint()
        width, height = figure.get_size_inches()
        axes = figure.add_axes((margin / width, 0.1 / height, side / width, side / height))
        _draw_confusion(axes, counts, list(names), paint)
        return _svg(figure, paint, name, label, names)


def forest(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    start: float,
    end: float,
    marks: Sequence[float] = (),
    hollow: bool = False,
) -> str:
    """Draw one row of a forest plot: the value as a square, its interval as a bar.

    Parameters
    ----------
    value, low, high : float or None
        The number and its interval; nothing but the marks is drawn for None.
    start, end : float
        Ends of the axis, common to all rows.
    marks : sequence of float
        Values at which a vertical line stands, such as chance.
    hollow : bool, default False
        Whether the square is drawn hollow, as baselines are.

    Returns
    -------
    str
        One ``<svg>`` element, hidden from screen readers: the numbers stand beside it.

    Examples
    --------
    >>> "<rect" in forest(0.8, 0.7, 0.9, start=0.5, end=1.0)
    True
    """
    if not start < end:
        raise ParameterError(f"the axis runs from {start} to {end}; start must be below end.")

    def place(number: float) -> str:
        return f"{6 + 148 * (min(max(number, start), end) - start) / (end - start):.1f}"

    parts = [
        f'<line x1="{place(mark)}" x2="{place(mark)}" y1="0" y2="22" class="mark"/>'
        for mark in marks
    ]
    if low is not None and high is not None:
        parts += [
            f'<line x1="{place(low)}" x2="{place(high)}" y1="11" y2="11" class="bar"/>',
            *(f'<line x1="{place(x)}" x2="{place(x)}" y1="7" y2="15" class="bar"/>'
              for x in (low, high)),
        ]  # fmt: skip
    if value is not None:
        left = float(place(value)) - 4
        kind = "point hollow" if hollow else "point"
        parts.append(f'<rect x="{left:.1f}" y="7" width="8" height="8" class="{kind}"/>')
    return f'<svg class="forest" viewBox="0 0 160 22" aria-hidden="true">{"".join(parts)}</svg>'


class _Paint:
    """Lend matplotlib a colour for each CSS expression, to be swapped in the finished text."""

    def __init__(self) -> None:
        self.expressions: list[str] = []

    def __call__(self, expression: str) -> str:
        if expression not in self.expressions:
            self.expressions.append(expression)
        return f"#fe{self.expressions.index(expression):04x}"

    def swap(self, text: str) -> str:
        return re.sub(r"#fe([0-9a-f]{4})", lambda m: self.expressions[int(m[1], 16)], text)


def _draw_roc(axes: Axes, lines: Sequence[Line], paint: _Paint) -> None:
    axes.plot([0, 1], [0, 1], color=paint(FAINT), linewidth=0.8, linestyle=(0, (2, 3)))
    for line in reversed(lines):
        x, y = _thin(line.x, line.y)
        (drawn,) = axes.plot(x, y, color=paint(line.colour), linewidth=line.width, clip_on=False)
        drawn.set_gid(f"line--{_word(line.key)}")
        if line.dashed:
            drawn.set_linestyle((0, (4, 2.5)))
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=ticks, yticks=ticks, aspect="equal")
    _plain_axes(axes, paint)
    axes.grid(visible=True, color=paint(GRID), linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("1 \N{MINUS SIGN} specificity", color=paint(INK), labelpad=5)
    axes.set_ylabel("Sensitivity", color=paint(INK), labelpad=5)


def _draw_confusion(
    axes: Axes, counts: Sequence[Sequence[int]], names: list[str], paint: _Paint
) -> None:
    for i, row in enumerate(counts):
        total = sum(row)
        for j, count in enumerate(row):
            share = count / total if total else 0.0
            heat = f"color-mix(in srgb, var(--heat, #0b62b8) {100 * share:.0f}%, transparent)"
            axes.fill([j, j + 1, j + 1, j], [i, i, i + 1, i + 1], color=paint(heat), linewidth=0)
            ink = "var(--on-heat, #fff)" if share > 0.55 else INK
            axes.text(j + 0.5, i + 0.52, str(count), color=paint(ink), ha="center", va="center")
    places = [i + 0.5 for i in range(len(names))]
    axes.set(xlim=(0, len(names)), ylim=(len(names), 0), aspect="equal")
    axes.set_xticks(places, names, rotation=90)
    axes.set_yticks(places, names)
    axes.xaxis.tick_top()
    _plain_axes(axes, paint)


def plain_style() -> AbstractContextManager[None]:
    """Draw with matplotlib's defaults, whatever the user's own style is."""
    import matplotlib.style

    own = {"svg.hashsalt": "texturekit", "svg.fonttype": "none", "font.size": 9.5}
    return matplotlib.style.context(["default", own])


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), frameon=False)


def _plain_axes(axes: Axes, paint: _Paint) -> None:
    axes.patch.set_visible(False)
    axes.tick_params(length=0, pad=5, labelcolor=paint(INK))
    for side in axes.spines.values():
        side.set(color=paint(GRID), linewidth=0.8)


def _thin(x: Sequence[float], y: Sequence[float]) -> tuple[list[float], list[float]]:
    """Keep the points at which a curve turns, to the accuracy of a screen."""
    points: list[tuple[int, int]] = []
    for raw in zip(x, y, strict=True):
        point = (round(raw[0] * _GRID_STEPS), round(raw[1] * _GRID_STEPS))
        if points and point == points[-1]:
            continue
        if len(points) > 1:
            (x0, y0), (x1, y1), (x2, y2) = points[-2], points[-1], point
            if (x1 - x0) * (y2 - y1) == (y1 - y0) * (x2 - x1):
                points.pop()
        points.append(point)
    return [p[0] / _GRID_STEPS for p in points], [p[1] / _GRID_STEPS for p in points]


def _word(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
        raise ParameterError(f"{name!r} is no plain word; use letters, digits and '-' only.")
    return name


def _short(text: str, length: int = 22) -> str:
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= length else text[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _svg(figure: Figure, paint: _Paint, name: str, label: str, names: dict[str, str]) -> str:
    """Save, and turn matplotlib's file into an element of a page."""
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue().decode()
    box = re.search(r'viewBox="([^"]+)"', text)
    inside = re.search(r"<svg[^>]*>(.*)</svg>", text, re.DOTALL)
    if box is None or inside is None:  # pragma: no cover
        raise ParameterError("matplotlib wrote no SVG; install the version texturekit names.")
    body = re.sub(r"(?s)<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", inside[1])
    body = re.sub(r'id="line--([^"]+)"', r'class="line \1"', body)
    body = re.sub(r'(?<=<g) id="[^"]*"| transform="rotate\(-0 [^"]*"', "", body)
    body = re.sub(r'\bid="|url\(#|href="#', lambda m: m[0] + _word(name) + "-", body)
    body = re.sub(r"font-family:[^;\"]*;? ?", "", body)
    body = re.sub(r"\s*\n\s*", " ", paint.swap(body))
    body = re.sub(r"(?<=>)@\d+@(?=<)", lambda m: escape(names[m[0]]), body)
    head = f'class="figure" viewBox="{box[1]}" role="img" aria-label="{escape(label)}"'
    return f"<svg {head}>{body}</svg>"
