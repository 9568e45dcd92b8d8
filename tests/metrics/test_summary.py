from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.metrics.made import (
    BINARY,
    CLASSES,
    LABELS,
    MULTI,
    binary_frame,
    multiclass_frame,
    multilabel_frame,
    prior_dummy,
)
from texturekit.errors import MetricError
from texturekit.metrics import roc_auc
from texturekit.metrics.cases import read_cases
from texturekit.metrics.limits import logit
from texturekit.metrics.summary import EXTRAS, METRICS, summarise
from texturekit.metrics.tallies import point_values, tally

KINDS = {
    "binary": (binary_frame, BINARY),
    "multiclass": (multiclass_frame, MULTI),
    "multilabel": (multilabel_frame, LABELS),
}
KEYS = {
    "binary": {"ece_top", "ece_equal_mass", "calibration_slope", "calibration_intercept"},
    "multiclass": {"roc_auc_weighted", "roc_auc_ovo", "precision_weighted", "f1_weighted",
                   "ece_equal_mass"},
    "multilabel": {"ece_top", "ece_equal_mass"},
}  # fmt: skip
every_kind = pytest.mark.parametrize("kind", list(KINDS))


@every_kind
def test_every_metric_has_an_interval_around_it_and_a_name(rng, kind):
    make, task = KINDS[kind]

    metrics = summarise(make(rng), **task)[0]

    assert tuple(metrics) == (*METRICS, *[name for name in EXTRAS if name in KEYS[kind]])
    for name, found in metrics.items():
        assert found.low <= found.value <= found.high, name
        assert found.high - found.low < (2 if name.startswith("calibration") else 0.5), name
        assert found.how, name
        assert found.caution is None, name
        assert found.reason is None, name


@every_kind
def test_the_same_predictions_give_the_same_numbers_in_any_order(rng, kind):
    make, task = KINDS[kind]
    frame = make(rng)

    assert summarise(frame.sample(frac=1, random_state=1), **task) == summarise(frame, **task)


def sklearn_numbers(frame):
    from sklearn import metrics as m

    y, said, p = frame["label"] == "sick", frame["predicted"] == "sick", frame["p.sick"]
    return {
        "roc_auc": m.roc_auc_score(y, p),
        "accuracy": m.accuracy_score(y, said),
        "balanced_accuracy": m.balanced_accuracy_score(y, said),
        "sensitivity": m.recall_score(y, said),
        "specificity": m.recall_score(~y, ~said),
        "precision": m.precision_score(y, said),
        "npv": m.precision_score(~y, ~said),
        "f1": m.f1_score(y, said),
        "mcc": m.matthews_corrcoef(y, said),
        "average_precision": m.average_precision_score(y, p),
        "brier": m.brier_score_loss(y, p),
        "log_loss": m.log_loss(y, p),
    }


def test_two_classes_agree_with_scikit_learn(rng):
    frame = binary_frame(rng, threshold=0.4)
    frame["p.sick"] = frame["p.sick"].round(1)  # ties
    frame["p.well"] = 1 - frame["p.sick"]

    metrics, per_class, confusion = summarise(frame, **BINARY)

    expected = sklearn_numbers(frame)
    assert {name: metrics[name].value for name in expected} == pytest.approx(expected)
    assert per_class == []
    table = pd.crosstab(frame["label"], frame["predicted"]).loc[["sick", "well"], ["sick", "well"]]
    assert confusion == table.to_numpy().tolist()


def test_three_classes_agree_with_scikit_learn(rng):
    from sklearn import metrics as m

    frame = multiclass_frame(rng, 90)
    y, said = frame["label"], frame["predicted"]
    p = frame[[f"p.{c}" for c in CLASSES]].to_numpy()
    hot = np.array([y == c for c in CLASSES]).T
    expected = {
        "roc_auc": m.roc_auc_score(y, p, multi_class="ovr"),
        "accuracy": m.accuracy_score(y, said),
        "balanced_accuracy": m.balanced_accuracy_score(y, said),
        "precision": m.precision_score(y, said, average="macro"),
        "f1": m.f1_score(y, said, average="macro"),
        "mcc": m.matthews_corrcoef(y, said),
        "average_precision": m.average_precision_score(hot, p),
        "brier": np.mean(np.sum((p - hot) ** 2, axis=1)),
        "log_loss": m.log_loss(y, p),
    }

    metrics, per_class, _ = summarise(frame, **MULTI)

    assert {name: metrics[name].value for name in expected} == pytest.approx(expected)
    for one, column, scores in zip(per_class, hot.T, p.T, strict=True):
        assert one.metrics["roc_auc"].value == pytest.approx(m.roc_auc_score(column, scores))
        assert one.metrics["roc_auc"].low == roc_auc(column, scores).low
        assert one.confusion == m.confusion_matrix(y == one.name, said == one.name).tolist()


