"""The expected calibration error in its three forms, which give different numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics.checking import binary_labels, finite_scores
from texturekit.metrics.probability import BINS, bin_gaps

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Form = Literal["positive", "top", "equal_mass"]
_FORMS = ("positive", "top", "equal_mass")


def expected_calibration_error(
    y: ArrayLike, p: ArrayLike, *, kind: Form = "positive", bins: int = BINS
) -> float:
    """Return the expected calibration error of a two-class prediction.

    Parameters
    ----------
    y : (n,) bool or 0 and 1
        True for the positive class.
    p : (n,) float
        Probabilities of the positive class.
    kind : str, default "positive"
        What is binned. ``positive``: P(positive) in bins of equal width. ``top``: the probability
        of the more probable class, against whether it was right. ``equal_mass``: P(positive) in
        bins of equally many images; equal probabilities stay together.
    bins : int, default 10
        Number of bins.

    Returns
    -------
    float
        The mean over images of the distance between hits and promised hits of their bin. It is
        above 0 even for perfect probabilities, the more so the fewer images there are.

    Raises
    ------
    MetricError
        If labels are not 0 and 1, probabilities are none, or kind or bins are unknown.

    Examples
    --------
    >>> p = [0.22, 0.48, 0.49, 0.96, 0.55, 0.64, 0.78, 0.82, 0.34, 0.87]
    >>> y = [0, 1, 0, 0, 1, 1, 1, 1, 1, 0]
    >>> ece = tk.metrics.expected_calibration_error
    >>> [round(ece(y, p, kind=kind, bins=5), 3) for kind in ("positive", "top", "equal_mass")]
    [0.315, 0.221, 0.351]
    """
    if kind not in _FORMS:
        raise MetricError(f"kind is {kind!r}; choose one of {', '.join(_FORMS)}.")
    if int(bins) != bins or bins < 1:
        raise MetricError(f"bins is {bins}; give a whole number from 1.")
    hit = binary_labels(y)
    told = probabilities(p, len(hit))
    if kind == "top":
        hit, told = (told >= 0.5) == hit, np.maximum(told, 1 - told)
    together = np.zeros(len(hit), dtype=np.int64)
    gaps = bin_gaps(hit, told, together, int(bins), equal_mass=kind == "equal_mass")
    return float(np.abs(gaps).sum()) / len(hit)


def probabilities(p: ArrayLike, n: int) -> NDArray[np.float64]:
    """Return probabilities after checking that there are n between 0 and 1.

    Parameters
    ----------
    p : (n,) float
        What is checked.
    n : int
        Number of labels.

    Returns
    -------
    (n,) float64

    Raises
    ------
    MetricError
        If they are not finite, or not between 0 and 1.
    """
    told = finite_scores(p, n, "probabilities")
    outside = np.flatnonzero((told < 0) | (told > 1))
    if outside.size:
        raise MetricError(
            f"probabilities are not between 0 and 1 at position {outside[0]} ({outside.size} of "
            f"{n}); were logits given? Apply softmax or sigmoid."
        )
    return told
