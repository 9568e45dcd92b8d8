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
from texturekit.metrics.curves import ranking_curves, thresholds
from texturekit.metrics.summary import summarise


def roc_only(frame, **task):
    found = ranking_curves(frame, **task)
    return found[found["curve"] == "roc"]


def areas(curves):
    return {
        name: np.trapezoid(part["y"], part["x"])
        for name, part in curves.groupby("class", sort=False)
    }


@pytest.mark.parametrize("folds", [1, 3, 8])
def test_the_area_under_the_curve_is_the_reported_one(rng, folds):
    frame = binary_frame(rng, 90, folds=folds, repeats=2)
    first = summarise(frame[frame["repeat"] == 0], **BINARY)[0]["roc_auc"].value

    found = areas(roc_only(frame, **BINARY))

    assert found == pytest.approx({"sick": first}, abs=0.005)


@pytest.mark.parametrize(
    ("make", "task"),
    [(multiclass_frame, MULTI), (multilabel_frame, LABELS)],
    ids=["classes", "labels"],
)
def test_every_class_has_a_curve_and_macro_is_their_mean(rng, make, task):
    frame = make(rng)
    metrics, per_class, _ = summarise(frame, **task)

    found = areas(roc_only(frame, **task))

    assert list(found) == [*CLASSES, "macro"]
    for one in per_class:
        assert found[one.name] == pytest.approx(one.metrics["roc_auc"].value, abs=0.005)
    assert found["macro"] == pytest.approx(metrics["roc_auc"].value, abs=0.005)


def test_a_curve_climbs_from_corner_to_corner(rng):
    found = roc_only(binary_frame(rng, 50, folds=4), **BINARY)

    assert len(found) == 203
    assert set(found["curve"]) == {"roc"}
    for axis in ("x", "y"):
        values = found[axis].to_numpy()
        assert values[0] == 0
        assert values[-1] == 1
        assert (np.diff(values) >= -1e-12).all()


def test_the_curve_of_few_images_has_their_area():
    # ten negatives: the steps lie on the grid, where the middle of a step keeps the area
    y = np.array(["sick"] * 5 + ["well"] * 10)
    p = np.linspace(0.9, 0.1, 15)[np.argsort(np.sin(np.arange(15)))]
    frame = binary_frame(np.random.default_rng(0), 15).assign(label=y)
    frame["p.sick"], frame["p.well"] = p, 1 - p

    found = areas(roc_only(frame, **BINARY))["sick"]

    assert found == pytest.approx(summarise(frame, **BINARY)[0]["roc_auc"].value, abs=1e-9)


def test_a_dummy_has_the_diagonal(rng):
    found = roc_only(prior_dummy(binary_frame(rng, folds=5)), **BINARY)

    np.testing.assert_allclose(found["x"], found["y"], atol=1e-12)


def test_several_methods_have_their_own_curves(rng):
    both = pd.concat([binary_frame(rng, method=m) for m in ("n", "m")])

    found = roc_only(both, **BINARY)

    assert list(dict.fromkeys(found["method"])) == ["m", "n"]


def test_one_class_only_has_no_curve(rng):
    frame = binary_frame(rng)

    found = roc_only(frame[frame["label"] == "well"], **BINARY)

    assert list(found) == ["method", "curve", "class", "x", "y", "low", "high", "n"]
    assert found.empty


def test_thresholds_are_listed_by_repeat_and_fold(rng):
    frame = binary_frame(rng, folds=2, repeats=2)
    frame["threshold"] = 0.1 + 0.2 * frame["repeat"] + 0.1 * frame["fold"]
    val = frame.assign(split="val")

    found = thresholds(frame)

    assert found.values == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert found.median == pytest.approx(0.25)
    assert found.chosen_on == "fixed in advance"
    assert thresholds(pd.concat([frame, val])).chosen_on == "validation rows"


def test_several_classes_have_no_threshold_and_one_fold_has_one(rng):
    assert thresholds(multiclass_frame(rng)) is None

    frame = binary_frame(rng)
    frame["threshold"] = np.linspace(0, 1, len(frame))
    with pytest.raises(MetricError, match="fold 0 has 100 thresholds"):
        thresholds(frame)
