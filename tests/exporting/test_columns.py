"""Classifiers on columns in onnxruntime, against the classifiers themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from texturekit.errors import ModelError
from texturekit.exporting import export, graph, run
from texturekit.exporting.trees import booster_trees, forest_trees
from texturekit.methods.calibrators import fit_calibrator
from texturekit.methods.deciding import Decision
from texturekit.methods.grammar import parse_method
from texturekit.methods.judging import judge
from texturekit.methods.learners import Inputs, PriorLearner, Settings, TableLearner
from texturekit.methods.model import Model, Preprocessing

pytest.importorskip("onnxruntime")
ROWS, CLASSES = 60, {"binary": 2, "multiclass": 3, "multilabel": 3}
COLUMNS = {"sobel": 26, "lbp": 14}
CLASSIFIERS = ("logistic", "svm", "knn", "forest", "xgboost", "vote")


def table(kind, seed=0):
    """Columns that go with the classes, in whole numbers, so that values meet thresholds."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3 if kind != "binary" else 2, ROWS)
    if kind == "multilabel":
        labels = rng.integers(0, 2, (ROWS, 3)).astype(float)
        labels[:4, 0], labels[:, 2] = np.nan, 1  # some unknown; one that nobody can learn
    shift = labels if labels.ndim == 1 else np.nan_to_num(labels[:, 0])
    blocks = {
        name: np.rint(3 * rng.normal(size=(ROWS, width)) + 2 * shift[:, None])
        for name, width in COLUMNS.items()
    }
    return Inputs(ROWS, blocks), labels


def model_of(classifier, kind, calibrate="none", **candidate):
    inputs, labels = table(kind)
    method = parse_method(f"lbp+sobel/{classifier}")
    assert {name: len(c) for name, c in method.blocks.items()} == COLUMNS
    trees = {"n_estimators": 20} if classifier in ("forest", "xgboost") else {}
    learner = TableLearner(method, kind, CLASSES[kind], Settings(candidate=trees | candidate))
    learner.fit(inputs, labels, None)
    decision = Decision()
    if calibrate != "none":
        own = judge(learner, inputs).probabilities
        rng = np.random.default_rng(1)  # blurred, so that a line has steps to show
        own = np.where(rng.random(own.shape) < 0.2, 1.05 - own, own + 0.05)
        own = np.clip(own, 0, 1)
        own = own if kind == "multilabel" else own / own.sum(axis=1, keepdims=True)
        calibrator, _ = fit_calibrator(calibrate, own, labels, kind)
        decision = Decision(calibrate=calibrate, calibrator=calibrator)
    names = tuple("abc"[: CLASSES[kind]])
    positive = names[-1] if kind == "binary" else None
    return Model(
        method, kind, names, positive, Preprocessing(32), learner, {"images": ROWS},
        decision=decision,
    )  # fmt: skip


def both(model, path, inputs):
    """What the file says, and what the model says."""
    x = np.hstack([inputs.blocks[name] for name in model.method.blocks])
    found = run(path, "onnx", {"columns": x})["probabilities"]
    return found, judge(model.learner, inputs, decision=model.decision).probabilities


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_a_file_says_what_the_model_says(classifier, kind, tmp_path):
    model = model_of(classifier, kind)
    inputs, _ = table(kind, seed=2)
    made = export(model, tmp_path / "m.onnx")

    found, expected = both(model, made.path, inputs)

    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert made.difference < 1e-6
    assert expected[:, 0].std() > 0.05
    if kind == "multilabel":
        assert np.isnan(found[:, 2]).all()


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("form", ["sigmoid", "isotonic", "temperature"])
def test_a_calibration_goes_along(form, kind, tmp_path):
    model = model_of("logistic", kind, form)
    assert model.decision.calibrator is not None
    plain = judge(model.learner, table(kind, seed=2)[0]).probabilities

    made = export(model, tmp_path / "m.onnx")
    found, expected = both(model, made.path, table(kind, seed=2)[0])

    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert np.nanmax(np.abs(expected - plain)) > 0.01


def test_a_row_that_was_learnt_is_its_own_nearest(tmp_path):
    model = model_of("knn", "binary")
    made = export(model, tmp_path / "m.onnx")

    found, expected = both(model, made.path, table("binary")[0])

    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert set(np.unique(found)) == {0.0, 1.0}


