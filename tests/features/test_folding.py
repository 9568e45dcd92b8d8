"""The kernels behind the ``glcm`` family: folded matrices against slow twins."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from tests import naive_glcm as naive
from texturekit.features.folding import MOST_IN_TRIPLES, pair_statistics
from texturekit.features.glcm import max_correlations
from texturekit.features.glcm_names import MEASURED
from texturekit.features.matrices import cooccurrence
from texturekit.kernels.entropy import entropy_terms, sum_terms
from texturekit.kernels.folded_correlation import correlate_folded
from texturekit.kernels.folded_pairs import BLOCK, GAP, count_folded, count_triples
from texturekit.kernels.folded_sums import LOOKED_UP, STATISTICS, sum_folded

STEPS = [(0, 1), (-1, 1), (-1, 0), (-1, -1)]
sides = st.integers(1, 7)
pictures = st.tuples(sides, sides).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 3))
)
compiled_or_not = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "python"])


def pick(kernel, compiled):
    return kernel if compiled else kernel.py_func


def symmetric(image, levels, distance=1):
    """(4, levels, levels) counts, each pair in both orders."""
    each = [naive.count_pairs(image, (distance * dr, distance * dc), levels) for dr, dc in STEPS]
    return np.array([counts + counts.T for counts in each])


def folded(matrices):
    """Cells of symmetric matrices, and their pitch and stride."""
    levels = matrices.shape[1]
    pitch = -(-levels // BLOCK) * BLOCK
    stride = levels * pitch + GAP
    cells = np.zeros(len(matrices) * stride, np.uint32)
    for k, matrix in enumerate(matrices):
        for i in range(levels):
            for j in range(i + 1):
                cells[k * stride + (i - j) * pitch + j] = matrix[i, j] // (2 if i == j else 1)
    return cells, pitch, stride


@compiled_or_not
@settings(deadline=None, max_examples=40)
@given(image=pictures, distance=st.integers(1, 8), rows=st.integers(1, 3), merge=st.booleans())
def test_counting_agrees_with_the_obvious_loop(compiled, image, distance, rows, merge):
    expected = symmetric(image, 4, distance)
    wanted, pitch, stride = folded(expected.sum(0, keepdims=True) if merge else expected)
    stride = 0 if merge else stride
    places = np.empty(4 * rows * image.shape[1], np.uint16)
    cells, others, triples = np.zeros_like(wanted), np.zeros_like(wanted), np.zeros(64, np.uint32)

    pick(count_folded, compiled)(image, distance, pitch, stride, places, cells)
    pick(count_triples, compiled)(image, distance, 4, pitch, stride, places, others, triples)

    assert_array_equal(cells, wanted)
    assert_array_equal(others, wanted)
    assert not triples.any()


@compiled_or_not
@pytest.mark.parametrize(("levels", "rate"), [(9, 0.7), (40, 0.3), (5, 9000)])
def test_sums_agree_with_the_definitions(rng, compiled, levels, rate):
    # the last has counts beyond the table of n log2 n
    matrices = rng.poisson(rate, (3, levels, levels))
    matrices[:, 0, 0] = 1
    matrices = matrices + matrices.transpose(0, 2, 1)
    matrices[1] = 0
    cells, pitch, stride = folded(matrices)
    out, pairs = np.full((3, len(STATISTICS)), np.nan), np.zeros(3, np.int64)
    minus = np.empty(levels, np.uint32)
    most = int(matrices.sum())
    # a count that is looked up behind the table's end gives no number
    table = np.append(LOOKED_UP, np.full(2**17, np.nan))[: LOOKED_UP.size]

    pick(sum_folded, compiled)(cells, levels, pitch, stride, BLOCK, most, table, minus, pairs, out)

    assert_array_equal(pairs, matrices.sum(axis=(1, 2)) // 2)
    assert not cells.any()
    assert np.isnan(out[1]).all()
    for found, matrix in zip(out[[0, 2]], matrices[[0, 2]], strict=True):
        values = naive.statistics(matrix)
        named = dict(zip(STATISTICS, found, strict=True))
        for name in named.keys() & values.keys():
            assert named[name] == pytest.approx(values[name], rel=1e-11, abs=1e-12), name


@compiled_or_not
@pytest.mark.parametrize(
    "make",
    [
        lambda rng: rng.poisson(0.4, (12, 12)),  # few pairs, some levels without any
        lambda rng: rng.poisson(50, (12, 12)),  # all but the first value near 0
        lambda rng: np.diag(rng.integers(1, 9, 12)),  # twelve values of 1
        lambda rng: np.kron(np.eye(3), rng.poisson(2, (4, 4))),  # three parts that never meet
        lambda rng: np.fliplr(np.eye(12)),  # values of -1
        lambda rng: np.pad(rng.poisson(2, (2, 2)) + 1, 5),  # two levels
    ],
)
def test_the_correlation_coefficient_is_the_second_singular_value(rng, compiled, make):
    matrix = make(rng).astype(np.int64)
    matrix = matrix + matrix.T
    cells, pitch, stride = folded(matrix[np.newaxis])
    found = np.empty((1, 1))

    pick(correlate_folded, compiled)(cells, pitch, stride, 12, 1.0, found)

    occupied = matrix.any(axis=0)
    inner = matrix[occupied][:, occupied].astype(float)
    roots = np.sqrt(inner.sum(0))
    singular = np.linalg.svd(inner / np.outer(roots, roots), compute_uv=False)
    assert_allclose(found[0, 0], singular[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(30))
def test_the_correlation_coefficient_is_exact_for_textures_of_every_kind(seed):
    rng = np.random.default_rng(seed)
    levels = int(rng.choice([3, 8, 32, 64]))
    steps = rng.integers(-2, 3, (20, 24)).cumsum(1) if seed % 3 else rng.integers(0, 999, (9, 9))
    image = (np.abs(steps) % levels).astype(np.uint8)

    found, _ = pair_statistics(image, levels, 1, mcc=True)

    expected = max_correlations(cooccurrence(image, levels=levels))
    assert_allclose(found[:, -1], expected, rtol=0, atol=1e-12)


@compiled_or_not
def test_entropies_are_those_of_numpy(rng, compiled):
    p = np.concatenate([rng.random(300), 1 - 1e-9 * rng.random(50), 1e-6 * rng.random(50)])
    p = np.append(p, [1.0, 0.5, 0.0, 2.0**-40])
    terms, room = np.empty(p.size), np.empty(2 * p.size)

    pick(entropy_terms, compiled)(p, p.size, room, terms)

    expected = -p * np.log2(np.where(p > 0, p, 1.0))
    assert_allclose(terms, expected, rtol=1e-15, atol=0)
    total = pick(sum_terms, compiled)(terms, 3, p.size - 3)
    assert total == pytest.approx(expected[3:].sum(), rel=1e-14)


@pytest.mark.parametrize("levels", [2, 31, MOST_IN_TRIPLES, MOST_IN_TRIPLES + 1, 64, 255, 256, 300])
@pytest.mark.parametrize("masked", [False, True])
def test_every_number_of_levels_is_measured_alike(rng, levels, masked):
    image = rng.integers(0, levels, (70, 91)).astype(np.uint16 if levels > 255 else np.uint8)
    region = rng.random(image.shape) < 0.8 if masked else np.ones(image.shape, bool)
    packed = np.where(region, image, levels).astype(image.dtype)
    matrices = cooccurrence(image, levels=levels, mask=region, normalise=False)

    found, pairs = pair_statistics(packed, levels, 1, masked=masked)

    assert_array_equal(pairs, matrices.sum(axis=(1, 2)) / 2)
    column = dict(zip(MEASURED, found.T, strict=True))
    p = matrices / matrices.sum(axis=(1, 2), keepdims=True)
    i, j = np.mgrid[1 : levels + 1, 1 : levels + 1]
    assert_allclose(column["contrast"], ((i - j) ** 2 * p).sum((1, 2)), rtol=1e-12)
    assert_allclose(column["asm"], (p**2).sum((1, 2)), rtol=1e-12)
    assert_allclose(column["autocorrelation"], (i * j * p).sum((1, 2)), rtol=1e-12)
    assert_allclose(column["joint_entropy"], [naive.entropy(one) for one in p], rtol=1e-12)


def test_threads_and_earlier_images_change_nothing(rng):
    images = [rng.integers(0, n, (40, 50)).astype(np.uint8) for n in (256, 32, 7, 100)]
    alone = [pair_statistics(image, 256, 1)[0] for image in images]
    found = {}

    def work(name):
        found[name] = [pair_statistics(image, 256, 1)[0] for image in images[::-1]][::-1]

    threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for values in found.values():
        assert_array_equal([one[:, :-1] for one in values], [one[:, :-1] for one in alone])
