"""The digital phantom of the image biomarker standardisation initiative.

Reference values: IBSI reference manual (arXiv:1612.07003) and Zwanenburg et al. (2020),
doi:10.1148/radiol.2020191145, read from ``ibsi_phantom.json`` in the folder of references, which
names the source of each. ``value`` is published, to three digits; ``computed`` is an independent
implementation, unrounded.
"""

import json
import math

import numpy as np
import pytest

from texturekit.features.glcm import glcm_statistics
from texturekit.features.intensity import first_order, histogram_statistics, intensity_statistics
from texturekit.features.matrices import cooccurrence

LEVELS = 6
GLCM = {
    "joint_max": "joint_maximum",
    "joint_avg": "joint_average",
    "joint_var": "joint_variance",
    "joint_entr": "joint_entropy",
    "diff_avg": "difference_average",
    "diff_var": "difference_variance",
    "diff_entr": "difference_entropy",
    "sum_avg": "sum_average",
    "sum_var": "sum_variance",
    "sum_entr": "sum_entropy",
    "energy": "asm",
    "contrast": "contrast",
    "dissimilarity": "dissimilarity",
    "inv_diff": "inverse_difference",
    "inv_diff_norm": "inverse_difference_normalised",
    "inv_diff_mom": "idm",
    "inv_diff_mom_norm": "idm_normalised",
    "inv_var": "inverse_variance",
    "corr": "correlation",
    "auto_corr": "autocorrelation",
    "clust_tend": "cluster_tendency",
    "clust_shade": "cluster_shade",
    "clust_prom": "cluster_prominence",
    "info_corr1": "imc1",
    "info_corr2": "imc2",
}
INTENSITY = {
    "mean": "mean",
    "var": "variance",
    "skew": "skewness",
    "kurt": "kurtosis",
    "median": "median",
    "min": "minimum",
    "p10": "p10",
    "p90": "p90",
    "max": "maximum",
    "iqr": "iqr",
    "range": "range",
    "mad": "mad",
    "rmad": "rmad",
    "medad": "medad",
    "cov": "cov",
    "qcod": "qcod",
    "energy": "energy",
    "rms": "rms",
}
HISTOGRAM = {k: v for k, v in INTENSITY.items() if k not in ("energy", "rms")} | {
    "mode": "mode",
    "entropy": "entropy",
    "uniformity": "uniformity",
    "max_grad": "max_gradient",
    "max_grad_g": "max_gradient_level",
    "min_grad": "min_gradient",
    "min_grad_g": "min_gradient_level",
}


@pytest.fixture(scope="module")
def published(reference):
    return json.loads((reference / "ibsi_phantom.json").read_text())


@pytest.fixture(scope="module")
def phantom(published):
    """Slices of grey levels 1 to 6, and of the region (a 9 lies outside it)."""
    return np.array(published["phantom"], np.uint8), np.array(published["mask"]) > 0


@pytest.fixture(scope="module")
def counts(phantom):
    """(slices, directions, levels, levels)."""
    return np.array(
        [
            cooccurrence(np.where(mask, image - 1, 0), levels=LEVELS, mask=mask, normalise=False)
            for image, mask in zip(*phantom, strict=True)
        ]
    )


def assert_is_published(found, entries, names):
    assert set(entries) == set(names)
    for ours, entry in ((found[names[key]], entry) for key, entry in entries.items()):
        digits = ours if ours == 0 else round(ours, 2 - math.floor(math.log10(abs(ours))))
        assert abs(digits - entry["value"]) <= entry["tolerance"] + 1e-9, entry["name"]
        assert ours == pytest.approx(entry["computed"], rel=1e-9), entry["name"]


@pytest.mark.parametrize(
    ("aggregation", "merged"),
    [("2D_avg", ()), ("2D_comb", (1,)), ("2_5D_avg", (0,)), ("2_5D_comb", (0, 1))],
)
def test_cooccurrence_statistics_are_the_published_ones(published, counts, aggregation, merged):
    matrices = counts.sum(axis=merged) if merged else counts
    each = [glcm_statistics(matrix) for matrix in matrices.reshape(-1, LEVELS, LEVELS)]

    found = {name: np.mean([values[name] for values in each]) for name in each[0]}

    assert_is_published(found, published["reference"]["glcm"][aggregation], GLCM)


def test_intensity_statistics_are_the_published_ones(published, phantom):
    image, mask = phantom

    found = intensity_statistics(image[mask])

    assert_is_published(found, published["reference"]["intensity_statistics"]["-"], INTENSITY)


def test_intensity_histogram_statistics_are_the_published_ones(published, phantom):
    image, mask = phantom

    found = histogram_statistics(np.bincount(image[mask])[1:])

    assert_is_published(found, published["reference"]["intensity_histogram"]["-"], HISTOGRAM)


def test_the_family_of_first_order_gives_the_published_values(published, phantom):
    image, mask = (volume.reshape(-1, 5) for volume in phantom)

    found = first_order(image, mask=mask, bins=LEVELS, span="region")

    values = {name.removeprefix("first_order."): value for name, value in found.items()}
    assert_is_published(values, published["reference"]["intensity_statistics"]["-"], INTENSITY)
    shape = {key: key for key in ("entropy", "uniformity")}
    entries = published["reference"]["intensity_histogram"]["-"]
    assert_is_published(values, {key: entries[key] for key in shape}, shape)