def test_neighbours_of_equal_weight(tmp_path):
    model = model_of("knn", "multiclass", weights="uniform", n_neighbors=7)
    made = export(model, tmp_path / "m.onnx")

    found, expected = both(model, made.path, table("multiclass", seed=2)[0])

    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(("classifier", "trees"), [
    ("forest", forest_trees), ("xgboost", lambda e: booster_trees(e)[0]),
])  # fmt: skip
def test_a_value_on_a_threshold_goes_where_the_library_sends_it(classifier, trees, tmp_path):
    model = model_of(classifier, "binary")
    (member,) = model.learner.ensembles[0].members
    grown = trees(member.estimator)
    cuts = np.concatenate([tree.threshold[tree.left != -1] for tree in grown])
    x = np.random.default_rng(4).choice(cuts, (400, 40))
    x[::3] = np.nextafter(x[::3].astype(np.float32), np.float32(np.inf))
    x[1::3] = np.nextafter(x[1::3], -np.inf)  # float64: rounds back on to most thresholds
    made = export(model, tmp_path / "m.onnx")

    found = run(made.path, "onnx", {"columns": x})["probabilities"]

    expected = member.estimator.predict_proba(x[:, member.columns])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_thresholds_of_64_bits_are_kept(tmp_path):
    """The middle of these neighbours is no float32: rounded to even it would be the upper one."""
    model = model_of("forest", "binary")
    (member,) = model.learner.ensembles[0].members
    ulp = np.spacing(np.float32(4))
    values = np.repeat([4 + float(ulp), 4 + 2 * float(ulp)], 30)
    x = np.tile(values[:, None], (1, 40))
    member.estimator.fit(x[:, member.columns], np.repeat([0, 1], 30))
    cut = member.estimator.estimators_[0].tree_.threshold[0]
    assert values[0] < cut < np.float32(cut) == values[-1]

    made = export(model, tmp_path / "m.onnx")

    found = run(made.path, "onnx", {"columns": x})["probabilities"]
    np.testing.assert_allclose(found, np.eye(2)[np.repeat([0, 1], 30)], atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("classifier", ["logistic", "knn", "forest", "xgboost"])
def test_a_missing_value_gives_no_number(classifier, value, tmp_path):
    made = export(model_of(classifier, "binary", "isotonic"), tmp_path / "m.onnx")
    x = np.zeros((2, 40))
    x[1, 3] = value

    found = run(made.path, "onnx", {"columns": x})["probabilities"]

    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("prior", [[0.25, 0.75], [0.5, np.nan]])
def test_a_baseline_says_the_shares_whatever_it_is_given(prior, tmp_path):
    kind = "multilabel" if np.isnan(prior[1]) else "binary"
    learner = PriorLearner(kind, 2, np.array(prior))
    method = parse_method("majority/dummy")
    model = Model(method, kind, ("a", "b"), "b", Preprocessing(32), learner)

    made = export(model, tmp_path / "m.onnx")

    found = run(made.path, "onnx", {"columns": np.zeros((3, 0))})["probabilities"]
    np.testing.assert_array_equal(found, [prior] * 3)


def test_columns_are_named_in_the_order_of_the_method(tmp_path):
    model = model_of("logistic", "binary")
    made = export(model, tmp_path / "m.onnx")

    told = made.metadata["inputs"]["columns"]

    assert told["names"] == [name for names in model.method.blocks.values() for name in names]
    assert told["features"] == "sobel+lbp"
    assert "--features sobel+lbp --resize 32" in told["command"]


def test_a_class_that_training_lacked_gets_nothing(tmp_path):
    inputs, labels = table("binary")
    model = model_of("xgboost", "multiclass")
    model.learner.fit(inputs, labels * 2, None)  # nobody is of the second class
    made = export(replace(model), tmp_path / "m.onnx")

    found, expected = both(model, made.path, inputs)

    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not found[:, 1].any()


def test_what_is_too_large_for_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(graph, "MOST_BYTES", 5000)  # instead of 2 GB

    with pytest.raises(ModelError, match=r"ONNX ends at 2\.1 GB; train a smaller"):
        export(model_of("knn", "binary"), tmp_path / "m.onnx")

    assert not list(tmp_path.iterdir())
