"""The average precision, and how every image contributes to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.metrics.probability import Sorted

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


def precision_parts(folds: list[Sorted], n: int) -> tuple[float, Floats]:
    """Return the average precision inside folds and its derivative by the weight of every image.

    Parameters
    ----------
    folds : list of Sorted
        See `texturekit.metrics.probability.sort_folds`; at least one.
    n : int
        Number of images.

    Returns
    -------
    value : float
        Folds weighted by their positive images.
    parts : (n,) float64
        How the value moves when an image counts a little more: what the infinitesimal jackknife
        needs. They sum to 0.
    """
    top, positives = 0.0, 0.0
    parts = np.zeros(n)
    for part in folds:
        hits = np.cumsum(part.truth)[part.ends].astype(np.float64)
        images = part.ends + 1.0
        gain = np.diff(hits, prepend=0.0)
        precision = hits / images
        top += float(np.sum(gain * precision))
        positives += float(hits[-1])
        run = np.zeros(len(part.rows), dtype=np.int64)
        run[part.ends[:-1] + 1] = 1
        run = np.cumsum(run)
        # an image moves the precision at its own score and at all lower ones
        raised = np.cumsum((gain * (images - hits) / images**2)[::-1])[::-1]
        lowered = np.cumsum((gain * hits / images**2)[::-1])[::-1]
        parts[part.rows] = np.where(part.truth, precision[run] + raised[run], -lowered[run])
    value = top / positives
    for part in folds:
        parts[part.rows] -= value * part.truth
    return value, parts / positives


def stratified_error(parts: Floats, group: Ints, strata: Ints) -> float | None:
    """Return the standard error of a statistic from its parts, by whole groups inside strata.

    Parameters
    ----------
    parts : (n,) float64
        See `precision_parts`.
    group : (n,) int64
        Numbers from 0.
    strata : (G,) int64
        The stratum of every group.

    Returns
    -------
    float or None
        None for fewer than two groups.
    """
    if len(strata) < 2:
        return None
    sums = np.bincount(group, parts, len(strata))
    sizes = np.bincount(strata)
    means = np.bincount(strata, sums) / np.maximum(sizes, 1)
    factor = sizes / np.maximum(sizes - 1, 1)
    total = float(np.sum(factor[strata] * (sums - means[strata]) ** 2))
    return math.sqrt(total) if total > 1e-24 else 0.0
