from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix

from tests.report.studies import ready, study
from texturekit.errors import MetricError
from texturekit.metrics import clustered_proportion, proportion
from texturekit.metrics.operating import COLUMNS, operating_counts

COUNTS = ["tn", "fp", "fn", "tp"]


def counted(of, method, **more):
    results = of.results
    rows = of.predictions[of.predictions["method"] == method]
    found = operating_counts(
        rows, kind=results.kind, classes=results.classes, positive=results.positive, **more
    )
    return rows, found


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_counts_are_those_of_sklearn_at_every_threshold(kind):
    of = ready(kind)
    rows, found = counted(of, "texture/xgboost")
    names = [of.results.positive] if kind == "binary" else of.results.classes

    assert list(found.columns) == list(COLUMNS)
    assert list(found["class"].drop_duplicates()) == names
    for name, part in found.groupby("class"):
        truth = rows[f"y.{name}"] if kind == "multilabel" else (rows["label"] == name) * 1.0
        known = truth.notna()
        assert len(part) == 101
        for _, one in part.iloc[::10].iterrows():
            said = rows.loc[known, f"p.{name}"] >= one["threshold"]
            wanted = confusion_matrix(truth[known] == 1, said, labels=[False, True]).ravel()
            assert one[COUNTS].tolist() == wanted.tolist()


def test_at_the_threshold_in_use_the_counts_are_the_confusion_matrix_of_the_results():
    binary, labels = ready(), ready("multilabel")
    for method in binary.results.methods[:-1]:
        assert set(method.threshold.values) == {0.5}
        _, found = counted(binary, method.name, thresholds=[0.5])
        assert found[COUNTS].to_numpy().reshape(2, 2).tolist() == method.confusion
    for one in labels.results.methods[3].per_class:
        _, found = counted(labels, labels.results.methods[3].name, thresholds=[0.5])
        cells = found.loc[found["class"] == one.name, COUNTS]
        assert cells.to_numpy().reshape(2, 2).tolist() == one.confusion


def test_limits_are_clustered_where_patients_have_several_images():
    of = ready()
    rows = of.predictions[of.predictions["method"] == "texture/xgboost"]
    alike = rows.groupby("group")["p.malignant"].transform("first")  # one say a patient
    rows = rows.assign(**{"p.malignant": alike, "p.benign": 1 - alike})
    found = operating_counts(
        rows, kind="binary", classes=of.results.classes, positive="malignant", thresholds=[0.4]
    )
    said, sick = rows["p.malignant"] >= 0.4, rows["label"] == "malignant"
    wanted = clustered_proportion(said[sick], rows["group"][sick])
    spared = clustered_proportion(~said[~sick], rows["group"][~sick])
    plain = proportion(int(said[sick].sum()), int(sick.sum()))

    one = found.iloc[0]
    assert (one["sensitivity_low"], one["sensitivity_high"]) == (wanted.low, wanted.high)
    assert (one["specificity_low"], one["specificity_high"]) == (spared.low, spared.high)
    assert one["sensitivity_low"] < plain.low


def test_limits_are_those_of_the_table_at_the_threshold_in_use():
    method = ready().results.methods[3]
    one = counted(ready(), method.name, thresholds=[0.5])[1].iloc[0]

    for name in ("sensitivity", "specificity"):
        share = method.metrics[name]
        assert (one[f"{name}_low"], one[f"{name}_high"]) == (share.low, share.high)


def test_single_images_have_wilson_limits():
    of = ready()
    rows = of.predictions[of.predictions["method"] == "texture/xgboost"].assign(group=None)
    found = operating_counts(
        rows, kind="binary", classes=of.results.classes, positive="malignant", thresholds=[0.4]
    ).iloc[0]
    wanted = proportion(int(found["tp"]), int(found["tp"] + found["fn"]))

    assert (found["sensitivity_low"], found["sensitivity_high"]) == (wanted.low, wanted.high)


def test_only_the_first_repeat_counts():
    of = ready()
    rows = of.predictions[of.predictions["method"] == "texture/xgboost"]
    again = rows.assign(repeat=1, **{"p.malignant": 0.0, "p.benign": 1.0, "predicted": "benign"})
    options = {"kind": "binary", "classes": of.results.classes, "positive": "malignant"}

    once = operating_counts(rows, **options)
    twice = operating_counts(pd.concat([again, rows]), **options)
    assert once.equals(twice)


def test_a_class_without_images_beside_it_has_no_rows():
    of = study("multilabel", n=30, images=False, failed=False,
               methods={"glcm+lbp/forest": ("texture", 0.5)})  # fmt: skip
    rows = of.predictions.assign(**{"y.Effusion": 1.0})
    found = operating_counts(rows, kind="multilabel", classes=of.results.classes, positive=None)

    assert "Effusion" not in set(found["class"])
    assert "Edema" in set(found["class"])


def test_a_threshold_that_is_no_number_is_refused():
    with pytest.raises(MetricError, match="give finite numbers"):
        counted(ready(), "texture/xgboost", thresholds=[0.5, np.nan])
