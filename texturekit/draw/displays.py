"""The curves of a report: ROC, precision and recall, reliability, and what decisions are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.draw.figures import FAINT, INK
from texturekit.draw.plots import MINUS, Axis, Line, Plot, _n, _text, drawn
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence


_INCH = 72.0
_DOTTED = "2 3"
_LOWEST = -0.05  # net benefit: what is worse than this is not worth a look
_COMMON = 0.6  # thresholds above are of use only where the class is commoner than that
_HISTOGRAM = 34.0


def roc(lines: Sequence[Line], *, name: str, label: str, side: float = 4.4) -> str:
    """Draw ROC curves on common axes, with the diagonal of chance.

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
        One ``<svg>`` element, see `texturekit.draw.plots.drawn`.

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
    x, y = Axis(f"1 {MINUS} specificity", ticks=_ticks(side)), Axis("Sensitivity")
    chance = [((0.0, 0.0), (1.0, 1.0))]
    return _square(x, y, lines, name, label, side, chance)


def precision_recall(
    lines: Sequence[Line],
    *,
    name: str,
    label: str,
    prevalence: float | None = None,
    side: float = 4.4,
) -> str:
    """Draw precision over recall, with what chance reaches: the share of positive images.

    Parameters
    ----------
    lines : sequence of Line
        The most important one first; ``x`` is the recall, ``y`` the precision.
    name, label : str
        As of `roc`.
    prevalence : float, optional
        Share of positive images; of a curve over folds the mean that chance would reach in them.
    side : float, default 4.4
        Width and height in inches.

    Returns
    -------
    str
        One ``<svg>`` element.

    Examples
    --------
    >>> line = Line("m0", [0, 0.5, 1], [1, 0.8, 0.4])
    >>> svg = precision_recall([line], name="pr", label="Precision and recall", prevalence=0.3)
    >>> "Precision (PPV)" in svg
    True
    """
    x, y = Axis("Recall (sensitivity)", ticks=_ticks(side)), Axis("Precision (PPV)")
    chance = [] if prevalence is None else [((0.0, prevalence), (1.0, prevalence))]
    return _square(x, y, lines, name, label, side, chance)


def net_benefit(
    lines: Sequence[Line],
    everyone: Line,
    *,
    name: str,
    label: str,
    side: float = 4.4,
) -> str:
    """Draw what decisions are worth over the threshold of acting: a decision curve.

    Parameters
    ----------
    lines : sequence of Line
        The most important one first; ``x`` is the threshold, ``y`` the net benefit.
    everyone : Line
        The net benefit of acting on every image; that of acting on none is 0.
    name, label : str
        As of `roc`.
    side : float, default 4.4
        Height in inches; the drawing is a quarter wider.

    Returns
    -------
    str
        One ``<svg>`` element; net benefits below -0.05 are left out, and thresholds above 0.6
        unless acting on every image is still of use there.

    Raises
    ------
    ParameterError
        If no line has a point.

    Examples
    --------
    >>> line, everyone = Line("m0", [0.1, 0.5], [0.3, 0.2]), Line("all", [0.1, 0.5], [0.3, -0.3])
    >>> svg = net_benefit([line], everyone, name="benefit", label="Decision curves")
    >>> "act on none" in svg
    True
    """
    useful = [x for x, y in zip(everyone.x, everyone.y, strict=True) if y > 0]
    end = _COMMON if max(useful, default=0.0) <= _COMMON else 1.0
    seen = [
        y
        for line in (everyone, *lines)
        for x, y in zip(line.x, line.y, strict=True)
        if x <= end
    ]  # fmt: skip
    if not seen:
        raise ParameterError("a decision curve has no point; leave it out.")
    top = max(*seen, 0.02) * 1.06
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if top / s <= 6)
    ticks = [i * step for i in range(int(top / step) + 1)]
    rights = [0.0, 0.2, 0.4, 0.6] if end == _COMMON else _ticks(side)
    plot = Plot(
        Axis("Threshold probability", 0.0, end, rights), Axis("Net benefit", _LOWEST, top, ticks),
        name=name, label=label, width=1.25 * side * _INCH, height=side * _INCH,
        guides=[
            (list(zip(everyone.x, everyone.y, strict=True)), "7 3 2 3"),
            ([(0.0, 0.0), (end, 0.0)], ""),
        ],
    )  # fmt: skip
    words = _text(plot.across(end) - 4, plot.up(0) - 5, "act on none")
    # beside the falling line, above the middle of what is seen of it
    place = min(useful, key=lambda x: abs(x - max(useful) * 0.35), default=None)
    if place is not None:
        height = everyone.y[list(everyone.x).index(place)]
        words += _text(plot.across(place) - 4, plot.up(height) + 15, "act on all")
    notes = f'<g class="note" fill="{FAINT}" text-anchor="end">{words}</g>'
    return drawn(plot, lines, notes)


