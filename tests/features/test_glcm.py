import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_glcm as naive
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features.glcm import glcm, glcm_statistics
from texturekit.features.matrices import cooccurrence
from texturekit.kernels.pairs import SUMS, count_four, count_pairs, sum_pairs

# Haralick, Shanmugam and Dinstein (1973), doi:10.1109/TSMC.1973.4309314, figure 3: image and its
# four matrices of counts at distance 1.
HARALICK = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]], dtype=np.uint8)
PRINTED = {
    0: [[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]],
    90: [[6, 0, 2, 0], [0, 4, 2, 0], [2, 2, 2, 2], [0, 0, 2, 0]],
    135: [[2, 1, 3, 0], [1, 2, 1, 0], [3, 1, 0, 2], [0, 0, 2, 0]],
    45: [[4, 1, 0, 0], [1, 2, 2, 0], [0, 2, 4, 1], [0, 0, 1, 0]],
}
FOUR = [(0, 1), (-1, 1), (-1, 0), (-1, -1)]

sides = st.integers(1, 7)
pictures = st.tuples(sides, sides).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 3))
)
compiled_or_not = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "python"])


def pick(kernel, compiled):
    return kernel if compiled else kernel.py_func


@pytest.mark.parametrize("angle", list(PRINTED))
def test_matches_the_matrices_printed_in_haralick_1973(angle):
    found = cooccurrence(HARALICK, levels=4, angles=[angle], normalise=False)

    assert_array_equal(found[0], PRINTED[angle])


@compiled_or_not
@settings(deadline=None, max_examples=60)
@given(image=pictures, offset=st.tuples(st.integers(-8, 8), st.integers(-8, 8)))
def test_counting_agrees_with_the_obvious_loop(compiled, image, offset):
    counts = np.zeros((1, 4, 4), np.uint32)

    pick(count_pairs, compiled)(image, np.array(offset[:1]), np.array(offset[1:]), counts)

    assert_array_equal(counts[0], naive.count_pairs(image, offset, 4))


@compiled_or_not
@settings(deadline=None, max_examples=60)
@given(image=pictures, distance=st.integers(1, 8))
def test_counting_four_directions_at_once_agrees_with_the_obvious_loop(compiled, image, distance):
    counts = np.zeros((4, 4, 4), np.uint32)

    pick(count_four, compiled)(image, distance, counts)

    for found, (dr, dc) in zip(counts, FOUR, strict=True):
        assert_array_equal(found, naive.count_pairs(image, (distance * dr, distance * dc), 4))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("symmetric", [True, False])
def test_statistics_agree_with_their_definitions(seed, symmetric):
    rng = np.random.default_rng(seed)
    matrix = rng.poisson(0.7, (9, 9))
    matrix[0, 0] = 1
    matrix = matrix + matrix.T if symmetric else matrix

    found = glcm_statistics(matrix)

    expected = naive.statistics(matrix)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-10), name


def test_the_python_of_the_sums_does_what_its_machine_code_does(rng):
    matrices = rng.poisson(0.5, (3, 6, 6)).astype(np.float64)
    compiled, python = np.empty((3, len(SUMS))), np.empty((3, len(SUMS)))

    sum_pairs(matrices, 6.0, compiled)
    sum_pairs.py_func(matrices, 6.0, python)

    assert_allclose(compiled, python, rtol=1e-13)


def test_counts_and_probabilities_have_the_same_statistics(rng):
    counts = rng.integers(0, 9, (5, 5))

    found = glcm_statistics(counts / counts.sum())

    assert found == pytest.approx(glcm_statistics(counts))


@pytest.mark.parametrize("level", [0, 3])
def test_one_grey_level_has_the_documented_values(level):
    matrix = np.zeros((6, 6))
    matrix[level, level] = 12

    found = glcm_statistics(matrix)

    one = {"correlation", "max_correlation_coefficient", "asm", "energy", "idm", "homogeneity"}
    one |= {"idm_normalised", "inverse_difference", "inverse_difference_normalised"}
    one |= {"joint_maximum"}
    place = {"joint_average": level + 1, "sum_average": 2 * level + 2}
    place["autocorrelation"] = (level + 1) ** 2
    assert found == {name: place.get(name, float(name in one)) for name in found}


