"""Neighbourhood grey-tone differences, and the ``ngtdm`` family."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, UnknownNameError
from texturekit.features.emphasis import NAMINGS
from texturekit.features.gldm import check_distance
from texturekit.features.matrices import pack_levels, reduce_levels
from texturekit.features.registry import Measured, feature
from texturekit.kernels.dependence import (
    SUMS,
    add_differences,
    join_differences,
    sum_differences,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


def neighbourhood_differences(
    image: NDArray[Any],
    *,
    levels: int,
    mask: NDArray[Any] | None = None,
    distance: int = 1,
    isolated: bool = False,
) -> NDArray[np.float64]:
    """Sum up by grey level how far pixels are from the mean of their neighbours.

    Parameters
    ----------
    image : (H, W) array of bool or integer
        Grey levels in ``0..levels-1``; see `texturekit.quantize`.
    levels : int
        Number of grey levels, 1 to 1024.
    mask : (H, W) array, optional
        Non-zero inside the region; pixels outside are nobody's neighbours.
    distance : int, default 1
        Neighbours are the pixels at most so many rows and columns away, 1 to 10.
    isolated : bool, default False
        Count pixels without any neighbour too, at difference 0; IBSI leaves them out.

    Returns
    -------
    (levels, 2) float64
        For each level the number of its pixels, and the sum of their absolute differences from the
        mean of their neighbours. The matrices of several slices can be added up.

    Raises
    ------
    ImageError
        If the image holds other levels, or the mask does not fit.
    ParameterError
        If ``levels`` or ``distance`` is out of range.

    References
    ----------
    Amadasun and King (1989), doi:10.1109/21.44046.

    Examples
    --------
    >>> neighbourhood_differences(np.array([[0, 0, 2]]), levels=3)
    array([[2., 1.],
           [0., 0.],
           [1., 2.]])
    """
    check_distance(distance)
    packed = pack_levels(image, levels, mask)
    return _matrix(packed, levels, int(distance), isolated=isolated, masked=mask is not None)


def ngtdm_statistics(matrix: NDArray[Any]) -> dict[str, float]:
    """Compute the 5 statistics of neighbourhood grey-tone differences.

    Parameters
    ----------
    matrix : (levels, 2) array
        Pixels and summed differences as by `neighbourhood_differences`, of one or more slices.
        Row 0 is grey level 1.

    Returns
    -------
    dict of float
        ``coarseness``, ``contrast``, ``busyness``, ``complexity`` and ``strength``, all finite.

    Raises
    ------
    ImageError
        If the matrix has another shape, or holds negative or non-finite values.

    Notes
    -----
    Where no pixel differs from its neighbours (one grey level, or no pixel has a neighbour)
    ``coarseness`` is 1e6, as IBSI advises, which is also the largest it can be; the others are 0.
    ``busyness`` is 0 too where its denominator is.

    References
    ----------
    Zwanenburg et al. (2016), Image biomarker standardisation initiative, arXiv:1612.07003,
    section 3.10.

    Examples
    --------
    >>> found = ngtdm_statistics(np.array([[2, 1.0], [1, 2.0]]))
    >>> round(found["coarseness"], 6), round(found["contrast"], 6)
    (0.75, 0.222222)
    """
    cells = np.ascontiguousarray(matrix, dtype=np.float64)
    if cells.ndim != 2 or cells.shape[1] != 2 or cells.size == 0:
        raise ImageError(f"matrix has shape {cells.shape}, but (levels, 2) is wanted.")
    if not np.isfinite(cells).all() or (cells < 0).any():
        raise ImageError(
            f"matrix holds values from {cells.min()} to {cells.max()}, but counts and sums of "
            "differences are wanted; give the result of neighbourhood_differences."
        )
    sums = np.empty(len(SUMS))
    sum_differences(cells, sums)
    return dict(zip(SUMS, sums.tolist(), strict=True))


@feature
def ngtdm(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    levels: int = 32,
    method: str = "fbn",
    distance: int = 1,
    names: str = "ibsi",
    width: float | None = None,
    lower: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Measured:
    """Statistics of how far pixels are from the mean of their neighbours (grey-tone differences).

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Grey, or RGB, which becomes grey by `texturekit.to_grey`.
    mask : (H, W) array, optional
        Non-zero inside the region; pixels outside are nobody's neighbours.
    levels : int, default 32
        Number of grey levels; see `texturekit.quantize`, also for ``method``, ``width``, ``lower``,
        ``low`` and ``high``.
    distance : int, default 1
        Neighbours are the pixels at most so many rows and columns away, 1 to 10.
    names : {"ibsi", "pyradiomics"}
        Both have the same five names. IBSI leaves pixels without any neighbour in the region out;
        ``"pyradiomics"`` counts them at difference 0.

    Returns
    -------
    dict of float
        ``ngtdm.<statistic>``, all finite; see `ngtdm_statistics`.

    Raises
    ------
    ImageError
        If the image or its mask cannot be used, or more than 1024 levels are needed.
    ParameterError
        If a parameter is out of range.
    UnknownNameError
        If there is no such method or naming.

    Notes
    -----
    A region of one grey level, or of which no pixel has a neighbour: ``coarseness`` is 1e6, the
    others are 0.

    References
    ----------
    Amadasun and King (1989), doi:10.1109/21.44046. Zwanenburg et al. (2016), arXiv:1612.07003,
    section 3.10.

    Examples
    --------
    >>> stripes = np.array([[0, 0, 255, 255]] * 4, dtype=np.uint8)
    >>> round(ngtdm(stripes, levels=2)["ngtdm.contrast"], 6)
    0.048438
    """
    columns = _columns(names)
    check_distance(distance)
    packed, reduced = reduce_levels(
        image, method, levels, mask, width=width, lower=lower, low=low, high=high
    )
    matrix = _matrix(
        packed,
        reduced.count,
        int(distance),
        isolated=names == "pyradiomics",
        masked=mask is not None,
    )
    sums = np.empty(len(SUMS))
    sum_differences(matrix, sums)
    return Measured(columns, sums, {"": reduced})


@cache
def _columns(naming: str) -> tuple[str, ...]:
    if naming not in NAMINGS:
        raise UnknownNameError("naming", naming, NAMINGS)
    return tuple(f"ngtdm.{name}" for name in SUMS)


def _matrix(
    packed: NDArray[Any], levels: int, distance: int, *, isolated: bool, masked: bool
) -> NDArray[np.float64]:
    # One level more for the pixels outside, which nobody looks at.
    counts, differences = np.zeros((2, (2 * distance + 1) ** 2, levels + masked), dtype=np.int64)
    add_differences(packed, levels, distance, counts, differences)
    matrix = np.empty((levels, 2))
    join_differences(counts, differences, isolated, matrix)
    return matrix
