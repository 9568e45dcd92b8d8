"""How likely a study of a given size finds an area above chance."""

from __future__ import annotations

import math

from texturekit.errors import MetricError


def roc_auc_power(
    area: float, positives: int, negatives: int, *, level: float = 0.05, two_sided: bool = True
) -> float:
    """Return the power of a study to show that an area under the ROC curve is not one half.

    Parameters
    ----------
    area : float
        The true area, above .5 and below 1.
    positives, negatives : int
        Patients of each class.
    level : float, default .05
        Of the test.
    two_sided : bool, default True
        Whether the test looks both ways.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    MetricError
        If the area, a count or the level cannot be.

    References
    ----------
    Obuchowski and McClish (1997), doi:10.1002/(SICI)1097-0258(19970715)16:13<1529::AID-SIM565>
    3.0.CO;2-H: scores normal in both classes. pROC's ``power.roc.test`` gives the same.

    Examples
    --------
    >>> round(tk.metrics.roc_auc_power(0.73, 41, 72), 4)
    0.9897
    """
    from scipy.stats import norm

    if not 0.5 < area < 1 or positives < 1 or negatives < 1 or not 0 < level < 1:
        raise MetricError(
            f"area {area}, {positives} positives, {negatives} negatives and level {level} do not "
            f"go together; give an area above .5 and below 1, counts from 1, a level as .05."
        )
    ratio = negatives / positives

    def spread(theta: float) -> float:
        squared = (float(norm.ppf(theta)) * 1.414) ** 2
        return 0.0099 * math.exp(-squared / 2) * (5 * squared + 8 + (squared + 8) / ratio)

    reach = float(norm.ppf(1 - level / (2 if two_sided else 1)))
    lead = math.sqrt(positives) * (area - 0.5) - reach * math.sqrt(spread(0.5))
    return float(norm.cdf(lead / math.sqrt(spread(area))))
