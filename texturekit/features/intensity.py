"""Statistics of the grey values themselves, without their positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.grey_levels import bin_values, even_edges
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels.bins import count_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPANS = ("auto", "dtype", "region")


def intensity_statistics(values: NDArray[Any]) -> dict[str, float]:
    """Compute the 18 first-order statistics of IBSI.

    Parameters
    ----------
    values : array of bool, integer or float, any shape
        Grey values of the region, finite.

    Returns
    -------
    dict of float
        ``mean``, ``variance`` (divided by n), ``skewness``, ``kurtosis`` (excess: 0 for a normal
        distribution; PyRadiomics adds 3), ``median``, ``minimum``, ``maximum``, ``p10``, ``p90``
        (linear interpolation), ``iqr``, ``range``, ``mad`` (mean absolute deviation from the mean),
        ``rmad`` (the same of the values from p10 to p90), ``medad`` (from the median), ``cov``
        (standard deviation over mean), ``qcod`` ((p75 - p25) / (p75 + p25)), ``energy`` (sum of
        squares: grows with the region), ``rms``.

    Raises
    ------
    ImageError
        If there is no value, or they are not finite or too large to be squared.

    Notes
    -----
    Where a formula divides by zero the result is 0: ``skewness`` and ``kurtosis`` of a single grey
    value, ``cov`` at mean 0, ``qcod`` at p25 + p75 = 0, ``rmad`` of no value from p10 to p90.

    References
    ----------
    Zwanenburg et al. (2016), Image biomarker standardisation initiative, arXiv:1612.07003,
    section 3.3.

    Examples
    --------
    >>> found = intensity_statistics(np.array([1, 2, 3, 6]))
    >>> found["mean"], found["variance"], found["medad"]
    (3.0, 3.5, 1.5)
    """
    return _statistics(*_tally(np.asarray(values).ravel()))


def histogram_statistics(counts: NDArray[Any]) -> dict[str, float]:
    """Compute the 23 intensity-histogram statistics of IBSI.

    Parameters
    ----------
    counts : (n,) array of integer
        Pixels at each grey level, from level 1 on.

    Returns
    -------
    dict of float
        The statistics of `intensity_statistics` without ``energy`` and ``rms``, of the levels; and
        ``mode`` (the level with most pixels, the lowest of equals), ``entropy`` (bits),
        ``uniformity``, and the largest and smallest slope of the histogram with their levels:
        ``max_gradient``, ``max_gradient_level``, ``min_gradient``, ``min_gradient_level``.

    Raises
    ------
    ImageError
        If there are fewer than two levels, a negative count, or no pixel.

    References
    ----------
    Zwanenburg et al. (2016), arXiv:1612.07003, section 3.4.

    Examples
    --------
    >>> found = histogram_statistics(np.array([2, 2, 4]))
    >>> found["mode"], found["entropy"], found["max_gradient_level"]
    (3.0, 1.5, 3.0)
    """
    counts = np.asarray(counts, dtype=np.float64)
    if counts.ndim != 1 or counts.size < 2 or (counts < 0).any() or not counts.any():
        raise ImageError(
            f"histogram has shape {counts.shape} and sum {counts.sum():g}, but a list of two or "
            "more counts, none negative, is wanted; count the pixels of each level."
        )
    occupied = counts.nonzero()[0]
    values = _statistics(occupied + 1.0, counts[occupied])
    del values["energy"], values["rms"]
    slopes = np.gradient(counts)
    return values | {
        "mode": float(counts.argmax() + 1),
        **_spread(counts / counts.sum()),
        "max_gradient": float(slopes.max()),
        "max_gradient_level": float(slopes.argmax() + 1),
        "min_gradient": float(slopes.min()),
        "min_gradient_level": float(slopes.argmin() + 1),
    }


@feature
def first_order(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    bins: int = 32,
    span: str = "auto",
) -> Measured:
    """Statistics of the grey values and their histogram.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Grey, or RGB, which becomes grey by `texturekit.to_grey`.
    mask : (H, W) array, optional
        Non-zero inside the region.
    bins : int, default 32
        Bins of the histogram, 2 to 256.
    span : {"auto", "dtype", "region"}
        What the bins divide evenly: the ``"region"``, from its smallest to its largest value
        (IBSI's fixed bin number), or all values that the ``"dtype"`` can hold (integers only), so
        that the same bin means the same brightness in every image. ``"auto"``: the dtype for 8-bit
        images, else the region, since 12-bit scanners fill the lowest bins of 16 bits only.

    Returns
    -------
    dict of float
        ``first_order.<statistic>`` for each of `intensity_statistics`, ``first_order.entropy``
        (bits) and ``first_order.uniformity`` of the histogram, and ``first_order.histogram.00`` on:
        its bins' shares of the pixels, which sum to 1. All finite.

    Raises
    ------
    ImageError
        If the image or its mask cannot be used, or ``span="dtype"`` meets a float image.
    ParameterError
        If ``bins`` is out of range.
    UnknownNameError
        If there is no such span.

    References
    ----------
    Zwanenburg et al. (2016), arXiv:1612.07003, sections 3.3 and 3.4.

    Examples
    --------
    >>> found = first_order(np.array([[0, 64], [128, 255]], dtype=np.uint8), bins=4)
    >>> found["first_order.maximum"], found["first_order.histogram.03"]
    (255.0, 0.25)
    """
    if not (2 <= bins <= 256 and bins == int(bins)):
        raise ParameterError(f"bins={bins} is not a whole number in 2..256; 32 is usual.")
    grey, region = grey_region(image, mask)
    values, counts = _tally(grey.ravel() if region is None else grey[region])
    shares = (
        np.bincount(
            bin_values(values, _edges(values, grey.dtype, bins, span)), counts, minlength=bins
        )
        / counts.sum()
    )
    found = _statistics(values, counts) | _spread(shares)
    digits = len(str(bins - 1))
    named = {f"histogram.{k:0{max(2, digits)}d}": v for k, v in enumerate(shares.tolist())}
    return Measured.of({f"first_order.{name}": v for name, v in (found | named).items()})


def _edges(values: NDArray[Any], dtype: np.dtype[Any], bins: int, span: str) -> NDArray[np.float64]:
    if span not in SPANS:
        raise UnknownNameError("span", span, SPANS)
    if span == "region" or (span == "auto" and dtype.itemsize > 1):
        return even_edges(values[0].item(), values[-1].item(), bins)
    if dtype.kind not in "iu":
        raise ImageError(
            f"image is {dtype}, which has no natural range of values; use span='region'."
        )
    limits = np.iinfo(dtype)
    return even_edges(int(limits.min), int(limits.max) + 1, bins)


def _tally(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the distinct values in rising order, and how many there are of each.

    Floats and wide integers are sorted only: equal neighbours do no harm.
    """
    if values.size == 0:
        raise ImageError("there are no values to describe; give a region with at least one pixel.")
    if values.dtype.kind not in "biuf":
        raise ImageError(f"values are {values.dtype}, but real numbers are wanted.")
    if values.dtype in (np.bool_, np.uint8, np.uint16):
        narrow = values.astype(np.uint8) if values.dtype == np.bool_ else values
        counts = np.zeros(1 << 8 * narrow.dtype.itemsize, dtype=np.int64)
        count_values(np.ascontiguousarray(narrow), counts)
        levels = counts.nonzero()[0]
        return levels, counts[levels].astype(np.float64)
    ordered = np.sort(values)
    if not np.isfinite(ordered[[0, -1]]).all():
        raise ImageError("values are not finite; replace or leave them out before measuring.")
    return ordered, np.ones(ordered.size)


def _statistics(values: NDArray[Any], counts: NDArray[np.float64]) -> dict[str, float]:
    x, number = values.astype(np.float64), float(counts.sum())
    with np.errstate(over="ignore", invalid="ignore"):
        found = _moments(x, counts, number)
        ends = counts.cumsum()
        p10, p25, p50, p75, p90 = (_percentile(x, ends, q) for q in (0.10, 0.25, 0.50, 0.75, 0.90))
        inner = (x >= p10) & (x <= p90)
        found |= {
            "median": p50,
            "minimum": x[0],
            "maximum": x[-1],
            "p10": p10,
            "p90": p90,
            "iqr": p75 - p25,
            "range": x[-1] - x[0],
            "mad": _deviation(x, counts),
            "rmad": _deviation(x[inner], counts[inner]),
            "medad": counts @ np.abs(x - p50) / number,
            "cov": np.sqrt(found["variance"]) / found["mean"] if found["mean"] != 0 else 0.0,
            "qcod": (p75 - p25) / (p75 + p25) if p75 + p25 != 0 else 0.0,
            "energy": counts @ (x * x),
            "rms": np.sqrt(counts @ (x * x) / number),
        }
    if not np.isfinite(list(found.values())).all():
        raise ImageError(
            f"values from {x[0]:g} to {x[-1]:g} are too extreme for their moments to be computed; "
            "rescale the image first."
        )
    return {name: float(value) for name, value in found.items()}


def _moments(x: NDArray[np.float64], counts: NDArray[np.float64], number: float) -> dict[str, Any]:
    if x[0] == x[-1]:  # a mean that is off by one bit would give any skewness
        return {"mean": x[0], "variance": 0.0, "skewness": 0.0, "kurtosis": 0.0}
    mean = counts @ x / number
    apart = x - mean
    variance = counts @ (apart * apart) / number
    scaled = apart / np.sqrt(variance)
    square = scaled * scaled  # scaled**4 costs fifty times as much
    return {
        "mean": mean,
        "variance": variance,
        "skewness": counts @ (square * scaled) / number,
        "kurtosis": counts @ (square * square) / number - 3.0,
    }


def _deviation(x: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """Return the mean absolute deviation from the mean; 0 for one value, or none."""
    if x.size == 0 or x[0] == x[-1]:
        return 0.0
    number = counts.sum()
    return float(counts @ np.abs(x - counts @ x / number) / number)


def _percentile(x: NDArray[np.float64], ends: NDArray[np.float64], q: float) -> float:
    """Interpolate linearly between the order statistics, as `numpy.percentile` does."""
    position = q * (ends[-1] - 1.0)
    below = np.floor(position)
    low, high = x[np.searchsorted(ends, [below, min(below + 1.0, ends[-1] - 1.0)], side="right")]
    return float(low + (high - low) * (position - below))


def _spread(shares: NDArray[np.float64]) -> dict[str, float]:
    occupied = shares[shares > 0]
    entropy = -(occupied @ np.log2(occupied))
    return {"entropy": max(0.0, float(entropy)), "uniformity": float(shares @ shares)}
