"""A map of numbers laid over a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.data.placing import Box

COLOURS = "inferno"  # perceptually uniform: equal steps of the map look equally large

_STRONGEST = 0.75  # opacity of the colour where the map is at its maximum
_OUTSIDE = 0.35  # brightness of what the network did not see


def coloured(
    picture: NDArray[np.uint8],
    values: NDArray[np.float32],
    box: Box | None = None,
    *,
    top: float | None = None,
) -> NDArray[np.uint8]:
    """Lay a map over a picture, the more opaque the higher; what is not above 0 stays clear.

    Parameters
    ----------
    picture : (H, W, 3) uint8
    values : (H, W) float32
    box : Box, optional
        What is outside is darkened.
    top : float, optional
        The value that has the last colour; the map's own maximum without.

    Returns
    -------
    (H, W, 3) uint8

    Examples
    --------
    >>> grey = np.full((1, 2, 3), 100, np.uint8)
    >>> coloured(grey, np.array([[0, 5]], np.float32))
    array([[[100, 100, 100],
            [214, 216, 148]]], dtype=uint8)
    """
    import matplotlib

    top = float(values.max()) if top is None else top
    share = np.clip(values / top, 0, 1) if top > 0 else np.zeros_like(values)
    table = np.asarray(matplotlib.colormaps[COLOURS](np.arange(256)))[:, :3] * 255
    colours = table.astype(np.float32)[np.rint(share * 255).astype(np.uint8)]
    clear = np.float32(_STRONGEST) * share[:, :, None]
    result = picture * (1 - clear) + colours * clear
    if box is not None:
        dark = np.full(values.shape, _OUTSIDE, np.float32)
        dark[box.slices] = 1
        result *= dark[:, :, None]
    shown: NDArray[np.uint8] = np.rint(result).astype(np.uint8)
    return shown
