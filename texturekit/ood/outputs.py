"""Scores from what a classifier says: nothing is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import ParameterError
from texturekit.ood.scale import matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def maximum_softmax(probabilities: ArrayLike) -> Floats:
    """Return one minus the largest class probability (MSP).

    Parameters
    ----------
    probabilities : (n, classes) float
        Rows sum to 1. Independent probabilities of several labels do not: for them this score says
        nothing.

    Returns
    -------
    (n,) float64
        From 0 (sure) to 1 - 1 / classes (undecided).

    Raises
    ------
    ParameterError
        If rows do not sum to 1.

    References
    ----------
    Hendrycks and Gimpel (2017), arXiv:1610.02136.

    Examples
    --------
    >>> maximum_softmax([[0.9, 0.1], [0.5, 0.5]])
    array([0.1, 0.5])
    """
    p = matrix(probabilities, "probabilities")
    off = np.flatnonzero(np.abs(p.sum(axis=1) - 1) > 1e-3)
    if off.size:
        raise ParameterError(
            f"probabilities of row {off[0]} sum to {p[off[0]].sum():.4g}, but MSP wants one class "
            "of several: rows that sum to 1. For several labels an image use Mahalanobis or "
            "Neighbours."
        )
    return np.asarray(1 - p.max(axis=1))


def energy(logits: ArrayLike, temperature: float = 1.0) -> Floats:
    """Return the free energy ``-T log sum exp(z / T)`` of a classifier's logits.

    Parameters
    ----------
    logits : (n, classes) float
        Before the softmax: probabilities, and their logarithms, have lost the energy.
    temperature : float, default 1
        T, above 0.

    Returns
    -------
    (n,) float64
        Any number; far from all classes it is near ``-T log(classes)`` or above.

    Raises
    ------
    ParameterError
        If a logit or the temperature cannot be used.

    References
    ----------
    Liu, Wang, Owens and Li (2020), arXiv:2010.03759, equation 4.

    Examples
    --------
    >>> energy([[10.0, 0.0], [0.0, 0.0]]).round(3)
    array([-10.   ,  -0.693])
    """
    from scipy.special import logsumexp

    if not 0 < temperature < np.inf:
        raise ParameterError(f"temperature is {temperature}; it wants a number above 0.")
    z = matrix(logits, "logits")
    return np.asarray(-temperature * logsumexp(z / temperature, axis=1))
