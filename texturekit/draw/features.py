"""What a texture family sees in one image, and what it measures: one figure."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from texturekit.draw.figures import plain_style
from texturekit.features.maps import Map, maps
from texturekit.features.measuring import Subject, measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_PANEL, _CHART, _ACROSS = 3.0, 1.5, 5  # inches; panels in a row
_BAR, _INK = "#0b62b8", "#222222"
_LOOKS = {"grey": "gray", "signed": "RdBu_r", "codes": "viridis", "angle": "twilight",
          "matrix": "magma"}  # fmt: skip
_MOST_NUMBERS = 30
_SHORT = 12  # bars of a chart that others fit beside


def show_feature(
    image: NDArray[Any], feature: str, mask: NDArray[np.bool_] | None = None
) -> Figure:
    """Draw an image, what a family sees in it, its histograms and its statistics.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
    feature : str
        One family, with parameters if wanted: ``"lbp(p=16,r=2)"``.
    mask : (H, W) array, optional
        Non-zero inside the region, which is outlined.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``save_figure``.

    Raises
    ------
    ImageError
        If the image cannot be measured.
    ParameterError, UnknownNameError
        If ``feature`` is not one family, or a parameter is wrong.

    Examples
    --------
    >>> image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> [axes.get_title() for axes in show_feature(image, "lbp").axes][:2]
    ['16 x 16 pixels, uint8', 'uniform labels']
    """
    region = Subject(image, mask).mask  # refuses what cannot be measured before it is drawn
    pictures = maps(feature, image, region)
    series, numbers = _grouped(measure(image, feature, region))
    rows = math.ceil((1 + len(pictures)) / _ACROSS)
    across = max(3, min(1 + len(pictures), _ACROSS))
    texts = _texts(numbers)
    columns = max(1, int(across * _PANEL / (0.15 + 0.056 * max(map(len, texts), default=1))))
    lines = math.ceil(len(texts) / columns)
    narrow = len(series) > 1 and all(len(bars) <= _SHORT for bars in series.values())
    abreast = across if narrow else 1
    charts = math.ceil(len(series) / abreast)
    heights = [_PANEL] * rows + [_CHART] * charts + [0.3 + 0.17 * lines] * bool(texts)
    with plain_style():
        from matplotlib.figure import Figure

        size = (across * _PANEL, sum(heights) + 0.6)
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        figure.suptitle(feature, fontsize=11)
        places = figure.add_gridspec(len(heights), across, height_ratios=heights)
        _draw_image(figure.add_subplot(places[0, 0]), image, region)
        for k, picture in enumerate(pictures, start=1):
            axes = figure.add_subplot(places[k // across, k % across])
            _draw_map(axes, picture, image)
        for k, (prefix, values) in enumerate(series.items()):
            place = slice(None) if abreast == 1 else k % abreast
            _draw_bars(figure.add_subplot(places[rows + k // abreast, place]), prefix, values)
        if texts:
            _write(figure.add_subplot(places[-1, :]), texts, columns)
    return figure


def save_figure(figure: Figure, path: Any, kind: str, *, said: str = "") -> None:
    """Write a figure as ``"png"`` or ``"svg"``; the same figure gives the same bytes.

    What is ``said`` stands in the file as its description.
    """
    known: dict[str, Any] = {"Description": said} if said else {}
    known |= {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    with plain_style():
        figure.savefig(path, format=kind, dpi=120, metadata=known)


def _grouped(values: dict[str, float]) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Part the numbered columns, which are histograms, from the named ones."""
    series: dict[str, list[float]] = {}
    numbers: dict[str, float] = {}
    for name, value in values.items():
        match = re.fullmatch(r"(.+)\.o?\d+", name)
        if match is None:
            numbers[name] = value
        else:
            series.setdefault(re.sub(r"\.r\d+c\d+$", "", match[1]), []).append(value)
    return series, numbers