def test_labels_agree_with_scikit_learn_over_the_known_rows(rng):
    from sklearn import metrics as m

    frame = multilabel_frame(rng)
    areas, recalls = [], []
    for name in CLASSES:
        rows = frame[frame[f"y.{name}"].notna()]
        y, p = rows[f"y.{name}"] == 1, rows[f"p.{name}"]
        areas.append(m.roc_auc_score(y, p))
        recalls.append(m.recall_score(y, p >= 0.5))

    metrics, per_class, confusion = summarise(frame, **LABELS)

    assert metrics["roc_auc"].value == pytest.approx(np.mean(areas))
    assert metrics["sensitivity"].value == pytest.approx(np.mean(recalls))
    assert "mean over 3 labels" in metrics["accuracy"].how
    assert [one.n for one in per_class] == [int(frame[f"y.{c}"].notna().sum()) for c in CLASSES]
    assert confusion is None


def test_one_fold_gives_the_plain_area(rng):
    frame = binary_frame(rng)

    assert summarise(frame, **BINARY)[0]["roc_auc"] == roc_auc(
        frame["label"] == "sick", frame["p.sick"]
    )


def test_folds_are_ranked_one_by_one_and_weighted_by_their_pairs(rng):
    frame = binary_frame(rng, 101, folds=4)
    parts = []
    for _, rows in frame.groupby("fold"):
        y = rows["label"] == "sick"
        parts.append((y.sum() * (~y).sum(), roc_auc(y, rows["p.sick"]).value))
    weights, areas = np.array(parts).T

    found = summarise(frame, **BINARY)[0]["roc_auc"]

    assert found.value == pytest.approx(np.average(areas, weights=weights))
    assert found.how == "DeLong, logit, within 4 folds weighted by pairs"


def test_another_scale_of_scores_in_each_fold_does_not_matter(rng):
    frame = binary_frame(rng, folds=5)
    scaled = frame.copy()
    scaled["p.sick"] = frame["p.sick"] * (frame["fold"] + 1) / 10
    scaled["p.well"] = 1 - scaled["p.sick"]

    before, after = (summarise(f, **BINARY)[0] for f in (frame, scaled))

    assert after["roc_auc"] == before["roc_auc"]
    assert after["average_precision"] == before["average_precision"]


@pytest.mark.parametrize("folds", [1, 5, 20])
@pytest.mark.parametrize("repeats", [1, 3])
def test_a_dummy_that_knows_only_the_prior_gets_exactly_one_half(rng, folds, repeats):
    metrics = summarise(
        prior_dummy(binary_frame(rng, 100, folds=folds, repeats=repeats)), **BINARY
    )[0]

    assert metrics["roc_auc"].value == metrics["roc_auc"].low == metrics["roc_auc"].high == 0.5
    assert metrics["balanced_accuracy"].value == 0.5
    assert metrics["sensitivity"].value == 0
    assert metrics["precision"].value is None
    assert metrics["precision"].reason == "no image was called sick"
    assert metrics["mcc"].value is None
    assert metrics["mcc"].reason == "all images are of one class or were given one"


def test_repeats_are_not_pooled(rng):
    frame = binary_frame(rng, 60, folds=3, repeats=4)
    first = summarise(frame[frame["repeat"] == 0], **BINARY)[0]
    each = [summarise(part, **BINARY)[0] for _, part in frame.groupby("repeat")]

    found = summarise(frame, **BINARY)[0]

    for name in METRICS:
        assert found[name].value == pytest.approx(np.mean([one[name].value for one in each]))
        assert (found[name].low, found[name].high) == (first[name].low, first[name].high)
        assert "mean over 4 repeats, interval from the first" in found[name].how
    assert "Nadeau-Bengio over 12 folds" in found["roc_auc"].how


def test_folds_that_all_agree_have_no_corrected_interval_of_no_width(rng):
    frame = binary_frame(rng, 40, folds=2, repeats=2, gain=40)

    area = summarise(frame, **BINARY)[0]["roc_auc"]

    assert area.value == 1
    assert area.low < 1
    assert "Nadeau-Bengio" not in area.how


