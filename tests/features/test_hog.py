import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_gradients as naive
from texturekit.errors import ImageError, ParameterError
from texturekit.features.directions import bin_directions, byte_tables, differences
from texturekit.features.hog import hog, pool
from texturekit.features.registry import FEATURES
from texturekit.kernels import blocks, gradients
from texturekit.kernels import hog as hog_kernels
from texturekit.kernels.blocks import NORMS, normalise_blocks, plan_sum, spread_blocks, sum_columns
from texturekit.kernels.hog import vote, vote_bytes, vote_bytes_in_grid, vote_in_grid

SHAPES = [(17, 23), (40, 12), (6, 6)]


def blob(shape, rng):
    mask = rng.random(shape) < 0.1
    mask[2:-2, 3:-3] = True
    return mask


def column_values(values):
    return np.array(list(values.values()))


def test_has_144_columns_by_default(rng):
    values = hog(rng.integers(0, 256, (30, 40), dtype=np.uint8))

    assert list(values)[:10] == [f"hog.r0c0.o{k}" for k in range(9)] + ["hog.r0c1.o0"]
    assert len(values) == 144


@pytest.mark.parametrize("shape", [(6, 6), (7, 90), (64, 64)])
@pytest.mark.parametrize(
    "parameters", [{}, {"grid": 2, "orientations": 6}, {"mode": "raw", "size": 24}]
)
def test_columns_depend_on_the_parameters_only(shape, parameters, rng):
    image = rng.integers(0, 256, shape, dtype=np.uint8)

    assert tuple(hog(image, **parameters)) == FEATURES["hog"].columns(**parameters)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("masked", [False, True])
def test_votes_are_those_of_the_obvious_loop(shape, masked, rng):
    image = rng.integers(0, 256, shape, dtype=np.uint8)
    mask = blob(shape, rng) if masked and min(shape) > 6 else None

    expected = naive.pooled_votes(image, mask, 3, 9)
    for kind in (np.uint8, np.float64):
        assert_allclose(pool(image.astype(kind), mask, 3, 9), expected, rtol=1e-12)


@pytest.mark.parametrize("orientations", [1, 2, 4, 8, 9, 12, 18])
def test_bins_are_those_of_the_arc_tangent_for_every_small_gradient(orientations):
    down, right = (a.astype(np.float64) for a in np.mgrid[-40:41, -40:41])

    expected = [[naive.direction_bin(y, x, orientations) for y, x in zip(*rows, strict=True)]
                for rows in zip(down, right, strict=True)]  # fmt: skip
    assert_array_equal(bin_directions(down, right, orientations), expected)


def test_a_direction_that_rounds_to_180_degrees_and_nan_are_marked():
    down, right = np.array([[-1e-30, np.nan, 1e-30]]), np.array([[1.0, 1.0, 1.0]])

    assert bin_directions(down, right, 9).tolist() == [[-1, -2, 0]]


def test_a_direction_that_rounds_to_180_degrees_votes_for_0():
    image = np.tile(np.arange(9.0), (9, 1)) - np.arange(9.0)[:, None] * 1e-30
    down, right = differences(image)
    lengths, votes = np.hypot(down, right), np.zeros((1, 1, 9))
    inside = np.zeros(image.shape, bool)
    inside[1:-1, 1:-1] = True
    bins = np.full(image.shape, -1, np.int32)

    vote_in_grid(lengths, bins, inside, (1, 1, 7, 7), votes)

    assert_allclose(votes.ravel(), [2] + [0] * 8)


@pytest.fixture
def run_python(monkeypatch):
    """Run a kernel, and those that it calls, as plain Python."""

    def run(kernel, *arguments):
        with monkeypatch.context() as patched:
            for module in (hog_kernels, blocks):
                for name, function in list(vars(module).items()):
                    if hasattr(function, "py_func"):
                        patched.setattr(module, name, function.py_func)
            kernel.py_func(*arguments)

    return run


