import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_gradients as naive
from texturekit.errors import ImageError, ParameterError
from texturekit.features.registry import FEATURES
from texturekit.features.sobel import EIGHTHS, _odd_edges, _work, sobel, sobel_maps, sobel_summary
from texturekit.kernels import edge_columns, edge_statistics, edge_sums, gradients
from texturekit.kernels import sobel as sobel_kernels
from texturekit.kernels.edge_statistics import otsu

NAMES = [
    "mean", "std", "skewness", "kurtosis", "median", "p10", "p90", "max", "energy", "entropy",
    "edge_density", *(f"direction.{k}" for k in range(8)), "direction_entropy", "coherence",
    "dominant_cos", "dominant_sin", "mean_gx", "mean_gy", "tensor_ratio",
]  # fmt: skip


def test_columns_are_these_for_any_image(rng):
    assert FEATURES["sobel"].columns() == tuple(f"sobel.{name}" for name in NAMES)
    assert tuple(sobel(rng.random((3, 3)))) == FEATURES["sobel"].columns()


@pytest.mark.parametrize("shape", [(3, 4), (9, 14), (31, 17)])
@pytest.mark.parametrize("top", [5, 256, 65536])
def test_statistics_are_those_of_the_obvious_loop(shape, top, rng):
    image = rng.integers(0, top, shape)

    expected = naive.sobel_statistics(image)
    found = sobel(image.astype(np.uint16))
    for name in NAMES:
        assert_allclose(found[f"sobel.{name}"], expected[name], rtol=1e-9, atol=1e-9, err_msg=name)


def test_masked_statistics_are_those_of_the_obvious_loop(rng):
    image = rng.integers(0, 256, (24, 30), dtype=np.uint8)
    mask = rng.random(image.shape) < 0.97

    expected = naive.sobel_statistics(image, mask)
    found = sobel(image, mask=mask)
    for name in NAMES:
        assert_allclose(found[f"sobel.{name}"], expected[name], rtol=1e-9, atol=1e-9, err_msg=name)


def run_python(kernel, *arguments):
    return kernel.py_func(*arguments)


def run_compiled(kernel, *arguments):
    return kernel(*arguments)


def test_compiled_kernels_do_what_their_python_does(rng):
    image = rng.integers(0, 9, (9, 8)).astype(np.float64)
    results = []
    for run in (run_python, run_compiled):
        down, right, weighed = (np.empty((7, 6)) for _ in range(3))
        run(gradients.sobel_differences, image, down, right)
        run(gradients.weigh_neighbours, image, np.arange(9.0).reshape(3, 3), weighed)
        roots = np.empty((7, 6), np.float32)
        run(gradients.root_mean_squares, image, np.eye(3), np.ones((3, 3)), 2.0, roots)
        results.append([down, right, weighed, roots])

    for python, compiled in zip(*results, strict=True):
        assert_array_equal(python, compiled)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("masked", [False, True])
def test_the_compiled_family_does_what_its_python_does(dtype, masked, rng, monkeypatch):
    image = rng.integers(0, 256, (12, 14)).astype(dtype)
    inside = rng.random((10, 12)) < 0.8 if masked else np.empty((0, 0), bool)
    results = []
    for _ in range(2):
        values, places = np.zeros(26), np.zeros(3)
        arguments = *_work(image), inside, EIGHTHS, values, places
        squares = edge_columns.measure_edges(*arguments)
        results.append([values, places, squares])
        for module in (sobel_kernels, edge_statistics, edge_columns):
            for name, kernel in list(vars(module).items()):
                if hasattr(kernel, "py_func"):
                    monkeypatch.setattr(module, name, kernel.py_func)

    for python, compiled in zip(*results, strict=True):
        assert_array_equal(python, compiled)


def test_the_threshold_separates_best_of_all_cuts(rng):
    for _ in range(40):
        counts = rng.integers(0, 5, 20)
        above = counts[otsu(counts) + 1 :].sum() / counts.sum()

        assert above == pytest.approx(naive.otsu_share(counts))


@pytest.mark.parametrize("value", [0, 7, 255])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_flat_image_gives_zeros_and_a_round_tensor(value, dtype):
    values = sobel(np.full((12, 9), value, dtype))

    assert values.pop("sobel.tensor_ratio") == 1
    assert set(values.values()) == {0.0}


