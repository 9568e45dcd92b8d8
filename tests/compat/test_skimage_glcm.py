"""Parity with scikit-image 0.26; its functions are the reference."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage import feature as peer

from texturekit.compat.skimage_glcm import graycomatrix, graycoprops
from texturekit.kernels import stacked_pairs as kernels

PROPERTIES = (
    *("contrast", "dissimilarity", "homogeneity", "ASM", "energy", "correlation"),
    *("mean", "variance", "std", "entropy"),
)
ANGLES = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
DTYPES = [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.uint64, np.int64]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("normed", [False, True])
def test_matrices_are_the_same_array(rng, dtype, symmetric, normed):
    image = rng.integers(0, 21, (13, 16)).astype(dtype)
    arguments = (image, [0, 1, 2, 3.4, 20], [*ANGLES, 4.1, -0.3, np.pi])

    found = graycomatrix(*arguments, levels=21, symmetric=symmetric, normed=normed)

    expected = peer.graycomatrix(*arguments, levels=21, symmetric=symmetric, normed=normed)
    assert found.dtype == expected.dtype
    assert_array_equal(found, expected)


@pytest.mark.parametrize("shape", [(3, 3), (5, 21), (40, 33), (1, 9), (64, 2)])
@pytest.mark.parametrize("distances", [[1], [2, 1], [3]])
@pytest.mark.parametrize("angles", [ANGLES, ANGLES[1:], [*ANGLES, np.pi]], ids=len)
def test_sides_of_the_image_count_as_its_middle_does(rng, shape, distances, angles):
    image = rng.integers(0, 256, shape).astype(np.uint8)

    found = graycomatrix(image, distances, angles, symmetric=True)

    assert_array_equal(found, peer.graycomatrix(image, distances, angles, symmetric=True))


def test_the_python_of_the_kernels_does_what_their_machine_code_does(rng):
    image = rng.integers(0, 20, (9, 11)).astype(np.uint8)
    rows, cols = np.array([0, 1, 1, 1, 2]), np.array([1, 1, 0, -1, -2])
    stacks, sums = [], []
    for count, mirror, add in (
        (kernels.count_stack, kernels.mirror_stack, kernels.add_stack),
        (kernels.count_stack.py_func, kernels.mirror_stack.py_func, kernels.add_stack.py_func),
    ):
        stack = np.zeros((20, 20, 5), np.uint32)
        count(image, rows, cols, 20, stack.reshape(-1))
        mirror(stack)
        stacks.append(stack)
        outs = [np.zeros(39 * 5), np.zeros(100), np.zeros(100), np.zeros(100)]
        add(stack.astype(np.float64).reshape(-1), 5, *outs)
        sums.append(np.concatenate(outs))

    assert_array_equal(*stacks)
    assert_array_equal(*sums)
    assert stacks[0].sum() == 2 * sum(
        (9 - abs(r)) * (11 - abs(c)) for r, c in zip(rows, cols, strict=True)
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_eight_bits_have_256_levels_when_none_are_given(rng, dtype):
    image = rng.integers(0, 128, (9, 9)).astype(dtype)

    found = graycomatrix(image, [1], [0])

    assert_array_equal(found, peer.graycomatrix(image, [1], [0]))


def test_takes_lists_and_arrays_in_any_layout(rng):
    image = rng.integers(0, 9, (12, 14))
    frozen = image[::2, ::-1]
    frozen.flags.writeable = False

    for picture in (image.tolist(), np.asfortranarray(image), frozen):
        found = graycomatrix(picture, [1], ANGLES, levels=9)

        assert_array_equal(found, peer.graycomatrix(picture, [1], ANGLES, levels=9))


def test_takes_booleans_when_their_levels_are_given(rng):
    image = rng.random((6, 7)) < 0.5

    found = graycomatrix(image, [1], ANGLES, 2)

    assert_array_equal(found, peer.graycomatrix(image, [1], ANGLES, 2))


def test_says_which_value_is_too_high_beyond_16_bits():
    image = np.array([[0, 70_000]])

    with pytest.raises(ValueError, match="holds 70000"):
        graycomatrix(image, [1], [0], levels=70_000)


@pytest.mark.parametrize("prop", PROPERTIES)
@pytest.mark.parametrize("seed", range(4))
def test_properties_are_the_same_numbers(prop, seed):
    rng = np.random.default_rng(seed)
    levels = int(rng.choice([2, 5, 32, 100]))
    matrices = rng.poisson(rng.choice([0.1, 3.0]), (levels, levels, 2, 3))
    matrices[0, 1] += 1
    stack = matrices.astype(rng.choice([np.uint32, np.float64, np.float32]))

    found = graycoprops(stack, prop)

    expected = peer.graycoprops(stack, prop)
    assert found.dtype == expected.dtype
    assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("prop", PROPERTIES)
@pytest.mark.parametrize("value", [0, 7, 255])
def test_flat_pictures_have_the_same_properties(prop, value):
    matrices = graycomatrix(np.full((5, 4), value, np.uint8), [1, 9], ANGLES, normed=True)

    found = graycoprops(matrices, prop)

    assert_allclose(found, peer.graycoprops(matrices, prop), rtol=1e-12, atol=1e-12)


def test_contrast_is_the_property_when_none_is_named(rng):
    matrices = rng.random((4, 4, 1, 1))

    assert_allclose(graycoprops(matrices), peer.graycoprops(matrices))


@pytest.mark.parametrize(
    "arguments",
    [
        (np.zeros((3, 3, 3), np.uint8), [1], [0]),
        (np.zeros((0, 3), np.uint8), [1], [0]),
        (np.zeros((3, 3), np.uint8), [], [0]),
        (np.zeros((3, 3), np.uint8), [1], [[0]]),
        (np.zeros((3, 3), np.uint8), 1, [0]),
        (np.zeros((3, 3)), [1], [0], 4),
        (np.zeros((3, 3), np.uint16), [1], [0]),
        (np.full((3, 3), -1, np.int8), [1], [0]),
        (np.full((3, 3), 4, np.uint8), [1], [0], 4),
        (np.zeros((3, 3), np.bool_), [1], [0]),
    ],
)
def test_refuses_what_the_peer_refuses(arguments):
    with pytest.raises((ValueError, TypeError)) as theirs:
        peer.graycomatrix(*arguments)
    with pytest.raises((ValueError, TypeError)) as ours:
        graycomatrix(*arguments)

    assert isinstance(ours.value, theirs.type)


@pytest.mark.parametrize(
    ("matrices", "prop"),
    [
        (np.ones((2, 2)), "contrast"),
        (np.ones((2, 3, 1, 1)), "contrast"),
        (np.ones((2, 2, 0, 1)), "contrast"),
        (np.ones((2, 2, 1, 0)), "contrast"),
        (np.ones((2, 2, 1, 1)), "ABC"),
    ],
)
def test_refuses_properties_that_the_peer_refuses(matrices, prop):
    with pytest.raises(ValueError, match=r".") as theirs:
        peer.graycoprops(matrices, prop)
    with pytest.raises(ValueError, match=r".") as ours:
        graycoprops(matrices, prop)

    assert isinstance(ours.value, theirs.type)


def test_has_the_signatures_of_the_peer():
    import inspect

    for ours, theirs in (
        (graycomatrix, peer.graycomatrix),
        (graycoprops, peer.graycoprops),
    ):
        assert [(p.name, p.default) for p in inspect.signature(ours).parameters.values()] == [
            (p.name, p.default) for p in inspect.signature(theirs).parameters.values()
        ]