def run_compiled(kernel, *arguments):
    kernel(*arguments)


def test_compiled_kernels_do_what_their_python_does(run_python, rng):
    image = rng.integers(0, 5, (13, 11)).astype(np.float32)
    results = []
    for run in (run_python, run_compiled):
        down, right, lengths = (np.empty(image.shape) for _ in range(3))
        run(gradients.central_differences, image, down, right)
        run(gradients.lengths, down, right, lengths)
        bins = np.empty(image.shape, np.int32)
        edges = np.arange(8) * np.pi / 8
        run(gradients.direction_bins, down, right, np.cos(edges), np.sin(edges), bins)
        votes = np.zeros((3, 2, 8), np.float32)
        run(vote, lengths, np.maximum(bins, -2), 4, 5, votes)
        grid = np.zeros((2, 2, 8))
        run(vote_in_grid, lengths, bins, image > 1, (1, 2, 9, 8), grid)
        normalised = [np.empty((2, 1, 2, 2, 8), np.float32) for _ in NORMS]
        for k, out in enumerate(normalised):
            run(normalise_blocks, votes, k, out)
        pooled = [np.empty((2, 2, 8)) for _ in NORMS]
        for k, out in enumerate(pooled):
            run(spread_blocks, grid, 2, k, out)
        results.append([down, right, lengths, bins, votes, grid, *normalised, *pooled])

    for python, compiled in zip(*results, strict=True):
        assert_array_equal(python, compiled)


@pytest.mark.parametrize("masked", [False, True])
def test_compiled_kernels_of_bytes_do_what_their_python_does(masked, run_python, rng):
    image = rng.integers(0, 256, (13, 11), dtype=np.uint8)
    inside = rng.random(image.shape) < 0.7 if masked else np.empty((0, 0), bool)
    results = []
    for run in (run_python, run_compiled):
        votes, grid = np.zeros((3, 2, 8), np.float32), np.zeros((2, 2, 8))
        run(vote_bytes, image, *byte_tables(8), 4, 5, votes)
        run(vote_bytes_in_grid, image, inside, *byte_tables(8), (1, 2, 9, 8), grid)
        results.append([votes, grid])

    for python, compiled in zip(*results, strict=True):
        assert_array_equal(python, compiled)


@pytest.mark.parametrize("orientations", [1, 2, 4, 9, 12, 14, 180])
def test_tables_hold_length_and_bin_of_every_gradient_of_bytes(orientations):
    lengths, bins = byte_tables(orientations)
    down, right = (a.astype(np.float64) for a in np.mgrid[-255:256, -255:256])
    codes = (np.abs(down) * 256 + np.abs(right) + 65536 * ((down < 0) != (right < 0))).astype(int)

    assert_array_equal(lengths[codes % 65536], np.hypot(right, down))
    angles = np.rad2deg(np.arctan2(down, right)) % 180
    edges = np.arange(orientations + 1) * (180 / orientations)
    some = (down != 0) | (right != 0)
    assert_array_equal(bins[codes][some], np.digitize(angles[some], edges) - 1)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 81, 128, 129, 225, 1000, 4999])
def test_sums_in_numpys_order(count, rng):
    values = rng.random((count, 3))
    for power in (1, 2):
        expected = [np.sum(column**power) for column in np.ascontiguousarray(values.T)]
        for plan, add in ((plan_sum, sum_columns), (plan_sum.py_func, sum_columns.py_func)):
            tree = plan(count)
            sums = np.empty((len(tree), 3))
            add(values, power, tree, np.empty((8, 3)), sums)

            assert_array_equal(sums[0], expected)


def test_a_kernel_gives_the_same_in_two_threads(rng):
    from concurrent.futures import ThreadPoolExecutor

    images = [rng.integers(0, 256, (60, 60), dtype=np.uint8) for _ in range(6)]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(hog, images))

    assert together == [hog(image) for image in images]


