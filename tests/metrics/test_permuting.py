from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, norm, rankdata

from texturekit.errors import MetricError
from texturekit.metrics import compare_roc_auc, mcnemar, permuting, roc_auc
from texturekit.metrics.areas import measure_area
from texturekit.metrics.permuting import area_gains, counted_signs, random_signs


def all_signs(gains):
    """Return the two-sided p and mid-p by looking at every pattern of signs."""
    sums = np.abs(np.array([np.dot(s, gains) for s in product([1, -1], repeat=len(gains))]))
    seen = abs(np.sum(gains))
    same = np.isclose(sums, seen)
    return np.mean((sums > seen) | same), np.mean((sums > seen) & ~same) + np.mean(same) / 2


def test_one_image_a_patient_is_mcnemars_exact_test():
    gains = np.repeat([1, -1, 0], [9, 3, 5])

    p, _, how = counted_signs(gains)

    assert (p, how) == (pytest.approx(binomtest(3, 12).pvalue), "exact")


@pytest.mark.parametrize("seed", range(4))
def test_whole_numbers_are_counted_exactly(seed):
    gains = np.random.default_rng(seed).integers(-4, 5, 10)

    assert counted_signs(gains)[:2] == pytest.approx(all_signs(gains))


def test_what_is_too_long_to_count_is_drawn(monkeypatch):
    gains = np.random.default_rng(0).integers(-3, 5, 40)
    exact = counted_signs(gains)
    monkeypatch.setattr(permuting, "_WORK", 10)

    p, mid, how = counted_signs(gains)

    assert how == "9,999 draws"
    assert (p, mid) == (pytest.approx(exact[0], abs=0.02), pytest.approx(exact[1], abs=0.02))


def test_few_patients_are_enumerated_and_many_drawn():
    gains = np.random.default_rng(1).normal(0.3, 1, 12)
    more = np.random.default_rng(2).normal(0.1, 1, 60)

    assert random_signs(gains) == (pytest.approx(all_signs(gains)[0]), "exact")
    p, how = random_signs(more)
    assert how == "9,999 draws"
    assert p * 10_000 == pytest.approx(round(p * 10_000))  # (1 + count) / (1 + draws)
    # the normal limit of the permutation distribution
    z = more.sum() / np.sqrt(np.sum(more**2))
    assert p == pytest.approx(2 * norm.sf(abs(z)), abs=0.02)


def test_patients_without_a_difference_say_nothing():
    assert counted_signs(np.zeros(4, int)) == (1.0, 0.5, "exact")
    assert random_signs(np.zeros(4)) == (1.0, "exact")


def test_the_gains_give_every_mixture_of_two_methods(rng):
    y, fold, group = rng.random(24) < 0.5, np.arange(24) % 2, np.arange(24) // 4
    scores = [rng.integers(0, 6, 24) + 1.0 * y, rng.normal(size=24)]
    args = np.ones((24, 1), bool), fold, group
    gains = area_gains(*(measure_area(y[:, None], s[:, None], *args) for s in scores))
    ranks = [np.zeros(24), np.zeros(24)]
    for rank, score in zip(ranks, scores, strict=True):
        for f in (0, 1):
            rank[fold == f] = rankdata(score[fold == f])

    for swap in product([0, 1], repeat=6):
        swapped = np.array(swap)[group] == 1
        mixed = np.where(swapped, ranks[1], ranks[0]), np.where(swapped, ranks[0], ranks[1])
        one, two = (measure_area(y[:, None], s[:, None], *args).value for s in mixed)
        assert one - two == pytest.approx(np.dot(1 - 2 * np.array(swap), gains))


def test_the_permutation_is_offered_for_areas(rng):
    y = np.repeat(rng.random(40) < 0.5, 3)
    groups = np.repeat(np.arange(40), 3)
    a, b = y + rng.normal(size=120), y + rng.normal(size=120)
    z, found = (compare_roc_auc(y, a, b, groups, test=test) for test in ("delong", "permutation"))

    assert found.value == pytest.approx(roc_auc(y, a).value - roc_auc(y, b).value)
    assert found.p == pytest.approx(z.p, abs=0.06)
    assert found.how.startswith("patient permutation of ranks (9,999 draws); interval paired")
    assert compare_roc_auc(y, a * 1000, b, groups, test="permutation").p == found.p


def test_copies_of_images_change_no_p(rng):
    y = rng.random(30) < 0.5
    a, b = y + rng.normal(size=30), y + rng.normal(size=30)
    thrice = [np.repeat(x, 3) for x in (y, a, b, np.arange(30))]

    once = compare_roc_auc(y, a, b, test="permutation").p
    assert compare_roc_auc(*thrice, test="permutation").p == once
    assert mcnemar(thrice[0], thrice[1] > 0.5, thrice[2] > 0.5, thrice[3]).p == pytest.approx(
        mcnemar(y, a > 0.5, b > 0.5).p
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"test": "bootstrap"}, "choose 'delong'"),
        ({"test": "permutation", "alternative": "less"}, "two-sided"),
        ({"alternative": "larger"}, "choose 'two-sided'"),
    ],
)
def test_unknown_tests_are_refused(more, words):
    with pytest.raises(MetricError, match=words):
        compare_roc_auc([0, 1], [0.1, 0.2], [0.2, 0.4], **more)
