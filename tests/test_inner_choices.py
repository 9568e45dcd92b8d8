"""Thresholds and calibration in a whole comparison."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import texturekit as tk
from tests.imagesets import several_labels, two_classes
from texturekit.errors import ParameterError
from texturekit.metrics import choose_threshold

METHODS = ["majority/dummy", "first_order/logistic"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return two_classes(tmp_path_factory.mktemp("two"), patients=12)


@pytest.fixture(scope="module")
def study(path):
    return tk.compare(data=path, methods=METHODS, folds=3, positive="rough", size=32,
                      threshold="youden", calibrate="sigmoid", images=False)  # fmt: skip


def row(study, name):
    (found,) = (m for m in study.results.methods if m.name == name)
    return found


def test_each_fold_has_its_threshold_chosen_on_its_validation_rows(study):
    rows = study.predictions.query("method == 'first_order/logistic'")
    told = row(study, "first_order/logistic").threshold

    assert len(told.values) == len(told.cuts) == 3
    for (fold, part), value in zip(rows.groupby("fold"), told.values, strict=True):
        val, test = (part[part["split"] == split] for split in ("val", "test"))
        chosen = choose_threshold(val["label"] == "rough", val["p.rough"], "youden").value
        assert set(part["threshold"]) == {value} == {chosen}
        assert not set(val["group"]) & set(test["group"])
        assert len(val) + len(test) == 48, fold
        right = np.where(test["p.rough"] >= value, "rough", "fine")
        assert test["predicted"].tolist() == right.tolist()


def test_the_result_says_what_was_chosen_on_what(study):
    found = row(study, "first_order/logistic")

    assert found.threshold.rule == "youden: largest sensitivity + specificity"
    assert found.threshold.chosen_on == (
        "training images, predicted by up to 5 inner folds, n = 32 a fold"
    )
    assert found.threshold.median == np.median(found.threshold.values)
    assert found.calibration == (
        "sigmoid, fitted on training images, predicted by up to 5 inner folds, n = 32 a fold, "
        "to the class shares of these images"
    )
    cut = found.threshold.cuts[0]
    assert (cut.repeat, cut.fold, cut.label) == (0, 0, "rough")
    assert cut.positives + cut.negatives == 32


def test_the_majority_keeps_its_rule(study):
    found = row(study, "majority/dummy")

    assert (found.threshold.rule, found.calibration) == ("most probable class", None)
    rows = study.predictions.query("method == 'majority/dummy'")
    assert set(rows["split"]) == {"test"}
    assert rows["threshold"].isna().all()


def test_labels_of_test_images_move_no_threshold(path, tmp_path):
    frame = pd.read_csv(path)
    frame["path"] = [str(path.parent / name) for name in frame["path"]]
    frame["split"] = np.where(frame["group"] < "p16", "train", "test")
    wrong = frame.assign(
        label=frame["label"].where(frame["split"] == "train", frame["label"].map(
            {"fine": "rough", "rough": "fine"}))
    )  # fmt: skip
    found = []
    for number, one in enumerate((frame, wrong)):
        one.to_csv(tmp_path / f"{number}.csv", index=False)
        study = tk.compare(data=tmp_path / f"{number}.csv", methods=METHODS, positive="rough",
                           size=32, threshold="cost=3", calibrate="isotonic")  # fmt: skip
        told = row(study, "first_order/logistic")
        found.append((told.threshold, told.calibration, told.metrics["sensitivity"].value))

    assert found[0][:2] == found[1][:2]
    assert found[0][2] != found[1][2]


def test_without_the_options_nothing_is_chosen_or_kept(path):
    study = tk.compare(data=path, methods=METHODS, folds=3, positive="rough", size=32)

    found = row(study, "first_order/logistic")
    assert (found.threshold.rule, found.threshold.cuts) == ("probability at least 0.5", [])
    assert found.calibration is None
    assert set(study.predictions["split"]) == {"test"}


def test_a_network_chooses_on_the_images_that_stopped_it(path):
    study = tk.compare(data=path, methods=["squeezenet1_1/finetune"], folds=2, positive="rough",
                       size=32, weights="none", epochs=1, threshold="youden")  # fmt: skip

    told = row(study, "squeezenet1_1/finetune").threshold
    assert told.chosen_on.startswith("images that decided when to stop, n = ")


def test_labels_have_a_threshold_each(tmp_path):
    study = tk.compare(data=several_labels(tmp_path), methods=["lbp/logistic"], folds=2, size=32,
                       threshold="youden")  # fmt: skip

    cuts = row(study, "lbp/logistic").threshold.cuts
    assert [(cut.fold, cut.label) for cut in cuts] == [
        (fold, label) for fold in (0, 1) for label in ("rough", "bright")
    ]
    rows = study.predictions.query("fold == 0 and split == 'test'")
    for label in ("rough", "bright"):
        (value,) = set(rows[f"t.{label}"])
        said = [label in text.split("|") for text in rows["predicted"]]
        assert said == (rows[f"p.{label}"] >= value).tolist()


def test_several_classes_are_refused_before_any_image_is_read():
    with pytest.raises(ParameterError, match="of more than two classes"):
        tk.compare("textures", methods=METHODS[:1], threshold="youden")
