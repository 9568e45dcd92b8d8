"""Folds, pairs and subgroups of a whole comparison."""

from __future__ import annotations

import pandas as pd
import pytest

import texturekit as tk
from tests.imagesets import two_classes
from texturekit.config import read_config
from texturekit.errors import ParameterError
from texturekit.metrics.curves import COLUMNS
from texturekit.report.folder import read_study, write_report

METHODS = ["majority/dummy", "first_order/logistic", "first_order/knn"]
SIZE = {"size": 32, "positive": "rough", "images": False, "permutations": 0, "folds": 2}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = two_classes(tmp_path_factory.mktemp("two"), patients=12)
    frame = pd.read_csv(path)
    number = frame["group"].str[1:].astype(int)
    frame["Sex"] = ["F" if n % 4 < 2 else "M" for n in number]
    frame["age"] = [str(30 + n) if n else "" for n in number]
    frame.assign(note="x").to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def study(data):
    return tk.compare(data=data, methods=METHODS, pairs="all", **SIZE)


def test_usual_columns_are_subgroups_unasked(study, data):
    frame = pd.read_csv(data).set_index("path")
    found = study.results.subgroups

    told = [(one.column, one.value) for one in found if one.method == METHODS[0]]
    assert told == [("Sex", "F"), ("Sex", "M"), ("age", "31 to 38"), ("age", "39 to 46"),
                    ("age", "47 to 53"), ("age", "not stated")]  # fmt: skip
    assert {one.method for one in found} == set(METHODS)
    for one in found[:6]:
        rows = frame[frame["Sex"] == one.value]
        assert (one.n, one.groups) == (len(rows), rows["group"].nunique())
        assert one.positives == (rows["label"] == "rough").sum()
    for column in ("Sex", "age"):
        parts = [one.n for one in found if (one.column, one.method) == (column, METHODS[0])]
        assert sum(parts) == study.results.data.used


def test_every_pair_is_tested_where_that_was_asked_for(study):
    assert [one.declared for one in study.results.pairs] == [True] * 3
    assert len(study.results.comparisons) == 2 * 3
    assert study.config["pairs"] == "all"


def test_folds_stand_beside_each_method(study):
    for one in study.results.methods:
        assert [(fold.repeat, fold.fold) for fold in one.folds] == [(0, 0), (0, 1)]
        assert sum(fold.n for fold in one.folds) == one.n


def test_the_run_folder_keeps_all_of_it(study, tmp_path):
    write_report(study, tmp_path / "run")

    again = read_study(tmp_path / "run")

    assert again.results == study.results
    assert list(again.curves) == list(COLUMNS)
    pd.testing.assert_frame_equal(again.curves, study.curves)
    settings = read_config(tmp_path / "run" / "config.yaml", [*study.config])
    assert (settings["pairs"], settings["subgroups"]) == ("all", "auto")


def test_columns_can_be_named_or_left_out(data):
    named = tk.compare(data=data, methods=METHODS[:2], subgroups=["note"], **SIZE)
    none = tk.compare(data=data, methods=METHODS[:2], subgroups="none", **SIZE)

    assert {(one.column, one.value) for one in named.results.subgroups} == {("note", "x")}
    assert named.config["subgroups"] == "note"
    assert none.results.subgroups == []
    assert [(one.declared, one.p_holm is None) for one in none.results.pairs] == [(True, False)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subgroups": "sex"}, r"Did you mean 'Sex'\? It carries along: Sex, age, note"),
        ({"pairs": "some"}, "use declared or all"),
    ],
)
def test_what_is_unknown_is_refused_before_any_image_is_read(data, options, message):

    with pytest.raises(ParameterError, match=message):
        tk.compare(data=data, methods=METHODS[:2], **SIZE, **options)
