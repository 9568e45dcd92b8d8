"""By how much the best of several methods is too good, as the same images chose it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.fold_areas import area_of, rankable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.metrics.cases import Cases

_DRAWS = 4000


def optimism(methods: Sequence[Cases]) -> float | None:
    """Return what choosing the highest AUC adds to it on average.

    AUCs are drawn from a normal distribution around the measured ones, with the covariance that
    DeLong's components give (summed by patient); the best of each draw is compared with its own
    mean.

    Parameters
    ----------
    methods : sequence of Cases
        The same test images, one entry a method.

    Returns
    -------
    float or None
        None where there are no two methods, or no variance.
    """
    if len(methods) < 2 or len({one.ids for one in methods}) > 1:
        return None
    areas = [area_of(one, rankable(one)) for one in methods]
    values = [area.value for area in areas if area.value is not None]
    group = methods[0].group
    groups = int(group.max()) + 1
    if len(values) < len(areas) or groups < 2:
        return None
    sums = np.array([np.bincount(group, area.parts.sum(axis=1), groups) for area in areas])
    covariance = sums @ sums.T * groups / (groups - 1)
    means = np.array(values)
    drawn = np.random.default_rng(0).multivariate_normal(means, covariance, _DRAWS, method="eigh")
    best = drawn.argmax(axis=1)
    return float(np.mean(drawn[np.arange(_DRAWS), best] - means[best]))
