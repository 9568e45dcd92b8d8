"""The critical-difference diagram: which methods differ in mean rank, and which do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.draw.figures import FAINT, INK, _figure, _Paint, _short, _svg, plain_style
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_ROW, _BAR, _LONGEST = 0.27, 0.13, 34  # inches a label and a bar take; letters of a name


def critical_differences(
    ranks: Sequence[float], names: Sequence[str], gap: float, *, name: str = "cd"
) -> str:
    """Draw mean ranks on a line, and join the methods that do not differ.

    Parameters
    ----------
    ranks : sequence of float
        Mean ranks, 1 is best; in any order.
    names : sequence of str
        Of the methods.
    gap : float
        The critical difference: methods that are less apart are joined by a bar.
    name : str, default "cd"
        Prefix of the ids inside, unique in the page.

    Returns
    -------
    str
        One ``<svg>`` element.

    Raises
    ------
    ParameterError
        If there are not as many names as ranks, or fewer than two.

    References
    ----------
    Demsar (2006), Journal of Machine Learning Research 7, 1-30.

    Examples
    --------
    >>> svg = critical_differences([1.2, 2.0, 2.8], ["a/svm", "b/svm", "c/svm"], 1.1)
    >>> "a/svm" in svg
    True
    """
    if len(ranks) != len(names) or len(ranks) < 2:
        raise ParameterError(f"{len(ranks)} ranks and {len(names)} names; give two or more each.")
    order = sorted(range(len(ranks)), key=lambda i: ranks[i])
    places = [ranks[i] for i in order]
    joined = alike(places, gap)
    half = (len(places) + 1) // 2
    shown = {}
    for i, one in enumerate(order):
        text, rank = _short(names[one], _LONGEST), f"{ranks[one]:.2f}"
        shown[f"@{i}@"] = f"{text}  {rank}" if i < half else f"{rank}  {text}"
    margin = 0.45 + 0.078 * max(map(len, shown.values()))
    height = 0.95 + _BAR * len(joined) + _ROW * half
    label = f"Mean ranks, critical difference {gap:.2f}: " + "; ".join(
        f"{names[i]} {ranks[i]:.2f}" for i in order
    )
    with plain_style():
        width = 2 * margin + 4.2
        figure, paint = _figure(width, height), _Paint()
        axes = figure.add_axes((margin / width, 0, 4.2 / width, 1))
        axes.set(xlim=(1, len(places)), ylim=(height, 0))
        axes.set_axis_off()
        _scale(axes, len(places), gap, paint)
        _bars(axes, places, joined, paint)
        reach = (margin - 0.1) * (len(places) - 1) / 4.2
        _labels(axes, places, half, 0.85 + _BAR * len(joined), reach, paint)
        return _svg(figure, paint, name, label, shown)


def alike(ranks: Sequence[float], gap: float) -> list[tuple[int, int]]:
    """Return the longest runs of neighbours that are less than a gap apart.

    Parameters
    ----------
    ranks : sequence of float
        In rising order.
    gap : float
        The critical difference.

    Returns
    -------
    list of tuple of two int
        First and last position of each run of two or more; no run lies inside another.

    Examples
    --------
    >>> alike([1.0, 1.5, 2.4, 4.0], 1.0)
    [(0, 1), (1, 2)]
    """
    runs: list[tuple[int, int]] = []
    for first, low in enumerate(ranks):
        last = max(i for i, high in enumerate(ranks) if high - low < gap)
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return runs


def _scale(axes: Axes, count: int, gap: float, paint: _Paint) -> None:
    """Draw the line of ranks at 0.65 inches, and the critical difference above it."""
    ink = paint(INK)
    axes.plot([1, count], [0.65, 0.65], color=ink, linewidth=1, clip_on=False)
    for tick in range(1, count + 1):
        axes.plot([tick, tick], [0.65, 0.58], color=ink, linewidth=1, clip_on=False)
        axes.text(tick, 0.55, str(tick), color=ink, ha="center", va="bottom")
    end = min(1 + gap, float(count))
    axes.plot([1, end], [0.22, 0.22], color=ink, linewidth=1.4, clip_on=False)
    for place in (1, end) if end == 1 + gap else (1,):
        axes.plot([place, place], [0.17, 0.27], color=ink, linewidth=1.4, clip_on=False)
    words = f"critical difference {gap:.2f}"
    words += "" if end == 1 + gap else ", longer than the scale"
    axes.text(1, 0.12, words, color=ink, ha="left", va="bottom", fontsize=8.5)


def _bars(
    axes: Axes, places: Sequence[float], joined: Sequence[tuple[int, int]], paint: _Paint
) -> None:
    room = 0.02 * (len(places) - 1)
    for row, (first, last) in enumerate(joined):
        level = 0.75 + _BAR * row
        ends = [max(places[first] - room, 1.0), min(places[last] + room, float(len(places)))]
        accent = paint("var(--accent, #0b5cab)")
        axes.plot(ends, [level, level], color=accent, linewidth=4, solid_capstyle="round")


def _labels(
    axes: Axes, places: Sequence[float], half: int, top: float, reach: float, paint: _Paint
) -> None:
    """Write the better half at the left and the others at the right, each on a line of its own."""
    ink, faint = paint(INK), paint(FAINT)
    for i, place in enumerate(places):
        left = i < half
        level = top + _ROW * (i if left else len(places) - 1 - i)
        end = 1 - reach * 0.06 if left else len(places) + reach * 0.06
        path = [place, place, end], [0.65, level, level]
        axes.plot(*path, color=faint, linewidth=0.9, clip_on=False, zorder=1)
        side = "right" if left else "left"
        text_at = 1 - reach * 0.09 if left else len(places) + reach * 0.09
        axes.text(text_at, level, f"@{i}@", color=ink, ha=side, va="center")
