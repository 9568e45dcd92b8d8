import colorsys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_colour as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.colour import colour
from texturekit.features.measuring import columns, measure
from texturekit.kernels import colour as kernels

MEASURED = ("red", "green", "blue", "saturation", "value", "lightness", "a", "b")
EVERY = ("red", "green", "blue", "hue", "saturation", "value", "lightness", "a", "b")


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (23, 31, 3), dtype=np.uint8)


def compare(found, expected):
    assert {name.removeprefix("colour.") for name in found} == set(expected)
    for name, value in expected.items():
        assert found[f"colour.{name}"] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def test_values_are_those_of_the_obvious_loop(image):
    compare(colour(image), naive.statistics(image.reshape(-1, 3) / 255))
    compare(colour(image, bins=5), naive.statistics(image.reshape(-1, 3) / 255, bins=5))


@pytest.mark.parametrize("count", [1, 4095, 4096, 4097, 9000])
def test_pixels_are_added_up_in_pieces_without_a_seam(count, rng):
    image = rng.integers(0, 256, (1, count, 3)) // [1, 2, 3]
    pixels = image[0] / 255

    found = colour(image.astype(np.uint8))

    for k, name in enumerate(("red", "green", "blue")):
        shares = np.histogram(pixels[:, k], np.linspace(0, 1, 9))[0] / count
        assert found[f"colour.mean.{name}"] == pytest.approx(pixels[:, k].mean())
        assert found[f"colour.std.{name}"] == pytest.approx(pixels[:, k].std(), abs=1e-12)
        assert_allclose([found[f"colour.histogram.{name}.{b:02d}"] for b in range(8)], shares)


def converted(pixels):
    """Return the kernel's planes of colours in 0..1, (n, 3)."""
    from texturekit.features.colour import _scaled

    given, planes = np.empty((6, len(pixels))), np.empty((12, len(pixels)))
    _scaled(pixels, 1.0, given)
    kernels.convert(len(pixels), given, planes)
    return planes


def test_conversions_are_those_of_scikit_image(rng):
    from skimage import color

    corners = np.stack(np.meshgrid(*[[0, 1e-4, 0.04045, 0.0405, 0.5, 1]] * 3), -1).reshape(-1, 3)
    pixels = np.concatenate([rng.random((3000, 3)), rng.random((500, 3)) * 0.1, corners])

    planes = converted(pixels)

    lab = [kernels.LIGHTNESS, kernels.A, kernels.B]
    hsv = [kernels.HUE, kernels.SATURATION, kernels.VALUE]
    expected = color.rgb2lab(pixels)
    expected[np.ptp(pixels, axis=1) == 0, 1:] = 0  # grey is neutral, where rounding tints it there
    assert_allclose(planes[lab].T, expected, rtol=0, atol=1e-10)
    assert_allclose(planes[hsv].T, color.rgb2hsv(pixels), rtol=0, atol=1e-12)


def test_white_and_the_primaries_have_the_lightness_and_colour_of_the_textbook():
    # Lindbloom's CIE colour calculator: sRGB, D65, to one decimal.
    planes = converted(np.array([[1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]], float))
    expected = [
        [100, 0, 0], [53.2, 80.1, 67.2], [87.7, -86.2, 83.2], [32.3, 79.2, -107.9], [0, 0, 0]
    ]  # fmt: skip

    assert_allclose(planes[[kernels.LIGHTNESS, kernels.A, kernels.B]].T, expected, atol=0.06)


def test_compiled_kernels_do_what_their_python_does(rng):
    pixels = rng.integers(0, 256, (75, 3), dtype=np.uint8)
    pixels[:3] = [[0, 0, 0], [9, 9, 9], [7, 200, 200]]
    tables = np.sort(rng.random((2, 256)))
    low, scale = rng.random(8) - 0.5, rng.random(8) * 5
    results = []
    for run in (lambda k, *a: k.py_func(*a), lambda k, *a: k(*a)):
        given, planes = np.empty((6, 75)), np.empty((12, 75))
        run(kernels.look_up, pixels, tables, given)
        run(kernels.convert, 75, given, planes)
        sums = np.zeros((kernels.MEASURED, 3))
        run(kernels.add_moments, 75, planes, planes[:10, 0].copy(), sums)
        counts, weights = np.zeros((8, 4, 6), np.int64), np.zeros((4, 6))
        run(kernels.add_counts, 75, planes, low, scale, counts, weights)
        results.append([given, planes, sums, counts, weights])

    for python, compiled in zip(*results, strict=True):
        assert_array_equal(python, compiled)