def test_a_single_row_of_pairs_has_finite_statistics():
    found = glcm_statistics(np.array([[1, 2, 4], [0, 0, 0], [0, 0, 0]]) / 7)

    assert np.isfinite(list(found.values())).all()
    assert (found["correlation"], found["max_correlation_coefficient"]) == (1, 1)


def test_more_grey_levels_than_rows_normalise_the_differences():
    found = glcm_statistics(np.array([[0, 1], [1, 0]]), n_g=10)

    assert found["inverse_difference_normalised"] == pytest.approx(1 / 1.1)
    assert found["idm_normalised"] == pytest.approx(1 / 1.01)


def test_agrees_with_skimage_up_to_its_conventions(rng):
    from skimage.feature import graycoprops

    image = rng.integers(0, 12, (20, 23)).astype(np.uint8)
    matrices = cooccurrence(image, levels=12, symmetric=False)
    stack = matrices.transpose(1, 2, 0)[:, :, np.newaxis]

    for k, found in enumerate(map(glcm_statistics, matrices)):
        ours = {
            "contrast": found["contrast"],
            "dissimilarity": found["dissimilarity"],
            "homogeneity": found["homogeneity"],
            "ASM": found["asm"],
            "energy": found["energy"],
            "correlation": found["correlation"],
            "mean": found["joint_average"] - 1,  # its levels start at 0
            "variance": found["joint_variance"],
            "entropy": found["joint_entropy"] * np.log(2),  # its logarithm is natural
        }
        for name, value in ours.items():
            assert value == pytest.approx(graycoprops(stack, name)[0, k], rel=1e-12), name


@settings(deadline=None, max_examples=40)
@given(image=pictures.filter(lambda image: min(image.shape) > 1), distance=st.integers(1, 3))
def test_turning_the_image_turns_the_directions(image, distance):
    still = cooccurrence(image, levels=4, distance=distance)
    turned = cooccurrence(np.rot90(image), levels=4, distance=distance)
    transposed = cooccurrence(image.T, levels=4, distance=distance)

    assert_array_equal(turned, still[[2, 3, 0, 1]])
    assert_array_equal(transposed, still[[2, 1, 0, 3]])


def test_the_family_does_not_depend_on_a_quarter_turn(rng):
    image = rng.integers(0, 256, (15, 22)).astype(np.uint8)

    assert glcm(image) == pytest.approx(glcm(np.rot90(image)))


