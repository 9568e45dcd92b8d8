"""Rows of predictions against the model's own probabilities."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import texturekit as tk
from tests.imagesets import several_labels, spoil, two_classes
from texturekit.methods import predicting
from texturekit.methods.model import Preprocessing
from texturekit.methods.predicting import Count, column_names, predictions

SMALL = Preprocessing(size=32, weights="none")
METHODS = ["glcm/logistic", "lbp/xgboost", "lbp+squeezenet1_1/svm", "squeezenet1_1/finetune"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tk.read_manifest(two_classes(tmp_path_factory.mktemp("set"), patients=26))


@pytest.fixture(scope="module", params=METHODS)
def model(request, data):
    return tk.fit(request.param, data, preprocessing=SMALL, epochs=1)


@pytest.fixture(scope="module")
def glcm(data):
    return tk.fit("glcm/logistic", data, preprocessing=SMALL)


def table(model, data, **more):
    return pd.concat(predictions(model, data, **more), ignore_index=True)


def numbers(rows):
    return rows[["p.fine", "p.rough", "ood_score"]].to_numpy(float)


def test_they_are_the_models_numbers_to_the_bit(model, data, monkeypatch):
    monkeypatch.setattr(predicting, "_PART", 24)
    expected = np.column_stack([model.predict_proba(data), model.ood_scores(data)])

    rows = table(model, data, jobs=2)

    assert list(rows.columns) == column_names(model)
    assert_array_equal(numbers(rows), expected)
    assert_array_equal(numbers(table(model, data.subset([37]))), expected[[37]])
    assert list(rows["id"]) == data.ids


def test_a_row_says_what_was_decided_and_how(glcm, data):
    row = table(glcm, data.subset([3])).iloc[0]

    assert row["predicted"] == ("rough" if row["p.rough"] >= 0.5 else "fine")
    assert (row["threshold"], row["status"]) == (0.5, "ok")
    assert pd.isna(row["error"])
    assert row["ood_threshold"] == glcm.ood.threshold
    assert row["outside"] is bool(row["ood_score"] > row["ood_threshold"])


def test_bad_images_cost_their_rows_and_change_no_other(glcm, tmp_path):
    source = two_classes(tmp_path, patients=10)
    whole = table(glcm, tk.read_manifest(source))
    data = tk.read_manifest(source)
    data.file(5).write_bytes(b"no image")
    spoil(data.file(17))
    (tmp_path / data.paths[30]).unlink()

    data, count = tk.read_manifest(source), Count()
    rows = table(glcm, data)
    count.add(rows)

    bad = [5, 17, 30]
    assert rows.index[rows["status"] == "failed"].tolist() == bad
    assert rows.loc[bad, "error"].notna().all()
    assert rows.loc[bad, ["p.fine", "predicted", "ood_score", "outside"]].isna().all(axis=None)
    assert list(rows["path"]) == list(whole["path"])
    assert_array_equal(numbers(rows.drop(bad)), numbers(whole.drop(bad)))
    assert (count.predicted, count.failed, data.found) == (37, 3, 40)


def test_pictures_that_a_network_cannot_use_cost_their_rows(data, tmp_path):
    model = tk.fit("squeezenet1_1/finetune", data, preprocessing=SMALL, epochs=1)
    source = two_classes(tmp_path, patients=2)
    tk.read_manifest(source).file(2).write_bytes(b"no image")

    rows = table(model, tk.read_manifest(source))

    assert rows.index[rows["status"] == "failed"].tolist() == [2]
    assert rows["ood_score"].notna().sum() == 7


def test_several_labels_are_joined_and_unlearnt_ones_are_not_known(tmp_path):
    data = tk.read_manifest(several_labels(tmp_path))
    model = tk.fit("lbp/logistic", data, preprocessing=SMALL)

    rows = table(model, data)

    said = model.predict_proba(data) >= 0.5
    assert rows["predicted"].tolist() == ["|".join(np.array(model.classes)[row]) for row in said]
    assert rows["ood_score"].isna().all()  # 20 images are too few for a detector
    assert rows["outside"].isna().all()


def test_a_chosen_threshold_decides(data):
    model = tk.fit(
        "glcm/logistic", data, preprocessing=SMALL, threshold="sensitivity=1", calibrate="sigmoid"
    )

    rows = table(model, data)

    cut = model.decision.cuts["rough"]
    assert set(rows["threshold"]) == {cut}
    assert rows["predicted"].tolist() == [
        "rough" if p >= cut else "fine" for p in model.predict_proba(data)[:, 1]
    ]
    assert_array_equal(numbers(table(model, data.subset([37]))), numbers(rows)[[37]])


def test_labels_show_their_chosen_thresholds(tmp_path):
    data = tk.read_manifest(several_labels(tmp_path))
    model = tk.fit("lbp/logistic", data, preprocessing=SMALL, threshold="youden")

    rows = table(model, data)

    assert list(rows.columns) == column_names(model)
    cuts = [model.decision.cuts[name] for name in model.classes]
    assert rows[["t.rough", "t.bright"]].to_numpy(float).tolist() == [cuts] * len(data)
    said = model.predict_proba(data) >= cuts
    assert rows["predicted"].tolist() == ["|".join(np.array(model.classes)[row]) for row in said]
