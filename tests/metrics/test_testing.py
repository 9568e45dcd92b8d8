from __future__ import annotations

import numpy as np
import pytest

from texturekit.errors import MetricError
from texturekit.metrics import holm, mcnemar, mcnemar_bounds, nadeau_bengio, proportion
from texturekit.metrics.testing import corrected_resampled


def decisions(both, only_a, only_b, neither):
    """Return truth and two decisions with this table of right and wrong."""
    a = [1] * (both + only_a) + [0] * (only_b + neither)
    b = [1] * both + [0] * only_a + [1] * only_b + [0] * neither
    return np.ones(len(a), int), np.array(a), np.array(b)


@pytest.mark.parametrize(
    ("table", "p"),
    [  # statsmodels 0.15.0 tests/test_nonparametric.py (Vassar College, R mcnemar.test)
        ((101, 121, 59, 33), 4.434449263755e-06),
        ((101, 70, 59, 33), 0.378688),
        ((101, 30, 60, 33), 0.00206),
        ((101, 10, 10, 33), 1.0),
    ],
)
def test_mcnemar_gives_the_published_p(table, p):
    assert mcnemar(*decisions(*table)).p == pytest.approx(p, abs=1e-6)


def test_mcnemar_gives_the_difference_of_the_accuracies(rng):
    y, a, b = (rng.integers(0, 3, 50) for _ in range(3))

    found, turned = mcnemar(y, a, b), mcnemar(y, b, a)

    assert found.value == pytest.approx(np.mean(a == y) - np.mean(b == y))
    assert found.low < found.value < found.high
    assert (turned.value, turned.p) == (-found.value, found.p)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


def test_newcombes_interval_has_a_width_without_discordant_images():
    found = mcnemar(*decisions(30, 0, 0, 3))

    assert (found.value, found.p) == (0, 1)
    assert found.low < 0 < found.high


def test_newcombes_interval_covers_the_true_difference(rng):
    # 300 sets of 80 images, accuracies .8 and .7; nominal 95%
    cells = rng.multinomial(80, (0.65, 0.15, 0.05, 0.15), size=300)

    inside = [(f := mcnemar(*decisions(*map(int, cell)))).low <= 0.1 <= f.high for cell in cells]

    assert 0.92 <= np.mean(inside) <= 0.985


def test_images_of_one_patient_widen_the_interval_of_the_accuracies():
    y, a, b = decisions(20, 8, 2, 10)
    groups = np.repeat(np.arange(40), 5)

    once = mcnemar(y, a, b, np.arange(40))
    many = mcnemar(*(np.repeat(x, 5) for x in (y, a, b)), groups)

    assert many.value == once.value
    assert many.high - many.low == pytest.approx(once.high - once.low, rel=0.1)
    assert many.p == pytest.approx(once.p)
    assert many.how.startswith("McNemar by patient permutation (exact), mid-p ")
    assert many.how.endswith("interval Wald, clustered by group")


def test_one_patient_alone_gives_no_interval():
    found = mcnemar([1, 1, 0], [1, 0, 0], [0, 0, 0], ["p"] * 3)

    assert found.low is None
    assert "one group" in found.reason


def test_chi_square_would_count_images_of_a_patient_as_independent():
    with pytest.raises(MetricError, match="'chi2' counts images as independent"):
        mcnemar([1, 1, 0], [1, 0, 0], [0, 0, 0], ["p", "p", "q"], test="chi2")
    with pytest.raises(MetricError, match="choose one of exact, mid-p"):
        mcnemar([1, 1, 0], [1, 0, 0], [0, 0, 0], test="t")


def test_two_accuracies_alone_bound_p():
    found = mcnemar_bounds(40, 30, 26)
    tables = [(both, 30 - both, 26 - both, both - 16) for both in range(16, 27)]
    p = [mcnemar(*decisions(*table)).p for table in tables]

    assert (found.smallest, found.largest) == (pytest.approx(min(p)), pytest.approx(max(p)))
    with pytest.raises(MetricError, match="41 and 26 of 40"):
        mcnemar_bounds(40, 41, 26)


def test_mcnemar_refuses_lists_of_other_lengths():
    with pytest.raises(MetricError, match=r"\(3,\), \(2,\) and \(3,\)"):
        mcnemar([1, 1, 0], [1, 0], [0, 0, 0])


def test_holm_gives_the_published_row():
    # statsmodels tests/test_multi.py res_multtest3 (R multtest mt.rawp2adjp)
    p = [0.001, 0.002, 0.003, 0.004, 0.005, 0.05, 0.06, 0.07, 0.08, 0.09]

    assert holm(p) == pytest.approx([0.01, 0.018, 0.024, 0.028, 0.03] + [0.25] * 5)


def test_holm_keeps_the_order_and_passes_missing_tests_through():
    assert holm([0.04, None, 0.01]) == [0.04, None, 0.02]
    assert holm([None]) == [None]
    assert holm([]) == []


@pytest.mark.parametrize("bad", [-0.1, 1.2, float("nan")])
def test_holm_refuses_what_is_no_p_value(bad):
    with pytest.raises(MetricError, match="is no p value"):
        holm([0.5, bad])


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17, 857-872, table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_newcombes_table(k, n, low, high):
    found = proportion(k, n)

    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_clopper_pearson_is_the_option():
    # R binom.confint, in statsmodels 0.15.0 results_proportion.py
    found = proportion(18, 20, interval="exact")

    assert (found.low, found.high) == pytest.approx((0.6830172859809176, 0.9876514728297052))
    assert found.how == "Clopper-Pearson"


def test_nothing_counted_is_no_share():
    found = proportion(0, 0)

    assert found.value is None
    assert "0 of 0" in found.reason


@pytest.mark.parametrize(("k", "n"), [(3, 2), (-1, 5), (1.5, 5)])
def test_refuses_what_is_no_share(k, n):
    with pytest.raises(MetricError, match="is no share"):
        proportion(k, n)


def test_repeated_folds_have_a_larger_error_than_independent_ones():
    values = np.array([0.1, 0.3, 0.2, 0.0])

    mean, error, degrees = corrected_resampled(values, 0.25)

    assert (mean, degrees) == (pytest.approx(0.15), 3)
    assert error == pytest.approx(np.sqrt((1 / 4 + 0.25) * values.var(ddof=1)))
    assert corrected_resampled(values[:1], 0.25) is None


def test_nadeau_and_bengio_test_a_mean_over_folds():
    from scipy.stats import t

    values = np.array([0.1, 0.3, 0.2, 0.0])
    found, error = nadeau_bengio(values, 0.25), np.sqrt(0.5 * values.var(ddof=1))

    assert (found.value, found.statistic) == pytest.approx((0.15, 0.15 / error))
    assert found.p == pytest.approx(2 * t.sf(0.15 / error, 3))
    assert (found.low, found.high) == pytest.approx(0.15 + error * np.array(t.interval(0.95, 3)))
    assert nadeau_bengio([0, 0, 0], 0.25).p == 1
    assert "no variance" in nadeau_bengio([0.1, 0.1], 0.25).reason


@pytest.mark.parametrize(
    ("values", "share", "words"),
    [([0.1], 0.25, "two or more"), ([0.1, np.nan], 0.25, "finite"), ([0.1, 0.2], 0, "1/4")],
)
def test_nadeau_and_bengio_refuse_what_cannot_be_tested(values, share, words):
    with pytest.raises(MetricError, match=words):
        nadeau_bengio(values, share)
