from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.metrics.made import (
    BINARY,
    LABELS,
    MULTI,
    binary_frame,
    multiclass_frame,
    multilabel_frame,
    prior_dummy,
)
from texturekit.errors import MetricError
from texturekit.metrics import compare_roc_auc, holm, mcnemar
from texturekit.metrics.verdicts import compare_methods


def pair(rng, **layout):
    """Return predictions of a good and a poor method on the same images."""
    gains = {"good": 3.0, "poor": 0.3}
    frames = [binary_frame(rng, gain=g, method=m, **layout) for m, g in gains.items()]
    return pd.concat(frames, ignore_index=True)


def compare(frame, reference="poor", task=BINARY, **more):
    names = list(dict.fromkeys(frame["method"]))
    return compare_methods(frame, names, reference=reference, **task, **more)


def test_numbers_are_those_of_the_public_tests(rng):
    frame = pair(rng)
    good, poor = (frame[frame["method"] == m] for m in ("good", "poor"))
    y = (good["label"] == "sick").to_numpy()
    area = compare_roc_auc(y, good["p.sick"], poor["p.sick"])
    share = mcnemar(good["label"], good["predicted"], poor["predicted"])

    found = compare(frame)

    assert [(c.a, c.b, c.metric) for c in found] == [
        ("good", "poor", "roc_auc"),
        ("good", "poor", "accuracy"),
    ]
    assert (found[0].difference, found[0].low, found[0].p) == (area.value, area.low, area.p)
    assert (found[1].difference, found[1].low, found[1].p) == (share.value, share.low, share.p)
    assert [c.p_holm for c in found] == holm([area.p, share.p])


def test_a_real_difference_is_said_in_plain_words(rng):
    found = compare(pair(rng, n=150, folds=5))[0]

    assert found.verdict == "a_better"
    assert found.sentence.startswith("good is better than poor: AUC +0.")
    assert found.sentence.endswith("], p (Holm) < .001, one set of splits.")
    assert "; with other training images [0." in found.sentence
    assert found.how == (
        "paired DeLong, within 5 folds weighted by pairs; Holm over 2 tests; in general: variance "
        "of the test on the test images x 2.25 for the training images that folds share "
        "(Nadeau-Bengio)"
    )


def test_the_better_one_comes_first_in_the_sentence(rng):
    found = compare(pair(rng, n=150), reference="good")[0]

    assert (found.a, found.b, found.verdict) == ("poor", "good", "b_better")
    assert found.difference < 0
    assert found.sentence.startswith("good is better than poor: AUC +0.")
    assert found.sentence.endswith(", for the models trained here, one set of splits.")
    assert found.general is None  # a holdout says nothing of other training images
    assert found.p_general_holm is None


def test_no_difference_is_never_called_equal(rng):
    frame = binary_frame(rng)
    found = compare(pd.concat([frame.assign(method="x"), frame.assign(method="poor")]))

    for one in found:
        assert (one.verdict, one.p_holm) == ("no_difference_shown", 1)
        assert one.sentence.startswith("No difference shown between x and poor: ")
        assert "equal" not in one.sentence
    assert "AUC +0.000 [0.000, 0.000], p (Holm) = 1" in found[0].sentence


def test_against_a_dummy_only_the_method_varies(rng):
    frame = binary_frame(rng, 120, folds=5, method="x")
    found = compare(pd.concat([frame, prior_dummy(frame)]), reference="majority/dummy")[0]

    assert found.verdict == "a_better"
    assert found.b == "majority/dummy"


def test_all_meet_the_reference_and_the_leader_meets_all(rng):
    gains = {"low": 0.2, "mid": 1.0, "top": 3.0, "ref": 0.5}
    frame = pd.concat([binary_frame(rng, gain=g, method=m) for m, g in gains.items()])

    found = compare(frame, reference="ref")

    pairs = [(c.a, c.b) for c in found if c.metric == "roc_auc"]
    assert pairs == [("low", "ref"), ("mid", "ref"), ("top", "ref"), ("top", "low"), ("top", "mid")]
    assert all(c.how.endswith("Holm over 10 tests") for c in found)