def test_several_images_a_patient_are_said_and_widen_the_intervals(rng):
    frame = binary_frame(rng, 50, images=4, folds=2)
    alone = frame.assign(group=frame["id"])

    found, plain = summarise(frame, **BINARY)[0], summarise(alone, **BINARY)[0]

    shares = ("accuracy", "sensitivity", "specificity", "precision", "npv")
    means = ("roc_auc", "balanced_accuracy", "f1", "average_precision", "brier", "log_loss")
    for name in (*means, *shares, "calibration_slope", "calibration_intercept"):
        ratio = (found[name].high - found[name].low) / (plain[name].high - plain[name].low)
        assert 1.2 < ratio < 2.2, name
    assert found["roc_auc"].how.startswith(
        "Obuchowski (small-sample variance), logit, within 2 folds"
    )
    assert found["accuracy"].how == "Wilson, clustered by group (effective sample size)"
    assert "patient-cluster bootstrap" in found["f1"].how


def test_copies_of_all_images_change_no_clustered_interval(rng):
    frame = binary_frame(rng, 60, folds=3)
    copies = pd.concat([frame.assign(id=frame["id"] + f".{i}") for i in range(3)])

    one, many = summarise(frame, **BINARY)[0], summarise(copies, **BINARY)[0]

    for name in (*METRICS, "ece_top", "calibration_slope", "calibration_intercept"):
        expected = (one[name].low, one[name].value, one[name].high)
        found = (many[name].low, many[name].value, many[name].high)
        assert found == pytest.approx(expected, rel=1e-6), name


def test_the_bootstrap_agrees_with_redrawing_the_rows(rng):
    frame = binary_frame(rng, 80)
    found = summarise(frame, **BINARY)[0]
    sick, well = (np.flatnonzero(frame["label"] == name) for name in ("sick", "well"))
    drawn = []
    for _ in range(1000):
        rows = np.concatenate([rng.choice(sick, len(sick)), rng.choice(well, len(well))])
        part = frame.iloc[rows].assign(id=range(80))
        drawn.append(point_values(tally(read_cases(part, **BINARY)[0]))[0])

    for name in ("f1", "mcc", "balanced_accuracy", "average_precision", "ece"):
        values = [one[name][0] for one in drawn]
        low, high = np.quantile(values, (0.025, 0.975))
        if name in ("average_precision", "ece"):
            low, high = (found[name].value + sign * 1.96 * np.std(values) for sign in (-1, 1))
        if name == "average_precision":
            low, high = logit(found[name].value, np.std(values))
        assert (found[name].low, found[name].high) == pytest.approx((low, high), abs=0.025), name


def test_folds_with_a_single_positive_borrow_the_spread_of_the_others(rng):
    frame = binary_frame(rng, 60, folds=3)
    lone = (frame["fold"] == 0) & (frame["label"] == "sick")
    keep = frame.drop(frame.index[lone][1:])

    found = summarise(keep, **BINARY)[0]["roc_auc"]

    assert found.low < found.value < found.high


def test_folds_without_pairs_are_left_out_and_counted(rng):
    frame = binary_frame(rng, 60, folds=3)
    keep = frame[(frame["fold"] != 0) | (frame["label"] == "well")]

    found = summarise(keep, **BINARY)[0]["roc_auc"]

    assert "within 2 of 3 folds" in found.how


def test_leaving_one_image_out_leaves_nothing_to_rank(rng):
    frame = binary_frame(rng, 30)
    frame["fold"] = range(30)

    metrics = summarise(frame, **BINARY)[0]

    assert metrics["roc_auc"].value is None
    assert metrics["roc_auc"].reason == "no fold holds images of sick and others"
    assert metrics["accuracy"].value is not None


def test_decisions_are_taken_as_they_were_made(rng):
    frame = binary_frame(rng, threshold=0.7)

    found = summarise(frame, **BINARY)[0]["sensitivity"].value

    sick = frame[frame["label"] == "sick"]
    assert found == pytest.approx((sick["p.sick"] >= 0.7).mean())


def test_a_missing_class_is_left_out_of_the_mean_and_named(rng):
    frame = multiclass_frame(rng)
    frame = frame[frame["label"] != "c"]

    metrics, per_class, _ = summarise(frame, **MULTI)

    assert "mean over 2 of 3 classes (a, b)" in metrics["roc_auc"].how
    assert "mean over 2 of 3 classes (a, b)" in metrics["sensitivity"].how
    assert per_class[2].metrics["roc_auc"].value is None
    assert per_class[2].metrics["roc_auc"].reason == "there is no image of c"
    assert per_class[2].metrics["sensitivity"].value is None


