"""Local binary patterns, and the variance that goes with them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError
from texturekit.features.code_histogram import (
    METHODS,
    STATISTICS,
    bin_labels,
    check_method,
    count_labels,
    describe,
    label_codes,
)
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels.lbp import circle_variance, sample_circle

if TYPE_CHECKING:
    from numpy.typing import NDArray

LBP_METHODS = (*METHODS, "var")
_OCTAVES = 2.0 ** np.arange(-7, 4)  # VAR over its mean: below 1/128, ..., 8 and more: 12 bins
_NOISE = 1e-14  # of the samples' mean square: what rounding leaves where all samples are equal


def lbp_codes(
    image: NDArray[Any], p: int = 8, r: float = 1, method: str = "default"
) -> NDArray[np.int32] | NDArray[np.float64]:
    """Return the local binary pattern of every pixel.

    Bit k is set where the sample at angle ``360 k / p`` degrees (from east, counter-clockwise) on
    the circle of radius r is at least the centre. Samples between pixels are interpolated
    bilinearly; outside the image is 0, so the outer ``ceil(r)`` pixels say little.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        Colour becomes grey by `texturekit.to_grey`. Floats are taken as they are: where neighbours
        are equal, or nearly so, interpolation decides bits by rounding; integers are safer.
    p : int, default 8
        Samples on the circle, 2 to 31 (to 62 for ``uniform``, ``nri_uniform`` and ``var``).
    r : float, default 1
        Radius in pixels, above 0.
    method : {"default", "uniform", "ror", "nri_uniform", "var"}
        See `texturekit.features.code_histogram.label_codes`; ``var`` is the variance of the
        samples.

    Returns
    -------
    (H, W) int32
        Labels in ``0..2**p - 1`` (default, ror), ``0..p + 1`` (uniform) or ``0..p(p - 1) + 2``
        (nri_uniform); float64 variances for ``var``, 0 where all samples are equal.

    Raises
    ------
    ImageError
        If the image is not 2-D or RGB, empty, or not finite.
    ParameterError, UnknownNameError
        If p, r or the method is out of range.

    Notes
    -----
    Equal to ``skimage.feature.local_binary_pattern`` 0.26 on x86-64, bit for bit and on every
    platform, except that ``var`` is 0, not NaN or rounding noise, where all samples are equal.

    References
    ----------
    Ojala, Pietikainen and Maenpaa (2002), doi:10.1109/TPAMI.2002.1017623.

    Examples
    --------
    >>> lbp_codes(np.array([[6, 5, 2], [7, 6, 1], [9, 8, 7]], dtype=np.uint8))[1, 1]
    np.int32(120)
    """
    check_circle(p, r, method)
    grey, _ = grey_region(image, None)
    if method == "var":
        return circle_variances(grey, p, r, noise=_NOISE)
    return label_codes(circle_codes(grey, p, r), p, method)


@feature
def lbp(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    method: str = "uniform",
) -> Measured:
    """Histogram of local binary patterns, and mean, variance, median and entropy of the code image.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        At least ``2 * ceil(r) + 1`` pixels high and wide.
    mask : (H, W) array, optional
        Non-zero where a pixel is counted; its samples may lie outside.
    p, r, method :
        See `lbp_codes`; with at most 4096 different labels.

    Returns
    -------
    dict of float
        ``lbp.p8r1.uniform.00`` ... : share of the pixels with each label, in ascending order of
        the label; then ``lbp.p8r1.uniform.mean``, ``.variance``, ``.median`` and ``.entropy``
        (bits) of the labels. The outer ``ceil(r)`` pixels are left out.
        With ``method="var"``: mean, variance and median of the samples' variance, and 12 bins of
        it relative to its mean, an octave each: below 1/128, 1/128 to 1/64, ..., 8 and more;
        ``.entropy`` is of those bins. All in the first bin where the region is flat.

    Raises
    ------
    ImageError
        If the image is too small or not finite, or no pixel under the mask is off the border.
    ParameterError, UnknownNameError
        If p, r or the method is out of range, or gives more than 4096 columns.

    References
    ----------
    Ojala, Pietikainen and Maenpaa (2002), doi:10.1109/TPAMI.2002.1017623.

    Examples
    --------
    >>> image = np.full((5, 5), 9, dtype=np.uint8)
    >>> lbp(image)["lbp.p8r1.uniform.08"]
    1.0
    """
    check_circle(p, r, method)
    margin = math.ceil(r)
    grey, inside = grey_region(image, mask, smallest=2 * margin + 1)
    prefix = f"lbp.{circle_name(p, r)}.{method}"
    if method == "var":
        values = circle_variances(grey, p, r, noise=_NOISE)
        return _describe_variances(prefix, _off_border(values, margin, inside))
    labels = bin_labels(p, method)
    codes = circle_codes(grey, p, r)
    counts = count_labels(codes, p, method, margin=margin, inside=inside)
    return describe((prefix,), [counts], labels)


def check_circle(p: int, r: float, method: str) -> None:
    """Raise if no circle of samples can be made, or its codes do not fit."""
    check_method(method, known=LBP_METHODS)
    most = 31 if method in ("default", "ror") else 62
    if not isinstance(p, int | np.integer) or not 2 <= p <= most:
        raise ParameterError(f"p={p!r}, but method={method!r} takes 2 to {most} points; change p.")
    if not 0 < r < math.inf:
        raise ParameterError(f"r={r!r}, but the radius is a number of pixels above 0; change r.")


def circle_codes(
    grey: NDArray[Any], p: int, r: float, *, interpolate_all: bool = False
) -> NDArray[np.integer]:
    """Return the raw codes of a grey image that has been checked: (H, W), int32 up to 31 points."""
    circle = Circle(p, r, *grey.shape)
    on_grid = circle.on_grid & (not interpolate_all)
    codes = np.empty(grey.shape, np.int32 if p <= 31 else np.int64)
    weights = np.left_shift(1, np.arange(p), dtype=codes.dtype)
    sample_circle(
        circle.pad(grey), circle.margin, circle.corners, circle.rows, circle.cols, on_grid,
        weights, codes,
    )  # fmt: skip
    return codes


def circle_variances(grey: NDArray[Any], p: int, r: float, *, noise: float) -> NDArray[np.float64]:
    """Return the variance of each pixel's samples, 0 up to ``noise`` times their mean square."""
    circle = Circle(p, r, *grey.shape)
    variances = np.empty(grey.shape)
    circle_variance(
        circle.pad(grey), circle.margin, circle.corners, circle.rows, circle.cols, noise, variances
    )
    return variances


