"""Intervals of whatever is redrawn: around the value, or None with the reason."""

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
from texturekit.metrics.summary import summarise

KINDS = {
    "binary": (binary_frame, BINARY),
    "multiclass": (multiclass_frame, MULTI),
    "multilabel": (multilabel_frame, LABELS),
}
every_kind = pytest.mark.parametrize("kind", list(KINDS))


def random_cases(seed):
    """Return predictions of every kind in some layouts: folds, patients, rare classes."""
    rng = np.random.default_rng(seed)
    gain = rng.choice([0.0, 1.0, 4.0])
    layout = {"folds": int(rng.integers(1, 6)), "images": int(rng.integers(1, 4))}
    n = int(rng.integers(12, 90))
    rare = multiclass_frame(rng, n, gain=gain, **layout)
    labels = multilabel_frame(rng, n).assign(fold=np.arange(n) % layout["folds"])
    labels["group"] = [f"p{i // layout['images']}" for i in range(n)]
    yield binary_frame(rng, n, gain=gain, seed=seed, **layout), BINARY
    yield multiclass_frame(rng, n, gain=gain, **layout), MULTI
    yield rare[(rare["label"] != "c") | (rng.random(len(rare)) < 0.15)], MULTI
    yield labels, LABELS


@pytest.mark.parametrize("seed", range(25))
def test_no_interval_leaves_its_value_out(seed):
    for frame, task in random_cases(seed):
        metrics, per_class, _ = summarise(frame, **task)
        for name, found in [*metrics.items(), *(x for c in per_class for x in c.metrics.items())]:
            if found.low is not None:
                assert found.low <= found.value <= found.high, (task["kind"], name, found)
                if name.startswith("calibration"):
                    continue
                assert found.low >= -1, (task["kind"], name)
                assert found.high <= 1 or name in ("log_loss", "brier"), (task["kind"], name)
            else:
                assert found.reason, name


@every_kind
def test_calibration_has_normal_intervals(rng, kind):
    make, task = KINDS[kind]

    metrics = summarise(make(rng), **task)[0]

    for name in [name for name in metrics if name.startswith("ece")]:
        found = metrics[name]
        assert found.how.endswith(
            "normal interval from the image bootstrap's standard error, 2000 draws"
        )
        if found.low > 0 and found.high < 1:
            assert found.value - found.low == pytest.approx(found.high - found.value)


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("folds", [1, 5])
def test_equal_scores_have_no_interval_of_precision_or_calibration(rng, folds, images):
    metrics = summarise(prior_dummy(binary_frame(rng, 80, folds=folds, images=images)), **BINARY)[0]

    for name in ("average_precision", "ece"):
        found = metrics[name]
        assert found.value is not None
        assert (found.low, found.high) == (None, None)
        assert "scores of every fold are equal" in found.reason


def test_single_images_in_folds_of_their_own_are_no_equal_scores(rng):
    frame = binary_frame(rng, 40)
    frame["fold"] = range(40)

    assert summarise(frame, **BINARY)[0]["ece"].low is not None


def test_a_mean_outside_the_first_interval_is_said(rng):
    frame = binary_frame(rng, 80, repeats=3)
    late = frame["repeat"] > 0
    frame.loc[late, "p.sick"] = frame["label"].eq("sick") * 0.9 + 0.05
    frame["p.well"] = 1 - frame["p.sick"]

    found = summarise(frame, **BINARY)[0]
    first = summarise(frame[~late], **BINARY)[0]

    for name in ("roc_auc", "average_precision", "brier"):
        assert not found[name].low <= found[name].value <= found[name].high
        assert found[name].how.split(";")[-1].endswith(f"its own {first[name].value:.3f}"), name
    assert "its own" not in found["f1"].how


def test_the_log_loss_says_where_probabilities_are_cut(rng):
    frame = binary_frame(rng)
    frame.loc[frame.index[0], ["p.sick", "p.well"]] = [0.0, 1.0]
    frame.loc[frame.index[0], "label"] = "sick"

    found = summarise(frame, **BINARY)[0]["log_loss"]

    assert "probabilities cut at 1e-15" in found.how
    assert found.value > -np.log(1e-15) / len(frame)


def test_patients_are_redrawn_inside_their_fold_and_class():
    # decisions are right in fold 0 and wrong in fold 1: only draws across folds could vary
    frame = binary_frame(np.random.default_rng(1), 120, folds=2)
    right, wrong = frame["label"], frame["label"].map({"sick": "well", "well": "sick"})
    frame["predicted"] = right.where(frame["fold"] == 0, wrong)

    found = summarise(frame, **BINARY)[0]["balanced_accuracy"]

    assert found.reason == "all 2000 bootstrap draws give this value"


def test_a_mean_whose_rare_labels_are_lost_in_draws_stays_inside_its_interval():
    # ten labels are called once and wrongly: most draws lose some of them, and the mean grows
    names, n = [f"l{k}" for k in range(11)], 60
    truth, said = np.zeros((n, 11)), np.zeros((n, 11))
    truth[30:] = said[:, 0] = 1
    truth[:, 0] = np.arange(n) % 5 > 0
    said[np.arange(10), np.arange(1, 11)] = 1
    frame = pd.DataFrame({"id": np.arange(n).astype(str), "group": np.arange(n), "repeat": 0})
    frame = frame.assign(fold=0, split="test", threshold=0.5)
    frame["predicted"] = ["|".join(np.array(names)[row == 1]) for row in said]
    for k, name in enumerate(names):
        frame[f"y.{name}"], frame[f"p.{name}"] = truth[:, k], 0.3 + 0.4 * said[:, k]

    metrics = summarise(frame, kind="multilabel", classes=names, positive=None)[0]

    found = metrics["precision"]
    assert found.value == pytest.approx(0.8 / 11)
    assert found.low < found.value < found.high
    assert "standard error, 2000 draws, as the percentiles leave the value out" in found.how
