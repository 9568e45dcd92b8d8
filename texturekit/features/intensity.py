"""Statistics of the grey values themselves, without their positions."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.grey_levels import even_edges
from texturekit.features.region import grey_region
from texturekit.features.registry import Measured, feature
from texturekit.kernels.intensity import STATISTICS, count_words, describe, tally_bytes

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
    found = _described(*_tally(np.asarray(values).ravel()), np.array([0.0, 1.0]))
    return dict(zip(STATISTICS, found[: len(STATISTICS)].tolist(), strict=True))


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
    edges = np.arange(1.0, counts.size + 2)  # a bin a level
    levels = (occupied + 1).astype(np.float64)
    found = _described(levels, counts[occupied], edges).tolist()
    values = dict(zip(STATISTICS, found[: len(STATISTICS)], strict=True))
    del values["energy"], values["rms"]
    slopes = np.gradient(counts)
    return values | {
        "mode": float(counts.argmax() + 1),
        "entropy": found[len(STATISTICS)],
        "uniformity": found[len(STATISTICS) + 1],
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
    values, counts = _tally(grey.reshape(-1) if region is None else grey[region])
    edges = _edges(values, grey.dtype, int(bins), span)
    return Measured(_names(int(bins)), _described(values, counts, edges))


@cache
def _names(bins: int) -> tuple[str, ...]:
    digits = max(2, len(str(bins - 1)))
    shares = (f"histogram.{k:0{digits}d}" for k in range(bins))
    names = (*STATISTICS, "entropy", "uniformity", *shares)
    return tuple(f"first_order.{name}" for name in names)


def _edges(values: NDArray[Any], dtype: np.dtype[Any], bins: int, span: str) -> NDArray[np.float64]:
    if span not in SPANS:
        raise UnknownNameError("span", span, SPANS)
    if span == "region" or (span == "auto" and dtype.itemsize > 1):
        number = int if dtype.kind in "iu" else float  # edges between integers are exact
        return even_edges(number(values[0]), number(values[-1]), bins)
    if dtype.kind not in "iu":
        raise ImageError(
            f"image is {dtype}, which has no natural range of values; use span='region'."
        )
    return _dtype_edges(dtype, bins)


@cache
def _dtype_edges(dtype: np.dtype[Any], bins: int) -> NDArray[np.float64]:
    limits = np.iinfo(dtype)
    return even_edges(int(limits.min), int(limits.max) + 1, bins)


def _tally(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distinct values in rising order, and how many there are of each.

    Floats and wide integers are sorted only: equal neighbours do no harm.
    """
    if values.size == 0:
        raise ImageError("there are no values to describe; give a region with at least one pixel.")
    kind, width = values.dtype.kind, values.dtype.itemsize
    if kind not in "biuf":
        raise ImageError(f"values are {values.dtype}, but real numbers are wanted.")
    if kind in "bu" and width == 1:
        x, n = np.empty(256), np.empty(256)
        narrow = values if values.dtype == np.uint8 else values.astype(np.uint8)
        found = tally_bytes(np.ascontiguousarray(narrow), x, n)
        return x[:found], n[:found]
    if kind == "u" and width == 2:
        lowest, highest = int(values.min()), int(values.max())
        counts = np.zeros(highest - lowest + 1, dtype=np.int64)
        count_words(np.ascontiguousarray(values, dtype=np.uint16), lowest, counts)
        places = counts.nonzero()[0]
        return (places + lowest).astype(np.float64), counts[places].astype(np.float64)
    ordered = np.sort(values)
    if not np.isfinite(ordered[[0, -1]]).all():
        raise ImageError("values are not finite; replace or leave them out before measuring.")
    return ordered.astype(np.float64), np.ones(ordered.size)


def _described(
    values: NDArray[np.float64], counts: NDArray[np.float64], edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the statistics, entropy, uniformity and shares of values in rising order."""
    found = np.empty(len(STATISTICS) + 1 + len(edges))
    if not describe(values, counts, edges, found):
        raise ImageError(
            f"values from {values[0]:g} to {values[-1]:g} are too extreme for their moments to be "
            "computed; rescale the image first."
        )
    return found
