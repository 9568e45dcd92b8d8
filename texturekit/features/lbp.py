"""Local binary patterns, and the variance that goes with them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.circle import (
    LBP_METHODS,
    Circle,
    check_circle,
    circle_codes,
    circle_labels,
    circle_name,
    circle_variances,
    count_circle_codes,
    count_square_codes,
    square_labels,
)
from texturekit.features.code_histogram import (
    STATISTICS,
    bin_labels,
    count_labels,
    describe,
    describe_banks,
)
from texturekit.features.code_labels import code_table
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "LBP_METHODS", "Circle", "check_circle", "circle_codes", "circle_name", "circle_variances",
    "lbp", "lbp_codes",
]  # fmt: skip

NEIGHBOURHOODS = ("circle", "square")
# VAR over its mean: below 1/128, ..., 8 and more: 12 bins. A little below the powers of two, so
# that rounding does not part a region of one VAR, which is its mean.
OCTAVES = 2.0 ** np.arange(-7, 4) * (1 - 1e-9)
_NOISE = 1e-14  # of the samples' mean square: what rounding leaves where all samples are equal


def lbp_codes(
    image: NDArray[Any],
    p: int = 8,
    r: float = 1,
    method: str = "default",
    *,
    neighborhood: str = "circle",
    tie_tolerance: float = 0.0,
) -> NDArray[np.int32] | NDArray[np.float64]:
    """Return the local binary pattern of every pixel.

    Bit k is set where the sample at angle ``360 k / p`` degrees (from east, counter-clockwise) on
    the circle of radius r is at least the centre. Samples between pixels are interpolated
    bilinearly; outside the image is 0, so the outer ``ceil(r)`` pixels say little.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        Colour becomes grey by `texturekit.to_grey`. Floats are taken as they are: where neighbours
        are equal, or nearly so, interpolation decides bits by rounding; see ``tie_tolerance``.
    p : int, default 8
        Samples on the circle, 2 to 31 (to 62 for ``uniform``, ``nri_uniform`` and ``var``).
    r : float, default 1
        Radius in pixels, above 0.
    method : {"default", "uniform", "ror", "nri_uniform", "var"}
        See `texturekit.features.code_histogram.label_codes`; ``var`` is the variance of the
        samples.
    neighborhood : {"circle", "square"}
        ``square`` compares the eight neighbours themselves, for ``p=8, r=1``: nothing is
        interpolated, so that integers are exact and ties are ties.
    tie_tolerance : float, default 0
        How far a sample may lie below the pixel and still count as reaching it, as a share of the
        range of the image's values and 0; below 1. 1e-9 is more than rounding and less than any
        step of an integer image: then bits no longer depend on rounding.

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
    With the defaults equal to ``skimage.feature.local_binary_pattern`` 0.26 on x86-64, bit for bit
    and on every platform, except that ``var`` is 0, not NaN or rounding noise, where all samples
    are equal.

    References
    ----------
    Ojala, Pietikainen and Maenpaa (2002), doi:10.1109/TPAMI.2002.1017623.

    Examples
    --------
    >>> lbp_codes(np.array([[6, 5, 2], [7, 6, 1], [9, 8, 7]], dtype=np.uint8))[1, 1]
    np.int32(120)
    """
    _check(p, r, method, neighborhood, tie_tolerance)
    grey, _ = grey_region(image, None)
    square = neighborhood == "square"
    if method == "var":
        return circle_variances(grey, p, r, noise=_NOISE, square=square)
    slack = _slack(grey, tie_tolerance)
    if square:
        return square_labels(grey, method, slack)
    labels: NDArray[np.int32] = circle_labels(grey, p, r, method, slack=slack)
    return labels


@feature
def lbp(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    method: str = "uniform",
    neighborhood: str = "circle",
    tie_tolerance: float = 0.0,
) -> Measured:
    """Histogram of local binary patterns, and mean, variance, median and entropy of the code image.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        At least ``2 * ceil(r) + 1`` pixels high and wide.
    mask : (H, W) array, optional
        Non-zero where a pixel is counted; its samples may lie outside.
    p, r, method, neighborhood, tie_tolerance :
        See `lbp_codes`; with at most 4096 different labels.

    Returns
    -------
    dict of float
        ``lbp.p8r1.uniform.00`` ... : share of the pixels with each label, in ascending order of
        the label; then ``lbp.p8r1.uniform.mean``, ``.variance``, ``.median`` and ``.entropy``
        (bits) of the labels. The outer ``ceil(r)`` pixels are left out. The square's columns are
        ``lbp.p8r1sq.uniform.00`` ...
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
    _check(p, r, method, neighborhood, tie_tolerance)
    margin, square = math.ceil(r), neighborhood == "square"
    grey, inside = grey_region(image, mask, smallest=2 * margin + 1)
    prefix = f"lbp.{circle_name(p, r)}{'sq' if square else ''}.{method}"
    if method == "var":
        values = circle_variances(from_lowest(grey, inside), p, r, noise=_NOISE, square=square)
        return _describe_variances(prefix, _off_border(values, margin, inside))
    labels, slack = bin_labels(p, method), _slack(grey, tie_tolerance)
    found = (
        (count_square_codes(grey, inside, slack), code_table(p, method))
        if square
        else count_circle_codes(grey, inside, p, r, method, slack)
    )
    if found is None:
        codes = circle_codes(grey, p, r, slack=slack)
        counts = count_labels(codes, p, method, margin=margin, inside=inside)
        return describe((prefix,), [counts], labels)
    return describe_banks(prefix, *found, labels, margin=margin, shape=grey.shape)


def _check(p: int, r: float, method: str, neighborhood: str, tie_tolerance: float) -> None:
    check_circle(p, r, method)
    if neighborhood not in NEIGHBOURHOODS:
        raise UnknownNameError("neighborhood", neighborhood, NEIGHBOURHOODS)
    if neighborhood == "square" and (p, r) != (8, 1):
        raise ParameterError(
            f"p={p}, r={r}, but neighborhood='square' is the eight neighbours; leave p=8, r=1."
        )
    if not 0 <= tie_tolerance < 1:
        raise ParameterError(
            f"tie_tolerance={tie_tolerance!r}, but it is a share of the image's range, from 0 to "
            "below 1; 1e-9 leaves nothing to rounding."
        )


def _slack(grey: NDArray[Any], tie_tolerance: float) -> float:
    if tie_tolerance == 0:
        return 0.0
    # With 0, for rounding grows with the values, not with how much they differ.
    return tie_tolerance * (max(float(grey.max()), 0.0) - min(float(grey.min()), 0.0))


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


def from_lowest(grey: NDArray[Any], inside: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    """Return an image less the region's lowest value, as float64: squares then keep digits."""
    wide: NDArray[np.float64] = grey.astype(np.float64)
    wide -= wide.min() if inside is None else wide[inside].min()
    return wide


def _describe_variances(prefix: str, values: NDArray[np.float64]) -> Measured:
    mean = float(values.mean())
    bins = np.searchsorted(OCTAVES * mean, values, side="right") if mean > 0 else [0]
    found = describe((prefix,), [np.bincount(bins, minlength=len(OCTAVES) + 1)])
    found.values[-STATISTICS:-1] = mean, values.var(), np.median(values)
    return found
