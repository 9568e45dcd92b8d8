"""Paired differences under cross-validation, with the chance that other images had been learnt.

A test on the test images takes the models as given. But every fold trains its own, on images that
the folds share: another set of images would have given other models, and a difference between them
that has nothing to do with which method is better. Nadeau and Bengio enlarge the variance of a mean
over k folds from 1/k to 1/k + (test images / training images), in units of the variance of a fold.
Here the variance of the paired test on the test images, which has many more degrees of freedom than
k folds have, is enlarged by the same factor: 1 + k / (k - 1) for k folds. docs/tests.md says how
often that calls a difference real where there is none.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics import limits
from texturekit.metrics.fold_areas import area_of, rankable
from texturekit.metrics.repeating import nadeau_bengio
from texturekit.records import Difference

if TYPE_CHECKING:
    from texturekit.metrics.cases import Cases

_WHY = "for the training images that folds share (Nadeau-Bengio)"


def in_general(found: list[Difference], a: list[Cases], b: list[Cases]) -> Difference | None:
    """Return a difference with the chance in the training images counted.

    Parameters
    ----------
    found : list of Difference
        The paired test on the test images, one a repeat.
    a, b : list of Cases
        What they were made from.

    Returns
    -------
    Difference or None
        The mean over the repeats with its Wald interval and p; None for a single training set,
        which says nothing of others.
    """
    cases, first = a[0], found[0]
    if cases.folds < 2:
        return None
    values = [one.value for one in found if one.value is not None]
    if first.value is None or first.p is None:
        reason = first.reason or "there is no test on the test images"
        return Difference(value=None, how=first.how, reason=reason)
    mean = math.fsum(values) / len(values)
    factor = 1 + cases.folds * _share(cases)
    how = f"variance of the test on the test images x {factor:.2f} {_WHY}"
    if len(found) > 1:
        how += f", around the mean of {len(found)} repeats{_corrected(found, a, b)}"
    if not first.error:
        if mean == 0:
            return Difference(value=0.0, low=0.0, high=0.0, statistic=0.0, p=1.0, how=how)
        reason = "the first repeat shows no difference and no variance"
        return Difference(value=mean, how=how, reason=reason)
    error = first.error * math.sqrt(factor)
    low, high = limits.clipped(mean, error, -1, 1)
    z = mean / error
    p = limits.two_sided(z)
    return Difference(value=mean, low=low, high=high, statistic=z, p=p, how=how, error=error)


def _share(cases: Cases) -> float:
    """Return the mean over folds of test images by training images."""
    sizes = np.bincount(cases.fold)
    return float(np.mean(sizes / (cases.n - sizes)))


def _corrected(found: list[Difference], a: list[Cases], b: list[Cases]) -> str:
    """Return Nadeau and Bengio's own test over all folds of all repeats, in words."""
    area = "McNemar" not in found[0].how
    pairs = list(zip(a, b, strict=True))
    gaps = [gap for one, two in pairs for gap in _fold_gaps(one, two, area=area)]
    if len(gaps) < 2:
        return ""
    test = nadeau_bengio(gaps, _share(a[0]))
    if test.p is None or test.statistic is None:
        return ""
    return f"; Nadeau-Bengio over {len(gaps)} folds t {test.statistic:.2f}, p {test.p:.3g}"


def _fold_gaps(a: Cases, b: Cases, *, area: bool) -> list[float]:
    """Return the difference in every fold that has one."""
    gaps = []
    for fold in range(a.folds):
        rows = np.flatnonzero(a.fold == fold)
        one, two = a.take(rows), b.take(rows)
        if area:
            columns = rankable(one)
            areas = [area_of(x, columns).value for x in (one, two)]
            if areas[0] is not None and areas[1] is not None:
                gaps.append(areas[0] - areas[1])
        else:
            right = [np.any(x.truth & x.predicted, axis=1).mean() for x in (one, two)]
            gaps.append(float(right[0] - right[1]))
    return gaps
