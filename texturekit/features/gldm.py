"""Grey-level dependences, and the ``gldm`` family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ParameterError
from texturekit.features.emphasis import chosen, emphasis_statistics
from texturekit.features.matrices import MOST_LEVELS, pack_levels, reduce_levels
from texturekit.features.registry import Measured, feature
from texturekit.kernels.dependence import count_dependences, sum_dependences
from texturekit.kernels.emphasis import SUMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

FURTHEST = 10  # 441 pixels in a neighbourhood


def dependences(
    image: NDArray[Any],
    *,
    levels: int,
    mask: NDArray[Any] | None = None,
    distance: int = 1,
    alpha: int = 0,
) -> NDArray[np.int64]:
    """Count the pixels by grey level and by how many neighbours are like them.

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
    alpha : int, default 0
        Levels that a neighbour may differ by; IBSI's coarseness.

    Returns
    -------
    (levels, (2 distance + 1)**2) int64
        Pixels by level and dependence; column 0 is dependence 1, the pixel itself: IBSI counts it
        too.

    Raises
    ------
    ImageError
        If the image holds other levels, or the mask does not fit.
    ParameterError
        If ``levels``, ``distance`` or ``alpha`` is out of range.

    References
    ----------
    Sun and Wee (1983), doi:10.1016/0734-189X(83)90032-4.

    Examples
    --------
    >>> dependences(np.array([[0, 0, 1], [1, 2, 1]]), levels=3)[:, :3]
    array([[0, 2, 0],
           [1, 2, 0],
           [1, 0, 0]])
    """
    packed = pack_levels(image, levels, mask)
    counts = _count(packed, levels, distance, alpha, masked=mask is not None)
    return counts[:, :levels].T.astype(np.int64)


def gldm_statistics(matrix: NDArray[Any]) -> dict[str, float]:
    """Compute the 17 statistics of a dependence matrix.

    Parameters
    ----------
    matrix : (levels, dependences) array
        Pixels as by `dependences`, of one or more slices. Row 0 is grey level 1, column 0
        dependence 1.

    Returns
    -------
    dict of float
        IBSI's statistics; the entropy is in bits. ``dependence_count_percentage`` is 1 whatever the
        image: every pixel is counted. All finite.

    Raises
    ------
    ImageError
        If the matrix is not 2-D, holds negative or non-finite values, or no pixel at all.

    References
    ----------
    Zwanenburg et al. (2016), Image biomarker standardisation initiative, arXiv:1612.07003,
    section 3.11.

    Examples
    --------
    >>> gldm_statistics(np.array([[2, 1], [0, 1]]))["high_dependence_emphasis"]
    2.5
    """
    return emphasis_statistics("gldm", matrix, float(np.sum(matrix)) or None)


@feature
def gldm(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    levels: int = 32,
    method: str = "fbn",
    distance: int = 1,
    alpha: int = 0,
    names: str = "ibsi",
    width: float | None = None,
    lower: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Measured:
    """Statistics of how many neighbours have a pixel's grey level (NGLDM, dependence matrix).

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
    alpha : int, default 0
        Levels that a neighbour may differ by; IBSI's coarseness, PyRadiomics' ``gldm_a``.
    names : {"ibsi", "pyradiomics"}
        ``"pyradiomics"`` gives its 14 names in lower case (it says small and large for low and
        high dependence, and leaves three statistics out); the values are the same.

    Returns
    -------
    dict of float
        ``gldm.<statistic>``, all finite; see `gldm_statistics`.

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
    A pixel without neighbours has dependence 1, and counts.

    References
    ----------
    Sun and Wee (1983), doi:10.1016/0734-189X(83)90032-4. Zwanenburg et al. (2016),
    arXiv:1612.07003, section 3.11.

    Examples
    --------
    >>> stripes = np.array([[0, 0, 255, 255]] * 4, dtype=np.uint8)
    >>> gldm(stripes, levels=2)["gldm.high_dependence_emphasis"]
    26.0
    """
    columns, places = chosen("gldm", names)
    check_distance(distance)
    packed, reduced = reduce_levels(
        image, method, levels, mask, width=width, lower=lower, low=low, high=high
    )
    counts = _count(packed, reduced.count, distance, alpha, masked=mask is not None)
    sums = np.empty(len(SUMS))
    sum_dependences(counts, reduced.count, sums)
    return Measured(columns, sums[places], {"": reduced})


def check_distance(distance: int) -> None:
    """Raise if a neighbourhood cannot reach so far."""
    if not (1 <= distance <= FURTHEST and distance == int(distance)):
        raise ParameterError(
            f"distance={distance} is not a whole number in 1..{FURTHEST}; 1 is usual."
        )


def _count(
    packed: NDArray[Any], levels: int, distance: int, alpha: int, *, masked: bool
) -> NDArray[np.uint32]:
    check_distance(distance)
    if not (0 <= alpha <= MOST_LEVELS and alpha == int(alpha)):
        raise ParameterError(f"alpha={alpha} is not a whole number in 0..{MOST_LEVELS}.")
    # One level more for the pixels outside, which nobody looks at.
    counts = np.zeros(((2 * int(distance) + 1) ** 2, levels + masked), dtype=np.uint32)
    count_dependences(packed, levels, int(distance), int(alpha), counts)
    return counts
