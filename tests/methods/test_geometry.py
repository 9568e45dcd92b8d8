from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import texturekit as tk
from texturekit.data.listing import Manifest
from texturekit.methods.geometry import varying_facts
from texturekit.methods.learners import Inputs
from texturekit.metrics.limits import Z95, area_score

WIDER = norm.ppf(1 - 0.025 / 2) / Z95  # two facts of one class


def told(width, height, label, group=None):
    """Return what is said of the width, of images whose mode and bit depth are equal."""
    n = len(width)
    frame = pd.DataFrame({"id": [f"{k:02d}" for k in range(n)], "path": "x.png"})
    if group is not None:
        frame["group"] = [f"p{k}" for k in group]
    manifest = Manifest(frame, np.array(label), ("no", "yes"), "binary", Path(), "made")
    block = np.column_stack([width, height, np.zeros(n), np.full(n, 8)]).astype(float)
    found = varying_facts(manifest, Inputs(n, {"geometry": block}))
    (one,) = (one for one in found if one.fact == "width")
    return one.roc_auc


def test_a_fact_that_parts_the_classes_is_widened_for_all_that_were_looked_at():
    label = np.repeat([0, 1], 6)

    found = told(100 + 50 * label, np.arange(12), label)

    assert (found.low, found.high) == pytest.approx(area_score(1.0, 6, 6, z=Z95 * WIDER))
    assert found.low < area_score(1.0, 6, 6)[0]
    assert "Bonferroni over 2 pairs" in found.how


def test_the_variance_of_few_patients_stays_when_it_is_widened(rng):
    group = np.repeat(np.arange(12), 4)
    label = group % 2
    width = 2.0 * label + rng.normal(size=12)[group] * 0.6 + rng.normal(size=48) * 0.6

    found = told(width, rng.normal(size=48), label, group)
    plain = tk.metrics.roc_auc(label, width, group)

    ends = np.array([[one.low, one.value, one.high] for one in (found, plain)])
    wide, narrow = np.log(ends / (1 - ends))
    assert "small-sample" in plain.how
    assert np.diff(wide) == pytest.approx(WIDER * np.diff(narrow))
