"""A share over repeats, whose interval counts what patients with several images tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.fold_areas import over_repeats
from texturekit.metrics.proportions import clustered_share, proportion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.records import Estimate

    Floats = NDArray[np.float64]


def share_of(values: list[float], hits: Floats, trials: Floats, undefined: str) -> Estimate:
    """Return a share over repeats; several images of a group count as what they tell.

    Parameters
    ----------
    values : list of float
        One a repeat.
    hits, trials : (G,) float64
        Of every group, in the first repeat.
    undefined : str
        Why there is no value, if there is none.

    Returns
    -------
    Estimate
    """
    if trials.max(initial=0) > 1:
        one = clustered_share(hits, trials)
    else:
        one = proportion(int(hits.sum()), int(trials.sum()))
    return over_repeats(values, one.low, one.high, one.how, None, undefined)


def group_share(
    values: list[float], right: NDArray[np.bool_], group: NDArray[np.int64], undefined: str
) -> Estimate:
    """Return a share over repeats from what is right in the first; see `share_of`.

    Parameters
    ----------
    values : list of float
        One a repeat.
    right : (n,) bool
        In the first repeat.
    group : (n,) int64
        The patient of every image.
    undefined : str
        Why there is no value, if there is none.

    Returns
    -------
    Estimate
    """
    hits, trials = np.bincount(group, right), np.bincount(group).astype(np.float64)
    return share_of(values, hits.astype(np.float64), trials, undefined)
