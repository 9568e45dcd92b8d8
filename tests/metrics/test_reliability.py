from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from tests.metrics.made import BINARY, CLASSES, LABELS, MULTI, binary_frame, multiclass_frame
from tests.metrics.made import multilabel_frame as labels_frame
from texturekit.metrics import clustered_proportion, proportion
from texturekit.metrics.curves import study_curves
from texturekit.metrics.summary import summarise


def calibration(frame, name, **task):
    found = study_curves(frame, **task)
    return found[(found["curve"] == "calibration") & (found["class"] == name)]


def test_bins_are_those_of_sklearn(rng):
    frame = binary_frame(rng, 200)
    y, p = (frame["label"] == "sick").to_numpy(), frame["p.sick"].to_numpy()

    found = calibration(frame, "sick", **BINARY)

    share, told = calibration_curve(y, p, n_bins=10)
    np.testing.assert_allclose(found["x"], told)
    np.testing.assert_allclose(found["y"], share)
    assert found["n"].sum() == 200
    assert found["n"].dtype == "Int64"


def test_the_expected_calibration_error_is_the_mean_distance_of_the_points(rng):
    frame = binary_frame(rng, 90, folds=3)
    wanted = summarise(frame, **BINARY)[0]["ece"].value

    found = calibration(frame, "sick", **BINARY)

    gaps = np.abs(found["x"] - found["y"]) * found["n"].astype(float)
    assert gaps.sum() / 90 == pytest.approx(wanted)


@pytest.mark.parametrize("images", [1, 3])
def test_the_interval_of_a_bin_respects_patients(rng, images):
    frame = binary_frame(rng, 60, images=images)
    inside = frame[(frame["p.sick"] > 0.3) & (frame["p.sick"] <= 0.4)]
    hits = inside["label"] == "sick"
    wanted = proportion(int(hits.sum()), len(hits))
    if images > 1:
        wanted = clustered_proportion(hits, inside["group"])

    found = calibration(frame, "sick", **BINARY)
    row = found[(found["x"] > 0.3) & (found["x"] <= 0.4)].iloc[0]

    assert row["n"] == len(inside)
    assert (row["low"], row["high"]) == pytest.approx((wanted.low, wanted.high))


@pytest.mark.parametrize(
    ("make", "task"), [(multiclass_frame, MULTI), (labels_frame, LABELS)], ids=["classes", "labels"]
)
def test_every_class_has_its_points_over_the_known_images(rng, make, task):
    frame = make(rng, 90)

    for name in CLASSES:
        found = calibration(frame, name, **task)
        known = frame[f"y.{name}"].notna().sum() if task is LABELS else 90
        assert found["n"].sum() == known
        assert (found["low"] <= found["y"]).all()
        assert (found["y"] <= found["high"]).all()