def test_a_ramp_has_one_direction_and_no_spread():
    ramp = np.tile(np.arange(12, dtype=np.float64) * 0.1, (12, 1))
    values = sobel(ramp, scale="derivative")

    assert values["sobel.mean"] == pytest.approx(0.1)
    assert values["sobel.direction.0"] == pytest.approx(1)
    assert values["sobel.coherence"] == pytest.approx(1)
    assert values["sobel.dominant_cos"] == pytest.approx(1)
    for name in ("std", "skewness", "kurtosis", "mean_gy", "tensor_ratio"):
        assert values[f"sobel.{name}"] == pytest.approx(0, abs=1e-12)


def test_a_disc_prefers_no_direction():
    rows, cols = np.mgrid[-20:21, -20:21]
    values = sobel((rows**2 + cols**2 < 200).astype(np.uint8) * 255)

    assert values["sobel.coherence"] == pytest.approx(0, abs=1e-9)
    assert values["sobel.tensor_ratio"] == pytest.approx(1)
    assert (values["sobel.dominant_cos"], values["sobel.dominant_sin"]) == (0, 0)


def test_turning_by_90_degrees_shifts_the_directions_and_leaves_the_strength(rng):
    image = rng.integers(0, 256, (23, 23), dtype=np.uint8)
    straight, turned = sobel(image), sobel(np.rot90(image))

    for name in NAMES:
        if name.startswith("direction."):
            k = (int(name[-1]) + 4) % 8
            assert turned[f"sobel.direction.{k}"] == pytest.approx(straight[f"sobel.{name}"])
        elif name.startswith("dominant"):
            assert turned[f"sobel.{name}"] == pytest.approx(-straight[f"sobel.{name}"])
        elif not name.startswith("mean_g"):
            assert turned[f"sobel.{name}"] == pytest.approx(straight[f"sobel.{name}"])
    assert turned["sobel.mean_gx"] == pytest.approx(straight["sobel.mean_gy"])


def test_transposing_mirrors_the_directions(rng):
    image = rng.integers(0, 4, (19, 26), dtype=np.uint8)
    straight, mirrored = sobel(image), sobel(image.T)

    for k in range(8):
        other = mirrored[f"sobel.direction.{(4 - k) % 8}"]
        assert other == pytest.approx(straight[f"sobel.direction.{k}"])
    assert mirrored["sobel.dominant_sin"] == pytest.approx(straight["sobel.dominant_sin"])
    assert mirrored["sobel.edge_density"] == straight["sobel.edge_density"]


def test_gain_scales_the_strength_only(rng):
    image = rng.integers(0, 200, (25, 25)).astype(np.float64)
    plain, bright = sobel(image), sobel(image * 3 + 40)

    factors = dict.fromkeys(("mean", "std", "median", "p10", "p90", "max", "mean_gx", "mean_gy"), 3)
    for name in NAMES:
        factor = {**factors, "energy": 9}.get(name, 1)
        assert bright[f"sobel.{name}"] == pytest.approx(factor * plain[f"sobel.{name}"]), name


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, ">u2", ">f8"])
def test_the_type_of_the_pixels_makes_no_difference(dtype, rng):
    image = rng.integers(0, 256, (21, 34))

    found, expected = sobel(image.astype(dtype)), sobel(image.astype(np.float64))
    assert found == pytest.approx(expected, rel=1e-12)


def test_layout_and_write_protection_make_no_difference(rng):
    image = rng.integers(0, 256, (42, 60), dtype=np.uint8)[::2, ::-1]
    frozen = np.asfortranarray(image)
    frozen.flags.writeable = False

    assert sobel(image) == sobel(image.copy()) == sobel(frozen)


def test_no_pixel_outside_the_mask_enters(rng):
    image = rng.integers(0, 256, (32, 32), dtype=np.uint8)
    mask = np.zeros(image.shape, np.uint8)
    mask[4:20, 6:30] = 9
    other = np.where(mask > 0, image, 255 - image)

    assert sobel(image, mask=mask) == sobel(other, mask=mask)
    assert sobel(image, mask=mask) == sobel(image[4:20, 6:30])
    assert sobel(image, mask=mask) != sobel(image)


