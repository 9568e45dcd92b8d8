"""Codes against the mean, median and variance of a window."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_lbp as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.measuring import measure
from texturekit.features.neighbourhood import Neighbourhood, sorting_pairs
from texturekit.features.registry import FEATURES
from texturekit.features.ring_codes import ring_planes, ring_statistics
from texturekit.features.window_codes import rules_of, statistic_codes
from texturekit.features.window_lbp import mean_lbp, mvm_codes, mvm_lbp
from texturekit.kernels import window_codes as kernels
from texturekit.kernels import window_statistics as statistics
from texturekit.kernels.ring_counts import code_bytes, code_words

FAMILIES = ["mean_lbp", "median_lbp", "mbp", "variance_lbp", "mvm_lbp"]
STATISTICS = [
    "mean",
    "median",
    "deviation",
    "raw",
    "std",
    "mean_std_median",
    "mean_median",
    "centre",
]
MAPS = ["mean_map", "median_map", "variance_map"]

# A 4x4 image with its four inner pixels' codes, checked by hand: around the 6 in row 1, the window
# 6 5 2 / 7 6 1 / 9 8 7 has mean 51/9, median 6, and only W, SW, S, SE and NW reach 6 (248).
HAND = np.array([[6, 5, 2, 7], [7, 6, 1, 3], [9, 8, 7, 2], [1, 4, 9, 9]], dtype=np.uint8)

GOLDEN = {  # name in the reference file: statistic, centre bit
    "mean": ("mean", False), "variance": ("deviation", False), "median": ("median", False),
    "variance_raw": ("raw", False), "variance_std": ("std", False),
    "fused": ("mean_std_median", False), "fused_shift_equiv": ("mean_median", False),
    "lbp": ("centre", False), "mbp9": ("median", True), "ilbp9": ("mean", True),
}  # fmt: skip


@pytest.fixture
def image(rng):
    return rng.integers(0, 256, (14, 17), dtype=np.uint8)


def codes_of(image, *statistics, **parameters):
    return statistic_codes(image, statistics, around=Neighbourhood(**parameters))


def test_codes_a_window_by_hand():
    assert_array_equal(mvm_codes(HAND)[1, 1], [0b11111000, 0b00100011, 0b11111000])


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int16, np.uint16, np.uint64, np.float32, np.float64]
)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_codes_of_the_small_image_agree_with_exact_fractions(statistic, dtype):
    for center_bit in (False, True):
        found = codes_of(HAND.astype(dtype), statistic, center_bit=center_bit)[..., 0]
        assert_array_equal(found, naive.statistic_codes(HAND, statistic, centre_bit=center_bit))


def _as(case, dtype):
    return np.array(case["image"]).astype(dtype)


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64, np.float64])
def test_codes_equal_the_reference_codes(name, dtype, reference):
    statistic, center_bit = GOLDEN[name]

    cases = json.loads((reference / "mvm_lbp_golden.json").read_text())["cases"]
    fitting = [case for case in cases if np.array_equal(_as(case, dtype), case["image"])]
    assert len(fitting) >= 3
    for case in fitting:
        found = codes_of(_as(case, dtype), statistic, center_bit=center_bit)
        assert_array_equal(found[1:-1, 1:-1, 0], case["codes"][name])


@pytest.mark.parametrize("top", [4, 256, 65536])
@pytest.mark.parametrize("ring", [False, True])
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("side", [3, 5])
def test_codes_agree_with_exact_fractions(side, strict, ring, top, rng):
    image = rng.integers(0, top, (7, 8)).astype(np.uint16 if top > 256 else np.uint8)
    if top == 65536:
        image[0] = 65535
    around = {
        "window": side,
        "stat_window": "ring" if ring else "full",
        "compare": ">" if strict else ">=",
    }

    found = codes_of(image, *STATISTICS, **around)
    as_float = codes_of(image.astype(float), *STATISTICS, **around)

    for k, statistic in enumerate(STATISTICS):
        twin = naive.statistic_codes(image, statistic, side=side, ring=ring, strict=strict)
        assert_array_equal(found[..., k], twin)
        assert_array_equal(as_float[..., k], twin)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float64])
@pytest.mark.parametrize("hollow", [False, True])
def test_compiled_kernels_equal_the_python_ones(dtype, hollow, rng):
    padded = rng.integers(0, 9, (7, 8)).astype(dtype)
    around = Neighbourhood(center_bit=True)
    rules, pairs = rules_of(STATISTICS, 9 - hollow).astype(dtype), sorting_pairs(9 - hollow)
    weights = around.weights().astype(np.int32)
    found, maps = np.zeros((2, len(STATISTICS), 5, 6), np.int32), np.zeros((2, 3, 5, 6), dtype)
    with np.errstate(over="raise"):
        for k in (0, 1):
            if dtype == np.float64:
                corners = np.pad(naive_corners(), ((0, 1), (0, 0)))
                kernel, last = kernels.float_codes, (False, 1e-12)
                samples = (corners, np.zeros((9, 5)), np.zeros((9, 6)))
                measure = statistics.float_maps
            else:
                kernel, last, samples = kernels.integer_codes, (False,), (around.steps(),)
                measure = statistics.integer_maps
            run, chart = (kernel.py_func, measure.py_func) if k else (kernel, measure)
            run(padded, 1, 3, hollow, pairs, *samples, weights, rules, *last, found[k])
            chart(padded, 3, hollow, pairs, maps[k])

    assert_array_equal(found[0], found[1])
    assert_allclose(maps[0], maps[1])
    assert_array_equal(maps[0, 2], 2 * medians_of(padded, hollow))


def naive_corners():
    return np.array([(r, r, c, c) for r, c in naive.RING])


def medians_of(padded, hollow):
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).reshape(5, 6, 9)
    return np.median(np.delete(windows, 4, axis=-1) if hollow else windows, axis=-1)


@pytest.mark.parametrize("value", [0, 7, 65535, 0.1, 0.37])
@pytest.mark.parametrize("circle", [{}, {"p": 16, "r": 2}])
def test_all_bits_are_set_in_a_flat_image(value, circle):
    flat = np.full((9, 9), value, np.uint16 if isinstance(value, int) else np.float64)
    codes = codes_of(flat, "mean", "deviation", "median", *MAPS, **circle)[4:-4, 4:-4]

    assert_array_equal(codes, 2 ** circle.get("p", 8) - 1)


def test_brightness_and_contrast_leave_the_three_codes_alone(image):
    codes, wide = mvm_codes(image), image.astype(np.uint16)

    assert_array_equal(mvm_codes(wide + 1000), codes)
    assert_array_equal(mvm_codes(wide * 250), codes)
    assert_array_equal(mvm_codes(image / 255), codes)
    assert_array_equal(codes_of(wide + 1000, "mean_median"), codes_of(image, "mean_median"))


def test_the_fused_threshold_depends_on_brightness(image):
    wide = image.astype(np.uint16)

    assert (codes_of(wide + 1000, "mean_std_median") != codes_of(image, "mean_std_median")).any()


def test_a_quarter_turn_moves_every_bit_by_two(image):
    codes = mvm_codes(image)

    assert_array_equal(mvm_codes(np.rot90(image)), np.rot90((codes << 2 | codes >> 6) & 255))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_quarter_turn_leaves_rotation_invariant_histograms(family, image):
    straight = FEATURES[family](image, method="uniform")
    turned = FEATURES[family](np.rot90(image), method="uniform")

    assert_allclose(list(turned.values()), list(straight.values()), atol=1e-12)


def test_orders_are_the_same_bits_at_other_places(image):
    skimage, clockwise, raster = (
        codes_of(image, "mean", order=o)[..., 0] for o in ("skimage", "clockwise", "raster")
    )

    def bits(codes, places):
        return np.stack([codes >> place & 1 for place in places])

    # From the east counter-clockwise, where each order keeps that neighbour's bit.
    assert_array_equal(bits(skimage, range(8)), bits(clockwise, [4, 5, 6, 7, 0, 1, 2, 3]))
    assert_array_equal(bits(skimage, range(8)), bits(raster, [4, 2, 1, 0, 3, 5, 6, 7]))


@pytest.mark.parametrize("border", ["zero", "reflect", "edge"])
def test_borders_continue_the_image_as_named(border, image):
    mode = {"zero": "constant"}.get(border, border)
    continued = np.pad(image, 1, mode=mode)

    found = codes_of(image, "mean", "median", "deviation", border=border)

    assert_array_equal(found, codes_of(continued, "mean", "median", "deviation")[1:-1, 1:-1])


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_map_codes_compare_the_statistics_of_neighbouring_windows(dtype, image):
    windows = np.lib.stride_tricks.sliding_window_view(image.astype(np.int64), (3, 3))
    sums, medians = windows.sum(axis=(2, 3)), np.median(windows, axis=(2, 3)).astype(int)
    spreads = 9 * (windows**2).sum(axis=(2, 3)) - sums**2

    found = mvm_codes(image.astype(dtype), variance_rule="map")

    for plane, values in zip(np.moveaxis(found, 2, 0), (sums, spreads, medians), strict=True):
        expected = np.zeros(image.shape, int)
        expected[1:-1, 1:-1] = naive.statistic_codes(values, "centre")
        assert_array_equal(plane, expected)


def test_samples_on_a_wide_circle_are_those_of_the_plain_pattern(image):
    from texturekit.features.lbp import lbp_codes

    found = codes_of(image, "centre", p=16, r=2)[2:-2, 2:-2, 0]

    # Equal up to ties, which the plain pattern decides by rounding.
    assert (found == lbp_codes(image, 16, 2)[2:-2, 2:-2]).mean() > 0.98
    assert_array_equal(
        codes_of(image, "centre", p=4, r=2)[2:-2, 2:-2, 0], lbp_codes(image, 4, 2)[2:-2, 2:-2]
    )


def test_masks_leave_out_exactly_what_they_should(image, rng):
    mask = rng.random(image.shape) < 0.9
    valid = np.zeros_like(mask)
    valid[1:-1, 1:-1] = True
    windows = np.lib.stride_tricks.sliding_window_view(mask, (3, 3)).all(axis=(2, 3))
    whole = np.pad(windows, 1)
    codes = mvm_codes(image)

    for mode, kept in (("center", mask & valid), ("strict", whole)):
        assert_array_equal(mvm_codes(image, mask=mask, mask_mode=mode), codes * kept[..., None])
        found = mean_lbp(image, mask=mask, mask_mode=mode, method="default")
        shares = [found[f"mean_lbp.default.{k:03d}"] for k in range(256)]
        assert_allclose(shares, np.bincount(codes[kept][:, 0], minlength=256) / kept.sum())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("parameters", [{}, {"method": "default"}, {"p": 12, "r": 1.5}])
def test_columns_do_not_depend_on_the_image(family, parameters, rng):
    images = (np.full((7, 7), 3, np.uint16), rng.random((12, 9)))
    flat, noisy = (FEATURES[family](image, **parameters) for image in images)

    shares = [v for k, v in noisy.items() if k.rpartition(".")[2].isdigit()]
    assert list(flat) == list(noisy) == list(FEATURES[family].columns(**parameters))
    assert np.isfinite([*flat.values(), *noisy.values()]).all()
    assert_allclose(sum(shares), 3 if family == "mvm_lbp" else 1)


@pytest.mark.parametrize(
    ("family", "parameters", "count", "first"),
    [
        ("mean_lbp", {}, 59 + 4, "mean_lbp.nri_uniform.00"),
        ("mean_lbp", {"center_bit": True}, 118 + 4, "mean_lbp.nri_uniform.000"),
        ("median_lbp", {"method": "ror"}, 36 + 4, "median_lbp.ror.00"),
        ("mbp", {}, 118 + 4, "mbp.nri_uniform.000"),
        ("mbp", {"method": "default"}, 512 + 4, "mbp.default.000"),
        ("variance_lbp", {"p": 16, "r": 2}, 243 + 4, "variance_lbp.p16r2.nri_uniform.000"),
        ("mvm_lbp", {}, 3 * 63, "mvm_lbp.mean.nri_uniform.00"),
        ("mvm_lbp", {"aggregate": "fused"}, 63, "mvm_lbp.fused.nri_uniform.00"),
        ("mvm_lbp", {"aggregate": "joint", "method": "uniform"}, 1001, "mvm_lbp.joint.uniform.000"),
    ],
)
def test_families_have_these_columns(family, parameters, count, first):
    names = FEATURES[family].columns(**parameters)

    assert (len(names), names[0]) == (count, first)


def test_bins_with_the_centre_bit_stand_behind_those_without(image):
    codes = codes_of(image, "median", center_bit=True)[1:-1, 1:-1, 0].ravel()

    found = FEATURES["mbp"](image, method="uniform")

    at = [naive.label(int(code) & 255, 8, "uniform") + 10 * (int(code) >> 8) for code in codes]
    shares = [found[f"mbp.uniform.{k:02d}"] for k in range(20)]
    assert_allclose(shares, np.bincount(at, minlength=20) / len(at))


def test_the_joint_histogram_counts_three_labels_at_once(image):
    mean, variance, median = mvm_codes(image)[3, 4]
    mask = np.zeros(image.shape, bool)
    mask[3, 4] = True

    found = mvm_lbp(image, mask=mask, aggregate="joint", method="uniform")

    a, b, c = (naive.label(int(code), 8, "uniform") for code in (mean, variance, median))
    assert found[f"mvm_lbp.joint.uniform.{a}{b}{c}" if max(a, b, c) < 10 else ""] == 1.0


def test_both_fused_thresholds_can_be_had(image):
    shares = [
        mvm_lbp(image, aggregate="fused", fused=name, method="uniform")
        for name in ("mean_std_median", "mean_median")
    ]

    assert list(shares[0]) == list(shares[1])
    assert shares[0] != shares[1]


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"order": "raster"}, ParameterError, "order='raster' has no circle"),
        ({"order": "clockwise", "p": 16, "r": 2}, ParameterError, "defined for p=8, r=1"),
        ({"window": 4}, ParameterError, "window=4"),
        ({"compare": "<"}, ParameterError, "compare='<' is not one of >=, >"),
        ({"stat_window": "square"}, ParameterError, "stat_window='square'"),
        ({"mask_mode": "loose"}, ParameterError, "mask_mode='loose'"),
        ({"variance_rule": "var"}, UnknownNameError, "variance rule called 'var'"),
        ({"aggregate": "both"}, UnknownNameError, "aggregate called 'both'"),
        ({"aggregate": "fused", "fused": "sum"}, UnknownNameError, "called 'sum'"),
        ({"aggregate": "joint"}, ParameterError, "use method='uniform'"),
        ({"method": "var"}, UnknownNameError, "method called 'var'"),
    ],
)
def test_says_which_parameter_is_wrong(parameters, error, message, image):
    with pytest.raises(error, match=message):
        mvm_lbp(image, **parameters)


def test_says_how_large_an_image_is_needed():
    with pytest.raises(ImageError, match="2x9 pixels, but this feature needs at least 3x3"):
        mvm_lbp(np.zeros((9, 2), np.uint8))
    with pytest.raises(ImageError, match="at least 5x5"):
        mvm_lbp(np.zeros((4, 9), np.uint8), variance_rule="map")


def test_says_that_no_pixel_has_its_neighbourhood_in_the_mask(image):
    mask = np.zeros(image.shape, bool)
    mask[5, 3:9] = True

    with pytest.raises(ImageError, match="no pixel of the mask"):
        mean_lbp(image, mask=mask, mask_mode="strict")


def test_huge_integers_are_compared_without_overflow():
    huge = (HAND.astype(np.int64) - 5) * 10**17

    assert_array_equal(mvm_codes(huge), mvm_codes(HAND))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(3, 3), (3, 70), (40, 3), (31, 33), (5, 2100)])
@pytest.mark.parametrize("top", [2, 4, 30, 0])
def test_the_fast_codes_equal_the_general_ones(dtype, shape, top, rng):
    most = int(np.iinfo(dtype).max)
    low = rng.integers(0, top or most + 1, shape).astype(dtype)
    for image in (low, most - low):
        for center_bit, names in ((False, ("deviation", "mean", "median")), (True, ("median",))):
            around = Neighbourhood(center_bit=center_bit)
            fast = ring_planes(image, ring_statistics(names, around), center_bit=center_bit)
            slow = codes_of(image.astype(float), *names, center_bit=center_bit)
            assert_array_equal(np.moveaxis(fast, 0, 2), slow)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", ["default", "uniform", "ror", "nri_uniform"])
@pytest.mark.parametrize("mask_mode", ["center", "strict"])
def test_the_fast_histograms_equal_the_general_ones(family, method, mask_mode, rng):
    image = rng.integers(0, 50, (25, 110), dtype=np.uint8)
    mask = rng.random(image.shape) < 0.95
    for region in (None, mask):
        given = {"mask": region, "method": method, "mask_mode": mask_mode}
        fast, signed, slow = (
            FEATURES[family](image.astype(dtype) - shift, **given)
            for dtype, shift in ((np.uint8, 0), (np.int8, 9), (float, 0))
        )
        assert fast == signed == slow


def test_read_only_and_strided_images_give_the_same(image):
    mask = image > 40
    frozen, region = image.copy(), mask.copy()
    frozen.flags.writeable = region.flags.writeable = False

    found = mvm_lbp(image, mask=mask)

    assert mvm_lbp(frozen, mask=region) == found
    assert mvm_lbp(np.repeat(image, 2, axis=1)[:, ::2], mask=np.asfortranarray(mask)) == found
    assert mvm_lbp(image.astype(">u2"), mask=mask) == found


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_compiled_fast_kernels_equal_the_python_ones(dtype, rng):
    image = rng.integers(0, np.iinfo(dtype).max, (6, 7), dtype=dtype, endpoint=True)
    inside = rng.random(image.shape) < 0.8
    kernel = code_bytes if dtype == np.uint8 else code_words
    for region in (inside, np.empty((0, 0), bool)):
        found = [(np.zeros((3, 4, 256), np.uint32), np.zeros((3, 6, 7), np.int32)) for _ in "ab"]
        for run, (counts, planes) in zip((kernel, kernel.py_func), found, strict=True):
            run(image, region, np.arange(3), counts, planes)
        for one, other in zip(*found, strict=True):
            assert_array_equal(one, other)
        kept = planes[:, 1:-1, 1:-1][:, (inside if region.size else inside | True)[1:-1, 1:-1]]
        for plane, count in zip(kept, counts.sum(axis=1), strict=True):
            assert_array_equal(count, np.bincount(plane, minlength=256))


@pytest.mark.parametrize("scale", [2.0**-420, 2.0**-300, 2.0**220, 2.0**400, 2.0**460])
def test_the_size_of_floats_changes_nothing(scale, rng):
    image = rng.random((9, 12))

    for parameters in ({}, {"p": 16, "r": 2}, {"variance_rule": "std"}, {"variance_rule": "map"}):
        assert_array_equal(mvm_codes(image * scale, **parameters), mvm_codes(image, **parameters))


def test_says_that_floats_are_too_large_or_small():
    for scale in (1e150, -1e150, 1e-150):
        with pytest.raises(ImageError, match="scale the image to between 1e-140 and 1e\\+140"):
            mvm_lbp(HAND * scale)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"])
def test_every_integer_type_is_coded_the_same_at_any_brightness_and_contrast(dtype, rng):
    kind = np.iinfo(dtype)
    levels = rng.integers(0, 20, (12, 70))
    codes = mvm_codes(levels)
    room = int(kind.max) - int(kind.min)
    for gain in (1, 3, min(room // 19, 2**40)):
        for low in (0, int(kind.min), int(kind.max) - 19 * gain):
            if low + 19 * gain <= kind.max:
                image = np.array([[low + gain * int(v) for v in row] for row in levels], dtype)
                assert_array_equal(mvm_codes(image), codes)
                fused = codes_of(image, "mean_median")
                assert_array_equal(fused, codes_of(levels, "mean_median"))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float64])
@pytest.mark.parametrize("mask_mode", ["center", "strict"])
def test_what_a_mask_leaves_out_changes_nothing(dtype, mask_mode, rng):
    image = rng.integers(0, 200, (20, 80)).astype(dtype)
    mask = np.zeros(image.shape, bool)
    mask[4:13, 7:60] = True
    # What `center` reads is one pixel more to each side than what it counts.
    read = slice(3, 14) if mask_mode == "center" else slice(4, 13)
    along = slice(6, 61) if mask_mode == "center" else slice(7, 60)
    other = (199 - image).astype(dtype)
    other[read, along] = image[read, along]

    found = mvm_lbp(image, mask=mask, mask_mode=mask_mode)
    assert mvm_lbp(other, mask=mask, mask_mode=mask_mode) == found
    assert mvm_lbp(image, mask=np.ones_like(mask), mask_mode=mask_mode) != found
    other[5:9, 8:40] = 199 - other[5:9, 8:40]
    assert mvm_lbp(other, mask=mask, mask_mode=mask_mode) != found


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.float64])
def test_the_joint_histogram_has_no_moments_and_counts_every_pixel(kind, rng):
    image = rng.integers(0, 99, (40, 33)).astype(kind)
    codes = mvm_codes(image)[1:-1, 1:-1].reshape(-1, 3)

    found = mvm_lbp(image, aggregate="joint", method="uniform")

    at = [[naive.label(int(code), 8, "uniform") for code in triple] for triple in codes]
    shares = np.bincount(np.array(at) @ [100, 10, 1], minlength=1000) / len(codes)
    assert_allclose(list(found.values())[:-1], shares)
    assert list(found)[999:] == ["mvm_lbp.joint.uniform.999", "mvm_lbp.joint.uniform.entropy"]
    assert_allclose(list(found.values())[-1], -(shares * np.log2(shares + (shares == 0))).sum())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("fused", ["mean_std_median", "mean_median"])
def test_fused_histograms_count_exact_codes(fused, dtype, rng):
    image = rng.integers(0, np.iinfo(dtype).max, (9, 10), dtype=dtype, endpoint=True)
    image[2:6, 3:8] = 7
    codes = naive.statistic_codes(image, fused)[1:-1, 1:-1].ravel()

    found = mvm_lbp(image, aggregate="fused", fused=fused, method="default")

    shares = [found[f"mvm_lbp.fused.default.{k:03d}"] for k in range(256)]
    assert_allclose(shares, np.bincount(codes, minlength=256) / codes.size)


def test_refuses_medians_that_would_take_minutes(rng):
    image = rng.integers(0, 256, (40, 40), dtype=np.uint8)

    with pytest.raises(ParameterError, match="window=33, but a median is taken of 31 pixels"):
        measure(image, "median_lbp(window=33)")
    assert measure(image, "mean_lbp(window=33)")
