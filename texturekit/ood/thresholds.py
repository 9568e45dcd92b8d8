"""From scores to a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

KEPT = 0.95  # share of the images of the training distribution that are not said to lie outside
FEWEST = 19  # images that can say so


def keeping(scores: ArrayLike, share: float = KEPT) -> float:
    """Return the threshold above which an image is said to lie outside.

    Parameters
    ----------
    scores : (n,) float
        Of images that belong to the distribution and that the detector was not fitted on.
    share : float, default 0.95
        How many of them, at least, are not above it.

    Returns
    -------
    float
        One of the scores: the smallest that keeps a share of ``n + 1`` images. A new image of the
        same distribution is then kept with at least this probability (split conformal prediction).

    Raises
    ------
    ParameterError
        If there are too few scores for the share: 19 for 0.95.

    References
    ----------
    Papadopoulos et al. (2002), doi:10.1007/3-540-36755-1_29.

    Examples
    --------
    >>> keeping(np.arange(100.0))
    95.0
    """
    values = np.sort(np.asarray(scores, dtype=np.float64))
    place = int(np.ceil(round(share * (len(values) + 1), 9)))
    if not 1 <= place <= len(values):
        raise ParameterError(
            f"{len(values)} scores cannot say which score keeps {share:.0%} of the images; "
            f"give at least {int(np.ceil(round(share / (1 - share), 9)))}."
        )
    return float(values[place - 1])