@settings(deadline=None, max_examples=40)
@given(image=pictures, data=st.data(), angle=st.sampled_from([0, 45, 90, 135]))
def test_only_pairs_inside_the_mask_count(image, data, angle):
    mask = data.draw(arrays(np.bool_, image.shape))
    offset = FOUR[angle // 45]
    noisy = np.where(mask, image, 200).astype(np.int32)

    found = cooccurrence(
        noisy, levels=4, angles=[angle], mask=mask, symmetric=False, normalise=False
    )

    assert_array_equal(found[0], naive.count_pairs(image, offset, 4, mask))


@pytest.mark.parametrize("levels", [255, 256, 257])
def test_the_mask_needs_no_level_of_its_own(rng, levels):
    image = rng.integers(0, levels, (30, 30))
    mask = rng.random((30, 30)) < 0.7

    found = cooccurrence(image, levels=levels, mask=mask, symmetric=False, normalise=False)

    assert_array_equal(found[1], naive.count_pairs(image, (-1, 1), levels, mask))


def test_the_mask_matters_and_excludes(rng):
    image = rng.integers(0, 256, (20, 20)).astype(np.uint8)
    mask = np.zeros((20, 20), dtype=bool)
    mask[4:15, 6:18] = True
    other = np.where(mask, image, 255 - image)

    found = glcm(image, mask=mask)

    assert found == glcm(other, mask=mask)
    assert found == glcm(image[4:15, 6:18])
    assert found != glcm(image)


@pytest.mark.parametrize(
    ("norm", "offset"), [("chebyshev", (-2, 2)), ("skimage", (1, 1))], ids=["chebyshev", "skimage"]
)
def test_the_norm_says_how_far_the_diagonal_reaches(rng, norm, offset):
    image = rng.integers(0, 3, (6, 7))

    found = cooccurrence(
        image,
        levels=3,
        distance=2,
        angles=[45],
        distance_norm=norm,
        symmetric=False,
        normalise=False,
    )

    assert_array_equal(found[0], naive.count_pairs(image, offset, 3))


def test_the_opposite_direction_swaps_the_pair(rng):
    image = rng.integers(0, 4, (8, 9))

    there = cooccurrence(image, levels=4, symmetric=False)
    back = cooccurrence(image, levels=4, symmetric=False, angles=(180, 225, 270, 315))

    assert_array_equal(back, there.transpose(0, 2, 1))


def test_a_direction_without_pairs_is_zero():
    found = cooccurrence(np.array([[0, 1, 1]]), levels=2)

    assert_array_equal(found.sum(axis=(1, 2)), [1, 0, 0, 0])


def test_pins_the_columns_of_the_family(rng):
    found = glcm(rng.random((9, 9)), distances=(1, 2), aggregate=("mean", "range"))

    names = [name.split(".")[1] for name in found if name.endswith(".d1.mean")]
    assert names == [
        *("contrast", "dissimilarity", "idm", "inverse_difference", "idm_normalised"),
        *("inverse_difference_normalised", "inverse_variance", "asm", "correlation"),
        *("joint_maximum", "joint_average", "joint_variance", "joint_entropy", "autocorrelation"),
        *("sum_average", "sum_variance", "sum_entropy", "difference_variance"),
        *("difference_entropy", "cluster_shade", "cluster_prominence", "imc1", "imc2"),
        *("energy", "homogeneity"),
    ]
    ways = [(d, way) for d in (1, 2) for way in ("mean", "range")]
    assert list(found) == [f"glcm.{name}.d{d}.{way}" for d, way in ways for name in names]


@pytest.mark.parametrize("way", ["mean", "range", "merge"])
@pytest.mark.parametrize("distance", [1, 3])
def test_the_family_aggregates_the_statistics_of_four_directions(rng, way, distance):
    image = rng.integers(0, 256, (16, 18)).astype(np.uint8)
    counts = cooccurrence(image // 16, levels=16, distance=distance, normalise=False)
    merged = counts.sum(axis=0, keepdims=True) if way == "merge" else counts
    each = [glcm_statistics(matrix) for matrix in merged]

    found = glcm(
        image, method="range", levels=16, low=0, high=256, distances=distance,
        aggregate=way, mcc=True,
    )  # fmt: skip

    for name, value in found.items():
        column = [values[name.split(".")[1]] for values in each]
        expected = np.ptp(column) if way == "range" else np.mean(column)
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-12), name


NAMED = {
    "ibsi": (
        *("joint_max", "joint_avg", "joint_var", "joint_entr", "diff_avg", "diff_var"),
        *("diff_entr", "sum_avg", "sum_var", "sum_entr", "energy", "contrast", "dissimilarity"),
        *("inv_diff", "inv_diff_norm", "inv_diff_mom", "inv_diff_mom_norm", "inv_var", "corr"),
        *("auto_corr", "clust_tend", "clust_shade", "clust_prom", "info_corr1", "info_corr2"),
    ),
    "pyradiomics": (
        *("autocorrelation", "jointaverage", "clusterprominence", "clustershade"),
        *("clustertendency", "contrast", "correlation", "differenceaverage", "differenceentropy"),
        *("differencevariance", "jointenergy", "jointentropy", "imc1", "imc2", "idm", "mcc"),
        *("idmn", "id", "idn", "inversevariance", "maximumprobability", "sumaverage"),
        *("sumentropy", "sumsquares"),
    ),
    "mahotas": (
        *("angular_second_moment", "contrast", "correlation", "sum_of_squares_variance"),
        *("inverse_difference_moment", "sum_average", "sum_variance", "sum_entropy", "entropy"),
        *("difference_variance", "difference_entropy", "information_measure_of_correlation_1"),
        "information_measure_of_correlation_2",
    ),
    "skimage": (
        *("contrast", "dissimilarity", "homogeneity", "asm", "energy", "correlation", "mean"),
        *("variance", "std", "entropy"),
    ),
}
TEXTURES = {
    "noise": lambda rng: rng.integers(0, 9, (17, 21)),
    "smooth": lambda rng: rng.integers(-1, 2, (30, 31)).cumsum(1) % 9,
    "two levels": lambda rng: 4 * rng.integers(0, 2, (12, 13)) + 1,
    "stripes": lambda rng: np.tile([3, 8], (5, 9)),
    "flat": lambda rng: np.full((7, 6), 8),
    "tiny": lambda rng: rng.integers(0, 9, (3, 3)),
}


def by_name(image, names, **options):
    found = glcm(image.astype(np.uint8), method="none", names=names, **options)
    assert list(found) == [f"glcm.{name}.d1.mean" for name in NAMED[names]]
    return {column.split(".")[1]: value for column, value in found.items()}


def matrices_of(image):
    levels = int(image.max()) + 1
    return cooccurrence(image, levels=levels, normalise=False)


@pytest.mark.parametrize("names", ["pyradiomics", "mahotas", "skimage"])
@pytest.mark.parametrize("texture", TEXTURES)
def test_statistics_under_other_names_are_those_of_the_other_tool(rng, names, texture):
    image = TEXTURES[texture](rng)
    twin = getattr(naive, names)
    each = [twin(matrix) for matrix in matrices_of(image)]

    found = by_name(image, names)

    assert set(found) == set(each[0])
    for name, value in found.items():
        expected = np.mean([values[name] for values in each])
        # the tools' own imc2 is a root of rounding where levels are independent
        assert value == pytest.approx(expected, rel=1e-9, abs=1e-7 if "imc2" in name else 1e-9)


def test_ibsi_names_are_the_same_statistics_as_ours(rng):
    image = TEXTURES["noise"](rng)
    ours = glcm_statistics(matrices_of(image).sum(axis=0))

    found = glcm(image.astype(np.uint8), method="none", names="ibsi", aggregate="merge")

    assert len(set(found.values())) == 23  # two pairs of its 25 are the same
    assert found["glcm.energy.d1.merge"] == pytest.approx(ours["asm"])
    assert found["glcm.clust_tend.d1.merge"] == pytest.approx(ours["cluster_tendency"])


@pytest.mark.parametrize("texture", [name for name in TEXTURES if name != "flat"])
def test_agrees_with_pyradiomics(rng, texture):
    sitk = pytest.importorskip("SimpleITK")
    radiomics = pytest.importorskip("radiomics.glcm")
    image = TEXTURES[texture](rng)
    picture = sitk.GetImageFromArray(image[np.newaxis].astype(np.int32))
    mask = sitk.GetImageFromArray(np.ones((1, *image.shape), np.uint8))
    peer = radiomics.RadiomicsGLCM(picture, mask, binWidth=1, force2D=True)
    peer.enableAllFeatures()
    theirs = {name.lower(): float(value) for name, value in peer.execute().items()}

    found = glcm(image, method="pyradiomics", width=1.0, names="pyradiomics")

    ours = {column.split(".")[1]: value for column, value in found.items()}
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        assert ours[name] == pytest.approx(value, rel=1e-9, abs=1e-7), name


@pytest.mark.parametrize("texture", TEXTURES)
def test_agrees_with_mahotas(rng, texture):
    mahotas = pytest.importorskip("mahotas")
    image = TEXTURES[texture](rng).astype(np.uint8)

    found = by_name(image, "mahotas")

    theirs = mahotas.features.haralick(image, return_mean=True)
    assert_allclose(list(found.values()), theirs, rtol=1e-9, atol=1e-7)


@pytest.mark.parametrize("texture", TEXTURES)
def test_agrees_with_skimage_under_its_names(rng, texture):
    from skimage.feature import graycomatrix, graycoprops

    image = TEXTURES[texture](rng).astype(np.uint8)
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    theirs = graycomatrix(image, [1], angles, symmetric=True, normed=True)

    found = by_name(image, "skimage")

    for name, value in found.items():
        expected = graycoprops(theirs, "ASM" if name == "asm" else name).mean()
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-12), name


