from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from tests.metrics.made import BINARY, MULTI, binary_frame, multiclass_frame
from texturekit.metrics import compare_roc_auc
from texturekit.metrics.pairs import all_pairs
from texturekit.metrics.testing import holm
from texturekit.metrics.verdicts import compare_methods

NAMES = ["k", "l", "m", "n"]


def four(rng, **how):
    frames = [
        binary_frame(rng, 60, gain=gain, method=name, **how)
        for name, gain in zip(NAMES, (0.2, 1, 1.5, 3), strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


def test_every_pair_is_there_once_in_the_order_of_the_methods(rng):
    found = all_pairs(four(rng), NAMES, [], **BINARY)

    assert [(one.a, one.b) for one in found] == list(combinations(NAMES, 2))
    assert not any(one.declared for one in found)
    assert {one.p_holm for one in found} == {None}


def test_a_pair_is_the_paired_delong_difference(rng):
    frame = four(rng)
    one = all_pairs(frame, NAMES, [], **BINARY)[1]
    scores = [frame.loc[frame["method"] == m, "p.sick"] for m in ("k", "m")]
    y = frame.loc[frame["method"] == "k", "label"] == "sick"

    wanted = compare_roc_auc(y, *scores)

    assert (one.difference, one.low, one.high) == pytest.approx(
        (wanted.value, wanted.low, wanted.high)
    )


@pytest.mark.parametrize("how", [{"folds": 3, "repeats": 3}, {"images": 3}], ids=str)
def test_declared_pairs_agree_with_their_comparison(rng, how):
    frame = four(rng, **how)
    tests = compare_methods(frame, NAMES, reference="l", **BINARY)

    found = {frozenset((one.a, one.b)): one for one in all_pairs(frame, NAMES, tests, **BINARY)}

    areas = [test for test in tests if test.metric == "roc_auc"]
    assert sum(one.declared for one in found.values()) == len(areas) == 5
    for test in areas:
        pair = found[frozenset((test.a, test.b))]
        sign = 1 if pair.a == test.a else -1
        assert pair.declared
        assert pair.p_holm == test.p_holm
        assert pair.difference == pytest.approx(sign * test.difference)
        limits = sorted((sign * test.low, sign * test.high))
        assert [pair.low, pair.high] == pytest.approx(limits)


def test_other_images_give_a_reason(rng):
    frame = four(rng)
    frame = frame[(frame["method"] != "n") | (frame["id"] != "i0003")]

    found = all_pairs(frame, NAMES, [], **BINARY)[-1]

    assert found.difference is None
    assert found.reason == "they were not tested on the same images"


def test_all_pairs_can_be_tested_and_holm_goes_over_them(rng):
    frame = four(rng)

    few = compare_methods(frame, NAMES, reference="l", **BINARY)
    every = compare_methods(frame, NAMES, reference="l", every=True, **BINARY)

    assert [(c.a, c.b, c.metric) for c in every[: len(few)]] == [(c.a, c.b, c.metric) for c in few]
    pairs = {frozenset((c.a, c.b)) for c in every}
    assert pairs == {frozenset(pair) for pair in combinations(NAMES, 2)}
    assert len(every) == 2 * len(pairs)
    assert [c.p_holm for c in every] == holm([c.p for c in every])
    assert "Holm over 12 tests" in every[0].how
    assert all(one.declared for one in all_pairs(frame, NAMES, every, **BINARY))


def test_classes_are_meaned(rng):
    frame = pd.concat([multiclass_frame(rng, method=m) for m in ("a", "b")])

    (one,) = all_pairs(frame, ["a", "b"], [], **MULTI)

    assert np.isfinite([one.difference, one.low, one.high]).all()
