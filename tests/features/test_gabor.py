import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_gabor as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.gabor import BANK, gabor, gabor_responses
from texturekit.features.measuring import columns, measure
from texturekit.kernels import gabor as kernels


def written(frequency):
    return "f" + str(frequency).replace(".", "_")


@pytest.mark.parametrize("orientations", [1, 4, 5, 6])
@pytest.mark.parametrize("bandwidth", [1.0, 1.7])
def test_responses_are_those_of_scikit_image(orientations, bandwidth, rng):
    from skimage.filters import gabor as peer

    image = rng.integers(0, 256, (37, 52), dtype=np.uint8)
    centred = image - image.mean()

    found = gabor_responses(image, orientations=orientations, bandwidth=bandwidth)

    for n, frequency in enumerate(BANK):
        for k in range(orientations):
            real, imaginary = peer(
                centred, frequency, theta=np.pi * k / orientations, bandwidth=bandwidth
            )
            assert_allclose(found[n, k].real, real, rtol=0, atol=1e-11)
            assert_allclose(found[n, k].imag, imaginary, rtol=0, atol=1e-11)


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (13, 11)])
def test_statistics_are_those_of_the_obvious_loop(shape, rng):
    image = rng.integers(0, 256, shape).astype(np.uint16)
    mask = rng.random(shape) < 0.7
    mask[0, 0] = True
    frequencies = (0.15, 0.4)

    found = gabor(image, mask=mask, frequencies=frequencies, orientations=4, bandwidth=1.5)

    for frequency in frequencies:
        for k in range(4):
            expected = naive.magnitudes(image, mask, frequency, 45 * k, 1.5)
            end = f"{written(frequency)}.o{k}"
            assert found[f"gabor.mean.{end}"] == pytest.approx(expected.mean(), abs=1e-9)
            assert found[f"gabor.std.{end}"] == pytest.approx(expected.std(), abs=1e-9)


def test_values_are_statistics_of_the_responses(rng):
    image = rng.integers(0, 256, (40, 33), dtype=np.uint8)
    mask = np.zeros(image.shape, bool)
    mask[5:20, 8:25] = rng.random((15, 17)) < 0.9

    strength = np.abs(gabor_responses(image, mask=mask))[..., mask]
    found = gabor(image, mask=mask)

    expected = np.concatenate([strength.mean(axis=-1).ravel(), strength.std(axis=-1).ravel()])
    assert_allclose(list(found.values()), expected, rtol=1e-10)


def test_compiled_kernels_do_what_their_python_does(rng):
    padded, down, right = rng.random((14, 15)), rng.random((2, 4)), rng.random((2, 3))
    inside = rng.random((6, 7)) < 0.6
    results = []
    for run in (lambda k, *a: k.py_func(*a), lambda k, *a: k(*a)):
        out, moments = np.empty((4, 6, 7)), np.empty(2)
        run(kernels.filter_waves, padded, 4, down, right, out)
        waves = out.copy()
        run(kernels.magnitude_moments, out[0], out[1], inside, moments)
        results.append([waves, out, moments])

    for python, compiled in zip(*results, strict=True):
        assert_array_equal(python, compiled)


def test_columns_are_these_for_any_image(rng):
    names = [
        f"gabor.{s}.{f}.o{k}"
        for s in ("mean", "std")
        for f in ("f0_05", "f0_1", "f0_2", "f0_4")
        for k in range(6)
    ]

    assert columns("gabor") == tuple(names)
    assert list(gabor(rng.random((2, 2)))) == names
    assert columns("gabor(aggregate=mean-range,frequencies=0.1)") == (
        "gabor.mean.f0_1.mean", "gabor.std.f0_1.mean",
        "gabor.mean.f0_1.range", "gabor.std.f0_1.range",
    )  # fmt: skip


def test_summaries_are_over_the_orientations(rng):
    image = rng.random((30, 41))

    found = gabor(image, aggregate=("each", "mean", "range"))

    for name in ("mean.f0_1", "std.f0_4"):
        each = [found[f"gabor.{name}.o{k}"] for k in range(6)]
        assert found[f"gabor.{name}.mean"] == pytest.approx(np.mean(each))
        assert found[f"gabor.{name}.range"] == pytest.approx(np.ptp(each))


