"""mahotas' texture functions: the same arguments and arrays, over our kernels.

Checked against mahotas 1.4.19.
"""

from __future__ import annotations

from texturekit.compat.mahotas_haralick import haralick
from texturekit.compat.mahotas_lbp import lbp

__all__ = ["haralick", "lbp"]
