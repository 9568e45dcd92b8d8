"""Haralick features with the arguments and the array of `mahotas.features` (mahotas 1.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError
from texturekit.features.folding import pair_statistics
from texturekit.kernels.pairs import SUMS, sum_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIRECTIONS = {
    2: ((0, 1), (1, 1), (1, 0), (1, -1)),
    3: (
        *((1, 0, 0), (1, 1, 0), (0, 1, 0), (1, -1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1)),
        *((1, 1, 1), (1, -1, 1), (1, 0, -1), (0, 1, -1), (1, 1, -1), (1, -1, -1)),
    ),
}

ORDER = [0, 3, 2, 1]  # of the directions of an image among those of `pair_statistics`

# The thirteen features in mahotas' order, under the names of SUMS.
FEATURES = (
    "asm",
    "contrast",
    "correlation",
    "joint_variance",
    "idm",
    "sum_average",
    "sum_variance",
    "sum_entropy",
    "joint_entropy",
    "difference_variance",
    "difference_entropy",
    "imc1",
    "imc2",
)


def haralick(
    f: NDArray[Any],
    ignore_zeros: bool = False,
    preserve_haralick_bug: bool = False,
    compute_14th_feature: bool = False,
    return_mean: bool = False,
    return_mean_ptp: bool = False,
    use_x_minus_y_variance: bool = False,
    distance: int = 1,
) -> NDArray[np.float64]:
    """Compute Haralick's features, as `mahotas.features.haralick` does.

    Parameters
    ----------
    f : (H, W) or (D, H, W) array of bool or integer
        Grey levels, not negative; the matrices have ``f.max() + 1`` rows.
    ignore_zeros : bool, default False
        Leave out all pairs with a pixel of level 0.
    preserve_haralick_bug : bool, default False
        Take the sum variance about the sum entropy, as the paper prints it.
    compute_14th_feature : bool, default False
        Append mahotas' maximal correlation coefficient, which comes from the correlation between
        rows of the matrix and is not Haralick's; that one is in `texturekit.features`.
    return_mean : bool, default False
        Return the mean over the directions.
    return_mean_ptp : bool, default False
        Return the mean and then the range over the directions.
    use_x_minus_y_variance : bool, default False
        Compute the tenth feature as the variance of abs(x - y); by default it is, as in mahotas,
        the variance of its probabilities.
    distance : int, default 1
        Chebyshev distance in pixels.

    Returns
    -------
    (directions, 13) float64
        4 directions of an image and 13 of a volume; 14 columns with the 14th feature; without the
        first axis for a mean. Levels count from 0.

    Raises
    ------
    TypeError
        If ``f`` is not of integers.
    ValueError
        If ``f`` is not 2-D or 3-D, holds negative values, or a direction holds no pair; or both
        means are asked for.

    Examples
    --------
    >>> stripes = np.array([[0, 1, 0, 1]] * 4)
    >>> haralick(stripes)[:, 1]
    array([1., 1., 0., 1.])
    """
    levels = _checked(f)
    if return_mean and return_mean_ptp:
        raise ParameterError("return_mean and return_mean_ptp are both set; set one of them.")
    named, pairs = _measure(levels, distance, ignore_zeros=ignore_zeros)
    if not pairs.all():
        raise ImageError(
            f"the input is empty: a direction of this {f.shape} array holds no pair at distance "
            f"{distance}; use a larger array, a smaller distance or ignore_zeros=False."
        )
    if preserve_haralick_bug:  # the second moment about another point than the mean
        shift = named["sum_average"] - named["sum_entropy"]
        named["sum_variance"] = named["sum_variance"] + shift * shift
    if not use_x_minus_y_variance:
        size = int(levels.max()) + 1
        energy = named["difference_energy"]
        named["difference_variance"] = energy / size - 1.0 / (size * size)
    found = np.stack([named[name] for name in FEATURES], axis=1)
    if compute_14th_feature:
        last = [_fourteenth(matrix) for matrix in _count(levels, distance, ignore_zeros)]
        found = np.concatenate([found, np.array(last)[:, np.newaxis]], axis=1)
    if return_mean_ptp:
        return np.concatenate([found.mean(axis=0), np.ptp(found, axis=0)])
    return found.mean(axis=0) if return_mean else found


def _checked(f: NDArray[Any]) -> NDArray[Any]:
    if f.dtype.kind not in "iub":
        raise TypeError(f"f is {f.dtype}, but haralick accepts integers only; quantize it first.")
    if f.ndim not in DIRECTIONS:
        raise ImageError(f"f has {f.ndim} dimensions, but haralick can only handle 2-D and 3-D.")
    if f.size == 0 or f.min() < 0:
        raise ImageError("f is empty or holds negative values; give grey levels from 0 on.")
    return np.ascontiguousarray(f, dtype=np.min_scalar_type(int(f.max())))


def _measure(
    levels: NDArray[Any], distance: int, *, ignore_zeros: bool
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int64]]:
    """Return the statistics in each direction, and its pairs."""
    if levels.ndim == 2:
        size = int(levels.max()) + 1
        sums, pairs = pair_statistics(levels, size, abs(distance), ignore_lowest=ignore_zeros)
        sums, pairs = sums[ORDER, : len(SUMS)], pairs[ORDER]
    else:
        counts = _count(levels, distance, ignore_zeros)
        pairs = counts.sum(axis=(1, 2)).astype(np.int64)
        sums = np.empty((len(counts), len(SUMS)))
        if pairs.all():
            sum_pairs(counts, float(counts.shape[1]), sums)
    named = dict(zip(SUMS, sums.T, strict=True))
    named["sum_average"] = named["sum_average"] - 2.0
    return named, pairs


def _count(levels: NDArray[Any], distance: int, ignore_zeros: bool) -> NDArray[np.float64]:
    directions = distance * np.array(DIRECTIONS[levels.ndim])
    size = int(levels.max()) + 1
    counts = np.array([_pairs_at(levels, step, size) for step in directions.tolist()])
    counts = counts + counts.transpose(0, 2, 1)
    if ignore_zeros:
        counts[:, 0, :] = 0
        counts[:, :, 0] = 0
    return np.asarray(counts, dtype=np.float64)


def _pairs_at(levels: NDArray[Any], step: list[int], size: int) -> NDArray[np.uint32]:
    """Count the pairs at one offset of an array of any dimension."""
    here = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(step, levels.shape, strict=True))
    there = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(step, levels.shape, strict=True))
    if any(abs(s) >= n for s, n in zip(step, levels.shape, strict=True)):
        return np.zeros((size, size), dtype=np.uint32)
    pairs = levels[here].astype(np.int64) * size + levels[there]
    counted = np.bincount(pairs.ravel(), minlength=size * size)
    return counted.reshape(size, size).astype(np.uint32)


def _fourteenth(matrix: NDArray[np.float64]) -> float:
    occupied = matrix.any(axis=0)
    rows = matrix[occupied][:, occupied]
    if len(rows) <= 2:
        return 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.corrcoef(rows / matrix.sum())
        # NaN where rounding makes it negative, as mahotas has it.
        return float(np.sqrt(np.linalg.eigvalsh(correlations)[-2]))