def test_columns_are_these_for_any_image():
    moments = [f"{m}.{c}" for m in ("mean", "std", "skewness") for c in MEASURED]
    hue = ["hue.cos", "hue.sin", "hue.concentration", "colourfulness"]
    histograms = [f"histogram.{c}.{k:02d}" for c in EVERY for k in range(8)]
    names = tuple(f"colour.{name}" for name in (*moments, *hue, *histograms))

    assert columns("colour") == names
    assert tuple(colour(np.zeros((1, 1), np.uint8))) == names
    assert len(names) == 100


def test_spaces_choose_among_the_columns(image):
    everything = colour(image)
    some = colour(image, spaces="hsv")

    assert some.items() <= everything.items()
    assert sorted({name.split(".")[-1] for name in some if ".histogram" not in name}) == [
        "concentration", "cos", "saturation", "sin", "value"
    ]  # fmt: skip
    assert "colour.colourfulness" in colour(image, spaces=("lab", "rgb"))
    assert "colour.histogram.red.100" in colour(image, bins=101)


def test_hues_are_averaged_on_the_circle():
    almost_red = np.array([[[1, 0, 0.05], [1, 0.05, 0]]])  # 357 and 3 degrees: 180 on average

    found = colour(almost_red)

    assert found["colour.hue.cos"] > 0.99
    assert found["colour.hue.sin"] == pytest.approx(0, abs=1e-12)
    assert found["colour.hue.concentration"] > 0.99


@pytest.mark.parametrize("degrees", range(0, 360, 60))
def test_one_hue_has_its_own_angle(degrees):
    shade = colorsys.hsv_to_rgb(degrees / 360, 0.5, 0.8)

    found = colour(np.array([[shade, (0.3, 0.3, 0.3)]]))

    assert found["colour.hue.cos"] == pytest.approx(np.cos(np.deg2rad(degrees)), abs=1e-9)
    assert found["colour.hue.sin"] == pytest.approx(np.sin(np.deg2rad(degrees)), abs=1e-9)
    assert found["colour.hue.concentration"] == pytest.approx(1)


def test_opposite_hues_cancel_out():
    found = colour(np.array([[[1.0, 0, 0], [0, 1.0, 1.0]]]))

    assert found["colour.hue.concentration"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, bool])
def test_a_grey_image_has_no_colour(dtype, rng):
    grey = rng.random((20, 20))
    if dtype is not np.float32:
        grey = np.rint(grey * (1 if dtype is bool else np.iinfo(dtype).max))

    found = colour(grey.astype(dtype))

    assert found == colour(np.repeat(grey.astype(dtype)[:, :, None], 3, axis=2))
    colourless = {name: value for name, value in found.items() if ".hue." in name}
    for name in ("mean.saturation", "std.saturation", "colourfulness", "skewness.a", "skewness.b"):
        colourless[name] = found[f"colour.{name}"]
    assert set(colourless.values()) == {0.0}
    assert found["colour.histogram.saturation.00"] == 1
    assert found["colour.mean.red"] == found["colour.mean.value"] > 0
    assert abs(found["colour.mean.a"]) < 0.005


@pytest.mark.parametrize("shade", [(0, 0, 0), (255, 255, 255), (12, 200, 99)])
def test_one_colour_has_no_spread(shade):
    found = colour(np.full((70, 70, 3), shade, np.uint8))

    for name, value in found.items():
        if ".std." in name or ".skewness." in name:
            assert value == 0, name
    if len(set(shade)) > 1:
        assert found["colour.hue.concentration"] == pytest.approx(1)


def test_histograms_are_shares(image):
    found = colour(image)

    for channel in EVERY:
        bins = [v for k, v in found.items() if k.startswith(f"colour.histogram.{channel}.")]
        assert sum(bins) == pytest.approx(1)
        assert min(bins) >= 0


