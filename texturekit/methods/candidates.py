"""Settings of a classifier that a search has chosen, and how they reach its estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from texturekit.tuning import Candidate, Value

#: The embedding's share in a fusion.
SHARE = "embedding_share"
#: The width of an RBF kernel, as a multiple of scikit-learn's "scale".
GAMMA = "gamma_scale"


def of_member(candidate: Mapping[str, Value], kind: str, classifier: str) -> Candidate:
    """Return what concerns one member; a vote writes it behind the member's kind.

    Examples
    --------
    >>> of_member({"svm.C": 3.0, "logistic.C": 0.1, "embedding_share": 0.5}, "svm", "fusion")
    {'C': 3.0}
    >>> of_member({"C": 3.0}, "svm", "svm")
    {'C': 3.0}
    """
    if kind == classifier:
        return dict(candidate)
    start = f"{kind}."
    return {n.removeprefix(start): v for n, v in candidate.items() if n.startswith(start)}


def settled(estimator: Any, candidate: Mapping[str, Value], x: NDArray[np.float64]) -> Any:
    """Give an unfitted estimator the settings of a candidate.

    Parameters
    ----------
    estimator : scikit-learn or XGBoost classifier
    candidate : mapping
        Its own parameters, but `GAMMA` instead of gamma.
    x : (n, d) float64
        The rows it will learn from: a kernel's usual width follows from them, and there can be no
        more neighbours than rows.
    """
    chosen: dict[str, Any] = dict(candidate)
    factor = chosen.pop(GAMMA, None)
    if factor is not None:
        spread = float(x.var())
        usual = 1.0 / (x.shape[1] * spread) if spread else 1.0  # what "scale" is
        chosen["gamma"] = "scale" if factor == 1 else factor * usual
    if "n_neighbors" in chosen:
        chosen["n_neighbors"] = min(int(chosen["n_neighbors"]), len(x))
    return estimator.set_params(**chosen) if chosen else estimator