@pytest.mark.parametrize("frequency", BANK)
@pytest.mark.parametrize("k", range(6))
def test_a_wave_is_strongest_in_its_own_filter(frequency, k):
    rows, cols = np.mgrid[:96, :96]
    angle = np.deg2rad(30 * k)
    wave = np.cos(2 * np.pi * frequency * (cols * np.cos(angle) + rows * np.sin(angle)))

    found = gabor(wave)

    means = {name: value for name, value in found.items() if ".mean." in name}
    assert max(means, key=means.get) == f"gabor.mean.{written(frequency)}.o{k}"


def test_a_wave_of_amplitude_a_has_magnitude_half_a():
    wave = 40 * np.cos(2 * np.pi * 0.1 * np.arange(300)) + np.zeros((60, 1))

    middle = np.abs(gabor_responses(wave, frequencies=0.1, orientations=2))[0, 0, :, 100:200]

    # 0.5 % of the Gaussian lie beyond its third standard deviation, on either axis.
    assert_allclose(middle, 20, rtol=0.01)


def test_turning_by_90_degrees_moves_the_orientations_and_leaves_the_summaries(rng):
    image = rng.integers(0, 256, (45, 38), dtype=np.uint8)
    ways = ("each", "mean", "range")
    straight, turned = gabor(image, aggregate=ways), gabor(np.rot90(image), aggregate=ways)

    for name, value in straight.items():
        head, _, end = name.rpartition(".")
        there = f"{head}.o{(int(end[1:]) + 3) % 6}" if end[0] == "o" else name
        assert turned[there] == pytest.approx(value)


def test_brightness_does_nothing_and_gain_multiplies(rng):
    image = rng.integers(0, 100, (40, 40)).astype(np.float64)
    plain = np.array(list(gabor(image).values()))

    assert_allclose(list(gabor(image + 500).values()), plain, rtol=1e-9)
    assert_allclose(list(gabor(image * 3).values()), 3 * plain, rtol=1e-9)


def test_nothing_outside_the_mask_enters(rng):
    image = rng.integers(0, 256, (50, 60), dtype=np.uint8)
    mask = np.zeros(image.shape, bool)
    mask[10:31, 0:25] = rng.random((21, 25)) < 0.8

    found = gabor(image, mask=mask)

    assert gabor(np.where(mask, image, 255 - image), mask=mask) == found
    assert gabor(image, mask=~mask) != found
    assert gabor(image, mask=np.ones(image.shape)) == gabor(image)


@pytest.mark.parametrize("value", [0, 255, 0.1])
@pytest.mark.parametrize("masked", [False, True])
def test_a_flat_region_gives_zeros(value, masked, rng):
    image = np.full((21, 30), value)
    mask = rng.random(image.shape) < 0.5
    if masked:
        image[~mask] = 77

    assert set(gabor(image, mask=mask if masked else None).values()) == {0.0}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, ">u2", ">f8"])
def test_the_type_and_layout_of_the_pixels_make_no_difference(dtype, rng):
    image = rng.integers(0, 256, (21, 34))
    frozen = np.asfortranarray(image.astype(dtype))
    frozen.flags.writeable = False

    assert gabor(frozen) == gabor(image.astype(np.float64))
    assert gabor(image[::2, ::-1]) == gabor(image[::2, ::-1].copy())


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"frequencies": 0.6}, ParameterError, r"frequencies=0.6 is not in 0.01..0.5"),
        ({"frequencies": (0.1, 0.1)}, ParameterError, "one twice"),
        ({"frequencies": ()}, ParameterError, "empty"),
        ({"orientations": 0}, ParameterError, "orientations=0"),
        ({"orientations": 2.5}, ParameterError, "orientations=2.5"),
        ({"bandwidth": 0}, ParameterError, "bandwidth=0 .*octaves"),
        ({"aggregate": "men"}, UnknownNameError, "Did you mean 'mean'"),
        ({"aggregate": ("mean", "mean")}, ParameterError, "one twice"),
        ({"aggregate": ()}, ParameterError, "empty"),
    ],
)
def test_says_which_parameter_is_wrong(parameters, error, message, rng):
    with pytest.raises(error, match=message):
        gabor(rng.random((9, 9)), **parameters)


def test_refuses_pixels_too_large_to_square():
    with pytest.raises(ImageError, match=r"1e\+70"):
        gabor(np.full((9, 9), -1e70))


def test_reads_its_parameters_from_text(rng):
    image = rng.random((30, 30))

    found = measure(image, "gabor(frequencies=0.1-0.25,orientations=3,bandwidth=1.5)")

    assert found == gabor(image, frequencies=(0.1, 0.25), orientations=3, bandwidth=1.5)
