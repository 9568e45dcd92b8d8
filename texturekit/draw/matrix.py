"""Confusion matrices of many classes as heat maps."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from texturekit.draw.figures import INK, _short, _word
from texturekit.draw.plots import _n
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

_CELL = 30.0
_DARKEST = 0.7  # the ink keeps a contrast of 4.5 on this much colour, in both themes


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
        One ``<svg>`` element. A cell without images is empty.

    Raises
    ------
    ParameterError
        If the matrix does not fit the classes, or the name is no plain word.

    Examples
    --------
    >>> svg = confusion([[8, 2], [1, 9]], ["benign", "malignant"], name="c0")
    >>> "malignant" in svg
    True
    """
    size = len(classes)
    if size == 0 or len(counts) != size or any(len(row) != size for row in counts):
        raise ParameterError(f"{len(counts)} rows of counts do not fit {size} classes; give n x n.")
    names = [_short(item) for item in classes]
    margin = 14 + 6.2 * max(map(len, names))
    side = margin + _CELL * size + 2
    label = "Confusion matrix, rows are the truth: " + "; ".join(
        f"{item}: {', '.join(map(str, row))}" for item, row in zip(classes, counts, strict=True)
    )
    cells = [
        _cell(margin + _CELL * j, margin + _CELL * i, count, sum(row))
        for i, row in enumerate(counts)
        for j, count in enumerate(row)
    ]
    rows = "".join(_row(margin, margin + _CELL * (i + 0.5), n) for i, n in enumerate(names))
    columns = "".join(_column(margin + _CELL * (j + 0.5), margin, n) for j, n in enumerate(names))
    head = f'class="figure heatmap" id="{_word(name)}" viewBox="0 0 {_n(side)} {_n(side)}"'
    return (
        f'<svg {head} role="img" aria-label="{escape(label)}"><g fill="{INK}" text-anchor="end">'
        f'{rows}</g><g fill="{INK}">{columns}</g><g text-anchor="middle" fill="{INK}">'
        f"{''.join(cells)}</g></svg>"
    )


def _cell(x: float, y: float, count: int, total: int) -> str:
    middle = f'x="{_n(x + _CELL / 2)}" y="{_n(y + _CELL / 2 + 4)}"'
    if not count:
        return ""
    heat = f'fill="var(--heat,#0b62b8)" fill-opacity="{_DARKEST * count / total:.2g}"'
    box = f'<path d="M{_n(x)} {_n(y)}h{_CELL:g}v{_CELL:g}h-{_CELL:g}z" {heat}/>'
    return f"{box}<text {middle}>{count}</text>"


def _row(x: float, y: float, name: str) -> str:
    return f'<text x="{_n(x - 6)}" y="{_n(y + 4)}">{escape(name)}</text>'


def _column(x: float, y: float, name: str) -> str:
    place = f"translate({_n(x + 4)} {_n(y - 6)}) rotate(-90)"
    return f'<text transform="{place}">{escape(name)}</text>'