def test_a_direction_of_one_level_has_no_correlation_coefficient_in_pyradiomics():
    # the region has two levels, but only 1 meets itself, and 2 meets no other pixel
    image = np.array([[1, 1, 0, 0], [0, 0, 0, 2]], np.uint8)
    mask = image > 0

    ours = glcm(image, mask=mask, method="none", mcc=True)
    theirs = glcm(image, mask=mask, method="none", names="pyradiomics")

    assert ours["glcm.max_correlation_coefficient.d1.mean"] == 1
    assert theirs["glcm.mcc.d1.mean"] == 0


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.uint16, np.int16, np.float32])
def test_columns_do_not_depend_on_the_image_and_values_are_finite(rng, dtype):
    image = rng.integers(0, 2, (7, 8)).astype(dtype)

    found, flat = glcm(image, mcc=True), glcm(np.ones((2, 2), dtype), mcc=True)

    assert list(found) == list(flat)
    assert np.isfinite([*found.values(), *flat.values()]).all()


def test_a_second_run_gives_the_same_bits(rng):
    image = rng.random((30, 30))

    assert glcm(image) == glcm(image)


def test_a_thin_region_is_measured_along_itself():
    image = np.array([[0, 255, 0, 255, 0]], dtype=np.uint8)

    found = glcm(image, levels=2)

    assert found["glcm.contrast.d1.mean"] == 1


