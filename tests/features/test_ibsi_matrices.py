"""Runs, zones, dependences and differences of the IBSI phantom; see `test_ibsi` for its source."""

import json
import math

import numpy as np
import pytest

from texturekit.features.gldm import dependences, gldm_statistics
from texturekit.features.gldzm import distance_zones, gldzm_statistics
from texturekit.features.glrlm import glrlm_statistics, run_lengths
from texturekit.features.glszm import glszm_statistics, size_zones
from texturekit.features.ngtdm import neighbourhood_differences, ngtdm_statistics

LEVELS = 6

# IBSI's short names in the order in which the statistics stand.
SHORT = {
    "glrlm": "sre lre lgre hgre srlge srhge lrlge lrhge glnu glnu_norm rlnu rlnu_norm r_perc "
    "gl_var rl_var rl_entr",
    "glszm": "sze lze lgze hgze szlge szhge lzlge lzhge glnu glnu_norm zsnu zsnu_norm z_perc "
    "gl_var zs_var zs_entr",
    "gldzm": "sde lde lgze hgze sdlge sdhge ldlge ldhge glnu glnu_norm zdnu zdnu_norm z_perc "
    "gl_var zd_var zd_entr",
    "ngldm": "lde hde lgce hgce ldlge ldhge hdlge hdhge glnu glnu_norm dcnu dcnu_norm dc_perc "
    "gl_var dc_var dc_entr dc_energy",
    "ngtdm": "coarseness contrast busyness complexity strength",
}


@pytest.fixture(scope="module")
def published(reference):
    return json.loads((reference / "ibsi_phantom.json").read_text())


@pytest.fixture(scope="module")
def slices(published):
    """Grey levels from 0 on and region of each slice; what lies outside is not a level."""
    volume, mask = np.array(published["phantom"], np.uint8), np.array(published["mask"]) > 0
    return [(np.where(m, image - 1, 77), m) for image, m in zip(volume, mask, strict=True)]


def mean(each):
    return {name: np.mean([values[name] for values in each]) for name in each[0]}


def assert_is_published(found, family, entries):
    assert set(entries) == set(SHORT[family].split())
    for key, (name, ours) in zip(SHORT[family].split(), found.items(), strict=True):
        entry = entries[key]
        digits = ours if ours == 0 else round(ours, 2 - math.floor(math.log10(abs(ours))))
        assert abs(digits - entry["value"]) <= entry["tolerance"] + 1e-9, name
        assert ours == pytest.approx(entry["computed"], rel=1e-9), name


@pytest.mark.parametrize(
    ("aggregation", "merged"),
    [("2D_avg", ()), ("2D_comb", (1,)), ("2_5D_avg", (0,)), ("2_5D_comb", (0, 1))],
)
def test_run_length_statistics_are_the_published_ones(published, slices, aggregation, merged):
    counts = np.array([run_lengths(image, levels=LEVELS, mask=mask) for image, mask in slices])
    matrices = counts.sum(axis=merged) if merged else counts

    found = mean([glrlm_statistics(matrix) for matrix in matrices.reshape(-1, *counts.shape[2:])])

    assert_is_published(found, "glrlm", published["reference"]["glrlm"][aggregation])


@pytest.mark.parametrize("aggregation", ["2D", "2_5D"])
def test_size_zone_statistics_are_the_published_ones(published, slices, aggregation):
    counts = [size_zones(image, levels=LEVELS, mask=mask, largest=20) for image, mask in slices]
    matrices = counts if aggregation == "2D" else [sum(counts)]

    found = mean([glszm_statistics(matrix) for matrix in matrices])

    assert_is_published(found, "glszm", published["reference"]["glszm"][aggregation])


@pytest.mark.parametrize("aggregation", ["2D", "2_5D"])
def test_distance_zone_statistics_are_the_published_ones(published, slices, aggregation):
    counts = [distance_zones(image, levels=LEVELS, mask=mask) for image, mask in slices]
    pixels = [mask.sum() for _, mask in slices]
    if aggregation == "2_5D":
        counts, pixels = [sum(counts)], [sum(pixels)]

    found = mean(
        [gldzm_statistics(matrix, pixels=n) for matrix, n in zip(counts, pixels, strict=True)]
    )

    assert_is_published(found, "gldzm", published["reference"]["gldzm"][aggregation])


@pytest.mark.parametrize("aggregation", ["2D", "2_5D"])
def test_dependence_statistics_are_the_published_ones(published, slices, aggregation):
    counts = [dependences(image, levels=LEVELS, mask=mask) for image, mask in slices]
    matrices = counts if aggregation == "2D" else [sum(counts)]

    found = mean([gldm_statistics(matrix) for matrix in matrices])

    assert_is_published(found, "ngldm", published["reference"]["ngldm"][aggregation])


@pytest.mark.parametrize("aggregation", ["2D", "2_5D"])
def test_grey_tone_difference_statistics_are_the_published_ones(published, slices, aggregation):
    sums = [neighbourhood_differences(image, levels=LEVELS, mask=mask) for image, mask in slices]
    matrices = sums if aggregation == "2D" else [sum(sums)]

    found = mean([ngtdm_statistics(matrix) for matrix in matrices])

    assert_is_published(found, "ngtdm", published["reference"]["ngtdm"][aggregation])