class Circle:
    """Where the samples of every pixel lie, as tables that the kernels read.

    Attributes
    ----------
    margin : int
        How far samples reach out of the image.
    corners : (p, 4) int64
        Row above and below, column left and right of each sample, relative to the pixel.
    rows, cols : (p, H) and (p, W) float64
        The samples' fractions between those.
    on_grid : (p,) bool
        Whether a sample is a pixel.
    """

    def __init__(self, p: int, r: float, height: int, width: int) -> None:
        self.margin, self.corners, self.rows, self.cols, self.on_grid = _tables(
            p, float(r), height, width
        )

    def pad(self, grey: NDArray[Any]) -> NDArray[np.float64]:
        """Return the image as float64 with a border of zeros."""
        height, width = grey.shape
        padded = np.zeros((height + 2 * self.margin, width + 2 * self.margin))
        padded[self.margin : self.margin + height, self.margin : self.margin + width] = grey
        return padded


@lru_cache(maxsize=64)
def _tables(p: int, r: float, height: int, width: int) -> tuple[Any, ...]:
    # Offsets rounded to five decimals, as skimage has them.
    turn = 2 * np.pi * np.arange(p, dtype=np.float64) / p
    down, along = np.round(-r * np.sin(turn), 5), np.round(r * np.cos(turn), 5)
    corners = np.stack([np.floor(down), np.ceil(down), np.floor(along), np.ceil(along)], axis=1)
    rows = (at := np.arange(height) + down[:, None]) - np.floor(at)
    cols = (at := np.arange(width) + along[:, None]) - np.floor(at)
    on_grid = (down == np.floor(down)) & (along == np.floor(along))
    margin = int(np.abs(corners).max(initial=0))
    return margin, corners.astype(np.int64), rows, cols, on_grid


def _off_border(
    values: NDArray[np.float64], margin: int, inside: NDArray[np.bool_] | None
) -> NDArray[np.float64]:
    core = (slice(margin, -margin), slice(margin, -margin))
    kept = values[core].ravel() if inside is None else values[core][inside[core]]
    if kept.size == 0:
        raise ImageError(
            f"no pixel of the mask is at least {margin} pixels inside the {values.shape[1]}x"
            f"{values.shape[0]} image; use a larger region."
        )
    return kept


def _describe_variances(prefix: str, values: NDArray[np.float64]) -> Measured:
    mean = float(values.mean())
    bins = np.searchsorted(_OCTAVES * mean, values, side="right") if mean > 0 else [0]
    found = describe((prefix,), [np.bincount(bins, minlength=len(_OCTAVES) + 1)])
    found.values[-STATISTICS:-1] = mean, values.var(), np.median(values)
    return found


def circle_name(p: int, r: float) -> str:
    """Return how a circle is written in a column: ``p8r1``, ``p8r1_5``."""
    written = str(int(r)) if float(r).is_integer() else str(r).replace(".", "_")
    return f"p{p}r{written}"