def _draw_image(axes: Axes, image: NDArray[Any], mask: NDArray[np.bool_] | None) -> None:
    top = np.iinfo(image.dtype).max if image.ndim == 3 and image.dtype.kind == "u" else 1
    axes.imshow(image / top if image.ndim == 3 else image, cmap="gray", interpolation="nearest")
    if mask is not None and not mask.all():
        axes.contour(mask, levels=[0.5], colors=["#e8590c"], linewidths=1.0)
    axes.set_title(f"{image.shape[1]} x {image.shape[0]} pixels, {image.dtype}", fontsize=8.5)
    axes.set_axis_off()


def _draw_map(axes: Axes, picture: Map, image: NDArray[Any]) -> None:
    axes.set_title(picture.title, fontsize=8.5)
    if picture.kind == "glyphs":
        _draw_glyphs(axes, picture.values, image)
        return
    shown = picture.values
    low, high = None, None
    if picture.kind == "matrix":
        smallest = shown[shown > 0].min(initial=np.inf)
        shown = np.log10(np.where(shown > 0, shown, smallest / 10))
    elif picture.kind == "signed":
        reach = float(np.nanmax(np.abs(shown), initial=0)) or 1.0
        low, high = -reach, reach
    elif picture.kind == "angle":
        low, high = 0.0, 180.0
    looks = _LOOKS[picture.kind]
    shape: Literal["auto", "equal"] = "auto" if picture.kind == "matrix" else "equal"
    height, width = shown.shape
    first = 1 if picture.kind == "matrix" else 0
    drawn = axes.imshow(
        shown, cmap=looks, vmin=low, vmax=high, interpolation="nearest", aspect=shape,
        extent=(first - 0.5, first + width - 0.5, first + height - 0.5, first - 0.5),
    )  # fmt: skip
    bar = axes.figure.colorbar(drawn, ax=axes, shrink=0.8, pad=0.02)
    bar.ax.tick_params(labelsize=7)
    if picture.kind == "matrix":
        bar.set_label("log10 of the share", fontsize=7)
        axes.tick_params(labelsize=7)
    else:
        axes.set_axis_off()


def _draw_glyphs(axes: Axes, cells: NDArray[np.float64], image: NDArray[Any]) -> None:
    """Draw each cell's edges: bars at right angles to the gradient, as bright as it is long."""
    from matplotlib.collections import LineCollection

    rows, cols, orientations = cells.shape
    height, width = image.shape[:2]
    turns = np.deg2rad((np.arange(orientations) + 0.5) * 180 / orientations + 90)
    half = 0.5 * np.stack([np.cos(turns) * width / cols, np.sin(turns) * height / rows], axis=1)
    middle = np.stack(
        np.meshgrid(
            (np.arange(cols) + 0.5) * width / cols, (np.arange(rows) + 0.5) * height / rows
        ),
        axis=-1,
    )[:, :, None]
    bars = np.stack([middle - half, middle + half], axis=-2).reshape(-1, 2, 2)
    strength = cells.ravel() / (cells.max() or 1.0)
    seen = strength > 0.02
    axes.add_collection(
        LineCollection(
            list(bars[seen]), colors=[(1, 1, 1, s) for s in strength[seen]], linewidths=1.1
        )
    )
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal", xticks=[], yticks=[])
    axes.set_facecolor("black")


def _draw_bars(axes: Axes, prefix: str, values: list[float]) -> None:
    axes.bar(np.arange(len(values)), values, width=1.0, color=_BAR, linewidth=0)
    axes.set_title(f"{prefix}: {len(values)} columns", fontsize=8.5, loc="left")
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)


def _texts(numbers: dict[str, float]) -> list[str]:
    """Write statistics without the first word of their names, the family's."""
    texts = [f"{name.partition('.')[2]} = {value:.4g}" for name, value in numbers.items()]
    more = len(texts) - _MOST_NUMBERS
    return [*texts[:_MOST_NUMBERS], f"and {more} more columns"] if more > 0 else texts


def _write(axes: Axes, texts: list[str], columns: int) -> None:
    axes.set_axis_off()
    lines = math.ceil(len(texts) / columns)
    for k, text in enumerate(texts):
        column, line = divmod(k, lines)
        axes.text(column / columns, 1 - (line + 0.5) / (lines + 1), text, fontsize=7, color=_INK,
                  transform=axes.transAxes, va="center")  # fmt: skip