def test_a_failed_reference_leaves_the_leader(rng):
    found = compare(pair(rng), reference="gone")

    assert {(c.a, c.b) for c in found} == {("good", "poor")}


def test_an_unknown_leader_is_named(rng):
    with pytest.raises(MetricError, match="leader 'gone'"):
        compare(pair(rng), leader="gone")


def test_five_repeats_have_to_agree_in_sign(rng):
    frame = pair(rng, n=150, folds=2, repeats=5)
    found = compare(frame)[0]
    # in the last two repeats the two methods change names: 3 of 5 agree with the first
    late = frame["repeat"] > 2
    swapped = frame.assign(
        method=np.where(
            late, frame["method"].map({"good": "poor", "poor": "good"}), frame["method"]
        )
    )
    torn = compare(swapped, leader="good")[0]

    assert found.verdict == "a_better"
    assert found.sentence.endswith("same sign in 5 of 5 repeats.")
    assert "interval and p from the first" in found.how
    assert torn.p_holm < 0.05
    assert min(torn.low, torn.difference) > 0
    assert torn.verdict == "no_difference_shown"


@pytest.mark.parametrize("repeats", [2, 4])
def test_a_few_repeats_are_counted(rng, repeats):
    found = compare(pair(rng, n=100, folds=2, repeats=repeats))[0]

    assert found.sentence.endswith(f", {repeats} sets of splits.")


def test_the_larger_value_comes_first_where_no_difference_is_shown_and_minus_is_true(rng):
    frames = [binary_frame(rng, 40, gain=g, method=m) for m, g in (("poor", 1), ("good", 1.4))]
    found = compare(pd.concat(frames), reference="good")[0]

    assert found.verdict == "no_difference_shown"
    assert found.a == "poor"
    assert found.difference < 0 < found.high
    low, high = (f"{x:.2f}".replace("-", "\N{MINUS SIGN}") for x in (-found.high, -found.low))
    assert found.sentence.startswith("No difference shown between good and poor: AUC +0.")
    assert f"[{low}, {high}]" in found.sentence
    assert low.startswith("\N{MINUS SIGN}")


def test_a_mean_outside_the_first_interval_is_said(rng):
    frame = pair(rng, n=150, folds=2, repeats=5)
    late = frame["repeat"] > 0
    names = frame["method"].map({"good": "poor", "poor": "good"})
    found = compare(frame.assign(method=frame["method"].where(~late, names)), leader="good")[0]

    assert not found.low <= found.difference <= found.high
    assert "interval and p from the first, around its own +0." in found.how


def test_a_class_with_too_few_images_is_named(rng):
    frame = multiclass_frame(rng)
    frame = frame[(frame["label"] != "c") | (frame["id"] == "i0002")]
    other = multiclass_frame(rng, method="n")
    found = compare(pd.concat([frame, other[other["id"].isin(frame["id"])]]), "n", task=MULTI)[0]

    reason = (
        "fewer than 2 images of c, or of others, in every fold: no variance; ask for fewer folds "
        "or take more images"
    )
    assert found.sentence == f"Not testable: m against n on AUC, because {reason}."


def test_other_images_cannot_be_compared(rng):
    frame = pair(rng)
    found = compare(frame.drop(frame.index[frame["method"] == "poor"][:3]))

    for one in found:
        assert one.verdict == "not_testable"
        assert one.p_holm is None
        assert "not tested on the same images" in one.sentence


def test_several_classes_are_compared_by_their_mean_area(rng):
    gains = {"good": 2.5, "poor": 0.3}
    frames = [multiclass_frame(rng, gain=g, method=m, folds=2) for m, g in gains.items()]
    found = compare(pd.concat(frames), task=MULTI)

    assert [c.verdict for c in found] == ["a_better", "a_better"]
    assert found[0].how.startswith("mean over 3 classes, influence values, paired DeLong")


def test_labels_are_compared_by_their_mean_area_and_not_by_accuracy(rng):
    good = multilabel_frame(rng, method="good")
    poor = good.assign(method="poor", **{f"p.{c}": rng.random(len(good)) for c in "abc"})
    found = compare(pd.concat([good, poor]), task=LABELS)

    assert [c.verdict for c in found] == ["a_better", "not_testable"]
    assert "no exact McNemar" in found[1].sentence
    assert found[0].how.endswith("Holm over 1 test")


