"""Which facts of the files go with a class: their sizes, modes and bit depths."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.choices import memberships
from texturekit.data.group_counts import group_numbers
from texturekit.errors import TexturekitError
from texturekit.measurement import MODES
from texturekit.metrics import limits
from texturekit.metrics.areas import area_limits, measure_area
from texturekit.parts import FACTS
from texturekit.records import Estimate, Varying

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.methods.learners import Inputs
    from texturekit.metrics.areas import Area

    Floats = NDArray[np.float64]


def varying_facts(manifest: Manifest, inputs: Inputs) -> list[Varying]:
    """Return the file facts that are not the same in all images, each with its class.

    Nothing is fitted: a fact's area under the ROC curve against one class is what a reader of the
    file list would reach. Intervals are clustered by patient and widened (Bonferroni) for the
    number of facts and classes that were looked at.

    Parameters
    ----------
    manifest : Manifest
        Labelled images.
    inputs : Inputs
        Of the same images; their files are looked at again only without a geometry block.

    Returns
    -------
    list of Varying
        One a fact, with the class that it tells best from the rest.
    """
    if manifest.synthetic:  # drawn at one size
        return []
    facts = {name: x for name, x in _facts(manifest, inputs).items() if len(np.unique(x)) > 1}
    shown, known = memberships(manifest), np.ones((len(manifest), len(manifest.classes)), bool)
    if manifest.kind == "multilabel" and manifest.labels is not None:
        known = ~np.isnan(manifest.labels)
    columns = [k for k in range(shown.shape[1]) if _both(shown[:, k], known[:, k])]
    if manifest.kind == "binary":
        columns = columns[-1:]  # the other one is its mirror image
    tests = len(facts) * len(columns)
    group = group_numbers(manifest.groups, len(manifest))
    found = []
    for name, x in facts.items():
        told = [
            one
            for k in columns
            if (one := _told(name, x, manifest.classes[k], shown[:, k], known[:, k], group, tests))
        ]
        if told:
            found.append(max(told, key=lambda one: one.roc_auc.low or 0.0))
    return found


def _both(shown: NDArray[np.bool_], known: NDArray[np.bool_]) -> bool:
    return bool(shown[known].any() and not shown[known].all())


def _facts(manifest: Manifest, inputs: Inputs) -> dict[str, Floats]:
    """Return numbers an image: sizes, bit depth, and 0 or 1 for every mode."""
    block = inputs.blocks.get("geometry")
    if block is None:
        try:
            told = [manifest.facts(row) for row in range(len(manifest))]
        except (TexturekitError, OSError):  # a file is gone by now: it was measured before
            return {}
        known = [MODES[-1] if one.mode not in MODES else one.mode for one in told]
        rows = [
            (one.width, one.height, MODES.index(mode), one.bit_depth)
            for one, mode in zip(told, known, strict=True)
        ]
        block = np.array(rows, dtype=np.float64)
    named = dict(zip(FACTS["geometry"], block.T, strict=True))
    modes = named.pop("mode")
    more = {f"mode {MODES[int(m)]}": (modes == m).astype(float) for m in np.unique(modes)}
    return {**{name.replace("_", " "): x for name, x in named.items()}, **more}


def _told(
    fact: str,
    x: Floats,
    name: str,
    shown: NDArray[np.bool_],
    known: NDArray[np.bool_],
    group: NDArray[np.int64],
    tests: int,
) -> Varying | None:
    """Return how well a fact tells a class from the rest; None where that has no interval."""
    inside, outside = x[shown & known], x[~shown & known]
    sign = 1.0 if inside.mean() >= outside.mean() else -1.0
    one = np.zeros(len(x), dtype=np.int64)
    area = measure_area(shown[:, None], sign * x[:, None], known[:, None], one, group)
    if area.value is not None and area.value < 0.5:
        area = measure_area(shown[:, None], -sign * x[:, None], known[:, None], one, group)
    low, high, how, _ = area_limits(area)
    if area.value is None or low is None or high is None:
        return None
    if tests > 1:
        low, high = _widened(area, low, high, _wider(tests))
        how += f", Bonferroni over {tests} pairs of fact and class"
    middle = np.mean if fact.startswith("mode") else np.median
    return Varying(
        fact=fact,
        name=name,
        inside=float(middle(inside)),
        outside=float(middle(outside)),
        roc_auc=Estimate(value=area.value, low=low, high=high, how=how),
    )


def _widened(area: Area, low: float, high: float, times: float) -> tuple[float, float]:
    """Return limits with so many times the reach, on the scale that they come from."""
    value = float(area.value or 0)
    if not area.spread:
        return limits.area_score(value, *area.sizes, z=times * limits.Z95)
    if not 0 < low <= value <= high < 1:
        return low, high
    below, above = (math.log(end / (1 - end)) for end in (low, high))
    error = (above - below) / (2 * limits.Z95) * value * (1 - value)
    return limits.logit(value, times * error)


def _wider(tests: int) -> float:
    from scipy.stats import norm

    return float(norm.ppf(1 - 0.025 / tests)) / limits.Z95
