"""The area under the ROC curve of one or two sets of scores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from texturekit.errors import MetricError
from texturekit.metrics.areas import Area, area_difference, area_limits, measure_area
from texturekit.metrics.checking import binary_labels, finite_scores, group_codes, refuse_hard
from texturekit.metrics.guarding import marked
from texturekit.metrics.permuting import area_gains, random_signs
from texturekit.records import Difference, Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from texturekit.metrics.limits import Scale

Alternative = Literal["two-sided", "greater", "less"]


def roc_auc(
    y: ArrayLike, scores: ArrayLike, groups: ArrayLike | None = None, *, interval: Scale = "logit"
) -> Estimate:
    """Return the area under the ROC curve with its 95% interval.

    Parameters
    ----------
    y : (n,) bool or 0 and 1
        True for the positive class.
    scores : (n,) number
        The higher, the more the image looks positive; ties count one half.
    groups : (n,) str or number, optional
        The patient of every image. Where patients repeat, the variance is clustered.
    interval : str, default "logit"
        ``logit`` (stays inside 0 and 1) or ``wald`` (symmetric, cut at 0 and 1).

    Returns
    -------
    Estimate
        ``value`` is None, with the reason, where a class is missing; the limits are None, with the
        reason, where a class has fewer than 2 images or groups. Where DeLong's variance is 0 (a
        perfect separation) the limits are Newcombe's score interval and ``how`` says so.

    Raises
    ------
    MetricError
        If labels are not 0 and 1, lengths differ, scores are NaN or infinite, or are decisions
        (nothing but 0 and 1).

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), doi:10.2307/2531595. Obuchowski (1997),
    doi:10.2307/2533958. Newcombe (2006), doi:10.1002/sim.2324.

    Examples
    --------
    >>> y = [0, 0, 0, 1, 1, 1]
    >>> area = tk.metrics.roc_auc(y, [0.21, 0.35, 0.63, 0.92, 0.32, 0.79])
    >>> round(area.value, 4), round(area.low, 3), round(area.high, 3), area.how
    (0.7778, 0.173, 0.983, 'DeLong, logit')
    """
    if interval not in ("logit", "wald"):
        raise MetricError(f"interval is {interval!r}; choose 'logit' or 'wald'.")
    area = _single(y, scores, groups, "scores")
    if area.value is None:
        return Estimate(value=None, how="DeLong", reason=_missing_class(area.truth))
    low, high, how, reason = area_limits(area, interval)
    found = Estimate(value=area.value, low=low, high=high, how=how, reason=reason)
    return marked(found, _patients(area))


def compare_roc_auc(
    y: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    alternative: Alternative = "two-sided",
    test: Literal["delong", "t", "permutation"] | None = None,
) -> Difference:
    """Return the paired difference of two areas under the ROC curve, a minus b.

    Parameters
    ----------
    y : (n,) bool or 0 and 1
        True for the positive class.
    a, b : (n,) number
        Scores of the same images by two methods.
    groups : (n,) str or number, optional
        The patient of every image. Where patients repeat, the covariance is clustered.
    alternative : str, default "two-sided"
        ``two-sided``, ``greater`` (a above b) or ``less``: what p is the chance of.
    test : str, optional
        ``delong``; ``t``, the same by t with the patients of the smaller class less one as degrees
        of freedom, which is more careful with few patients; or ``permutation``, two-sided: the
        ranks that the two methods gave change places, for whole patients. It asks whether the two
        rank alike. By default ``t`` where patients have several images, as z errs too often with
        few of them (docs/tests.md), else ``delong``.

    Returns
    -------
    Difference
        With z as ``statistic``, p and Wald limits. Equal scores give 0, z 0, p 1.

    Raises
    ------
    MetricError
        As `roc_auc`; or if the alternative or test is none of these.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), doi:10.2307/2531595. Obuchowski (1997),
    doi:10.2307/2533958. Bandos, Rockette and Gur (2005), doi:10.1002/sim.2149.

    Examples
    --------
    >>> y = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> a = [0.1, 0.2, 0.3, 0.6, 0.5, 0.7, 0.8, 0.9]
    >>> b = [0.1, 0.8, 0.3, 0.6, 0.5, 0.7, 0.2, 0.9]
    >>> gain = tk.metrics.compare_roc_auc(y, a, b)
    >>> round(gain.value, 4), round(gain.statistic, 3), round(gain.p, 3)
    (0.3125, 1.405, 0.16)
    """
    _check_alternative(alternative)
    if test not in (None, "delong", "t", "permutation") or (
        test == "permutation" and alternative != "two-sided"
    ):
        raise MetricError(f"test is {test!r}; choose 'delong', 't', or 'permutation', two-sided.")
    one, two = _single(y, a, groups, "a"), _single(y, b, groups, "b")
    if one.value is None:
        return Difference(value=None, how="paired DeLong", reason=_missing_class(one.truth))
    found = area_difference(one, two)
    if test == "permutation":
        return permuted(found, one, two)
    if test == "t" or (test is None and one.unit == "group"):
        return careful(found, one, alternative)
    return _one_sided(found, alternative)


def careful(found: Difference, area: Area, alternative: Alternative = "two-sided") -> Difference:
    """Return a difference of areas with the limits and p of t in the place of z's.

    Parameters
    ----------
    found : Difference
    area : Area
        One of the two, for its numbers of patients.
    alternative : str, default "two-sided"
        What p is the chance of.

    Returns
    -------
    Difference
    """
    from scipy.stats import t

    degrees = min(area.sizes) - 1
    if found.value is None or not found.error or degrees < 1:
        return _one_sided(found, alternative)
    reach = float(t.ppf(0.975, degrees)) * found.error
    limits = {"low": max(found.value - reach, -1.0), "high": min(found.value + reach, 1.0)}
    distance = found.value / found.error
    p = {
        "two-sided": 2 * t.sf(abs(distance), degrees),
        "greater": t.sf(distance, degrees),
        "less": t.cdf(distance, degrees),
    }[alternative]
    how = f"{found.how}, t with {degrees} degrees of freedom{_side(alternative)}"
    return found.model_copy(update={**limits, "p": float(p), "how": how})


def permuted(found: Difference, a: Area, b: Area) -> Difference:
    """Return a difference of areas with the p of a permutation in the place of z's.

    Parameters
    ----------
    found : Difference
        That of a and b.
    a, b : Area
        Of the same truth, folds and groups.

    Returns
    -------
    Difference
    """
    if found.value is None:
        return found
    p, way = random_signs(area_gains(a, b))
    whole = "patient" if a.unit == "group" else "image"
    how = f"{whole} permutation of ranks ({way}); interval {found.how}"
    return found.model_copy(update={"p": p, "how": how})


def compare_roc_auc_unpaired(
    y_a: ArrayLike,
    a: ArrayLike,
    y_b: ArrayLike,
    b: ArrayLike,
    groups_a: ArrayLike | None = None,
    groups_b: ArrayLike | None = None,
    *,
    alternative: Alternative = "two-sided",
) -> Difference:
    """Return the difference of two areas under the ROC curve on different patients, a minus b.

    Parameters
    ----------
    y_a, y_b : (n,) and (m,) bool or 0 and 1
        True for the positive class.
    a, b : (n,) and (m,) number
        Scores.
    groups_a, groups_b : (n,) and (m,) str or number, optional
        The patient of every image. Nobody may be in both sets: such areas are paired.
    alternative : str, default "two-sided"
        ``two-sided``, ``greater`` (a above b) or ``less``.

    Returns
    -------
    Difference
        With DeLong's D as ``statistic``; p and limits by t with Welch's degrees of freedom, counted
        by patients.

    Raises
    ------
    MetricError
        As `roc_auc`.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), doi:10.2307/2531595; as pROC's ``roc.test`` with
    ``paired=FALSE``. Obuchowski (1997), doi:10.2307/2533958.

    Examples
    --------
    >>> y = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> gain = tk.metrics.compare_roc_auc_unpaired(
    ...     y, [0.1, 0.2, 0.3, 0.6, 0.5, 0.7, 0.8, 0.9], y, [0.1, 0.8, 0.3, 0.6, 0.5, 0.7, 0.2, 0.9]
    ... )
    >>> round(gain.value, 4), round(gain.statistic, 3), round(gain.p, 3)
    (0.3125, 1.277, 0.233)
    """
    from scipy.stats import t

    _check_alternative(alternative)
    one, two = _single(y_a, a, groups_a, "a"), _single(y_b, b, groups_b, "b")
    how = "unpaired DeLong, Welch's t"
    for area in (one, two):
        if area.value is None:
            return Difference(value=None, how=how, reason=_missing_class(area.truth))
    value = float(one.value or 0) - float(two.value or 0)
    spreads = one.spread, two.spread
    if spreads[0] is None or spreads[1] is None:
        lone = one if spreads[0] is None else two
        return Difference(value=value, how=how, reason=lone.no_variance)
    total = spreads[0] + spreads[1]
    if total == 0:
        reason = "both areas have no variance: each separates its classes without a fault"
        return Difference(value=value, how=how, reason=reason)
    sizes = [len(np.unique(area.group)) for area in (one, two)]
    lost = sum(v**2 / (n - 1) for v, n in zip(spreads, sizes, strict=True) if v is not None)
    degrees, error = total**2 / lost, math.sqrt(total)
    d, reach = value / error, float(t.ppf(0.975, degrees)) * error
    tails = {"greater": t.sf(d, degrees), "less": t.cdf(d, degrees)}
    return Difference(
        value=value,
        low=max(value - reach, -1.0),
        high=min(value + reach, 1.0),
        statistic=d,
        p=float(tails.get(alternative, 2 * t.sf(abs(d), degrees))),
        how=f"{how} with {degrees:.1f} degrees of freedom{_side(alternative)}",
        error=error,
    )


def _check_alternative(alternative: str) -> None:
    if alternative not in ("two-sided", "greater", "less"):
        raise MetricError(
            f"alternative is {alternative!r}; choose 'two-sided', 'greater' or 'less'."
        )


def _one_sided(found: Difference, alternative: Alternative) -> Difference:
    """Return a difference with the p of one tail of z."""
    if alternative == "two-sided" or found.statistic is None:
        return found
    z = found.statistic if alternative == "greater" else -found.statistic
    p = math.erfc(z / math.sqrt(2)) / 2
    return found.model_copy(update={"p": p, "how": found.how + _side(alternative)})


def _side(alternative: Alternative) -> str:
    words = {"two-sided": "", "greater": ", one-sided (a above b)"}
    return words.get(alternative, ", one-sided (a below b)")


def _single(y: ArrayLike, scores: ArrayLike, groups: ArrayLike | None, what: str) -> Area:
    truth = binary_labels(y)
    values = finite_scores(scores, len(truth), what)
    refuse_hard(values, what)
    everything = np.ones((len(truth), 1), dtype=np.bool_)
    fold = np.zeros(len(truth), dtype=np.int64)
    group = group_codes(groups, len(truth))
    return measure_area(truth[:, None], values[:, None], everything, fold, group)


def _patients(area: Area) -> dict[str, int]:
    """Return the positive and the negative patients in words, with their numbers."""
    sides = {"positive": area.truth[:, 0], "negative": ~area.truth[:, 0]}
    counts = {name: len(np.unique(area.group[rows])) for name, rows in sides.items()}
    unit = "patient" if area.unit == "group" else "image"
    return {f"{n} {name} {unit if n == 1 else unit + 's'}": n for name, n in counts.items()}


def _missing_class(truth: NDArray[np.bool_]) -> str:
    return f"there is no {'negative' if truth.any() else 'positive'} image"