def test_says_that_no_window_fits_into_the_mask(rng):
    mask = np.zeros((9, 9), bool)
    mask[3:5] = True

    with pytest.raises(ImageError, match="mask of 18 pixels"):
        sobel(rng.random((9, 9)), mask=mask)


def test_says_that_an_image_is_too_small(rng):
    with pytest.raises(ImageError, match=r"9x2 pixels, but .*3x3"):
        sobel(rng.random((2, 9)))


def test_refuses_pixels_too_large_to_square():
    with pytest.raises(ImageError, match=r"1e\+70"):
        sobel(np.full((9, 9), -1e70))


@pytest.mark.parametrize("function", [sobel, sobel_maps])
def test_names_the_scales(function, rng):
    with pytest.raises(ParameterError, match=r"'half'.*raw, skimage, derivative"):
        function(rng.random((9, 9)), scale="half")


def test_names_the_borders(rng):
    with pytest.raises(ParameterError, match=r"'wrap'.*reflect, mirror, nearest, constant"):
        sobel_maps(rng.random((9, 9)), border="wrap")


@pytest.mark.parametrize("border", ["reflect", "mirror", "nearest", "constant"])
@pytest.mark.parametrize("shape", [(12, 15), (1, 7), (2, 2)])
def test_raw_maps_equal_scipy(border, shape, rng):
    from scipy import ndimage

    image = rng.integers(0, 256, shape, dtype=np.uint8)
    gx, gy, magnitude = sobel_maps(image, border=border)

    wide = image.astype(np.float64)
    assert_array_equal(gx, ndimage.sobel(wide, axis=1, mode=border))
    assert_array_equal(gy, ndimage.sobel(wide, axis=0, mode=border))
    assert_allclose(magnitude, np.hypot(gx, gy))


def test_skimage_scale_gives_its_values(rng):
    from skimage import filters

    image = rng.random((14, 11))
    gx, _, magnitude = sobel_maps(image, scale="skimage")

    assert_allclose(gx, filters.sobel(image, axis=1), atol=1e-15)
    assert_allclose(magnitude / np.sqrt(2), filters.sobel(image), atol=1e-15)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
@pytest.mark.parametrize("masked", [False, True])
def test_the_summary_is_that_of_the_obvious_loop(dtype, masked, rng):
    image = rng.integers(0, 256, (24, 90)).astype(dtype)
    mask = rng.random(image.shape) < 0.97 if masked else None

    found = sobel_summary(image, mask=mask, directions=9)
    gx, gy = naive.sobel_vectors(image, mask).T
    m = np.hypot(gx, gy)
    expected = m.mean(), m.std(), m.max(), (m**2).mean(), abs(gx).mean(), abs(gy).mean()
    assert_allclose(list(vars(found).values())[:-1], expected, rtol=1e-12)
    angles = np.rad2deg(np.arctan2(gy, gx)) % 180
    bins = np.histogram(angles, 9, (0, 180), weights=m)[0]
    assert_allclose(found.direction, bins, rtol=1e-12, atol=1e-7 * m.sum() * (dtype == np.uint8))


def test_the_summary_of_a_flat_image_is_zero():
    found = sobel_summary(np.full((5, 5), 9, np.uint8), directions=0)

    assert list(vars(found).values())[:-1] == [0] * 6
    assert found.direction.size == 0


@pytest.mark.parametrize("directions", [8, -1, 29])
def test_the_summary_refuses_directions_with_an_edge_at_90_degrees(directions, rng):
    with pytest.raises(ParameterError, match=f"directions={directions} is neither"):
        sobel_summary(rng.random((9, 9)), directions=directions)


def test_the_directions_of_all_gradients_of_bytes_are_told_apart_in_single_precision():
    sizes = np.arange(1021.0)
    for edges in (EIGHTHS, *(_odd_edges(directions)[0] for directions in range(1, 24, 2))):
        for cosine, sine in edges.T:
            exact = sizes[:, None] * cosine >= sizes * sine
            single = [np.float32(v) for v in (cosine, sine)]
            rough = sizes.astype("f4")[:, None] * single[0] >= sizes.astype("f4") * single[1]
            assert_array_equal(rough, exact)


