import json

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from pydantic import ValidationError

from texturekit.errors import ParameterError
from texturekit.records import (
    SCHEMA_VERSION,
    Comparison,
    Data,
    Difference,
    Estimate,
    Finding,
    MethodResult,
    Protocol,
    Results,
    Seconds,
    Skipped,
    Study,
    Threshold,
)


def method(name, value, n=10):
    reason = None if value else "one class only"
    area = (
        {"roc_auc": Estimate(value=value, how="DeLong", reason=reason)} if value is not ... else {}
    )
    return MethodResult(name=name, family="texture", status="ok", n=n, metrics=area)


@pytest.fixture
def results():
    full = method("glcm/svm", 0.8).model_copy(
        update={
            "confusion": [[3, 1], [2, 4]],
            "threshold": Threshold(rule="0.5", chosen_on="nothing", values=[0.5], median=0.5),
            "seconds": Seconds(represent=1, fit=2.5, predict=0),
        }
    )
    return Results(
        task="breast",
        title="Breast",
        kind="binary",
        classes=["benign", "malignant"],
        positive="malignant",
        positive_from="card",
        synthetic=True,
        recipe=None,
        protocol=Protocol(type="kfold", folds=5, repeats=1, seed=0, test="folds", grouping="group"),
        data=Data(
            found=11,
            used=10,
            skipped=[Skipped(path="a.png", reason="empty", kind="unreadable")],
            groups=4,
            sha256="0" * 64,
            source="sample",
            counts={"benign": 4, "malignant": 6},
        ),
        methods=[full, method("majority/dummy", None), method("lbp/svm", 0.9), method("x/y", ...)],
        comparisons=[
            Comparison(
                a="glcm/svm", b="lbp/svm", metric="roc_auc", difference=-0.1, low=None, high=None,
                p=None, p_holm=None, verdict="not_testable", how="DeLong", sentence="Too few.",
            )
        ],
        findings=[Finding(code="TK001", severity="note", text="t", evidence="e", advice="a")],
    )  # fmt: skip


def test_json_goes_both_ways(results):
    text = results.model_dump_json()

    assert Results.model_validate_json(text) == results
    assert json.loads(text)["schema_version"] == SCHEMA_VERSION
    assert json.loads(text)["methods"][1]["metrics"]["roc_auc"]["value"] is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("kind", [Estimate, Difference])
def test_no_number_may_be_infinite_or_nan(kind, value):
    with pytest.raises(ValidationError, match="not finite; use None and give the reason"):
        kind(value=value, how="Wilson")


def test_a_record_cannot_be_changed():
    estimate = Estimate(value=0.5, how="Wilson")

    with pytest.raises(ValidationError, match="frozen"):
        estimate.value = 0.6


def test_a_record_takes_no_unknown_field():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Estimate(value=0.5, how="Wilson", lower=0.4)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Skipped(path="a", reason="b", kind="lost"),
        lambda: MethodResult(name="a", family="cnn", status="ok"),
        lambda: MethodResult(name="a", family="texture", status="done"),
        lambda: Finding(code="a", severity="fatal", text="", evidence="", advice=""),
    ],
)
def test_words_are_those_of_the_contract(build):
    with pytest.raises(ValidationError, match="Input should be"):
        build()


@pytest.fixture
def study(results):
    empty = pd.DataFrame()
    return Study(
        results, predictions=empty, curves=empty, importance=empty, config={}, environment={}
    )


def test_a_summary_lists_the_best_method_first_and_those_without_a_value_last(study):
    expected = pd.DataFrame(
        {
            "method": ["lbp/svm", "glcm/svm", "majority/dummy", "x/y"],
            "value": [0.9, 0.8, None, None],
            "low": [None] * 4,
            "high": [None] * 4,
            "n": [10] * 4,
        }
    ).astype({"value": float, "low": float, "high": float})

    assert_frame_equal(study.summary("roc_auc"), expected)
    assert_frame_equal(study.summary(), expected)


def test_a_summary_of_an_unknown_metric_names_the_known(study):
    with pytest.raises(ParameterError, match=r"no method has a metric called 'auc'.*roc_auc"):
        study.summary("auc")


def test_a_study_without_assets_has_none(study):
    assert dict(study.assets) == {}
