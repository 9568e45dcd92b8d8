"""Grey-level run lengths, and the ``glrlm`` family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.features.emphasis import chosen, emphasis_statistics
from texturekit.features.matrices import pack_levels, reduce_levels
from texturekit.features.registry import Measured, feature
from texturekit.kernels.emphasis import SUMS
from texturekit.kernels.runs import count_runs, sum_runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

AGGREGATES = ("mean", "range", "merge")


def run_lengths(
    image: NDArray[Any], *, levels: int, mask: NDArray[Any] | None = None
) -> NDArray[np.int64]:
    """Count the runs of equal grey levels by their length, in four directions.

    Parameters
    ----------
    image : (H, W) array of bool or integer
        Grey levels in ``0..levels-1``; see `texturekit.quantize`.
    levels : int
        Number of grey levels, 1 to 1024.
    mask : (H, W) array, optional
        Non-zero inside the region; a run ends where the region ends.

    Returns
    -------
    (4, levels, max(H, W)) int64
        Runs at 0, 45, 90 and 135 degrees by level and length; column 0 is length 1. The matrices of
        slices of one size can be added up.

    Raises
    ------
    ImageError
        If the image holds other levels, or the mask does not fit.
    ParameterError
        If ``levels`` is out of range.

    References
    ----------
    Galloway (1975), doi:10.1016/S0146-664X(75)80008-6.

    Examples
    --------
    >>> run_lengths(np.array([[0, 0, 1], [1, 1, 1]]), levels=2)[0]
    array([[0, 1, 0],
           [1, 0, 1]])
    """
    packed = pack_levels(image, levels, mask)
    longer = _count(packed, levels, masked=mask is not None)[:, :, :levels].astype(np.int64)
    longer[:, :-1] -= longer[:, 1:]
    return longer.transpose(0, 2, 1)


def glrlm_statistics(matrix: NDArray[Any]) -> dict[str, float]:
    """Compute the 16 statistics of a run length matrix.

    Parameters
    ----------
    matrix : (levels, lengths) array
        Runs of one direction of `run_lengths`, or the sum of several directions or slices. Row 0 is
        grey level 1, column 0 length 1.

    Returns
    -------
    dict of float
        IBSI's statistics; the entropy is in bits, ``run_percentage`` the number of runs over the
        number of pixels (each counted once a direction). All finite.

    Raises
    ------
    ImageError
        If the matrix is not 2-D, holds negative or non-finite values, or no run at all.

    References
    ----------
    Zwanenburg et al. (2016), Image biomarker standardisation initiative, arXiv:1612.07003,
    section 3.7.

    Examples
    --------
    >>> glrlm_statistics(np.array([[2, 1], [0, 1]]))["long_run_emphasis"]
    2.5
    """
    return emphasis_statistics("glrlm", matrix)


@feature
def glrlm(
    image: NDArray[Any],
    *,
    mask: NDArray[Any] | None = None,
    levels: int = 32,
    method: str = "fbn",
    aggregate: str | Sequence[str] = "mean",
    names: str = "ibsi",
    width: float | None = None,
    lower: float | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Measured:
    """Statistics of the lengths of runs of equal grey levels, over four directions.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or float
        Grey, or RGB, which becomes grey by `texturekit.to_grey`.
    mask : (H, W) array, optional
        Non-zero inside the region; a run ends where the region ends.
    levels : int, default 32
        Number of grey levels; see `texturekit.quantize`, also for ``method``, ``width``, ``lower``,
        ``low`` and ``high``.
    aggregate : {"mean", "range", "merge"} or a sequence of them
        ``"mean"``: each statistic is computed for each of the directions 0, 45, 90 and 135 degrees
        and averaged; ``"range"``: largest minus smallest of the four, a measure of direction;
        ``"merge"``: the four matrices are added up first.
    names : {"ibsi", "pyradiomics"}
        ``"pyradiomics"`` gives its names in lower case and, as it does, leaves out of the mean
        directions in which no line holds two pixels of the region.

    Returns
    -------
    dict of float
        ``glrlm.<statistic>.<aggregate>``, all finite; see `glrlm_statistics`.

    Raises
    ------
    ImageError
        If the image or its mask cannot be used, or more than 1024 levels are needed.
    ParameterError
        If a parameter is out of range.
    UnknownNameError
        If there is no such method, aggregate or naming.

    Notes
    -----
    A region of one grey level has one run a line: its variances and entropy are defined like any
    other. A single pixel has one run of length 1 in each direction.

    References
    ----------
    Galloway (1975), doi:10.1016/S0146-664X(75)80008-6. Zwanenburg et al. (2016), arXiv:1612.07003,
    section 3.7.

    Examples
    --------
    >>> stripes = np.array([[0, 0, 255, 255]] * 4, dtype=np.uint8)
    >>> glrlm(stripes, levels=2)["glrlm.long_run_emphasis.mean"]
    6.4
    """
    ways = (aggregate,) if isinstance(aggregate, str) else tuple(aggregate)
    columns, places = chosen("glrlm", names, _endings(ways))
    packed, reduced = reduce_levels(
        image, method, levels, mask, width=width, lower=lower, low=low, high=high
    )
    counts = _count(packed, reduced.count, masked=mask is not None)
    kept = _with_lines(packed, reduced.count, counts) if names == "pyradiomics" else counts
    rows = [_measure(kept, reduced.count, way)[places] for way in ways]
    values = rows[0] if len(rows) == 1 else np.concatenate(rows)
    return Measured(columns, values, {"": reduced})


def _endings(ways: tuple[str, ...]) -> tuple[str, ...]:
    if not ways:
        raise ParameterError("aggregate=() gives no column; name at least one.")
    for way in ways:
        if way not in AGGREGATES:
            raise UnknownNameError("aggregate", way, AGGREGATES)
    return tuple(f".{way}" for way in ways)


def _count(packed: NDArray[Any], levels: int, *, masked: bool) -> NDArray[np.uint32]:
    size = levels + masked  # one level more for the pixels outside, which nobody looks at
    counts = np.zeros((4, max(packed.shape), size), dtype=np.uint32)
    count_runs(packed, size, counts)
    return counts


def _measure(counts: NDArray[np.uint32], levels: int, way: str) -> NDArray[np.float64]:
    sums = np.empty((1 if way == "merge" else len(counts), len(SUMS)))
    sum_runs(counts, levels, way == "merge", sums)
    found: NDArray[np.float64] = np.ptp(sums, axis=0) if way == "range" else sums.mean(axis=0)
    return found


def _with_lines(
    packed: NDArray[Any], levels: int, counts: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """Leave out directions of which no line holds two pixels of the region, unless none is left."""
    if counts.shape[1] > 1 and counts[:, 1, :levels].any(axis=1).all():
        return counts
    rows, cols = np.nonzero(packed < levels)
    lines = (rows, rows + cols, cols, rows - cols)
    kept = [k for k, line in enumerate(lines) if len(np.unique(line)) < len(line)]
    return counts[kept] if kept else counts
