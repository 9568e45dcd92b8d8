"""What a family of columns adds, against obvious twins; and how alike two families are."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from texturekit.data.manifest import Manifest
from texturekit.data.splits import kfold
from texturekit.methods import alikeness, families
from texturekit.methods.alikeness import family_correlation
from texturekit.methods.choosing import Wanted
from texturekit.methods.grammar import parse_method
from texturekit.methods.learners import Inputs, Settings, learner
from texturekit.methods.running import run_method
from texturekit.methods.watching import Looks

BOTH = parse_method("first_order+glcm/logistic")


def manifest_of(labels, *, each):
    """Return a manifest of pictures that nobody looks at, ``each`` of a patient."""
    names = [f"i{k:03d}" for k in range(len(labels))]
    groups = [f"p{k // each:03d}" for k in range(len(labels))]
    frame = pd.DataFrame({"id": names, "path": names, "group": groups}, dtype=object)
    if np.ndim(labels) == 2:
        marks, classes, kind = np.array(labels, dtype=float), ("one", "two"), "multilabel"
    else:
        marks, classes = np.array(labels), ("a", "b", "c")[: max(labels) + 1]
        kind = "binary" if len(classes) == 2 else "multiclass"
    return Manifest(frame, marks, classes, kind, Path(), "made")


def made(labels, *, each=1, strong=("glcm",), signal=2.0, method=BOTH, seed=0):
    """Return a manifest, and columns of noise of which the first of some families tells."""
    manifest = manifest_of(labels, each=each)
    rng = np.random.default_rng(seed)
    blocks = {}
    for name, columns in method.blocks.items():
        blocks[name] = rng.normal(size=(len(labels), len(columns)))
        if name in strong:
            known = np.reshape(labels, (len(labels), -1))
            for column in range(known.shape[1]):
                blocks[name][:, 3 * column : 3 * column + 3] += signal * known[:, [column]]
    return manifest, Inputs(len(labels), blocks)


def told_by(manifest, inputs, *, shuffles=3, folds=2, method=BOTH, wanted=None, seed=0):
    positive = "b" if manifest.kind == "binary" else None
    return run_method(
        method, manifest, inputs, kfold(manifest, folds=folds), positive=positive,
        settings=Settings(seed=seed), wanted=wanted, looks=Looks(shuffles=shuffles),
    )  # fmt: skip


def twin(manifest, inputs, run, family, *, shuffles=3, folds=2, seed=0, method=BOTH):
    """Return the drop with every fold fitted anew and areas by scikit-learn, pair by pair."""
    parts = kfold(manifest, folds=folds)
    base, shuffled, weights = [], [], []
    for number, fold in enumerate(parts):
        made_anew = learner(method, str(manifest.kind), manifest.classes, Settings(seed=seed))
        groups = manifest.groups[fold.train]
        fitted = made_anew.fit(inputs.subset(fold.train), manifest.labels[fold.train], groups)
        test = inputs.subset(fold.test)
        rng = np.random.default_rng([seed, number])
        rng.integers(2**31)
        orders = [rng.permutation(len(fold.test)) for _ in range(shuffles)]
        changed = [
            Inputs(test.count, {**test.blocks, family: test.blocks[family][order]})
            for order in orders
        ]
        calibrated = run.decisions[fold.repeat, fold.fold].probabilities
        said = [calibrated(fitted.predict_proba(x), str(manifest.kind)) for x in (test, *changed)]
        truth = manifest.labels[fold.test]
        truth = truth == 1 if truth.ndim == 2 else truth[:, None] == np.arange(said[0].shape[1])
        weights.append(truth.sum(axis=0) * (~truth).sum(axis=0))
        areas = [roc_auc_score(truth, p, average=None) for p in said]
        base.append(areas[0])
        shuffled.append(np.mean(areas[1:], axis=0))
    gone = np.average(np.subtract(base, shuffled), axis=0, weights=np.array(weights))
    return gone[1] if manifest.kind == "binary" else gone.mean()


@pytest.mark.parametrize("calibrate", ["none", "isotonic"])
def test_the_drop_is_that_of_an_obvious_twin(calibrate):
    manifest, inputs = made(np.arange(48) // 2 % 2, each=2, signal=0.6)
    wanted = Wanted.read("fixed", calibrate, manifest.kind)
    run = told_by(manifest, inputs, wanted=wanted)

    found = {one.family: one.drop.value for one in run.families}

    assert list(found) == ["first_order", "glcm"]
    assert [one.columns for one in run.families] == [52, 25]
    for family, drop in found.items():
        assert drop == pytest.approx(twin(manifest, inputs, run, family), abs=1e-12)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_of_several_classes_it_is_the_mean_over_them(kind):
    rng = np.random.default_rng(3)
    labels = np.arange(60) % 3 if kind == "multiclass" else rng.integers(0, 2, (60, 2))
    manifest, inputs = made(labels, signal=0.8)
    run = told_by(manifest, inputs)

    assert manifest.kind == kind
    for one in run.families:
        expected = twin(manifest, inputs, run, one.family)
        assert one.drop.value == pytest.approx(expected, abs=1e-12)
        assert "mean over" in one.drop.how


def test_the_interval_is_delongs_of_the_mean_over_the_shuffles():
    """DeLong et al. (1988) with one image a patient and one fold, written out."""
    labels = np.arange(60) % 2
    manifest, inputs = made(labels, signal=0.8)
    (fold, _) = kfold(manifest, folds=2)
    run = run_method(
        BOTH, manifest, inputs, [fold], positive="b", settings=Settings(), looks=Looks(shuffles=4)
    )
    fitted = learner(BOTH, "binary", manifest.classes, Settings())
    fitted.fit(inputs.subset(fold.train), labels[fold.train], manifest.groups[fold.train])
    rng = np.random.default_rng([0, 0])
    rng.integers(2**31)
    test = inputs.subset(fold.test)
    y, sums = labels[fold.test] == 1, np.zeros((15, 15))
    for order in [rng.permutation(30) for _ in range(4)]:
        changed = Inputs(30, {**test.blocks, "glcm": test.blocks["glcm"][order]})
        for sign, x in ((1, test), (-1, changed)):
            p = fitted.predict_proba(x)[:, 1]
            sums += sign * np.heaviside(p[y][:, None] - p[~y], 0.5) / 4
    error = np.sqrt(sums.mean(axis=1).var(ddof=1) / 15 + sums.mean(axis=0).var(ddof=1) / 15)

    drop = run.families[1].drop

    assert drop.value == pytest.approx(sums.mean(), abs=1e-12)
    assert drop.low == pytest.approx(sums.mean() - 1.959964 * error, abs=1e-6)
    assert drop.high == pytest.approx(sums.mean() + 1.959964 * error, abs=1e-6)
    assert drop.how.startswith("mean of 4 shuffles over the test images of each fold")


def test_noise_adds_nothing_and_what_tells_does():
    manifest, inputs = made(np.arange(120) // 2 % 2, each=2)

    noise, strong = told_by(manifest, inputs, shuffles=5, folds=4).families

    assert noise.drop.low < 0 < noise.drop.high
    assert strong.drop.low > 0.2
    assert "clustered by group" in strong.drop.how


# Forbidding an image its own patient's columns would give it those of the other class with three
# chances of five here, and make the drop a fifth larger than all that there is to lose.
def test_a_single_family_drops_to_chance_and_not_below():
    method = parse_method("glcm/logistic")
    labels = np.repeat(np.arange(12) % 2, 4)
    manifest, inputs = made(labels, each=4, method=method, signal=6.0)

    run = told_by(manifest, inputs, method=method, shuffles=400)

    (one,) = run.families
    base = [roc_auc_score(rows["label"] == "b", rows["p.b"])
            for _, rows in run.predictions.groupby("fold")]  # fmt: skip
    assert base == [1.0, 1.0]
    assert one.drop.value == pytest.approx(0.5, abs=0.03)


def test_a_family_that_the_model_does_not_use_drops_by_nothing_at_all():
    manifest, inputs = made(np.arange(40) % 2)
    inputs.blocks["first_order"][:] = 7.0

    still, strong = told_by(manifest, inputs).families

    assert (still.drop.value, still.drop.low, still.drop.high) == (0.0, 0.0, 0.0)
    assert strong.drop.value > 0.1


def test_large_folds_are_shuffled_in_part_by_whole_patients(monkeypatch):
    manifest, inputs = made(np.arange(96) // 2 % 2, each=2)
    monkeypatch.setattr(families, "MOST", 20)
    fold = kfold(manifest, folds=2)[0]
    fitted = learner(BOTH, "binary", manifest.classes, Settings())
    fitted.fit(inputs.subset(fold.train), manifest.labels[fold.train], None)
    told = fitted.predict_proba(inputs.subset(fold.test))
    part = families.shuffle(BOTH, fitted, told, manifest, inputs, fold, shuffles=2, seed=[0, 0])

    groups = manifest.groups
    inside = set(groups[part.rows])
    assert 10 < len(part.rows) <= 20
    assert not inside & set(groups[np.setdiff1d(fold.test, part.rows)])
    assert np.array_equal(part.told, told[np.searchsorted(fold.test, part.rows)])
    assert part.families["glcm"].shape == (2, len(part.rows), 2)
    assert "at most 20 a fold" in told_by(manifest, inputs).families[0].drop.how


def test_wide_tables_are_predicted_in_pieces_with_the_same_result(monkeypatch):
    manifest, inputs = made(np.arange(40) % 2)
    whole = told_by(manifest, inputs).families
    monkeypatch.setattr(families, "_CELLS", 1)

    assert told_by(manifest, inputs).families == whole


def test_folds_that_hold_one_class_leave_it_undefined_with_the_reason():
    labels = np.arange(40) % 2
    manifest, inputs = made(labels)
    fold = kfold(manifest, folds=2)[0]
    alone = type(fold)(0, 0, fold.train, fold.test[labels[fold.test] == 1])

    run = run_method(
        BOTH, manifest, inputs, [alone], positive="b", settings=Settings(), looks=Looks(shuffles=2)
    )

    assert [one.drop.value for one in run.families] == [None, None]
    assert run.families[0].drop.reason


def test_only_the_first_repeat_is_shuffled_and_nothing_of_a_dummy():
    manifest, inputs = made(np.arange(40) % 2)
    once = told_by(manifest, inputs).families
    both = kfold(manifest, folds=2, repeats=2)
    options = {"positive": "b", "settings": Settings(), "looks": Looks(shuffles=3)}

    assert run_method(BOTH, manifest, inputs, both, **options).families == once
    dummy = parse_method("majority/dummy")
    assert run_method(dummy, manifest, inputs, both, **options).families == []
    assert (
        run_method(BOTH, manifest, inputs, both, positive="b", settings=Settings()).families == []
    )


def test_families_are_as_alike_as_their_ranks_are():
    rng = np.random.default_rng(4)
    methods = [parse_method("ngtdm+fractal/knn"), parse_method("ngtdm/svm"),
               parse_method("geometry/forest")]  # fmt: skip
    x, y = rng.normal(size=(40, 5)), rng.normal(size=(40, 10)).round(1)
    y[:, 2], y[:, 3] = 3.0, -(x[:, 0] ** 3)
    blocks = {"ngtdm": x, "fractal": y, "geometry": np.full((40, 4), 8.0)}

    found = family_correlation(methods, Inputs(40, blocks))

    rho = np.abs(spearmanr(np.hstack([x, np.delete(y, 2, axis=1)])).statistic)
    one, two = range(5), range(5, 14)
    assert found.families == ["ngtdm", "fractal"]
    assert found.values[0][1] == found.values[1][0] == pytest.approx(rho[:5, 5:].mean())
    for family, own in ((0, one), (1, two)):
        pairs = [rho[a, b] for a, b in itertools.combinations(own, 2)]
        assert found.values[family][family] == pytest.approx(np.mean(pairs))
    assert found.images == 40
    assert found.how.endswith("without geometry, the same in all images")


def test_a_family_of_one_column_is_not_compared_with_itself(monkeypatch):
    monkeypatch.setattr(alikeness, "MOST_COLUMNS", 1)
    monkeypatch.setattr(alikeness, "MOST_IMAGES", 30)
    rng = np.random.default_rng(4)
    blocks = {"ngtdm": rng.normal(size=(40, 5)), "fractal": rng.normal(size=(40, 10))}

    found = family_correlation([parse_method("ngtdm+fractal/knn")], Inputs(40, blocks))

    rows = np.linspace(0, 39, 30).round().astype(int)
    rho = spearmanr(blocks["ngtdm"][rows, 0], blocks["fractal"][rows, 0]).statistic
    assert found.values[0][0] is None
    assert found.values[0][1] == pytest.approx(abs(rho))
    assert "30 of 40 images" in found.how


def test_one_family_has_nothing_to_be_like():
    blocks = {"ngtdm": np.arange(10.0).reshape(2, 5)}

    assert family_correlation([parse_method("ngtdm/knn")], Inputs(2, blocks)) is None
    assert family_correlation([parse_method("majority/dummy")], Inputs(2, {})) is None