@dataclass(frozen=True)
class Bin:
    """Images with alike predicted probabilities: their mean, how many were positive, how many."""

    told: float
    observed: float
    low: float | None
    high: float | None
    n: int


def reliability(
    bins: Sequence[Bin], *, name: str, label: str, colour: str = INK, side: float = 3.0
) -> str:
    """Draw observed shares over predicted probabilities, and how many images are behind each.

    Parameters
    ----------
    bins : sequence of Bin
    name, label : str
        As of `roc`.
    colour : str
        A CSS colour.
    side : float, default 3.0
        Width in inches; the histogram of the bins stands below.

    Returns
    -------
    str
        One ``<svg>`` element.

    Examples
    --------
    >>> svg = reliability([Bin(0.2, 0.25, 0.1, 0.4, 40)], name="c0", label="Calibration")
    >>> "Observed share" in svg
    True
    """
    plot = Plot(
        Axis("Predicted probability", ticks=_ticks(side)), Axis("Observed share"),
        name=name, label=label, width=side * _INCH, height=side * _INCH,
        guides=[(((0.0, 0.0), (1.0, 1.0)), _DOTTED)], foot=_HISTOGRAM + 8,
    )  # fmt: skip
    parts = [_marked(plot, one) for one in bins]
    line = " ".join(f"{_n(plot.across(b.told))},{_n(plot.up(b.observed))}" for b in bins)
    body = f'<polyline fill="none" stroke-width="1.4" points="{line}"/>{"".join(parts)}'
    return drawn(plot, [], f'<g stroke="{colour}" fill="{colour}">{body}</g>{_bars(plot, bins)}')


def _marked(plot: Plot, one: Bin) -> str:
    x, y = _n(plot.across(one.told)), _n(plot.up(one.observed))
    bar = ""
    if one.low is not None and one.high is not None:
        bar = f'<path stroke-width="1.2" d="M{x} {_n(plot.up(one.low))}V{_n(plot.up(one.high))}"/>'
    return f'{bar}<circle cx="{x}" cy="{y}" r="2.8"/>'


def _bars(plot: Plot, bins: Sequence[Bin]) -> str:
    floor = plot.height + plot.foot - 3
    most = max((one.n for one in bins), default=0)
    width = (plot.across(1) - plot.across(0)) / 13
    bars = [
        f'<rect x="{_n(plot.across(b.told) - width / 2)}" y="{_n(floor - high)}" '
        f'width="{_n(width)}" height="{_n(high)}"/>'
        for b in bins
        for high in [_HISTOGRAM * b.n / most if most else 0.0]
    ]
    scale = _text(plot.across(0) - 6, floor - _HISTOGRAM + 8, f"{most:,}")
    scale += _text(plot.across(0) - 6, floor, "images")
    return (
        f'<g fill="{FAINT}"><path stroke="{FAINT}" d="M{_n(plot.across(0))} {_n(floor)}'
        f'H{_n(plot.across(1))}"/>{"".join(bars)}<g text-anchor="end">{scale}</g></g>'
    )


def _square(
    x: Axis,
    y: Axis,
    lines: Sequence[Line],
    name: str,
    label: str,
    side: float,
    guides: Sequence[tuple[tuple[float, float], ...]],
) -> str:
    plot = Plot(
        x, Axis(y.name, ticks=_ticks(side)), name=name, label=label,
        width=side * _INCH, height=side * _INCH, guides=[(one, _DOTTED) for one in guides],
    )  # fmt: skip
    return drawn(plot, lines)


def _ticks(side: float) -> Sequence[float]:
    """Return where numbers stand on an axis from 0 to 1: fewer in a small drawing."""
    return (0.0, 0.2, 0.4, 0.6, 0.8, 1.0) if side > 4 else (0.0, 0.5, 1.0)
