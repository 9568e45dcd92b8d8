"""The intraclass correlation against Shrout and Fleiss, and what a column has to vary by."""

import numpy as np
import pytest

from texturekit.errors import MetricError
from texturekit.metrics import icc
from texturekit.metrics.agreement import agreements

#: Shrout and Fleiss (1979), table 2: six targets, four judges.
TARGETS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)


def test_gives_the_value_of_shrout_and_fleiss():
    # Table 4: ICC(1,1) = .17; their ICC(2,1) = .29 and ICC(3,1) = .71 forgive the judges' levels.
    assert round(icc(TARGETS).value, 2) == 0.17


def test_gives_the_interval_of_shrout_and_fleiss():
    # From the mean squares that they print (11.24 with 5 degrees, 6.26 with 18), and F tables:
    # F(.975; 5, 18) = 3.382, F(.975; 18, 5) = 6.362. R's psych prints the same: -0.13 to 0.72.
    found = icc(TARGETS)
    low, high = 11.24 / 6.26 / 3.382, 11.24 / 6.26 * 6.362

    assert found.low == pytest.approx((low - 1) / (low + 3), abs=5e-4)
    assert found.high == pytest.approx((high - 1) / (high + 3), abs=5e-4)
    assert (round(found.low, 2), round(found.high, 2)) == (-0.13, 0.72)
    assert found.caution == "few images: 6, fewer than 30"


def test_a_shift_that_all_share_is_disagreement(rng):
    level = rng.normal(size=(40, 1))

    assert icc(level + np.array([0.0, 0.1, -0.1])).value > 0.97
    assert icc(level + np.array([0.0, 5.0, -5.0])).value < 0


def test_the_interval_holds_the_truth_as_often_as_it_says(rng):
    between, within = rng.normal(size=(4000, 30, 1)), rng.normal(size=(4000, 30, 3))
    values = np.moveaxis(between + within * 0.5, 0, 2)  # ICC = 1 / 1.25

    held = [one.low <= 0.8 <= one.high for one in agreements(values)]

    assert np.mean(held) == pytest.approx(0.95, abs=0.011)  # three standard errors


def test_many_columns_are_one_by_one_the_same(rng):
    values = rng.normal(size=(9, 3, 5)) + 3 * rng.normal(size=(9, 1, 5))

    for k, one in enumerate(agreements(values)):
        alone = icc(values[:, :, k])
        assert (one.value, one.low, one.high) == pytest.approx((alone.value, alone.low, alone.high))


def test_equal_values_have_none_and_unmoved_ones_agree_fully(rng):
    columns = np.zeros((30, 3, 3))
    columns[:, :, 0] = 1e6 + rng.normal(size=(30, 3)) * 1e-7
    columns[:, :, 1] = rng.normal(size=(30, 1))

    still, same, zero = agreements(columns)

    assert still.value is None
    assert still.reason == zero.reason == "all its values are equal"
    assert (same.value, same.low, same.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("values", [[[1, 2]], [[1], [2]], [1, 2], [[1, np.nan], [2, 3]]])
def test_says_what_it_needs(values):
    with pytest.raises(MetricError, match="at least 2 of each"):
        icc(values)


@pytest.mark.parametrize("size", [2.0**-1000, 5e-324, 2.0**1000])
def test_the_unit_of_a_column_does_not_matter(size):
    values = np.array([[3.0, 2.0], [1.0, 1.0], [5.0, 6.0]])

    assert icc(values * size) == icc(values)
