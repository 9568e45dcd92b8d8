"""Measurements that no classifier can use, or hardly: F60 and F62 of the catalogue of faults."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import texturekit as tk
from tests.imagesets import two_classes
from texturekit.errors import ImageError
from texturekit.features import FEATURES
from texturekit.features.registry import Feature, Measured
from texturekit.methods import classifiers


@pytest.fixture
def spoilt(monkeypatch):
    """A family that gives one number and, of images that are no probe, one that is none."""

    def broken(image, *, mask=None):
        probe = image.shape == (160, 160)
        return Measured.of({"broken.mean": 1.0, "broken.nothing": 1.0 if probe else np.nan})

    monkeypatch.setitem(FEATURES._items, "broken", Feature("broken", broken))


def test_a_column_of_nan_stops_by_its_name(spoilt, tmp_path):  # F60
    data = tk.read_manifest(two_classes(tmp_path, patients=2))

    with pytest.raises(ImageError, match=r"broken\.nothing is nan, .* leave broken out"):
        tk.extract(data, "first_order+broken")


def test_the_same_image_is_refused_when_it_is_measured_alone(spoilt):
    with pytest.raises(ImageError, match=r"broken\.nothing is nan"):
        tk.measure(np.arange(64, dtype=np.uint8).reshape(8, 8), "broken")


@pytest.fixture
def hurried(monkeypatch):
    """More columns than images, and classes that a plane divides: one step is not enough."""

    def hasty(seed, jobs, n):
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=1e6, max_iter=1)

    monkeypatch.setitem(classifiers.BUILDERS, "logistic", hasty)


def test_what_did_not_converge_is_in_the_report(hurried, tmp_path):  # F62
    study = tk.compare(
        None, two_classes(tmp_path, patients=4), methods=["majority/dummy", "texture/logistic"],
        folds=2, size=32, images=False,
    )  # fmt: skip
    page = tk.write_report(study, tmp_path / "run").read_text()

    (note,) = [note for note in study.results.notes if "converge" in note]
    assert note.startswith("texture/logistic: LogisticRegression: lbfgs failed to converge")
    assert note.endswith("(2 times in 2 folds)")
    assert "lbfgs failed to converge" in page


def test_a_warning_of_the_only_split_is_not_counted(hurried, tmp_path):
    path = two_classes(tmp_path, patients=4)
    frame = pd.read_csv(path)
    frame["split"] = ["train" if group < "p04" else "test" for group in frame["group"]]
    frame.to_csv(path, index=False)

    study = tk.compare(
        None, path, methods=["majority/dummy", "texture/logistic"], size=32, images=False
    )

    (note,) = [note for note in study.results.notes if "converge" in note]
    assert "folds)" not in note


def test_more_columns_than_images_give_probabilities(tmp_path):  # F62
    study = tk.compare(
        None, two_classes(tmp_path, patients=4), methods=["majority/dummy", "texture/logistic"],
        folds=2, size=32, images=False,
    )  # fmt: skip
    rows = study.predictions.query("method == 'texture/logistic'")
    p = rows[["p.fine", "p.rough"]].to_numpy()

    assert len(tk.features.columns("texture")) > 16
    assert ((p > 0) & (p < 1)).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)
