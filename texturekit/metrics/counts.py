"""Whether a matrix that somebody typed is one of counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import MetricError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LARGEST, CLASSES = 10**7, 100


def check_matrix(matrix: Any) -> Floats:
    """Return a matrix as numbers, if it is one of counts.

    Raises
    ------
    MetricError
        If it is not square, holds no whole numbers from 0, or no image.
    """
    rows = [list(row) for row in matrix]
    widths = sorted({len(row) for row in rows})
    if len(rows) < 2 or widths != [len(rows)]:
        held = " or ".join(map(str, widths)) or "0"
        raise MetricError(
            f"the matrix has {len(rows)} rows of {held} numbers; give a square one of at least two "
            "classes, rows the truth, columns what was predicted."
        )
    if len(rows) > CLASSES:
        raise MetricError(f"the matrix has {len(rows)} classes; at most {CLASSES} are read.")
    for row in rows:
        for count in row:
            if isinstance(count, bool) or not _is_count(count):
                raise MetricError(
                    f"the matrix holds {count!r}; give whole numbers of images from 0, not shares."
                )
    total = sum(int(count) for row in rows for count in row)
    if not 0 < total <= LARGEST:
        raise MetricError(f"the matrix counts {total} images; give 1 to {LARGEST:,}.")
    return np.array(rows, dtype=np.float64)


def _is_count(count: Any) -> bool:
    try:
        return math.isfinite(count) and int(count) == count and count >= 0
    except (TypeError, ValueError):
        return False


def class_names(classes: Sequence[str] | None, count: int) -> list[str]:
    """Return the names of the classes, numbers from 1 where there are none.

    Raises
    ------
    MetricError
        If there are not as many names as classes, or one stands twice.
    """
    names = [str(k + 1) for k in range(count)] if classes is None else list(classes)
    if len(names) != count or len(set(names)) < count or not all(names):
        raise MetricError(
            f"there are {len(names)} class names ({', '.join(names)}) for {count} classes; name "
            "each class once, in the order of the rows."
        )
    return names
