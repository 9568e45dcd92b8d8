"""What labels, scores and groups must be before anything is computed from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.errors import MetricError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

SUM_TOLERANCE = 1e-3  # float32 softmax rows miss 1 by some 1e-7, logits by far more


def binary_labels(y: ArrayLike) -> NDArray[np.bool_]:
    """Return labels as bool, True for the positive class.

    Parameters
    ----------
    y : (n,) bool or number
        0 and 1, or False and True.

    Returns
    -------
    (n,) bool

    Raises
    ------
    MetricError
        If there are no labels, or one of them is neither 0 nor 1.
    """
    labels = _array(y, "labels")
    if labels.ndim != 1 or labels.size == 0:
        raise MetricError(
            f"labels have the shape {labels.shape}; give one 0 or 1 (or False or True) an image."
        )
    if labels.dtype.kind not in "bif" or not np.isin(labels, (0, 1)).all():
        raise MetricError(
            f"labels hold {_some(_different(labels))}; give 0 for the negative and 1 for "
            f"the positive class, as in y == 'malignant'."
        )
    return np.asarray(labels == 1)


def finite_scores(scores: ArrayLike, n: int, what: str = "scores") -> NDArray[np.float64]:
    """Return scores as float64 after checking that there are n and that all are finite.

    Parameters
    ----------
    scores : (n,) number
        The higher, the more the image looks positive.
    n : int
        Number of labels.
    what : str, default "scores"
        The name of the argument, for the message.

    Returns
    -------
    (n,) float64

    Raises
    ------
    MetricError
        If the length differs from n, or a score is NaN or infinite (their positions are named).
    """
    values = _numbers(scores, what)
    if values.shape != (n,):
        raise MetricError(f"{what} have the shape {values.shape}, but there are {n} labels.")
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise MetricError(
            f"{what} are not finite at {_some(bad.tolist(), 'position')} ({bad.size} of {n}); "
            f"predict these images again or leave them out."
        )
    return values


def is_hard(scores: NDArray[np.float64]) -> bool:
    """Tell whether scores are decisions: nothing but 0 and 1, or one of them throughout."""
    return scores.size > 0 and bool(np.isin(scores, (0.0, 1.0)).all())


def refuse_hard(scores: NDArray[np.float64], what: str = "scores") -> None:
    """Raise a MetricError for scores that are decisions and not degrees.

    Parameters
    ----------
    scores : (n,) float64
        Checked scores.
    what : str, default "scores"
        The name of the argument, for the message.
    """
    if is_hard(scores):
        raise MetricError(
            f"{what} hold only 0 and 1, which are decisions: their area is a balanced accuracy. "
            f"Give probabilities or other graded scores; for decisions use mcnemar or proportion."
        )


def group_codes(groups: ArrayLike | None, n: int) -> NDArray[np.int64]:
    """Return groups as numbers from 0; a missing one is a group of its own.

    Parameters
    ----------
    groups : (n,) array of str or number, optional
        The patient of every image.
    n : int
        Number of images.

    Returns
    -------
    (n,) int64

    Raises
    ------
    MetricError
        If the number of groups differs from the number of images.
    """
    if groups is None:
        return np.arange(n, dtype=np.int64)
    # As objects: among texts NumPy would make the name "nan" of a missing group, one for all.
    kept = groups if hasattr(groups, "dtype") else np.asarray(_array(groups, "groups", object))
    given: NDArray[Any] = np.asarray(kept)
    if given.shape != (n,):
        raise MetricError(f"groups have the shape {given.shape}, but there are {n} labels.")
    try:
        codes, names = pd.factorize(given)
    except TypeError as error:
        raise MetricError(f"groups are no names ({error}); give a text or number each.") from error
    lone = codes < 0
    codes = codes.astype(np.int64)
    codes[lone] = len(names) + np.arange(int(lone.sum()))
    return codes


def check_probabilities(
    probability: NDArray[np.float64], ids: Sequence[str], *, exclusive: bool
) -> None:
    """Raise a MetricError that names the images whose probabilities are none.

    Parameters
    ----------
    probability : (n, K) float64
        One column a class; NaN means not predicted and is allowed if not exclusive.
    ids : (n,) sequence of str
        Names for the message.
    exclusive : bool
        Whether every row has to be complete and to sum to 1.
    """
    with np.errstate(invalid="ignore"):
        outside = np.any((probability < 0) | (probability > 1), axis=1)
        sums = np.abs(probability.sum(axis=1) - 1) > SUM_TOLERANCE
    missing = np.any(np.isnan(probability), axis=1)
    faults = [(outside, "are not between 0 and 1; were logits given? Apply softmax or sigmoid")]
    if exclusive:
        faults.insert(0, (missing, "are missing (NaN); predict these images again"))
        faults.append((sums, "do not sum to 1; were logits given? Apply softmax"))
    for rows, text in faults:
        bad = np.flatnonzero(rows).tolist()
        if bad:
            names = _some([ids[i] for i in bad])
            raise MetricError(f"probabilities of {names} {text} ({len(bad)} of {len(ids)} images).")


def _array(values: ArrayLike, what: str, dtype: type | None = None) -> NDArray[Any]:
    try:
        return np.asarray(values, dtype=dtype)
    except ValueError as error:  # rows of different lengths
        raise MetricError(f"{what} are no array ({error}); give one an image.") from error


def _numbers(values: ArrayLike, what: str) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MetricError(f"{what} are no numbers ({error}); give one an image.") from error


def _different(values: NDArray[Any]) -> list[object]:
    """Return the distinct values, sorted where they can be."""
    try:
        return list(np.unique(values).tolist())
    except TypeError:  # texts beside numbers, or None
        return list(dict.fromkeys(values.tolist()))


def _some(values: Sequence[object], noun: str = "") -> str:
    shown = ", ".join(repr(v) if isinstance(v, str) else str(v) for v in values[:5])
    more = f" and {len(values) - 5} more" if len(values) > 5 else ""
    plural = "s" if noun and len(values) > 1 else ""
    return f"{noun}{plural} {shown}{more}" if noun else f"{shown}{more}"
