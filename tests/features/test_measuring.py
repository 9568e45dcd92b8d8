import warnings

import numpy as np
import pytest

from texturekit.errors import GreyLevelWarning, ImageError, ParameterError, UnknownNameError
from texturekit.features.grammar import Part
from texturekit.features.measuring import SETS, columns, expand, measure
from texturekit.features.registry import FEATURES
from texturekit.images import to_grey

FAMILIES = ["first_order", "glcm", "hog", "sobel", "lbp", "mean_lbp", "median_lbp",
            "mbp", "variance_lbp", "mvm_lbp", "glrlm", "glszm", "gldm", "ngtdm", "gldzm", "ltp",
            "clbp", "lbp_var", "mrelbp", "gabor", "fractal", "colour"]  # fmt: skip
every_feature = pytest.mark.parametrize("name", FAMILIES)


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (40, 48), dtype=np.uint8)


def test_every_family_is_registered():
    assert sorted(FEATURES) == sorted(FAMILIES)


@every_feature
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, bool])
def test_columns_do_not_depend_on_the_image(name, dtype, rng):
    image = (rng.random((23, 31)) * (1 if name == "colour" else 200)).astype(dtype)
    found = measure(image, name)

    assert tuple(found) == columns(name)
    assert all(column.startswith(f"{name}.") for column in found)
    assert all(type(value) is float and np.isfinite(value) for value in found.values())


@every_feature
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_flat_image_has_finite_values(name, dtype):
    values = measure(np.full((20, 20), 1 if name == "colour" else 40, dtype), name)

    assert np.isfinite(list(values.values())).all()


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "mrelbp"])  # reaches further
def test_a_mask_matters_and_hides_what_is_outside(name, image):
    mask = np.zeros(image.shape, bool)
    mask[8:30, 10:40] = True
    frame = np.ones(image.shape, bool)
    frame[5:33, 7:43] = False  # further out than any neighbourhood of the default sets reaches
    other = np.where(frame, 255 - image, image)

    assert measure(image, name, mask) == measure(other, name, mask)
    assert measure(image, name, mask) != measure(image, name)


@every_feature
def test_names_hold_only_lower_case_digits_underscores_and_dots(name):
    assert all(
        set(column) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.") for column in columns(name)
    )


def test_families_follow_each_other_as_asked(image):
    found = list(measure(image, "sobel+hog"))

    assert found == [*columns("sobel"), *columns("hog")]


def test_takes_parts_as_well_as_text(image):
    parts = (Part("hog", (("grid", 2),)),)

    assert measure(image, parts) == measure(image, "hog(grid=2)")


@pytest.mark.parametrize("name", sorted(SETS))
def test_a_set_stands_for_its_families(name, image):
    assert measure(image, name) == measure(image, SETS[name])
    assert len(columns(name)) == len(set(columns(name)))


def test_asking_for_a_family_twice_is_asking_once():
    assert expand("sobel+texture+sobel") == expand("sobel+" + SETS["texture"].replace("sobel+", ""))


def test_refuses_two_parts_that_give_the_same_column(image):
    with pytest.raises(
        ParameterError, match=r"hog\(norm=L2\) gives the column 'hog.r0c0.o0' a second"
    ):
        measure(image, "hog+hog(norm=L2)")
    with pytest.raises(ParameterError, match="a second time"):
        columns("hog+hog(norm=L2)")


def test_a_set_takes_no_parameters():
    with pytest.raises(ParameterError, match=r"texture\(levels=8\); write the families out"):
        expand("texture(levels=8)")


def test_suggests_the_family_and_the_parameter_that_were_meant():
    with pytest.raises(UnknownNameError, match="Did you mean 'glcm'"):
        expand("glmc")
    with pytest.raises(UnknownNameError, match=r"parameter of hog called 'gird'.*'grid'"):
        expand("hog(gird=3)")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((5, 5, 2)), r"\(5, 5, 2\)"),
        (np.zeros(5), r"\(5,\)"),
        (np.zeros((0, 5)), "5x0 pixels"),
        (np.full((9, 9), np.nan), "81 of 81 pixels are not finite"),
    ],
)
def test_refuses_what_is_no_picture(image, message):
    with pytest.raises(ImageError, match=message):
        measure(image, "sobel")


@pytest.mark.parametrize(
    ("mask", "message"),
    [(np.zeros((9, 9)), "mask holds no pixel"), (np.ones((9, 8)), r"\(9, 8\).*\(9, 9\)")],
)
def test_refuses_a_mask_that_does_not_fit(mask, message):
    with pytest.raises(ImageError, match=message):
        measure(np.zeros((9, 9)), "sobel", mask)


def test_warns_of_regions_with_too_few_or_too_many_grey_levels(rng):
    steps = np.repeat(np.arange(7, dtype=np.uint16), 30).reshape(14, 15)
    many = rng.permutation(1000).astype(np.uint16).reshape(25, 40)

    with pytest.warns(GreyLevelWarning, match="only 7 of 7 grey levels between 0 and 7"):
        measure(steps, "glcm(method=none)")
    with pytest.warns(GreyLevelWarning, match="as many as 1000 of 1000"):
        measure(many, "glcm(method=none)")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measure(many, "glcm")


def test_colour_is_made_grey_once_for_all(rng):
    image = rng.integers(0, 256, (30, 30, 3), dtype=np.uint8)

    assert measure(image, "glcm+sobel") == measure(to_grey(image), "glcm+sobel")


def test_refuses_a_list_of_names(image):
    with pytest.raises(ParameterError, match=r"features hold 'glcm', but text such as"):
        measure(image, ["glcm"])
