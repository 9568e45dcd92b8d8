"""Local ternary patterns: local binary patterns with a dead zone around the centre's value."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.code_histogram import bin_labels, count_labels, describe
from texturekit.features.lbp import Circle, check_circle, circle_name
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels.ltp import ternary_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNITS = ("std", "grey")
_LARGEST = 1e140
TIE = 1e-12  # of the largest magnitude: differences below are what interpolation leaves of none


@feature
def ltp(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    method: str = "uniform",
    threshold: float = 0.1,
    unit: str = "std",
) -> Measured:
    """Histograms of local ternary patterns: samples well above, and well below, their centre.

    A sample counts as above where it exceeds the centre by the threshold or more, as below where
    it falls short by as much, and as equal in between. The samples above make one code, those
    below another.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        At least ``2 * ceil(r) + 1`` pixels high and wide.
    mask : (H, W) array, optional
        Non-zero where a pixel is counted; its samples may lie outside.
    p, r, method :
        See `texturekit.features.lbp_codes`; with at most 4096 different labels.
    threshold : float, default 0.1
        0 or more; 0 counts every difference beyond rounding (1e-12 of the largest magnitude).
    unit : {"std", "grey"}
        What the threshold is a multiple of: the standard deviation of the region, so that
        brightness and contrast change nothing and 8 bits, 16 bits and floats need no other value;
        or one grey value, as published (5 for the 8-bit faces of the paper).

    Returns
    -------
    dict of float
        ``ltp.p8r1.upper.uniform.00`` ...: share of the pixels with each label, summing to 1, then
        ``.mean``, ``.variance``, ``.median`` and ``.entropy`` (bits) of the labels; then the same
        of ``lower``. The outer ``ceil(r)`` pixels are left out. All codes are 0 where the region
        is flat.

    Raises
    ------
    ImageError
        If the image is too small or not finite, or no pixel under the mask is off the border.
    ParameterError, UnknownNameError
        If a parameter is out of range, or gives more than 4096 columns a histogram.

    References
    ----------
    Tan and Triggs (2010), doi:10.1109/TIP.2010.2042645.

    Examples
    --------
    >>> image = np.zeros((5, 5), dtype=np.uint8)
    >>> image[2, 2] = 100
    >>> found = ltp(image, threshold=50, unit="grey", r=2)
    >>> found["ltp.p8r2.upper.uniform.00"], found["ltp.p8r2.lower.uniform.08"]
    (1.0, 1.0)
    """
    check_circle(p, r, method)
    labels = bin_labels(p, method)
    margin = math.ceil(r)
    grey, inside = grey_region(image, mask, smallest=2 * margin + 1)
    codes = upper_and_lower(grey, inside, p, r, threshold, unit)
    counts = [count_labels(plane, p, method, margin=margin, inside=inside) for plane in codes]
    return describe(_prefixes(circle_name(p, r), method), counts, labels)


def upper_and_lower(
    grey: NDArray[Any],
    inside: NDArray[np.bool_] | None,
    p: int,
    r: float,
    threshold: float,
    unit: str,
) -> NDArray[np.integer]:
    """Return both codes of a grey image that has been checked, (2, H, W), 0 along the border."""
    check_range(grey)
    grey = grey.astype(np.float64)
    least = grey_threshold(grey if inside is None else grey[inside], threshold, unit)
    codes = np.zeros((2, *grey.shape), np.int32 if p <= 31 else np.int64)
    weights = np.left_shift(1, np.arange(p), dtype=codes.dtype)
    circle = Circle(p, r, *grey.shape)
    tables = (circle.corners, circle.rows, circle.cols)
    ternary_codes(grey, math.ceil(r), *tables, least, weights, codes)
    return codes


def grey_threshold(values: NDArray[np.float64], threshold: float, unit: str) -> float:
    """Return a threshold in grey values, at least what rounding can make of equal values."""
    if unit not in UNITS:
        raise UnknownNameError("unit", unit, UNITS)
    if not 0 <= threshold < math.inf:
        raise ParameterError(f"threshold={threshold!r}, but it is a number of {unit} from 0 on.")
    lowest = values.min()
    noise = TIE * max(-lowest, values.max()) + np.finfo(np.float64).tiny
    # From the lowest value on, so that a shift of integers changes no rounding.
    size = 1.0 if unit == "grey" else (values - lowest).std()
    return float(max(threshold * size, noise))


def check_range(grey: NDArray[Any]) -> None:
    """Raise if squares of the values, or sums of them, might be more than a float holds."""
    if grey.dtype.kind != "f":  # no integer is
        return
    lowest, highest = float(grey.min()), float(grey.max())
    if max(-lowest, highest) > _LARGEST:
        raise ImageError(
            f"pixel values from {lowest:g} to {highest:g} are too large to compare; "
            "rescale the image first."
        )


@cache
def _prefixes(circle: str, method: str) -> tuple[str, str]:
    return f"ltp.{circle}.upper.{method}", f"ltp.{circle}.lower.{method}"
