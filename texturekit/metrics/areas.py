"""The area under the ROC curve with its interval, and the paired difference of two."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics import limits
from texturekit.metrics.ranking import rank, small_sample_factor, variance
from texturekit.records import Difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.metrics.limits import Scale

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


_NO_VARIANCE = "no variance; ask for fewer folds or take more images"


@dataclass(frozen=True)
class Area:
    """The mean area of one or several classes, each against the rest.

    Attributes
    ----------
    value : float or None
        None where one of the classes is not found together with others in any fold.
    values : list of float or None
        One a class.
    truth, known : (n, K) bool
        One column a class.
    score : (n, K) float64
        What the images are ranked by.
    parts : (n, K) float64
        Contributions to the mean, see `texturekit.metrics.ranking.Ranking`.
    fold, group : (n,) int64
        Numbers from 0.
    folds : int
        Fewest folds that hold both sides, over the classes.
    tied : bool
        Whether all scores of every fold are equal, in all classes.
    names : tuple of str
        Of the classes; empty where there is a single one without a name.
    """

    value: float | None
    values: list[float | None]
    truth: Bools
    known: Bools
    score: Floats
    parts: Floats
    fold: Ints
    group: Ints
    folds: int
    tied: bool
    names: tuple[str, ...] = ()

    @property
    def sizes(self) -> tuple[int, int]:
        """Groups inside and outside, in the class where the product is smallest."""
        counts = [
            (len(np.unique(self.group[t & k])), len(np.unique(self.group[~t & k])))
            for t, k in zip(self.truth.T, self.known.T, strict=True)
        ]
        return min(counts, key=lambda pair: pair[0] * pair[1])

    @property
    def spread(self) -> float | None:
        """The variance of the value."""
        return variance(self.truth, self.known, self.parts, self.fold, self.group)

    @property
    def unit(self) -> str:
        """What is independent: ``group`` where one has several images, else ``image``."""
        return "group" if int(self.group.max()) + 1 < len(self.group) else "image"

    @property
    def no_variance(self) -> str:
        """Why there is no `spread`, naming the classes that have too few groups."""
        columns = [
            (self.truth[:, [k]], self.known[:, [k]], self.parts[:, [k]])
            for k in range(len(self.names))
        ]
        few = [
            name
            for name, own in zip(self.names, columns, strict=True)
            if variance(*own, self.fold, self.group) is None
        ]
        if not few:
            return f"a class has fewer than 2 {self.unit}s in every fold: {_NO_VARIANCE}"
        names = ", ".join(few)
        return f"fewer than 2 {self.unit}s of {names}, or of others, in every fold: {_NO_VARIANCE}"


def measure_area(
    truth: Bools,
    score: Floats,
    known: Bools,
    fold: Ints,
    group: Ints,
    names: tuple[str, ...] = (),
    weights: Floats | None = None,
) -> Area:
    """Return the mean over classes of the within-fold areas.

    Parameters
    ----------
    truth, known : (n, K) bool
        One column a class.
    score : (n, K) float64
        Finite where known.
    fold, group : (n,) int64
        Numbers from 0.
    names : tuple of str
        Of the classes, for messages.
    weights : (K,) float64, optional
        What each class counts, with sum 1; default: all alike.

    Returns
    -------
    Area
    """
    count = truth.shape[1]
    ranks = [rank(truth[:, k], score[:, k], known[:, k], fold) for k in range(count)]
    values = [one.value for one in ranks]
    found = [value for value in values if value is not None]
    shares = [1 / max(count, 1)] * count if weights is None else weights.tolist()
    value = None
    if found and len(found) == count:
        value = math.fsum(w * v for w, v in zip(shares, found, strict=True))
        value = math.fsum(found) / count if weights is None else value
    return Area(
        value=value,
        values=values,
        truth=truth,
        known=known,
        score=score,
        parts=np.stack([one.parts for one in ranks], axis=1) * shares if count else score,
        fold=fold,
        group=group,
        folds=min((one.folds for one in ranks), default=0),
        tied=all(one.tied for one in ranks),
        names=names,
    )


def area_limits(
    area: Area, scale: Scale = "logit"
) -> tuple[float | None, float | None, str, str | None]:
    """Return the limits of an area, the method's name in words, and why there are none.

    Parameters
    ----------
    area : Area
        Its value is not None.
    scale : str, default "logit"
        ``logit`` or ``wald`` (cut at 0 and 1).

    Returns
    -------
    low, high : float or None
    how : str
    reason : str or None
    """
    if area.value is None:
        return None, None, "DeLong", "no fold holds both classes"
    if area.tied:
        return area.value, area.value, "equal scores give exactly 0.5, whatever the data", None
    spread = area.spread
    how = "Obuchowski" if area.unit == "group" else "DeLong"
    if spread is None:
        return None, None, how, area.no_variance
    if spread == 0:
        low, high = limits.area_score(area.value, *area.sizes)
        name = f"score interval (Newcombe 2006, method 5) by {area.unit}s, as {how}'s variance is 0"
        return low, high, name, None
    if area.unit == "group":
        factor = small_sample_factor(area.truth, area.known, area.parts, area.fold, area.group)
        error, how = math.sqrt(spread * factor), how + " (small-sample variance)" * (factor > 1)
    else:
        error = math.sqrt(spread)
    if scale == "wald" or not 0 < area.value < 1:
        return *limits.clipped(area.value, error, 0, 1), f"{how}, Wald, cut at 0 and 1", None
    return *limits.logit(area.value, error), f"{how}, logit", None


def area_difference(a: Area, b: Area) -> Difference:
    """Return the paired difference a - b of two areas over the same images and classes.

    Parameters
    ----------
    a, b : Area
        Of the same truth, folds and groups.

    Returns
    -------
    Difference
        ``statistic`` is z.
    """
    how = "paired DeLong" + (", clustered by group (Obuchowski)" if a.unit == "group" else "")
    if a.value is None or b.value is None:
        return Difference(value=None, how=how, reason="no fold holds both classes")
    if np.array_equal(a.score[a.known], b.score[b.known]):
        name = f"{how}; the scores are the same"
        return Difference(value=0.0, low=0.0, high=0.0, statistic=0.0, p=1.0, how=name)
    value = a.value - b.value
    spread = variance(a.truth, a.known, a.parts - b.parts, a.fold, a.group)
    if spread is None:
        return Difference(value=value, how=how, reason=a.no_variance)
    if spread == 0:
        return _without_spread(a, b, value, how)
    error = math.sqrt(spread)
    low, high = limits.clipped(value, error, -1, 1)
    z, p = value / error, limits.two_sided(value / error)
    return Difference(value=value, low=low, high=high, statistic=z, p=p, how=how, error=error)


def mean_area(areas: Sequence[Area], beside: Area) -> Area:
    """Return the mean of several areas over the same images, to be compared with another.

    Parameters
    ----------
    areas : sequence of Area
        At least one; of the same truth, folds and groups, none without a value.
    beside : Area
        What it is compared with: the scores are its own where those of all areas are.

    Returns
    -------
    Area
        Its parts are the mean parts, so that its spread is that of the mean.
    """
    other = [one for one in areas if not np.array_equal(one.score, beside.score, equal_nan=True)]
    values = [one.value for one in areas if one.value is not None]
    return replace(
        areas[0],
        value=math.fsum(values) / len(values) if len(values) == len(areas) else None,
        values=[],
        score=other[0].score if other else beside.score,
        parts=np.mean([one.parts for one in areas], axis=0),
        tied=all(one.tied for one in areas),
    )


def _without_spread(a: Area, b: Area, value: float, how: str) -> Difference:
    """Treat rankings whose contributions are the same, or constant, in every image."""
    if value == 0 and (a.parts.any() or (a.tied and b.tied)):
        name = f"{how}; both rank the images alike"
        return Difference(value=0.0, low=0.0, high=0.0, statistic=0.0, p=1.0, how=name)
    one, two = area_limits(a), area_limits(b)
    if one[0] is None or one[1] is None or two[0] is None or two[1] is None:
        return Difference(value=value, how=how, reason=one[3] or two[3])
    low, high = limits.square_and_add(
        (float(a.value or 0), one[0], one[1]), (float(b.value or 0), two[0], two[1])
    )
    near = low if value > 0 else high
    error = abs(value - near) / limits.Z95
    z = value / error if value else 0.0
    name = "square-and-add of the two score intervals, as the paired DeLong variance is 0"
    p = limits.two_sided(z)
    return Difference(value=value, low=low, high=high, statistic=z, p=p, how=name, error=error)
