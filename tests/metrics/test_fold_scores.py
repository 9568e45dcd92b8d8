from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from tests.metrics.made import (
    BINARY,
    LABELS,
    MULTI,
    binary_frame,
    multiclass_frame,
    multilabel_frame,
)
from texturekit.metrics.fold_scores import FOLD_METRICS, fold_scores
from texturekit.metrics.summary import summarise


def test_a_fold_has_the_numbers_of_sklearn(rng):
    frame = binary_frame(rng, 90, folds=3, repeats=2)

    found = fold_scores(frame, **BINARY)

    assert [(one.repeat, one.fold) for one in found] == [(r, f) for r in (0, 1) for f in range(3)]
    for one in found:
        rows = frame[(frame["repeat"] == one.repeat) & (frame["fold"] == one.fold)]
        y, said = rows["label"] == "sick", rows["predicted"] == "sick"
        wanted = {
            "roc_auc": roc_auc_score(y, rows["p.sick"]),
            "average_precision": average_precision_score(y, rows["p.sick"]),
            "accuracy": (y == said).mean(),
            "sensitivity": said[y].mean(),
            "specificity": (~said[~y]).mean(),
            "brier": brier_score_loss(y, rows["p.sick"]),
        }
        assert one.n == len(rows)
        assert one.metrics == pytest.approx(wanted)


def test_the_mean_of_fold_areas_by_pairs_is_the_reported_area(rng):
    frame = binary_frame(rng, 80, folds=5)
    reported = summarise(frame, **BINARY)[0]

    found = fold_scores(frame, **BINARY)

    sick = frame["label"].eq("sick").groupby(frame["fold"]).agg(["sum", "size"])
    pairs = sick["sum"] * (sick["size"] - sick["sum"])
    areas = [one.metrics["roc_auc"] for one in found]
    assert np.average(areas, weights=pairs) == pytest.approx(reported["roc_auc"].value)
    precisions = [one.metrics["average_precision"] for one in found]
    wanted = reported["average_precision"].value
    assert np.average(precisions, weights=sick["sum"]) == pytest.approx(wanted)


def test_a_fold_of_one_class_has_gaps(rng):
    frame = binary_frame(rng, 60, folds=3)
    frame = frame[(frame["fold"] != 1) | (frame["label"] == "well")]

    one = fold_scores(frame, **BINARY)[1]

    undefined = {name for name, value in one.metrics.items() if value is None}
    assert undefined == {"roc_auc", "average_precision", "sensitivity"}


@pytest.mark.parametrize("make", [multiclass_frame, multilabel_frame], ids=["classes", "labels"])
def test_one_fold_has_the_numbers_of_the_whole(rng, make):
    task = MULTI if make is multiclass_frame else LABELS
    frame = make(rng)
    wanted = {name: summarise(frame, **task)[0][name].value for name in FOLD_METRICS}

    (one,) = fold_scores(frame, **task)

    assert one.metrics == pytest.approx(wanted)


def test_a_mean_over_classes_needs_all_of_them(rng):
    frame = multiclass_frame(rng, 90, folds=3)
    frame = frame[(frame["fold"] != 2) | (frame["label"] != "a")]

    found = fold_scores(frame, **MULTI)

    defined = {name for name, value in found[2].metrics.items() if value is not None}
    assert defined == {"accuracy", "brier"}
    assert None not in found[0].metrics.values()


def test_folds_keep_their_numbers(rng):
    frame = binary_frame(rng, 40, folds=2)
    frame["fold"], frame["repeat"] = frame["fold"] * 2 + 3, 7

    assert [(one.repeat, one.fold) for one in fold_scores(frame, **BINARY)] == [(7, 3), (7, 5)]