def test_labels_that_one_method_lacks_are_left_out_for_both(rng):
    good = multilabel_frame(rng, method="good")
    poor = good.assign(method="poor", **{"p.b": np.nan})

    found = compare(pd.concat([good, poor]), task=LABELS)[0]

    assert found.difference == 0
    assert "mean over 2 of 3 labels (a, c)" in found.how


def test_a_lucky_comparison_stays_rare(rng):
    # 150 pairs of methods that are alike; Holm over two tests, nominal level .05
    better = 0
    for _ in range(150):
        frames = [binary_frame(rng, 60, method=m) for m in ("good", "poor")]
        better += compare(pd.concat(frames))[0].verdict != "no_difference_shown"

    assert better <= 14


def test_in_general_the_variance_is_that_of_nadeau_and_bengio(rng):
    found = compare(pair(rng, n=150, folds=5))

    for one in found:
        reach = one.general.high - one.general.value
        assert reach == pytest.approx(1.959964 * one.general.error)
        assert one.general.value == one.difference
        assert one.p < one.general.p
    area = found[0]
    assert (area.high - area.difference) * 1.5 == pytest.approx(
        area.general.high - area.difference
    )  # 1 + 5 / 4 = 2.25
    assert [c.p_general_holm for c in found] == holm([c.general.p for c in found])


def test_what_other_training_images_might_change_is_no_difference_shown(rng):
    # of 40 pairs of methods some differ on their test images, but not by enough
    torn = []
    for _ in range(40):
        frames = [binary_frame(rng, 100, folds=5, gain=g, method=m) for g, m in
                  ((2.2, "good"), (1.2, "poor"))]  # fmt: skip
        one = compare(pd.concat(frames))[0]
        if one.p_holm < 0.05 < one.p_general_holm and one.low > 0:
            torn.append(one)

    assert torn
    for one in torn:
        assert one.verdict == "no_difference_shown"
        assert one.sentence.startswith("No difference shown between good and poor: AUC +0.")
        assert " on these test images, but with other training images [" in one.sentence


def test_repeats_are_tested_around_their_mean_and_by_nadeau_and_bengio(rng):
    found = compare(pair(rng, n=150, folds=2, repeats=5))

    for one in found:
        assert one.general.value == one.difference
        assert "x 3.00" in one.general.how
        assert "around the mean of 5 repeats; Nadeau-Bengio over 10 folds t " in one.general.how


def test_the_fold_gaps_are_those_of_the_folds(rng):
    from texturekit.metrics.cases import read_cases
    from texturekit.metrics.training_chance import _fold_gaps

    frame = pair(rng, n=60, folds=3)
    sets = [read_cases(frame[frame["method"] == name], **BINARY)[0] for name in ("good", "poor")]
    expected = []
    for _, fold in frame.groupby("fold"):
        good, poor = (fold[fold["method"] == m] for m in ("good", "poor"))
        y = (good["label"] == "sick").to_numpy()
        expected.append(compare_roc_auc(y, good["p.sick"], poor["p.sick"]).value)

    assert _fold_gaps(*sets, area=True) == pytest.approx(expected)


def test_areas_of_several_images_a_patient_are_tested_by_t(rng):
    from scipy.stats import t

    frame = pair(rng, n=40, images=3)
    good, poor = (frame[frame["method"] == m] for m in ("good", "poor"))
    y = (good["label"] == "sick").to_numpy()
    z = compare_roc_auc(y, good["p.sick"], poor["p.sick"], good["group"], test="delong")
    least = min(good["group"][y].nunique(), good["group"][~y].nunique()) - 1

    found = compare(frame)

    assert found[0].p == pytest.approx(2 * t.sf(abs(z.statistic), least))
    assert found[0].high - found[0].low > z.high - z.low
    assert f"(Obuchowski), t with {least} degrees of freedom" in found[0].how
    assert found[1].how.startswith("McNemar by patient permutation (exact)")
