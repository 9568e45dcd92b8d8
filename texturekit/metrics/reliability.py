"""Reliability points: what was promised, bin by bin, and how often it came true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.patient_shares import group_share
from texturekit.metrics.probability import BINS, bin_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.metrics.cases import Cases


@dataclass(frozen=True)
class Bin:
    """The images whose probability lies in one bin.

    Attributes
    ----------
    told : float
        Mean probability.
    seen : float
        Share of the images that are of the class.
    low, high : float or None
        95% limits of the share.
    n : int
        Images.
    """

    told: float
    seen: float
    low: float | None
    high: float | None
    n: int


def reliability(cases: Cases, k: int, bins: int = BINS) -> list[Bin]:
    """Return the bins of equal width that hold images, the same as those of the ECE.

    Parameters
    ----------
    cases : Cases
        Test images of one repeat.
    k : int
        The class, one against the rest.
    bins : int, default 10
        Bins are open at the left, but for the first.

    Returns
    -------
    list of Bin
        By rising probability; a share of patients with several images counts as what they tell.
    """
    known = cases.known[:, k]
    told, truth, group = cases.probability[known, k], cases.truth[known, k], cases.group[known]
    place = bin_places(told, bins)
    found = []
    for one in np.unique(place):
        rows: NDArray[np.bool_] = place == one
        share = group_share([float(truth[rows].mean())], truth[rows], group[rows], "")
        mean = float(told[rows].mean())
        found.append(Bin(mean, float(truth[rows].mean()), share.low, share.high, int(rows.sum())))
    return found
