"""Which samples around a pixel are compared with the statistics of which window."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from texturekit.errors import ParameterError
from texturekit.features.lbp import Circle, check_circle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ORDERS = ("skimage", "clockwise", "raster")
PADDING: dict[str, Literal["constant", "reflect", "edge"]] = {
    "valid": "constant",
    "zero": "constant",
    "reflect": "reflect",
    "edge": "edge",
}
# The eight neighbours as steps down and along: from east, counter-clockwise.
RING = np.array([(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)])
# Statistics whose own image is coded, by their place among the kernels' maps.
MAPS = {"mean_map": 0, "variance_map": 1, "median_map": 2}


@dataclass(frozen=True)
class Neighbourhood:
    """Which samples are compared with the statistics of which window, and how.

    Attributes
    ----------
    p, r :
        Samples and radius; ``p=8, r=1`` are the eight neighbours themselves, anything else lies on
        the circle of `texturekit.features.lbp_codes`.
    window : int or None
        Side of the square window, odd; ``None`` means ``2 * ceil(r) + 1``.
    stat_window : {"full", "ring"}
        Whether the window's statistics are taken with or without its centre.
    compare : {">=", ">"}
        Whether a sample equal to the statistic sets its bit.
    order : {"skimage", "clockwise", "raster"}
        Bits from east counter-clockwise, lowest first; from top left clockwise, highest first; or
        row by row, lowest first. The last two for ``p=8, r=1`` only.
    border : {"valid", "zero", "reflect", "edge"}
        ``valid`` leaves out pixels whose window or samples leave the image; the others continue the
        image by zeros, mirrored at the outermost pixels, or by repeating these.
    mask_mode : {"center", "strict"}
        Whether a pixel counts if it lies in the mask, or only if its whole neighbourhood does.
    center_bit : bool
        Compare the centre too, as the bit after the last sample.
    """

    p: int = 8
    r: float = 1
    window: int | None = None
    stat_window: str = "full"
    compare: str = ">="
    order: str = "skimage"
    border: str = "valid"
    mask_mode: str = "center"
    center_bit: bool = False
    side: int = field(init=False)

    def __post_init__(self) -> None:
        check_circle(self.p, self.r, "default")
        _check_choice("stat_window", self.stat_window, ("full", "ring"))
        _check_choice("compare", self.compare, (">=", ">"))
        _check_choice("order", self.order, ORDERS)
        _check_choice("border", self.border, tuple(PADDING))
        _check_choice("mask_mode", self.mask_mode, ("center", "strict"))
        if self.order != "skimage" and not self.square:
            raise ParameterError(
                f"order={self.order!r} is defined for p=8, r=1, but got p={self.p}, r={self.r}; "
                "use order='skimage'."
            )
        side = 2 * math.ceil(self.r) + 1 if self.window is None else self.window
        if not isinstance(side, int | np.integer) or side < 3 or side % 2 == 0:
            raise ParameterError(f"window={side!r}, but it is an odd number of pixels from 3 on.")
        if self.p + self.center_bit > 31:
            raise ParameterError(f"p={self.p} and the centre are more than 31 bits; lower p.")
        object.__setattr__(self, "side", int(side))

    @property
    def square(self) -> bool:
        """Whether the samples are the eight neighbours."""
        return self.p == 8 and self.r == 1

    @property
    def count(self) -> int:
        """Number of pixels in the window."""
        return self.side**2 - (self.stat_window == "ring")

    def reach(self, statistics: Sequence[str]) -> int:
        """Return how far from a pixel its codes look."""
        window, ring = self.side // 2, math.ceil(self.r)
        return window + ring if any(name in MAPS for name in statistics) else max(window, ring)

    def steps(self) -> NDArray[np.int64] | None:
        """Return the samples' whole steps, the centre last if it counts; None if between pixels."""
        if self.square:
            steps = RING
        else:
            circle = Circle(self.p, self.r, 1, 1)
            if not circle.on_grid.all():
                return None
            steps = circle.corners[:, [0, 2]]
        return np.concatenate([steps, [[0, 0]]]) if self.center_bit else steps

    def weights(self) -> NDArray[np.int64]:
        """Return the value of each sample's bit."""
        shifts = np.arange(self.p + self.center_bit)
        if self.order == "clockwise":  # from the top left: 3 2 1 0 7 6 5 4
            shifts[:8] = [4, 5, 6, 7, 0, 1, 2, 3]
        elif self.order == "raster":
            shifts[:8] = [4, 2, 1, 0, 3, 5, 6, 7]
        return np.left_shift(1, shifts)


@cache
def sorting_pairs(count: int) -> NDArray[np.int64]:
    """Return which two of ``count`` values to put in order, step by step, until the middle stands.

    The merge exchange of Knuth (1998), The Art of Computer Programming 3, 5.2.2, algorithm M, less
    the steps that the middle, or the middle two, do not depend on.
    """
    pairs, power = [], 1 << max(count - 1, 0).bit_length() >> 1
    for p in (power >> k for k in range(power.bit_length())):
        q, r, d = power, 0, p
        while d > 0:
            pairs += [(i, i + d) for i in range(count - d) if i & p == r]
            q, r, d = q >> 1, p, (q - p if q != p else 0)
    wanted, kept = {(count - 1) // 2, count // 2}, []
    for pair in reversed(pairs):
        if not wanted.isdisjoint(pair):
            wanted.update(pair)
            kept.append(pair)
    return np.array(kept[::-1], np.int64).reshape(-1, 2)


def _check_choice(name: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise ParameterError(f"{name}={value!r} is not one of {', '.join(known)}; choose one.")
