"""The corrected test over folds and repeats, whose training parts overlap."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics.testing import corrected_resampled
from texturekit.records import Difference

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def nadeau_bengio(differences: ArrayLike, test_to_train: float) -> Difference:
    """Return the mean difference over (repeated) folds with Nadeau and Bengio's corrected t test.

    The training parts of folds overlap, so that the plain t test takes too little variance. The
    correction is right on average over many learners, and too small for learners that change much
    with their training images (docs/tests.md).

    Parameters
    ----------
    differences : (folds x repeats,) float
        One paired difference of a score a fold.
    test_to_train : float
        Test images by training images in a fold: 1 / (k - 1) for k folds.

    Returns
    -------
    Difference
        ``statistic`` is t, with one degree of freedom less than there are differences.

    Raises
    ------
    MetricError
        If there are fewer than two differences, one is not finite, or the share is not positive.

    References
    ----------
    Nadeau and Bengio (2003), doi:10.1023/A:1024068626366.

    Examples
    --------
    >>> gain = tk.metrics.nadeau_bengio([0.04, 0.01, 0.05, 0.02, 0.03], 1 / 4)
    >>> round(gain.value, 3), round(gain.statistic, 2), round(gain.p, 3)
    (0.03, 2.83, 0.047)
    """
    from scipy.stats import t

    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise MetricError(
            f"differences have the shape {values.shape}; give two or more finite ones, one a fold."
        )
    if not 0 < test_to_train < math.inf:
        raise MetricError(
            f"test_to_train is {test_to_train}; give test by training images, 1/4 for 5 folds."
        )
    found = corrected_resampled(values, test_to_train)
    assert found is not None  # for the type checker: there are two values
    mean, error, degrees = found
    how = f"Nadeau-Bengio, t with {degrees} degrees of freedom"
    if error == 0:
        reason = None if mean == 0 else "the difference is the same in all folds: no variance"
        p, statistic = (1.0, 0.0) if mean == 0 else (None, None)
        return Difference(value=mean, statistic=statistic, p=p, how=how, reason=reason)
    reach = float(t.ppf(0.975, degrees)) * error
    return Difference(
        value=mean,
        low=mean - reach,
        high=mean + reach,
        statistic=mean / error,
        p=float(2 * t.sf(abs(mean / error), degrees)),
        how=how,
        error=error,
    )
