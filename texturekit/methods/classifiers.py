"""What learns from a table: scikit-learn and XGBoost with our defaults, behind one interface.

Every classifier is a weighted soft vote of members; most have a single member.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from texturekit.data.splits import inner_folds
from texturekit.methods.blockwise import in_blocks
from texturekit.methods.calibration import Calibration
from texturekit.methods.candidates import SHARE, of_member, settled
from texturekit.methods.scaling import Scaling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from texturekit.tuning import Value

Blocks = list[list[int]]
_MANY = 5000
#: Of a forest; a name of its own, so that tests of other things can do with fewer.
TREES = 500


class Estimator(Protocol):
    """The part of scikit-learn's interface that every estimator here has."""

    def fit(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """Learn from rows."""

    def predict_proba(self, x: Any) -> Any:
        """Return a probability a class."""


@dataclass
class Member:
    """One estimator with its scaling and calibration.

    Attributes
    ----------
    kind : str
        A key of `BUILDERS`.
    columns : (d,) int64
        The columns of the table that it learns from.
    estimator : scikit-learn or XGBoost classifier, fitted
    scaling, calibration : optional
        Where the estimator needs them.
    """

    kind: str
    columns: NDArray[np.int64]
    estimator: Any
    scaling: Scaling | None = None
    calibration: Calibration | None = None

    @classmethod
    def fit(
        cls,
        kind: str,
        x: NDArray[np.float64],
        codes: NDArray[np.int64],
        groups: NDArray[Any] | None,
        blocks: Blocks,
        seed: int,
        jobs: int,
        candidate: Mapping[str, Value] | None = None,
    ) -> Member:
        """Fit on training rows; ``codes`` are 0 to k - 1 and each occurs.

        ``candidate`` holds settings instead of the defaults; see `texturekit.methods.spaces`.
        """
        chosen = candidate or {}
        columns = np.array([column for block in blocks for column in block], dtype=np.int64)
        places = np.split(np.arange(len(columns)), np.cumsum([len(b) for b in blocks])[:-1])
        x = x[:, columns]
        scaling = Scaling.fit(x, [list(p) for p in places]) if kind in _SCALED else None
        z = x if scaling is None else scaling(x)
        calibration = _calibrate(kind, z, codes, groups, seed, chosen) if kind == "svm" else None
        estimator: Any = _fit_estimator(_built(kind, seed, jobs, z, chosen), z, codes)
        if kind == "forest":
            # Threads add up votes in any order, which moves the last bits of a probability.
            estimator.set_params(n_jobs=1)
        return cls(kind, columns, estimator, scaling, calibration)

    def predict_proba(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, k) probabilities, the same to the bit however many rows there are."""
        if self.kind in _BY_TREES or not len(x):  # these take every row by itself
            return self._judged(x)
        return in_blocks(lambda rows: self._judged(x[rows]), len(x))

    def _judged(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        x = x[:, self.columns]
        z = x if self.scaling is None else self.scaling(x)
        if self.calibration is not None:
            return self.calibration(np.asarray(self.estimator.decision_function(z), dtype=float))
        p = np.asarray(self.estimator.predict_proba(z), dtype=np.float64)
        normalised: NDArray[np.float64] = p / p.sum(axis=1, keepdims=True)  # XGBoost's are float32
        return normalised

    def importance(self, width: int) -> NDArray[np.float64] | None:
        """Return (width,) non-negative importances that sum to 1, if the estimator tells them."""
        if hasattr(self.estimator, "feature_importances_"):
            raw = np.asarray(self.estimator.feature_importances_, dtype=np.float64)
        elif hasattr(self.estimator, "coef_"):
            raw = np.abs(np.asarray(self.estimator.coef_)).mean(axis=0)
        else:
            return None
        result = np.zeros(width)
        result[self.columns] = raw / raw.sum() if raw.sum() > 0 else raw
        return result


def _built(
    kind: str, seed: int, jobs: int, x: NDArray[np.float64], candidate: Mapping[str, Value]
) -> Any:
    return settled(BUILDERS[kind](seed, jobs, len(x)), candidate, x)


def _fit_estimator(
    estimator: Estimator, x: NDArray[np.float64], codes: NDArray[np.int64]
) -> Estimator:
    """Fit with classes at equal weight."""
    import warnings

    from texturekit import events

    weights = len(codes) / np.bincount(codes)[codes] / len(np.unique(codes))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if type(estimator).__name__ == "KNeighborsClassifier":
            estimator.fit(x, codes)  # has no sample weights
        else:
            estimator.fit(x, codes, sample_weight=weights)
    for warning in caught:
        events.warn("fitting", f"{type(estimator).__name__}: {warning.message}")
    return estimator


def _calibrate(
    kind: str,
    x: NDArray[np.float64],
    codes: NDArray[np.int64],
    groups: NDArray[Any] | None,
    seed: int,
    candidate: Mapping[str, Value],
) -> Calibration:
    """Learn probabilities from decisions on inner folds that share no group."""
    folds = inner_folds(codes, groups, folds=5, seed=seed)
    k = len(np.unique(codes))
    decisions = np.zeros(len(codes) if k == 2 else (len(codes), k))
    for train, test in folds:
        built = _built(kind, seed, 1, x[train], candidate)
        estimator = _fit_estimator(built, x[train], codes[train])
        decisions[test] = estimator.decision_function(x[test])  # type: ignore[attr-defined]  # svm
    if not folds:
        estimator = _fit_estimator(_built(kind, seed, 1, x, candidate), x, codes)
        decisions = np.asarray(estimator.decision_function(x))  # type: ignore[attr-defined]  # svm
        return Calibration.neutral(decisions)
    return Calibration.fit(decisions, codes)


def _logistic(seed: int, jobs: int, n: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.1, max_iter=5000)


def _svm(seed: int, jobs: int, n: int) -> Any:
    from sklearn.svm import SVC

    return SVC(C=3.0, gamma="scale", random_state=seed)


def _forest(seed: int, jobs: int, n: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=TREES, random_state=seed, n_jobs=jobs)


def _knn(seed: int, jobs: int, n: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    # Brute force is exact, and keeps no search tree that a model file would have to hold.
    return KNeighborsClassifier(
        n_neighbors=min(15, n), weights="distance", algorithm="brute", n_jobs=1
    )


def _xgboost(seed: int, jobs: int, n: int) -> Any:
    from xgboost import XGBClassifier

    # XGBoost's threads wait for each other without sleeping: on few rows, and beside other work,
    # two are ten times slower than one.
    threads = jobs if n >= _MANY else 1
    return XGBClassifier(
        n_estimators=200, max_depth=3, learning_rate=0.1, subsample=0.8, colsample_bytree=0.5,
        tree_method="hist", random_state=seed, n_jobs=threads,
    )  # fmt: skip


BUILDERS = {
    "logistic": _logistic,
    "svm": _svm,
    "forest": _forest,
    "knn": _knn,
    "xgboost": _xgboost,
}
_SCALED = ("logistic", "svm", "knn")
_BY_TREES = ("forest", "xgboost")
#: Who votes, on texture and on embeddings: trees beside them gained nothing (docs/defaults.md).
VOTE = ("logistic", "svm")
#: One part texture to two parts embedding: at equal parts fusion gained nothing.
EMBEDDING_SHARE = 2 / 3


@dataclass
class Ensemble:
    """A fitted classifier: a weighted mean of its members' probabilities.

    Attributes
    ----------
    seen : (k,) int64
        Codes of the classes that occurred in training, ascending.
    members : list of Member
    weights : list of float
        They sum to 1.
    """

    seen: NDArray[np.int64]
    members: list[Member]
    weights: list[float]

    @classmethod
    def fit(
        cls,
        classifier: str,
        x: NDArray[np.float64],
        codes: NDArray[np.int64],
        groups: NDArray[Any] | None,
        blocks: Mapping[str, Sequence[int]],
        embeddings: Sequence[str],
        *,
        seed: int = 0,
        jobs: int = 1,
        candidate: Mapping[str, Value] | None = None,
    ) -> Ensemble:
        """Fit on training rows.

        Parameters
        ----------
        classifier : str
            A key of `BUILDERS`, ``"vote"`` or ``"fusion"``.
        x : (n, d) float64
        codes : (n,) int64
            Classes of the rows; at least two different ones.
        groups : (n,) array, optional
            Patients, which inner folds keep together.
        blocks : mapping of column indices
            The columns of each family or backbone.
        embeddings : sequence of str
            Which of the blocks are embeddings.
        candidate : mapping, optional
            Settings instead of the defaults, by the names of `texturekit.methods.spaces`.
        """
        seen, codes = np.unique(codes, return_inverse=True)
        chosen = candidate or {}
        share = float(chosen.get(SHARE) or EMBEDDING_SHARE)
        plan = _plan(classifier, blocks, embeddings, share)
        members = [
            Member.fit(
                kind, x, codes, groups, columns, seed, jobs, of_member(chosen, kind, classifier)
            )
            for kind, columns, _ in plan
        ]
        return cls(seen.astype(np.int64), members, [weight for _, _, weight in plan])

    def predict_proba(self, x: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
        """Return (n, classes) probabilities; a class that training lacked gets 0."""
        votes = [w * m.predict_proba(x) for w, m in zip(self.weights, self.members, strict=True)]
        result = np.zeros((len(x), classes))
        result[:, self.seen] = np.sum(votes, axis=0)
        return result

    def importance(self, width: int) -> NDArray[np.float64] | None:
        """Return (width,) importances over the members that tell them."""
        told = [member.importance(width) for member in self.members]
        known = [importance for importance in told if importance is not None]
        return None if not known else np.asarray(np.mean(known, axis=0))


def _plan(
    classifier: str, blocks: Mapping[str, Sequence[int]], embeddings: Sequence[str], share: float
) -> list[tuple[str, Blocks, float]]:
    """Return kind, columns and weight of each member; ``share`` is the embedding's in a fusion."""
    deep = [list(blocks[name]) for name in blocks if name in embeddings]
    texture = [list(blocks[name]) for name in blocks if name not in embeddings]
    if classifier == "fusion":
        return [
            *((kind, texture, (1 - share) / len(VOTE)) for kind in VOTE),
            *((kind, deep, share / len(VOTE)) for kind in VOTE),
        ]
    if classifier == "vote":
        return [(kind, [*texture, *deep], 1 / len(VOTE)) for kind in VOTE]
    return [(classifier, [*texture, *deep], 1.0)]