def test_a_class_that_is_never_predicted_has_no_precision(rng):
    frame = multiclass_frame(rng)
    frame["predicted"] = frame["predicted"].replace("c", "a")

    metrics, per_class, _ = summarise(frame, **MULTI)

    assert metrics["precision"].value is None
    assert metrics["precision"].reason == "undefined for c: no image was called it"
    assert per_class[2].metrics["precision"].reason == "no image was called c"
    assert metrics["f1"].value is not None


def test_an_untrained_label_is_left_out_and_named(rng):
    frame = multilabel_frame(rng)
    frame["p.b"] = np.nan

    metrics, per_class, _ = summarise(frame, **LABELS)

    for name in METRICS:
        assert "mean over 2 of 3 labels (a, c)" in metrics[name].how, name
    assert per_class[1].n == 0
    assert per_class[1].metrics["roc_auc"].value is None
    assert "was not predicted" in per_class[1].metrics["roc_auc"].reason


def test_a_label_without_positives_is_left_out_and_named(rng):
    frame = multilabel_frame(rng)
    frame["y.b"] = frame["y.b"].where(frame["y.b"].isna(), 0.0)

    metrics, per_class, _ = summarise(frame, **LABELS)

    assert "mean over 2 of 3 labels (a, c)" in metrics["roc_auc"].how
    assert per_class[1].metrics["roc_auc"].reason == "there is no image of b"
    assert per_class[1].metrics["specificity"].value is not None


def test_one_class_only_has_an_accuracy_and_reasons(rng):
    frame = binary_frame(rng)
    metrics = summarise(frame[frame["label"] == "well"], **BINARY)[0]

    assert metrics["accuracy"].value is not None
    for name in ("roc_auc", "sensitivity", "balanced_accuracy", "mcc", "average_precision"):
        assert metrics[name].value is None, name
        assert metrics[name].reason, name


def test_a_perfect_method_has_an_area_interval_with_a_width(rng):
    frame = binary_frame(rng, gain=40, folds=5)
    metrics = summarise(frame, **BINARY)[0]

    assert metrics["roc_auc"].value == 1
    assert metrics["roc_auc"].low < 1
    assert metrics["f1"].value == 1
    assert metrics["f1"].low is None
    assert "all 2000 bootstrap draws give this value" in metrics["f1"].reason


def test_one_patient_in_ten_thousand_is_scored(rng):
    frame = binary_frame(rng, 300)
    frame["label"] = np.where(np.arange(300) == 7, "sick", "well")

    metrics = summarise(frame, **BINARY)[0]

    assert metrics["roc_auc"].value is not None
    for name in ("roc_auc", "f1", "sensitivity", "average_precision", "ece", "calibration_slope"):
        assert metrics[name].low is metrics[name].high is None, name
        assert metrics[name].reason == "not estimable: 1 image of sick", name
    assert metrics["specificity"].low is not None
    assert metrics["accuracy"].caution == "few cases: 1 image of sick"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"p.sick": np.nan}, "probabilities of 'i0000', 'i0001', .* and 95 more are missing"),
        ({"p.sick": 3.2}, "not between 0 and 1; were logits given"),
        ({"p.sick": 0.1, "p.well": 0.1}, "do not sum to 1"),
        ({"predicted": "ill"}, "'predicted' holds 'ill', which is none of the classes sick, well"),
        ({"label": None}, "'label' holds None"),
        ({"split": "val"}, "no row with split 'test'"),
        ({"id": "same"}, "image 'same' is tested twice in one repeat"),
    ],
)
def test_says_what_is_wrong_with_the_predictions(rng, change, text):
    with pytest.raises(MetricError, match=text):
        summarise(binary_frame(rng).assign(**change), **BINARY)


def test_refuses_rows_of_two_methods_and_an_unknown_positive_class(rng):
    both = pd.concat([binary_frame(rng), binary_frame(rng, method="n")])

    with pytest.raises(MetricError, match="several methods"):
        summarise(both, **BINARY)
    with pytest.raises(MetricError, match="'ill' is none of sick, well"):
        summarise(binary_frame(rng), **{**BINARY, "positive": "ill"})
