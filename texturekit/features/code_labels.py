"""Binary codes as labels, and which bin of a histogram counts each."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.kernels import codes as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

METHODS = ("default", "uniform", "ror", "nri_uniform")
MOST_COLUMNS = 4096
_MOST_TABLE_POINTS = 16
_NO_TABLE = np.zeros(0, np.uint16)
_LABELS = {
    "uniform": kernels.label_uniform,
    "nri_uniform": kernels.label_nri_uniform,
    "ror": kernels.label_rotation,
}


def label_codes(codes: NDArray[np.integer], points: int, method: str) -> NDArray[np.int32]:
    """Return the label that a method gives each code.

    Parameters
    ----------
    codes : array of int
        Codes of ``points`` bits, bit p for sample p around the circle.
    points : int
        Number of samples.
    method : {"default", "uniform", "ror", "nri_uniform"}
        ``default`` leaves the code; ``uniform`` (riu2) is the number of ones where the code
        changes at most twice around the circle, else ``points + 1``; ``nri_uniform`` (u2) gives
        each of those codes a label of its own; ``ror`` is the smallest rotation of the code.

    Returns
    -------
    int32 array of the same shape

    Raises
    ------
    UnknownNameError
        If there is no such method.

    References
    ----------
    Ojala, Pietikainen and Maenpaa (2002), doi:10.1109/TPAMI.2002.1017623 (ror, uniform); Ahonen,
    Hadid and Pietikainen (2006), doi:10.1109/TPAMI.2006.244 (nri_uniform).

    Examples
    --------
    >>> label_codes(np.array([0, 0b00001110, 0b01010101, 255]), 8, "uniform")
    array([0, 3, 9, 8], dtype=int32)
    """
    check_method(method)
    if method == "default":
        return codes.astype(np.int32)
    labels = np.empty(codes.size, np.int32)
    if points <= _MOST_TABLE_POINTS and codes.size > 1 << points:
        flat = np.ascontiguousarray(codes, np.int32).ravel()
        kernels.look_up(flat, label_table(points, method), labels)
    else:
        _LABELS[method](np.ascontiguousarray(codes, np.int64).ravel(), points, labels)
    return labels.reshape(codes.shape)


@cache
def label_table(points: int, method: str, dtype: type = np.int32) -> NDArray[Any]:
    """Return the label of each code of up to 16 points, by code; see `label_codes`."""
    return label_codes(np.arange(1 << points), points, method).astype(dtype)


def check_method(method: str, *, known: tuple[str, ...] = METHODS) -> None:
    """Raise if a mapping method has no such name."""
    if method not in known:
        raise UnknownNameError("method", method, known)


def bin_labels(points: int, method: str) -> NDArray[np.int64]:
    """Return the label that each bin of a histogram counts, ascending.

    Raises
    ------
    UnknownNameError
        If there is no such method.
    ParameterError
        If there would be more than 4096 bins.

    Examples
    --------
    >>> len(bin_labels(8, "ror")), len(bin_labels(8, "nri_uniform")), len(bin_labels(24, "uniform"))
    (36, 59, 26)
    """
    check_method(method)
    if _bin_count(points, method) > MOST_COLUMNS:
        raise ParameterError(
            f"method={method!r} gives more than {MOST_COLUMNS} columns for p={points}; "
            "use method='uniform' or 'nri_uniform', or fewer points."
        )
    return _bin_labels(points, method)


def code_table(points: int, method: str) -> NDArray[np.uint16]:
    """Return the bin of each code of up to 16 points, or nothing for more; see `bin_labels`."""
    bin_labels(points, method)
    return _code_table(points, method) if points <= _MOST_TABLE_POINTS else _NO_TABLE


def _bin_count(points: int, method: str) -> int:
    if method == "uniform":
        return points + 2
    if method == "nri_uniform":
        return points * (points - 1) + 3
    # ror: at least 2^P / P classes of rotations, which is enough to refuse.
    return 2**points if method == "default" or points > 16 else len(_bin_labels(points, method))


@cache
def _bin_labels(points: int, method: str) -> NDArray[np.int64]:
    if method == "ror":
        codes = np.arange(2**points)
        labels = np.flatnonzero(label_codes(codes, points, method) == codes)
    else:
        labels = np.arange(_bin_count(points, method))
    return labels


@cache
def _code_table(points: int, method: str) -> NDArray[np.uint16]:
    return bin_of_code(points, method, center_bit=False).astype(np.uint16)


@cache
def bin_of_code(points: int, method: str, center_bit: bool) -> NDArray[np.int64]:
    """Return the bin of each code; a bit of the centre has a second set behind the first."""
    labels = bin_labels(points, method)
    bin_of: NDArray[np.int64] = np.searchsorted(
        labels, label_codes(np.arange(2**points), points, method)
    )
    return np.concatenate([bin_of, bin_of + len(labels)] if center_bit else [bin_of])
