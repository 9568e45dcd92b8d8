import numpy as np
import pytest
from numpy.testing import assert_array_equal

from texturekit.kernels.hashes import count_bits, nearest_hashes


@pytest.mark.parametrize("word", [0, 1, 2**63, 2**64 - 1, 0x0123456789ABCDEF])
def test_counts_the_bits_of_a_word(word):
    assert count_bits(np.uint64(word)) == word.bit_count()


def naive(query, row, hashes, flips, limit, room):
    """Sort all others by the bits that differ after the best flip, then by place."""
    found = []
    for other in range(len(hashes)):
        if other == row:
            continue
        bits = [
            sum(
                int(a ^ b ^ f).bit_count()
                for a, b, f in zip(query, hashes[other], flip, strict=True)
            )
            for flip in flips.tolist()
        ]
        if min(bits) < limit:
            found.append((min(bits), other, bits.index(min(bits))))
    return sorted(found)[:room]


@pytest.mark.parametrize("room", [1, 3, 40])
def test_agrees_with_sorting_all_distances(rng, room):
    hashes = rng.integers(0, 2**63, (30, 2), dtype=np.uint64)
    hashes[20:] = hashes[:10] ^ np.uint64(5)
    flips = np.array([[0, 0], [2**40, 0], [7, 7]], dtype=np.uint64)
    near = np.full((30, room), -1)
    distance, way = np.zeros_like(near), np.zeros_like(near)

    nearest_hashes(0, hashes, hashes, flips, 60, near, distance, way)

    for row in range(30):
        expected = naive(hashes[row].tolist(), row, hashes.tolist(), flips, 60, room)
        count = len(expected)
        # Among equals at the end of a full list any may stay: distances are what is fixed.
        assert distance[row, :count].tolist() == [bits for bits, _, _ in expected]
        assert_array_equal(near[row, count:], -1)
        by_place = {
            other: flip
            for bits, other, flip in naive(
                hashes[row].tolist(), row, hashes.tolist(), flips, 60, 99
            )
        }
        assert all(way[row, k] == by_place[near[row, k]] for k in range(count))