@pytest.mark.parametrize("norm", NORMS)
def test_values_do_not_change_with_brightness_or_gain(norm, rng):
    image = rng.integers(0, 100, (30, 30)).astype(np.float64)

    expected = column_values(hog(image, norm=norm))
    assert_allclose(column_values(hog(image * 1e-9, norm=norm)), expected, atol=1e-12)
    assert_allclose(column_values(hog(image * 257 + 4000, norm=norm)), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, ">u2", ">f4"])
def test_the_type_of_the_pixels_makes_no_difference(dtype, rng):
    image = rng.integers(0, 256, (21, 34))

    found, expected = hog(image.astype(dtype)), hog(image.astype(np.float64))
    assert_allclose(column_values(found), column_values(expected), rtol=1e-12)


def test_layout_and_write_protection_make_no_difference(rng):
    image = rng.integers(0, 256, (42, 60), dtype=np.uint8)[::2, ::-1]
    frozen = np.asfortranarray(image)
    frozen.flags.writeable = False

    assert hog(image) == hog(image.copy()) == hog(frozen)


def test_colour_is_measured_as_grey(rng):
    import texturekit as tk

    image = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)

    assert hog(image) == hog(tk.to_grey(image))


def test_a_flat_image_gives_zeros_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        assert set(hog(np.full((20, 20), 7, np.uint8)).values()) == {0.0}
        assert set(hog(np.full((20, 20), 7, np.uint8), mode="raw", size=16).values()) == {0.0}


@pytest.mark.parametrize("norm", NORMS)
def test_every_value_lies_between_0_and_1(norm, rng):
    values = column_values(hog(rng.random((31, 47)), norm=norm, grid=5))

    assert values.min() >= 0
    assert values.max() <= 1


def test_a_ramp_to_the_right_votes_for_0_degrees_and_one_downwards_for_90():
    ramp = np.tile(np.arange(20, dtype=np.uint8), (20, 1))

    across, down = (column_values(hog(i, grid=2)).reshape(4, 9) for i in (ramp, ramp.T))

    assert_array_equal(across.argmax(axis=1), [0] * 4)
    assert_array_equal(down.argmax(axis=1), [4] * 4)
    assert_array_equal((across > 0).sum(axis=1), [1] * 4)


def test_turning_the_image_by_90_degrees_turns_grid_and_directions(rng):
    image = rng.integers(0, 256, (34, 34), dtype=np.uint8)
    turned = column_values(hog(np.rot90(image), orientations=8)).reshape(4, 4, 8)

    straight = column_values(hog(image, orientations=8)).reshape(4, 4, 8)
    assert_allclose(turned, np.roll(np.rot90(straight), 4, axis=2), atol=1e-12)


def test_one_cell_a_block_gives_each_cell_unit_length(rng):
    values = column_values(hog(rng.random((30, 30)), block=1, norm="L2")).reshape(16, 9)

    assert_allclose(np.linalg.norm(values, axis=1), 1)


def test_blocks_are_averaged_over_the_cells_that_they_hold():
    cells = np.zeros((2, 3, 1))
    cells[:, :, 0] = [[3, 0, 0], [4, 0, 0]]

    spread = np.empty(cells.shape)
    spread_blocks(cells, 2, NORMS.index("L2"), spread)

    # Left block: lengths 3, 4 over 5; right block empty. Middle cells are in both, and 0.
    assert_allclose(spread[:, :, 0], [[0.6, 0, 0], [0.8, 0, 0]])


def test_pixels_outside_the_mask_have_no_vote(rng):
    image = rng.integers(0, 256, (32, 32), dtype=np.uint8)
    mask = np.zeros(image.shape, bool)
    mask[5:25, 8:30] = True
    other = np.where(mask, image, 255 - image)

    assert hog(image, mask=mask) == hog(other, mask=mask)
    assert hog(image, mask=mask) != hog(image)


