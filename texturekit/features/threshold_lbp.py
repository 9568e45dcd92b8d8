"""Patterns against one statistic of the window: its mean, its median or its variance."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.features.code_histogram import bin_labels, count_labels, describe
from texturekit.features.lbp import circle_name
from texturekit.features.neighbourhood import Neighbourhood
from texturekit.features.registry import Measured, feature
from texturekit.features.window_codes import describe_ring, grey_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

VARIANCE_RULES = {
    "deviation": ("mean", "deviation", "median"),
    "raw": ("mean", "raw", "median"),
    "std": ("mean", "std", "median"),
    "map": ("mean_map", "variance_map", "median_map"),
}


@feature
def mean_lbp(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    method: str = "nri_uniform",
    window: int | None = None,
    stat_window: str = "full",
    compare: str = ">=",
    order: str = "skimage",
    mask_mode: str = "center",
    center_bit: bool = False,
) -> Measured:
    """Histogram of codes of the neighbours against the mean of their window.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        At least as large as one neighbourhood: 3x3 by default.
    mask : (H, W) array, optional
        Non-zero where a pixel is counted.
    method : {"nri_uniform", "uniform", "ror", "default"}
        Labels of the codes; see `texturekit.features.code_histogram.label_codes`. All but
        ``default`` are refused with ``order="raster"``, whose bits go round no circle.
    p, r, window, stat_window, compare, order, mask_mode :
        See `texturekit.features.neighbourhood.Neighbourhood`.
    center_bit : bool, default False
        Compare the centre too (improved LBP): the codes with its bit set are counted in a second
        set of bins behind the first.

    Returns
    -------
    dict of float
        ``mean_lbp.nri_uniform.00`` ...: shares that sum to 1; then ``.mean``, ``.variance``,
        ``.median`` and ``.entropy`` (bits) of the labels. Pixels without a whole neighbourhood are
        left out. With another circle: ``mean_lbp.p16r2.nri_uniform.000`` ...

    Raises
    ------
    ImageError
        If the image is too small or not finite, or no pixel under the mask is valid.
    ParameterError, UnknownNameError
        If a parameter is out of range.

    References
    ----------
    Jin, Liu, Lu and Tong (2004), doi:10.1109/ICIG.2004.77.

    Examples
    --------
    >>> mean_lbp(np.full((5, 5), 9, dtype=np.uint8))["mean_lbp.nri_uniform.57"]
    1.0
    """
    around = Neighbourhood(
        p, r, window, stat_window, compare, order, mask_mode=mask_mode, center_bit=center_bit
    )
    return measure_codes("mean_lbp", image, mask, {"": "mean"}, around, method)


@feature
def median_lbp(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    method: str = "nri_uniform",
    window: int | None = None,
    stat_window: str = "full",
    compare: str = ">=",
    order: str = "skimage",
    mask_mode: str = "center",
) -> Measured:
    """Histogram of codes of the neighbours against the median of their window.

    Parameters
    ----------
    image, mask, p, r, method, window, stat_window, compare, order, mask_mode :
        See `mean_lbp`.

    Returns
    -------
    dict of float
        ``median_lbp.nri_uniform.00`` ...; see `mean_lbp`.

    Raises
    ------
    ImageError, ParameterError, UnknownNameError
        See `mean_lbp`.

    References
    ----------
    Hafiane, Seetharaman and Zavidovique (2007), doi:10.1007/978-3-540-74260-9_35; here without the
    centre's bit, which `mbp` has.

    Examples
    --------
    >>> median_lbp(np.full((5, 5), 9, dtype=np.uint8))["median_lbp.nri_uniform.57"]
    1.0
    """
    around = Neighbourhood(p, r, window, stat_window, compare, order, mask_mode=mask_mode)
    return measure_codes("median_lbp", image, mask, {"": "median"}, around, method)


@feature
def mbp(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    method: str = "nri_uniform",
    window: int | None = None,
    stat_window: str = "full",
    compare: str = ">=",
    order: str = "skimage",
    mask_mode: str = "center",
) -> Measured:
    """Median binary pattern: neighbours and centre against the median of their window.

    The neighbours' bits are labelled by ``method``; codes whose centre bit is set are counted in a
    second set of bins behind the first: ``mbp.nri_uniform.000`` to ``.058`` without, ``.059`` to
    ``.117`` with it. ``method="default"`` counts all 512 codes; with ``>=`` at least five of nine
    bits are set, so that half of its columns are always 0. Known to be unstable in noise.

    Parameters
    ----------
    image, mask, p, r, method, window, stat_window, compare, order, mask_mode :
        See `mean_lbp`.

    Returns
    -------
    dict of float
        ``mbp.nri_uniform.000`` ...; see `mean_lbp`.

    Raises
    ------
    ImageError, ParameterError, UnknownNameError
        See `mean_lbp`.

    References
    ----------
    Hafiane, Seetharaman and Zavidovique (2007), doi:10.1007/978-3-540-74260-9_35; Kylberg and
    Sintorn (2013), doi:10.1186/1687-5281-2013-17 (stability).

    Examples
    --------
    >>> mbp(np.full((5, 5), 9, dtype=np.uint8))["mbp.nri_uniform.116"]
    1.0
    """
    around = Neighbourhood(
        p, r, window, stat_window, compare, order, mask_mode=mask_mode, center_bit=True
    )
    return measure_codes("mbp", image, mask, {"": "median"}, around, method)


@feature
def variance_lbp(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    method: str = "nri_uniform",
    variance_rule: str = "deviation",
    window: int | None = None,
    stat_window: str = "full",
    compare: str = ">=",
    order: str = "skimage",
    mask_mode: str = "center",
) -> Measured:
    """Histogram of codes of the neighbours against the variance of their window.

    Parameters
    ----------
    image, mask, p, r, method, window, stat_window, compare, order, mask_mode :
        See `mean_lbp`.
    variance_rule : {"deviation", "raw", "std", "map"}
        See `mvm_codes`.

    Returns
    -------
    dict of float
        ``variance_lbp.nri_uniform.00`` ...; see `mean_lbp`.

    Raises
    ------
    ImageError, ParameterError, UnknownNameError
        See `mean_lbp`.

    References
    ----------
    Arora, Sucharitha and Sharma (2023), doi:10.1007/s41870-023-01204-y.

    Examples
    --------
    >>> variance_lbp(np.full((5, 5), 9, dtype=np.uint8))["variance_lbp.nri_uniform.57"]
    1.0
    """
    around = Neighbourhood(p, r, window, stat_window, compare, order, mask_mode=mask_mode)
    statistic = three_statistics(variance_rule)[1]
    return measure_codes("variance_lbp", image, mask, {"": statistic}, around, method)


def measure_codes(
    family: str,
    image: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    statistics: dict[str, str],
    around: Neighbourhood,
    method: str,
) -> Measured:
    """Describe the codes of each statistic, under the name that it has in the dictionary."""
    check_circular(method, around)
    labels = bin_labels(around.p, method)
    if around.center_bit:
        behind = 2**around.p if method == "ror" else len(labels)
        labels = np.concatenate([labels, labels + behind])
    names = tuple(statistics.values())
    values = describe_ring(image, mask, names, around, method, labels)
    if values is not None:
        return Measured(_ring_columns(family, (*statistics,), method, len(labels)), values)
    codes, inside = grey_codes(image, mask, names, around)
    margin = around.reach(names)
    counts = [
        count_labels(
            plane, around.p, method, margin=margin, inside=inside, center_bit=around.center_bit
        )
        for plane in codes
    ]
    prefixes = tuple(column_prefix(family, around, name, method) for name in statistics)
    return describe(prefixes, counts, labels)


@cache
def _ring_columns(family: str, names: tuple[str, ...], method: str, bins: int) -> tuple[str, ...]:
    prefixes = tuple(column_prefix(family, Neighbourhood(), name, method) for name in names)
    return describe(prefixes, [np.ones(bins, np.int64)] * len(names)).names


def three_statistics(variance_rule: str) -> tuple[str, str, str]:
    """Return the statistics of the mean, variance and median codes by a rule's name."""
    if variance_rule not in VARIANCE_RULES:
        raise UnknownNameError("variance rule", variance_rule, VARIANCE_RULES)
    return VARIANCE_RULES[variance_rule]


def column_prefix(family: str, around: Neighbourhood, name: str, method: str) -> str:
    """Return what a family's columns start with; the circle is named unless it is (8, 1)."""
    circle = "" if around.square else circle_name(around.p, around.r)
    return ".".join(filter(None, (family, circle, name, method)))


def check_circular(method: str, around: Neighbourhood) -> None:
    """Raise if a method looks at changes around a circle that the bits do not follow."""
    if around.order == "raster" and method != "default":
        raise ParameterError(
            f"order='raster' has no circle for method={method!r} to go round; "
            "use method='default', or another order."
        )