@pytest.mark.parametrize(
    ("shape", "distance"), [((1, 1), 1), ((3, 3), 3), ((4, 2), 5)], ids=["1x1", "3x3", "4x2"]
)
def test_says_that_a_picture_is_too_small_for_the_distance(shape, distance):
    with pytest.raises(ImageError, match=f"no two pixels lie {distance} apart"):
        glcm(np.zeros(shape, np.uint8), distances=(distance,))


def test_says_that_a_mask_holds_no_pair():
    mask = np.zeros((9, 9), dtype=bool)
    mask[[0, 4], [0, 4]] = True

    with pytest.raises(ImageError, match="larger image or mask"):
        glcm(np.eye(9), mask=mask)


def test_says_which_level_is_too_high():
    with pytest.raises(ImageError, match="grey level 3, but levels=2"):
        cooccurrence(HARALICK, levels=2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: cooccurrence(np.eye(3), levels=2), ImageError, "float64"),
        (lambda: cooccurrence(np.array([[-1, 0]]), levels=2), ImageError, "grey level -1"),
        (lambda: cooccurrence(HARALICK, levels=4000), ParameterError, "levels=4000"),
        (lambda: cooccurrence(HARALICK, levels=4, distance=0), ParameterError, "distance=0"),
        (lambda: cooccurrence(HARALICK, levels=4, angles=[]), ParameterError, "angles="),
        (
            lambda: cooccurrence(HARALICK, levels=4, mask=np.ones((2, 2))),
            ImageError,
            r"mask has shape \(2, 2\)",
        ),
        (
            lambda: cooccurrence(HARALICK, levels=4, distance_norm="euclid"),
            UnknownNameError,
            "euclid",
        ),
        (lambda: glcm(HARALICK, aggregate="men"), UnknownNameError, "Did you mean 'mean'"),
        (lambda: glcm(HARALICK, names="skimge"), UnknownNameError, "Did you mean 'skimage'"),
        (lambda: glcm(HARALICK, names="ibsi", mcc=True), ParameterError, "names=ibsi has no max"),
        (lambda: glcm(HARALICK, distances=1.5), ParameterError, "distance=1.5"),
        (lambda: glcm(HARALICK, distances=()), ParameterError, "distances"),
        (lambda: glcm_statistics(np.zeros((3, 3))), ImageError, "no pair"),
        (lambda: glcm_statistics(np.ones((2, 3))), ImageError, r"shape \(2, 3\)"),
        (lambda: glcm_statistics(np.array([[-1, 1], [1, 1]])), ImageError, "from -1"),
        (lambda: glcm_statistics(np.eye(2), n_g=0), ParameterError, "n_g=0"),
    ],
)
def test_says_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_refuses_pyradiomics_at_a_distance_where_it_takes_a_ring():
    with pytest.raises(ParameterError, match="all directions of the ring"):
        glcm(np.eye(9), names="pyradiomics", distances=2)
