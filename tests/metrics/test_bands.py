"""Bands against twins that redraw rows instead of weights, and precision against its definition."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

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
from texturekit.metrics import bands
from texturekit.metrics.bands import band_draws, precision_band, redrawn_curves, roc_band
from texturekit.metrics.cases import read_cases
from texturekit.metrics.curve_points import RECALL_GRID, curve_points
from texturekit.metrics.curves import COLUMNS, bands_left_out, ranking_curves, study_curves
from texturekit.metrics.limits import wilson
from texturekit.metrics.probability import sort_folds
from texturekit.metrics.summary import summarise


def part(curves, curve, name):
    return curves[(curves["curve"] == curve) & (curves["class"] == name)]


def sorted_folds(truth, score, fold):
    return sort_folds(truth, score, np.ones_like(truth), fold)


@pytest.mark.parametrize("folds", [1, 4])
def test_the_area_under_the_precision_curve_is_the_average_precision(rng, folds):
    frame = binary_frame(rng, 80, folds=folds, repeats=2)
    first = summarise(frame[frame["repeat"] == 0], **BINARY)[0]["average_precision"].value

    found = part(ranking_curves(frame, **BINARY), "pr", "sick")

    assert np.trapezoid(found["y"], found["x"]) == pytest.approx(first, abs=1e-12)


@pytest.mark.parametrize(
    ("make", "task"),
    [(multiclass_frame, MULTI), (multilabel_frame, LABELS)],
    ids=["classes", "labels"],
)
def test_every_class_has_a_precision_curve_with_its_average_precision(rng, make, task):
    frame = make(rng)
    metrics, per_class, _ = summarise(frame, **task)
    wanted = {one.name: one.metrics["average_precision"].value for one in per_class}
    wanted["macro"] = metrics["average_precision"].value

    curves = ranking_curves(frame, **task)

    for name, value in wanted.items():
        found = part(curves, "pr", name)
        assert np.trapezoid(found["y"], found["x"]) == pytest.approx(value, abs=1e-12)


def test_precision_is_that_of_the_highest_threshold_which_reaches_the_recall(rng):
    truth, score = rng.random(60) < 0.4, rng.normal(size=60).round(1)
    fold = np.zeros(60, dtype=np.int64)

    found = curve_points(sorted_folds(truth, score, fold), np.ones((1, 60)))[1][0]

    precision, recall, _ = precision_recall_curve(truth, score)
    order = np.argsort(recall, kind="stable")
    # away from a step the mean of the steps nearby is the step itself
    far = np.abs(RECALL_GRID[:, None] - recall).min(axis=1) > 0.003
    reached = np.searchsorted(recall[order], RECALL_GRID[far], side="left")
    best = [precision[order][recall[order] == recall[order][i]].max() for i in reached]
    np.testing.assert_allclose(found[far], best, atol=1e-9)
    area = np.trapezoid(found, RECALL_GRID)
    assert area == pytest.approx(average_precision_score(truth, score))


def test_chance_is_the_average_precision_of_equal_scores(rng):
    frame = prior_dummy(binary_frame(rng, 60, folds=4))
    wanted = summarise(frame, **BINARY)[0]["average_precision"].value

    found = part(ranking_curves(frame, **BINARY), "pr_chance", "sick")

    assert found["x"].tolist() == [0.0, 1.0]
    assert found["y"].tolist() == pytest.approx([wanted, wanted])


def test_equal_scores_have_no_band(rng):
    curves = ranking_curves(prior_dummy(binary_frame(rng, 60, folds=4)), **BINARY)

    assert curves[["low", "high"]].isna().all(axis=None)


def test_weights_are_the_same_as_repeated_rows(rng):
    n = 70
    truth, score, fold = rng.random(n) < 0.4, rng.normal(size=n).round(1), rng.integers(0, 3, n)
    weights = rng.poisson(1, (6, n)).astype(float)

    found = curve_points(sorted_folds(truth, score, fold), weights)

    for row, times in enumerate(weights.astype(int)):
        rows = np.repeat(np.arange(n), times)
        again = sorted_folds(truth[rows], score[rows], fold[rows])
        alone = curve_points(again, np.ones((1, len(rows))))
        for points, one in zip(found, alone, strict=True):
            np.testing.assert_allclose(points[row], one[0], atol=1e-9)


def test_a_draw_without_both_classes_has_no_curve(rng):
    truth = np.arange(20) < 5
    folds = sorted_folds(truth, rng.normal(size=20), np.zeros(20, dtype=np.int64))

    roc, precision = curve_points(folds, np.stack([np.ones(20), (~truth).astype(float)]))

    assert not np.isnan(roc[0]).any()
    assert np.isnan(roc[1]).all()
    assert np.isnan(precision[1]).all()


def test_a_band_is_the_spread_of_redrawn_patients(rng):
    frame = binary_frame(rng, 60, images=2)
    cases = read_cases(frame, **BINARY)[0]
    folds = {0: sorted_folds(cases.truth[:, 0], cases.probability[:, 0], cases.fold)}
    drawn = redrawn_curves(cases, folds, 600)[0][0]
    sick = cases.truth[:, 0][np.unique(cases.group, return_index=True)[1]]
    spread = []
    for _ in range(600):  # patients of either class by name, their rows put together again
        drawn_groups = [rng.choice(np.flatnonzero(side), side.sum()) for side in (sick, ~sick)]
        rows = np.concatenate([np.flatnonzero(cases.group == g) for g in np.hstack(drawn_groups)])
        again = sorted_folds(
            cases.truth[rows, 0], cases.probability[rows, 0], np.zeros(len(rows), dtype=np.int64)
        )
        spread.append(curve_points(again, np.ones((1, len(rows))))[0][0, [20, 60, 100]])

    found = drawn[:, [20, 60, 100]]

    np.testing.assert_allclose(found.std(axis=0), np.std(spread, axis=0), rtol=0.15)
    np.testing.assert_allclose(found.mean(axis=0), np.mean(spread, axis=0), atol=0.02)


def test_a_band_holds_its_curve_and_is_at_least_as_wide_as_the_share_asks_for(rng):
    curves = study_curves(binary_frame(rng, 60, folds=3), **BINARY)
    roc = part(curves, "roc", "sick").iloc[1:-1]
    sick = summarise(binary_frame(rng, 60, folds=3), **BINARY)[2][0]

    assert (roc["low"] <= roc["y"]).all()
    assert (roc["y"] <= roc["high"]).all()
    top = roc[roc["y"] == 1].iloc[0]
    assert (top["low"], top["high"]) == (wilson(1.0, sum(sick))[0], 1.0)
    precision = part(curves, "pr", "sick")
    assert (precision["low"] <= precision["y"]).all()
    assert (precision["y"] <= precision["high"]).all()


def test_a_band_is_1_96_standard_errors_of_the_draws_wide(rng):
    value, drawn = np.full(203, 0.5), 0.5 + 0.1 * rng.normal(size=(300, 203))
    wanted = 1.959964 * drawn[:, 7].std(ddof=1)

    low, high = roc_band(value, drawn, 1e9)

    assert (0.5 - low[7], high[7] - 0.5) == pytest.approx((wanted, wanted), rel=1e-5)
    assert (low[0], high[0], low[-1], high[-1]) == (0, 0, 1, 1)


def test_precision_near_recall_0_stands_on_one_image():
    value, drawn = np.ones(201), np.ones((300, 201))

    low, high = precision_band(value, drawn, 40.0)

    assert (low[0], high[0]) == wilson(1.0, 1.0)
    assert (low[100], high[100]) == wilson(1.0, 20.0)


def test_there_is_no_band_where_most_draws_have_no_curve(rng):
    drawn = np.where(np.arange(100)[:, None] < 60, np.nan, rng.random((100, 203)))

    low, high = roc_band(np.full(203, 0.5), drawn, 10.0)

    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_copies_of_images_leave_the_band_alone(rng):
    frame = binary_frame(rng, 50)
    twice = pd.concat([frame, frame.assign(id="copy" + frame["id"])], ignore_index=True)

    found = [part(ranking_curves(one, **BINARY), "roc", "sick") for one in (frame, twice)]

    np.testing.assert_allclose(found[0]["low"], found[1]["low"], atol=0.03)


def test_bands_are_the_same_in_every_run_and_a_method_does_not_touch_another(rng):
    one, two = binary_frame(rng, 50, folds=2), binary_frame(rng, 50, folds=2, method="n")

    alone = study_curves(one, **BINARY)
    both = study_curves(pd.concat([one, two]).sample(frac=1, random_state=0), **BINARY)

    assert list(alone) == list(COLUMNS)
    assert alone["n"].dtype == "Int64"
    pd.testing.assert_frame_equal(
        alone, both[both["method"] == "m"].reset_index(drop=True), check_exact=True
    )


def test_large_folds_are_thinned_without_a_change_of_the_spread(rng, monkeypatch):
    cases = read_cases(binary_frame(rng, 600), **BINARY)[0]
    folds = {0: sorted_folds(cases.truth[:, 0], cases.probability[:, 0], cases.fold)}
    monkeypatch.setattr(bands, "THRESHOLDS", 1000)
    full = redrawn_curves(cases, folds, 300)[0]
    monkeypatch.setattr(bands, "THRESHOLDS", 200)

    thinned = redrawn_curves(cases, folds, 300)[0]

    for one, two in zip(full, thinned, strict=True):
        inner = slice(20, -20)
        np.testing.assert_allclose(one[:, inner].std(0), two[:, inner].std(0), atol=0.002)


def test_draws_get_fewer_and_stop(rng):
    assert band_draws(1000, 12) == 500
    assert band_draws(1000, 20 * 30) == 100
    assert band_draws(22_433, 14 * 20) == 0
    frame = binary_frame(rng, 20)
    assert not bands_left_out(frame, kind="binary", classes=BINARY["classes"])


def test_without_draws_there_are_curves_and_no_bands(rng, monkeypatch):
    monkeypatch.setattr(bands, "LARGEST", 10)
    frame = multiclass_frame(rng, 30)

    curves = ranking_curves(frame, **MULTI)

    assert bands_left_out(frame, kind="multiclass", classes=CLASSES)
    assert curves["low"].isna().all()
    assert curves["y"].notna().all()
