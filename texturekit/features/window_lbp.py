"""Mean, variance and median codes together (MVM-LBP), and each alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.features.code_histogram import bin_labels, count_joint, describe, label_codes
from texturekit.features.neighbourhood import Neighbourhood
from texturekit.features.registry import Measured, feature
from texturekit.features.threshold_lbp import (
    check_circular,
    column_prefix,
    mbp,
    mean_lbp,
    measure_codes,
    median_lbp,
    three_statistics,
    variance_lbp,
)
from texturekit.features.window_codes import grey_codes, statistic_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mbp", "mean_lbp", "median_lbp", "mvm_codes", "mvm_lbp", "variance_lbp"]

FUSED = ("mean_std_median", "mean_median")
AGGREGATES = ("concat", "fused", "joint")
_JOINT_LABELS = 16
_MOMENTS = [-4, -3, -2]  # mean, variance and median of a described histogram


def mvm_codes(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    window: int | None = None,
    variance_rule: str = "deviation",
    stat_window: str = "full",
    compare: str = ">=",
    order: str = "skimage",
    border: str = "valid",
    mask_mode: str = "center",
) -> NDArray[np.int32]:
    """Return the mean, variance and median codes of every pixel.

    With W the window around a pixel, bit k of the three codes is set where sample g_k has

    - mean: ``g_k >= mean(W)``
    - variance: ``(g_k - mean(W))^2 >= var(W)``, that is, at least one standard deviation away
    - median: ``g_k >= median(W)``

    so all three stay as they are when a constant is added to the image, or when it is multiplied
    by a positive one. On integers the tests are made in integers and are exact.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of uint8, uint16 or float
        Colour becomes grey by `texturekit.to_grey`. In floats, values within 1e-12 of the window's
        largest magnitude count as equal.
    mask : (H, W) array, optional
        Non-zero where codes are wanted.
    variance_rule : {"deviation", "raw", "std", "map"}
        ``deviation`` as above; ``raw``: ``g_k >= var(W)``; ``std``: ``g_k >= std(W)``; ``map``: all
        three codes are plain patterns of the images of the windows' mean, variance and median.
    p, r, window, stat_window, compare, order, border, mask_mode :
        See `texturekit.features.neighbourhood.Neighbourhood`.

    Returns
    -------
    (H, W, 3) int32
        Mean, variance, median code. Pixels without a valid neighbourhood hold 0.

    Raises
    ------
    ImageError
        If the image is not finite, or is smaller than one neighbourhood with ``border="valid"``.
    ParameterError, UnknownNameError
        If a parameter is out of range.

    Notes
    -----
    The equations of the paper are not openly available: these three follow its description of a
    mean, a variance and a median code. Comparing grey levels with a variance (``raw``) mixes units,
    and almost every bit comes out alike; ``deviation`` keeps the variance and is not affected by
    brightness.

    References
    ----------
    Arora, Sucharitha and Sharma (2023), doi:10.1007/s41870-023-01204-y.

    Examples
    --------
    >>> image = np.array([[6, 5, 2], [7, 6, 1], [9, 8, 7]], dtype=np.uint8)
    >>> mvm_codes(image)[1, 1]
    array([248,  35, 248], dtype=int32)
    """
    around = Neighbourhood(p, r, window, stat_window, compare, order, border, mask_mode)
    return statistic_codes(image, three_statistics(variance_rule), mask=mask, around=around)


@feature
def mvm_lbp(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    p: int = 8,
    r: float = 1,
    method: str = "nri_uniform",
    aggregate: str = "concat",
    variance_rule: str = "deviation",
    fused: str = "mean_std_median",
    window: int | None = None,
    stat_window: str = "full",
    compare: str = ">=",
    order: str = "skimage",
    mask_mode: str = "center",
) -> Measured:
    """Mean, variance and median codes together (MVM-LBP).

    Parameters
    ----------
    image, mask, p, r, method, window, stat_window, compare, order, mask_mode :
        See `mean_lbp`.
    aggregate : {"concat", "fused", "joint"}
        ``concat``: a histogram of each of the three codes of `mvm_codes`; ``fused``: one histogram
        of one code against one threshold made of the statistics; ``joint``: one histogram of the
        three labels at once, for methods with at most 16 labels (``method="uniform"``).
    variance_rule : {"deviation", "raw", "std", "map"}
        For ``concat`` and ``joint``; see `mvm_codes`.
    fused : {"mean_std_median", "mean_median"}
        Threshold of ``fused``: (mean + standard deviation + median) / 3, the form found in public
        implementations, which changes with brightness; or (mean + median) / 2, which does not.

    Returns
    -------
    dict of float
        ``mvm_lbp.mean.nri_uniform.00`` ..., then ``mvm_lbp.variance. ...`` and ``mvm_lbp.median.
        ...``, each as in `mean_lbp`; or ``mvm_lbp.fused.nri_uniform.00`` ...; or
        ``mvm_lbp.joint.uniform.000`` ..., bin ``(mean * 10 + variance) * 10 + median`` for 10
        labels, and ``mvm_lbp.joint.uniform.entropy``.

    Raises
    ------
    ImageError, ParameterError, UnknownNameError
        See `mean_lbp`.

    References
    ----------
    Arora, Sucharitha and Sharma (2023), doi:10.1007/s41870-023-01204-y, whose equations are not
    openly available; see `mvm_codes`.

    Examples
    --------
    >>> mvm_lbp(np.full((5, 5), 9, dtype=np.uint8))["mvm_lbp.median.nri_uniform.57"]
    1.0
    """
    around = Neighbourhood(p, r, window, stat_window, compare, order, mask_mode=mask_mode)
    statistics = dict(
        zip(("mean", "variance", "median"), three_statistics(variance_rule), strict=True)
    )
    if aggregate == "concat":
        return measure_codes("mvm_lbp", image, mask, statistics, around, method)
    if aggregate == "fused":
        if fused not in FUSED:
            raise UnknownNameError("fused threshold", fused, FUSED)
        return measure_codes("mvm_lbp", image, mask, {"fused": fused}, around, method)
    if aggregate != "joint":
        raise UnknownNameError("aggregate", aggregate, AGGREGATES)
    return _joint(image, mask, tuple(statistics.values()), around, method)


def _joint(
    image: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    statistics: tuple[str, ...],
    around: Neighbourhood,
    method: str,
) -> Measured:
    """Count the three labels of each pixel at once."""
    check_circular(method, around)
    bins = len(bin_labels(around.p, method))
    if bins > _JOINT_LABELS or method == "ror":
        raise ParameterError(
            f"aggregate='joint' with method={method!r} and p={around.p} has {bins} labels a code, "
            f"more than {_JOINT_LABELS}; use method='uniform' with p up to 14."
        )
    codes, inside = grey_codes(image, mask, statistics, around)
    mean, variance, median = (_labels(plane, around.p, method) for plane in codes)
    joint = (mean * bins + variance) * bins + median
    margin = around.reach(statistics)
    counts = count_joint(joint, bins**3, margin=margin, inside=inside)
    prefix = column_prefix("mvm_lbp", around, "joint", method)
    # A joint label counts nothing, so that its entropy is the only statistic with a meaning.
    found = describe((prefix,), [counts])
    return Measured((*found.names[: bins**3], found.names[-1]), np.delete(found.values, _MOMENTS))


def _labels(codes: NDArray[np.int32], points: int, method: str) -> NDArray[np.int32]:
    if codes.size < 2**points:
        return label_codes(codes, points, method)
    labels: NDArray[np.int32] = label_codes(np.arange(2**points), points, method)[codes]
    return labels
