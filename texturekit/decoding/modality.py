"""From stored numbers to the values they stand for, in a dtype that holds them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WHOLE = (np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64)


def rescaled(
    stored: NDArray[Any], slope: float, intercept: float, low: int, high: int
) -> NDArray[Any]:
    """Return ``stored * slope + intercept``.

    Parameters
    ----------
    stored : array of integer
        Within ``low`` and ``high``.
    slope, intercept : float
        Finite.
    low, high : int
        What may be stored, by the file's header: the dtype does not depend on what is.

    Returns
    -------
    array
        Integer if slope and intercept are whole: the stored dtype where it holds the values of
        ``low`` and ``high``, else the first that does of uint8, int16, uint16, int32, uint32,
        int64. Else float64.

    Examples
    --------
    >>> rescaled(np.array([[0, 4095]], np.uint16), 1.0, -1024.0, 0, 4095)
    array([[-1024,  3071]], dtype=int16)
    """
    if slope == 1 and intercept == 0:
        return stored
    if float(slope).is_integer() and float(intercept).is_integer():
        ends = sorted(int(slope) * end + int(intercept) for end in (low, high))
        for dtype in (stored.dtype, *_WHOLE):
            limits = np.iinfo(dtype)
            if limits.min <= ends[0] and ends[1] <= limits.max:
                wide = stored.astype(np.int64) * int(slope) + int(intercept)
                return wide.astype(dtype)
    return stored.astype(np.float64) * slope + intercept
