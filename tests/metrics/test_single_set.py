from __future__ import annotations

import numpy as np
import pytest

from tests.metrics.made import BINARY, CLASSES, MULTI, binary_frame, multiclass_frame
from texturekit.errors import MetricError
from texturekit.metrics import scores
from texturekit.metrics.summary import METRICS, summarise

Y, P = [0, 0, 1, 1, 1], [0.1, 0.6, 0.4, 0.8, 0.9]


def test_one_set_is_scored_as_one_fold(rng):
    frame = binary_frame(rng, images=2)
    p = frame[["p.sick", "p.well"]]

    found = scores(frame["label"], p, ["sick", "well"], positive="sick", groups=frame["group"])

    assert found == summarise(frame, **BINARY)[0]


def test_three_classes_by_name_or_by_index(rng):
    frame = multiclass_frame(rng)
    p = frame[[f"p.{c}" for c in CLASSES]]
    index = [CLASSES.index(name) for name in frame["label"]]

    assert scores(frame["label"], p, CLASSES) == scores(index, p, CLASSES)
    assert scores(index, p, CLASSES) == summarise(frame, **MULTI)[0]


def test_the_threshold_moves_the_decisions_and_nothing_else():
    strict, plain = scores(Y, P, ["no", "yes"], 0.85), scores(Y, P, ["no", "yes"])

    assert strict["sensitivity"].value == pytest.approx(1 / 3)
    assert strict["roc_auc"] == plain["roc_auc"]


def test_the_last_class_is_positive_unless_said():
    last, first = (
        scores(Y, P, ["no", "yes"]),
        scores(Y, np.subtract(1, P), ["no", "yes"], positive="no"),
    )

    assert first["sensitivity"].value == last["specificity"].value
    assert first["roc_auc"].value == pytest.approx(last["roc_auc"].value)


def test_labels_may_be_unknown_and_not_predicted(rng):
    y = np.array([[1, 0, 1], [0, 1, np.nan], [1, 0, 0], [0, 1, 1]])
    p = rng.random((4, 3))
    p[:, 1] = np.nan

    found = scores(y, p, CLASSES)

    assert set(found) == {*METRICS, "ece_top", "ece_equal_mass"}
    assert "mean over 2 of 3 labels (a, c)" in found["roc_auc"].how


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((Y, [*P[:4], np.nan], ["no", "yes"]), "probabilities of '4' are missing"),
        ((Y, [*P[:4], 1.9], ["no", "yes"]), "not between 0 and 1; were logits given"),
        ((Y, np.full((5, 2), 0.2), ["no", "yes"]), "do not sum to 1"),
        ((Y, P[:3], ["no", "yes"]), r"have the shape \(3, 2\)"),
        ((["no", "may"], [0.1, 0.2], ["no", "yes"]), "'may'"),
        ((Y, P, ["no", "yes"], 7), "threshold is 7"),
        (([0, 1, 2], np.full((3, 3), 1 / 3), CLASSES, 0.5), "threshold is 0.5"),
        (([], [], ["no", "yes"]), "y has the shape"),
        (([[0, 2]], [[0.1, 0.2]], ["a", "b"]), "must hold 0, 1 or NaN"),
        ((Y, P, ["yes"]), "two or more"),
    ],
)
def test_says_what_is_wrong(args, text):
    with pytest.raises(MetricError, match=text):
        scores(*args)