def test_the_tangents_tell_the_directions_of_bytes_apart():
    sizes = np.arange(1021.0)
    for directions in range(3, 24, 2):
        edges, tangents = _odd_edges(directions)
        assert np.isinf(tangents[directions // 2 :]).all()
        for (cosine, sine), tangent in zip(edges.T, tangents[: directions // 2], strict=True):
            exact = sizes[:, None] * cosine >= sizes * sine
            assert_array_equal(sizes.astype("f4")[:, None] >= sizes.astype("f4") * tangent, exact)


@pytest.mark.parametrize("directions", [1, 3, 9, 11, 23])
def test_the_summary_of_bytes_is_that_of_double_precision(directions, rng):
    image = rng.integers(0, 256, (330, 260), dtype=np.uint8)
    mask = rng.random(image.shape) < 0.99

    bytes_, doubles = (
        sobel_summary(kind, mask=mask, directions=directions) for kind in (image, image * 1.0)
    )
    total = doubles.direction.sum()
    assert_allclose(bytes_.direction, doubles.direction, rtol=0, atol=1e-7 * total)
    assert_allclose(list(vars(bytes_).values())[:-1], list(vars(doubles).values())[:-1], rtol=1e-12)


def test_directions_that_no_gradient_has_are_exactly_empty(rng):
    image = np.add.outer(rng.integers(0, 20, 40), np.arange(50) * 0).astype(np.uint8)
    image[:, 25:] = rng.integers(0, 200, 25)

    doubles = sobel_summary(image * 1.0, directions=23).direction
    found = sobel_summary(image, directions=23).direction
    assert (doubles == 0).any()
    assert_array_equal(found == 0, doubles == 0)


@pytest.mark.parametrize("directions", [0, 9])
def test_the_compiled_summary_does_what_its_python_does(directions, rng, monkeypatch):
    image, tangents = rng.integers(0, 256, (12, 14), dtype=np.uint8), _odd_edges(directions)[1]
    inside, results = np.empty((0, 0), bool), []
    for _ in range(2):
        sums, direction = np.zeros(6), np.zeros(directions)
        edge_sums.sum_edges(*_work(image), inside, tangents, sums, direction)
        results.append([sums, direction])
        for module in (sobel_kernels, edge_sums):
            for name, kernel in list(vars(module).items()):
                if hasattr(kernel, "py_func"):
                    monkeypatch.setattr(module, name, kernel.py_func)

    for python, compiled in zip(*results, strict=True):
        assert_array_equal(python, compiled)


@pytest.mark.parametrize("shape", [(3, 3), (3, 1030), (40, 3), (9, 1100)])
def test_bytes_are_measured_like_double_precision_in_any_shape(shape, rng):
    image = rng.integers(0, 2, shape, dtype=np.uint8) * np.uint8(255)

    assert sobel(image) == pytest.approx(sobel(image.astype(np.float64)), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_quantiles_are_exact_however_many_gradients_are_equal(share, rng):
    image = rng.integers(0, 256, (60, 60), dtype=np.uint8)
    image[: int(60 * share)] = 7

    m = np.hypot(*naive.sobel_vectors(image).T)
    found = sobel(image)
    for name, percent in (("p10", 10), ("median", 50), ("p90", 90)):
        assert found[f"sobel.{name}"] == pytest.approx(np.percentile(m, percent), rel=1e-15)


def test_differences_too_small_for_their_fourth_power_are_measured(rng):
    values = sobel(rng.random((20, 20)) * 1e-140)

    assert np.isfinite(list(values.values())).all()
    assert values["sobel.mean"] > 0


def test_real_images_give_finite_values(real_data):
    import texturekit as tk

    paths = sorted((real_data / "breast_busi").rglob("*.png"))[:3]

    for path in paths:
        assert np.isfinite(list(sobel(tk.read_image(path)).values())).all()


@pytest.mark.parametrize("gain", [1, 2, 3, 100])
def test_lengths_on_the_edge_of_a_bin_count_above_it(gain):
    # Lengths 196, 392 and 192 times the gain, a third of the pixels each: bins 16, 31 and 15 of 32.
    row = np.array([0, 0, 49, 98, 97], dtype=np.uint16) * gain

    assert sobel(np.tile(row, (3, 1)))["sobel.entropy"] == pytest.approx(np.log2(3))