def test_8_bits_16_bits_and_floats_are_the_same_colours(image):
    plain = np.array(list(colour(image).values()))

    for other in (image.astype(np.uint16) * 257, image / 255, image.astype(">u2") * 257):
        assert_allclose(list(colour(other).values()), plain, rtol=1e-9, atol=1e-9)
    assert_allclose(list(colour(image.astype(np.int32), white=255).values()), plain, atol=1e-9)
    assert_allclose(list(colour(image * 4.0, white=1020).values()), plain, atol=1e-9)


def test_white_of_12_bits_in_16(rng):
    image = rng.integers(0, 4096, (9, 9, 3)).astype(np.uint16)

    found = colour(image, white=4095)

    assert found["colour.mean.red"] == pytest.approx(image[..., 0].mean() / 4095)
    with pytest.raises(ImageError, match=r"to 4095, but .* 1000 \(white\)"):
        colour(np.full((2, 2), 4095, np.uint16), white=1000)


def test_forgives_the_rounding_of_interpolation():
    found = colour(np.array([[1 + 1e-7, -1e-7]], np.float32))

    assert found["colour.mean.red"] == pytest.approx(0.5)


def test_nothing_outside_the_mask_enters(image, rng):
    mask = rng.random(image.shape[:2]) < 0.5

    found = colour(image, mask=mask)

    assert found == colour(np.where(mask[:, :, None], image, 255 - image), mask=mask)
    assert found == colour(image[mask][None])
    assert found != colour(image)
    assert colour(np.where(mask, 0.5, 900.0), mask=mask)["colour.mean.red"] == 0.5


def test_measure_gives_it_the_colours(image):
    assert measure(image, "colour(bins=4,spaces=rgb-lab)") == colour(
        image, bins=4, spaces=("rgb", "lab")
    )
    assert measure(image, "sobel+colour")["colour.mean.red"] == colour(image)["colour.mean.red"]


def test_scales_and_cells_work_on_colours(image):
    found = measure(image / 255, "colour(scales=1-2,pyramid=1-2)")

    assert found["colour.mean.red.g2r0c0"] == colour(image[:11, :15])["colour.mean.red"]
    assert "colour.mean.red.s2" in found


def test_layout_and_write_protection_make_no_difference(image):
    frozen = np.asfortranarray(image[::2, ::-1])
    frozen.flags.writeable = False

    assert colour(frozen) == colour(frozen.copy())


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
        (np.full((4, 4, 3), 200.0), r"to 200, but .* 1 \(white\); .*white=200"),
        (np.full((4, 4, 3), -0.5), "from -0.5"),
        (np.full((4, 4, 3), np.nan), "not finite"),
        (np.array([[[0.5, np.nan, 0.5]]]), "from nan"),
        (np.zeros((4, 4), np.int16), "int16, which has no natural white"),
        (np.zeros((0, 4, 3)), "4x0 pixels"),
        (np.zeros((4, 4, 3), complex), "complex128"),
    ],
)
def test_refuses_what_is_no_colour_image(image, message):
    with pytest.raises(ImageError, match=message):
        colour(image)


def test_refuses_a_mask_that_does_not_fit(image):
    with pytest.raises(ImageError, match=r"\(9, 9\)"):
        colour(image, mask=np.ones((9, 9)))
    with pytest.raises(ImageError, match="no pixel"):
        colour(image, mask=np.zeros(image.shape[:2]))


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"bins": 1}, ParameterError, "bins=1 "),
        ({"bins": 8.5}, ParameterError, "bins=8.5"),
        ({"spaces": "hvs"}, UnknownNameError, "Did you mean 'hsv'"),
        ({"spaces": ()}, ParameterError, "empty"),
        ({"spaces": ("rgb", "rgb")}, ParameterError, "twice"),
        ({"white": 0}, ParameterError, "white=0"),
        ({"white": float("nan")}, ParameterError, "white=nan"),
    ],
)
def test_says_which_parameter_is_wrong(parameters, error, message, image):
    with pytest.raises(error, match=message):
        colour(image, **parameters)
