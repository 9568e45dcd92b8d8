"""Figures as SVG text that stands inside an HTML page.

The same input gives the same bytes. Colours are CSS expressions such as ``currentColor``, so that a
page can change them for dark mode; texts stay texts and take the page's font.
"""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING

from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID, FAINT = "currentColor", "var(--grid, #ddd)", "var(--muted, #777)"


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
        return across(number, start, end)

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


def across(number: float, start: float, end: float) -> str:
    """Return where a number stands in a row of 160 units; at an end if it lies beyond.

    Examples
    --------
    >>> across(0.75, 0.5, 1.0)
    '80.0'
    """
    return f"{6 + 148 * (min(max(number, start), end) - start) / (end - start):.1f}"


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