def test_the_mask_moves_with_the_picture(rng):
    image = rng.integers(0, 256, (40, 40), dtype=np.uint8)
    mask = np.zeros(image.shape, bool)
    mask[10:30, 12:29] = True

    assert hog(image[8:32, 11:30], mask=mask[8:32, 11:30]) == hog(image, mask=mask)
    assert hog(image[10:30, 12:29]) == hog(image, mask=mask)


def test_a_small_mask_leaves_cells_at_zero(rng):
    mask = np.zeros((30, 30), bool)
    mask[10:13, 10:13] = True  # one pixel has its four neighbours inside

    values = hog(rng.random((30, 30)), mask=mask)

    assert column_values(values)[9:].max() == 0
    assert column_values(values)[:9].max() > 0


def test_says_that_a_mask_is_too_small(rng):
    mask = np.zeros((30, 30), bool)
    mask[3:5] = True

    with pytest.raises(ImageError, match=r"mask of 60 pixels on 30x30 .*larger image or mask"):
        hog(rng.random((30, 30)), mask=mask)


def test_says_that_an_image_is_too_small(rng):
    with pytest.raises(ImageError, match=r"5x9 pixels, but .*6x6"):
        hog(rng.random((9, 5)))


def test_says_that_pixels_are_too_large_to_square():
    with pytest.raises(ImageError, match=r"1e\+80.*scale"):
        hog(np.full((9, 9), 1e80))


def test_raw_at_the_images_own_size_is_scikit_images_descriptor(rng):
    from skimage.feature import hog as peer

    image = rng.integers(0, 256, (48, 48), dtype=np.uint8)
    values = hog(image, mode="raw", size=48, orientations=8)

    expected = peer(image, 8, (8, 8), (2, 2))
    assert next(iter(values)) == "hog.raw.0000"
    assert_array_equal(column_values(values), expected)


def test_raw_resizes_any_image_to_one_length(rng):
    shapes = [(20, 31), (64, 64), (100, 37)]

    lengths = {len(hog(rng.random(shape), mode="raw", size=32)) for shape in shapes}

    assert lengths == {3 * 3 * 4 * 9}


def test_raw_lets_only_the_mask_vote(rng):
    image = rng.integers(0, 256, (64, 64), dtype=np.uint8)
    mask = np.zeros(image.shape, bool)
    mask[:, :32] = True

    cells = column_values(hog(image, mask=mask, mode="raw", size=64, block=1)).reshape(8, 8, 9)

    assert cells[:, 4:].max() == 0
    assert cells[:, :4].max() > 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"mode": "dense"}, "mode='dense'"),
        ({"norm": "L3"}, "norm='L3'.*L2-Hys"),
        ({"size": 64}, "size=64 belongs to mode=raw"),
        ({"cell": 4}, "cell=4 belongs to mode=raw"),
        ({"mode": "raw", "size": 64, "grid": 2}, "grid=2 belongs to mode=pooled"),
        ({"mode": "raw"}, "size=None is not a whole number from 16"),
        ({"mode": "raw", "size": 16, "cell": 16}, "block=2 is not a whole number from 1 to 1"),
        ({"orientations": 0}, "orientations=0"),
        ({"grid": 2.5}, "grid=2.5"),
        ({"block": True}, "block=True"),
    ],
)
def test_refuses_parameters_out_of_range(parameters, message, rng):
    with pytest.raises(ParameterError, match=message):
        hog(rng.random((40, 40)), **parameters)


def test_the_grammar_can_write_its_norms(rng):
    from texturekit.features.measuring import measure

    image = rng.random((40, 40))

    assert measure(image, "hog(norm=L1-sqrt)") == hog(image, norm="L1-sqrt")


def test_real_images_give_finite_columns_of_one_set(real_data):
    import texturekit as tk

    paths = sorted((real_data / "breast_busi").rglob("*.png"))[:3]
    rows = [hog(tk.read_image(path)) for path in paths]

    assert len(rows) == 3
    assert len({tuple(row) for row in rows}) == 1
    assert np.isfinite([list(row.values()) for row in rows]).all()
