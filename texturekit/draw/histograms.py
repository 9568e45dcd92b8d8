"""Histograms: pixels by code, and by grey value."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from texturekit.draw.figures import GRID, INK, _figure, _Paint, _plain_axes, _svg, plain_style
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_HEIGHT, _WIDTH = 48, 256


@dataclass(frozen=True)
class Band:
    """A curve with the band around it, at even steps of grey.

    Attributes
    ----------
    low, middle, high : sequence of float
        Shares of pixels.
    colour : str
        A CSS colour.
    """

    low: Sequence[float]
    middle: Sequence[float]
    high: Sequence[float]
    colour: str = INK


def code_bars(counts: Sequence[int], *, label: str) -> str:
    """Draw how many pixels have each code, as bars.

    Parameters
    ----------
    counts : sequence of int
        Pixels by code, from code 0.
    label : str
        What a screen reader says.

    Returns
    -------
    str
        One ``<svg>`` element.

    Examples
    --------
    >>> code_bars([1, 2], label="two codes").count("M")
    2
    """
    top = max([*counts, 1])
    step = _WIDTH / max(len(counts), 1)
    bars = "".join(
        f"M{k * step:.4g} {_HEIGHT}v-{_HEIGHT * count / top:.3g}h{step * 0.9:.3g}V{_HEIGHT}z"
        for k, count in enumerate(counts)
        if count
    )
    return (
        f'<svg class="codes" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" '
        f'role="img" aria-label="{escape(label)}"><path d="{bars}"/></svg>'
    )


def grey_values(bands: Sequence[Band], *, name: str, label: str) -> str:
    """Draw shares of pixels by grey value, with bands.

    Parameters
    ----------
    bands : sequence of Band
        One a class, all with the same number of steps. Pure black and white may leave the scale.
    name : str
        Prefix of the ids inside, unique in the page.
    label : str
        What a screen reader says.

    Returns
    -------
    str
        One ``<svg>`` element.

    Raises
    ------
    ParameterError
        If the bands have different numbers of steps.

    Examples
    --------
    >>> grey_values([Band([0.1, 0.2], [0.4, 0.6], [0.5, 0.7])], name="grey", label="Grey")[:4]
    '<svg'
    """
    sizes = {len(part) for band in bands for part in (band.low, band.middle, band.high)}
    if len(sizes) != 1:
        raise ParameterError(f"bands have {sorted(sizes)} steps; give all the same number.")
    with plain_style():
        figure, paint = _figure(6.0, 3.2), _Paint()
        axes = figure.add_axes((0.62 / 6.0, 0.52 / 3.2, 1 - 0.76 / 6.0, 1 - 0.62 / 3.2))
        for band in reversed(bands):
            _draw(axes, band, paint)
        _plain_axes(axes, paint)
        axes.set(xlim=(0, 255), ylim=(0, _top(bands)), xticks=[0, 64, 128, 192, 255])
        axes.grid(visible=True, color=paint(GRID), linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel("Grey value", color=paint(INK), labelpad=5)
        axes.set_ylabel("Share of pixels, %", color=paint(INK), labelpad=5)
        return _svg(figure, paint, name, label, {})


def _top(bands: Sequence[Band]) -> float:
    """Return the end of the axis in percent; pure black and white would hide the rest."""
    inner = max((max(band.high[1:-1], default=0.0) for band in bands), default=0.0)
    return 105 * (inner or max(max(band.high) for band in bands) or 1.0)


def _draw(axes: Axes, band: Band, paint: _Paint) -> None:
    steps = len(band.middle)
    grey = (np.arange(steps) + 0.5) * 256 / steps
    low, middle, high = (100 * np.asarray(part) for part in (band.low, band.middle, band.high))
    colour = paint(band.colour)
    axes.fill_between(grey, low, high, color=colour, alpha=0.18, linewidth=0)
    axes.plot(grey, middle, color=colour, linewidth=1.6)
