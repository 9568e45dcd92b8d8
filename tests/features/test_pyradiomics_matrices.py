"""PyRadiomics itself, where it is installed; pinned to the version that was compared."""

import logging
import warnings

import numpy as np
import pytest
from scipy import ndimage

from texturekit.features.registry import FEATURES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    radiomics = pytest.importorskip("radiomics", reason="PyRadiomics is not installed")
    sitk = pytest.importorskip("SimpleITK")
    from radiomics import gldm, glrlm, glszm, ngtdm
logging.getLogger("radiomics").setLevel(logging.ERROR)

FAMILIES = {
    "glrlm": glrlm.RadiomicsGLRLM,
    "glszm": glszm.RadiomicsGLSZM,
    "gldm": gldm.RadiomicsGLDM,
    "ngtdm": ngtdm.RadiomicsNGTDM,
}


def theirs(family, image, mask, **settings):
    grey = sitk.GetImageFromArray(image[np.newaxis].astype(np.float64))
    region = sitk.GetImageFromArray(mask[np.newaxis].astype(np.uint8))
    calculator = FAMILIES[family](grey, region, force2D=True, **settings)
    calculator.enableAllFeatures()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name.lower(): float(value) for name, value in calculator.execute().items()}


def images():
    rng = np.random.default_rng(3)
    smooth = ndimage.gaussian_filter(rng.random((40, 50)), 1.2)
    noise = rng.integers(0, 256, (31, 28))
    full = np.ones(noise.shape, bool)
    disc = np.hypot(*np.mgrid[-20:20, -25:25]) < 17
    lonely = disc.copy()
    lonely[0, 0] = True
    yield "noise", noise, full
    yield "smooth", (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(int), disc
    yield "lonely", (255 * (smooth - smooth.min()) / np.ptp(smooth)).astype(int), lonely
    yield "sparse", noise, rng.random(noise.shape) < 0.3
    yield "column", noise, np.arange(28)[np.newaxis] + 0 * noise == 5
    yield "flat", 0 * noise + 9, full


CASES = {name: (image, mask) for name, image, mask in images()}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("levels", [8, 32])
def test_values_under_its_names_are_those_of_pyradiomics(family, case, levels):
    image, mask = CASES[case]

    found = FEATURES[family](image.astype(np.uint8), mask=mask, levels=levels, names="pyradiomics")

    expected = theirs(family, image, mask, binCount=levels)
    values = {name.split(".")[1]: value for name, value in found.items()}
    if case == "flat":  # PyRadiomics calls its one level 1, we put it in the middle of the bins
        kept = ("runentropy", "zoneentropy", "dependenceentropy", "coarseness", "runpercentage")
        values, expected = ({k: v for k, v in d.items() if k in kept} for d in (values, expected))
    assert values == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("case", ["noise", "smooth", "lonely"])
def test_bins_of_a_width_and_a_cutoff_agree_too(case):
    image, mask = CASES[case]

    found = FEATURES["gldm"](
        image.astype(np.uint8), mask=mask, method="pyradiomics", width=10.0, alpha=2,
        names="pyradiomics",
    )  # fmt: skip

    expected = theirs("gldm", image, mask, binWidth=10, gldm_a=2)
    assert {k.split(".")[1]: v for k, v in found.items()} == pytest.approx(expected, rel=1e-9)


def test_the_version_is_the_one_that_was_compared():
    assert radiomics.__version__.lstrip("v").startswith("3.0.1")
