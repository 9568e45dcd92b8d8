"""Dots on a line: the same number in every fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.draw.figures import across

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOP, _BOTTOM = 6.0, 16.0


def strip(
    repeats: Sequence[Sequence[float]],
    mean: float | None,
    *,
    start: float,
    end: float,
    marks: Sequence[float] = (),
    hollow: bool = False,
) -> str:
    """Draw one row of a strip plot: a dot for every fold, a line where their mean is.

    Parameters
    ----------
    repeats : sequence of sequence of float
        The values of the folds, one sequence a repeat; repeats stand below one another.
    mean : float or None
        Where the line stands; no line for None.
    start, end : float
        Ends of the axis, common to all rows.
    marks : sequence of float
        Values at which a dotted line stands, such as chance.
    hollow : bool, default False
        Whether dots are drawn hollow, as baselines are.

    Returns
    -------
    str
        One ``<svg>`` element, hidden from screen readers: the numbers stand beside it.

    Examples
    --------
    >>> strip([[0.7, 0.8, 0.9]], 0.8, start=0.5, end=1.0).count("<circle")
    3
    """
    step = (_BOTTOM - _TOP) / max(len(repeats) - 1, 1)
    parts = []
    for mark in marks:
        x = across(mark, start, end)
        parts.append(f'<line x1="{x}" x2="{x}" y1="0" y2="22" class="mark"/>')
    kind = "dot hollow" if hollow else "dot"
    for i, values in enumerate(repeats):
        y = f"{_TOP + i * step:.1f}" if len(repeats) > 1 else "11"
        parts += [
            f'<circle cx="{across(value, start, end)}" cy="{y}" r="2.8" class="{kind}"/>'
            for value in values
        ]
    if mean is not None:
        x = across(mean, start, end)
        parts.append(f'<line x1="{x}" x2="{x}" y1="2" y2="20" class="mean"/>')
    return f'<svg class="forest" viewBox="0 0 160 22" aria-hidden="true">{"".join(parts)}</svg>'
