"""Decision values to probabilities, by a bounded softmax fitted on held-out decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Platt scaling on few rows can find a negative slope, which turns the ranking round: bound it.
_SLOPES = (0.02, 50.0)
_BIASES = (-10.0, 10.0)


@dataclass(frozen=True)
class Calibration:
    """``softmax(slope * decision / spread + bias)`` with a positive slope and a bias a class.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines; Guo et al. (2017),
    On calibration of modern neural networks, arXiv:1706.04599 (bias-corrected temperature).
    """

    slope: float
    spread: float
    bias: NDArray[np.float64]

    @classmethod
    def neutral(cls, decisions: NDArray[np.float64]) -> Calibration:
        """Return the calibration for which there were too few rows to learn one."""
        return cls(1.0, _spread(decisions), np.zeros(_logits(decisions).shape[1]))

    @classmethod
    def fit(
        cls,
        decisions: NDArray[np.float64],
        codes: NDArray[np.int64],
        *,
        balanced: bool = True,
        biased: bool = True,
    ) -> Calibration:
        """Fit on decisions of rows that the classifier had not seen.

        Parameters
        ----------
        decisions : (n,) or (n, k) float64
            Signed distances (two classes) or one score a class.
        codes : (n,) int64
            True classes, 0 to k - 1.
        balanced : bool, default True
            Classes at equal weight, so that the probabilities are those of a balanced world;
            False: rows at equal weight, for those of a world like these rows.
        biased : bool, default True
            Whether there is a bias a class; without, the slope alone is fitted (a temperature).
        """
        from scipy.optimize import minimize

        logits, spread = _logits(decisions), _spread(decisions)
        k = logits.shape[1]
        counts = np.bincount(codes, minlength=k)
        weight = 1.0 / (k * counts[codes]) if balanced else np.full(len(codes), 1 / len(codes))
        biases = _BIASES if biased else (0.0, 0.0)
        rows = np.arange(len(codes))
        # Keeps biases finite. Of a world like these rows it weighs as much as one row does: more
        # would draw the probability of a rare class towards one half.
        hold = 1e-3 if balanced else 1e-3 / len(codes)

        def loss(theta: NDArray[np.float64]) -> float:
            p = _softmax(theta[0] * logits / spread + theta[1:])
            penalty = hold * float(theta[1:] @ theta[1:])
            return penalty - float(weight @ np.log(np.maximum(p[rows, codes], 1e-12)))

        start = np.concatenate([[1.0], np.zeros(k)])
        found = minimize(loss, start, method="L-BFGS-B", bounds=[_SLOPES, *[biases] * k])
        return cls(float(found.x[0]), spread, found.x[1:])

    def __call__(self, decisions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, k) probabilities."""
        return _softmax(self.slope * _logits(decisions) / self.spread + self.bias)

    def state(self) -> dict[str, Any]:
        """Return plain numbers for saving."""
        return {"slope": self.slope, "spread": self.spread, "bias": self.bias}


def _logits(decisions: NDArray[np.float64]) -> NDArray[np.float64]:
    if decisions.ndim == 1:
        return np.stack([-decisions, decisions], axis=1) / 2
    return decisions


def _spread(decisions: NDArray[np.float64]) -> float:
    return float(np.std(decisions)) or 1.0


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return result
