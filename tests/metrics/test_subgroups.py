from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.metrics.made import (
    BINARY,
    CLASSES,
    LABELS,
    MULTI,
    binary_frame,
    multiclass_frame,
    multilabel_frame,
)
from texturekit.metrics.subgroups import METRICS, subgroups
from texturekit.metrics.summary import summarise


def by(frame, column, values):
    """Return the arguments that tell of one column."""
    ids = frame["id"].drop_duplicates()
    told = dict(zip(ids, values, strict=True))
    return {column: told}, {column: sorted(set(values))}


def named(frame):
    return dict(zip(frame["id"], frame["group"], strict=True))


def test_patients_are_counted_as_the_data_name_them(rng):
    frame = binary_frame(rng, 120, images=2)
    one, two = frame["group"].unique()[:2]
    joined = frame.assign(group=frame["group"].replace(one, two))  # they share a copy of an image
    columns, values = by(frame, "sex", ["F"] * 120 + ["M"] * 120)

    found = subgroups(joined, columns, values, patients=named(frame), **BINARY)

    assert [part.groups for part in found] == [60, 60]


@pytest.mark.parametrize("images", [1, 2])
def test_a_subgroup_has_the_numbers_of_its_images_alone(rng, images):
    frame = binary_frame(rng, 120, folds=3, repeats=2, images=images)
    sex = np.where(np.arange(120 * images) // images % 3, "F", "M")
    columns, values = by(frame, "sex", sex)

    found = subgroups(frame, columns, values, patients=named(frame), **BINARY)

    assert [(one.column, one.value, one.method) for one in found] == [
        ("sex", "F", "m"),
        ("sex", "M", "m"),
    ]
    for one in found:
        rows = frame[frame["id"].map(columns["sex"]) == one.value]
        first = rows[rows["repeat"] == 0]
        wanted = summarise(rows, **BINARY)[0]
        assert one.metrics == {name: wanted[name] for name in METRICS}
        assert (one.n, one.groups) == (len(first), first["group"].nunique())
        assert one.positives == one.counts["sick"] == (first["label"] == "sick").sum()
        assert one.counts["well"] == (first["label"] == "well").sum()


@pytest.mark.parametrize(
    ("make", "task"),
    [(multiclass_frame, MULTI), (multilabel_frame, LABELS)],
    ids=["classes", "labels"],
)
def test_several_classes_are_meaned(rng, make, task):
    frame = make(rng, 120)
    columns, values = by(frame, "site", np.where(np.arange(120) % 2, "x", "y"))

    found = subgroups(frame, columns, values, patients=None, **task)

    for one in found:
        rows = frame[frame["id"].map(columns["site"]) == one.value]
        wanted = summarise(rows, **task)[0]
        assert one.metrics == {name: wanted[name] for name in METRICS}
        assert (one.n, one.groups, one.positives) == (60, None, None)


def test_fewer_than_10_images_of_a_class_are_not_estimable(rng):
    frame = binary_frame(rng, 100)
    sick = np.flatnonzero(frame["label"] == "sick")
    site = np.full(100, "large", dtype=object)
    site[np.r_[sick[:9], np.flatnonzero(frame["label"] == "well")[:20]]] = "small"
    columns, values = by(frame, "site", site)

    small = subgroups(frame, columns, values, patients=named(frame), **BINARY)[1]

    reason = "not estimable: fewer than 10 images of sick"
    assert small.positives == 9
    for name in ("roc_auc", "sensitivity"):
        assert (small.metrics[name].value, small.metrics[name].reason) == (None, reason)
        assert small.metrics[name].low is None
    assert small.metrics["specificity"].value is not None
    assert small.metrics["accuracy"].value is not None


def test_ten_are_enough(rng):
    frame = binary_frame(rng, 100)
    sick = np.flatnonzero(frame["label"] == "sick")
    site = np.full(100, "large", dtype=object)
    site[np.r_[sick[:10], np.flatnonzero(frame["label"] == "well")[:10]]] = "small"
    columns, values = by(frame, "site", site)

    small = subgroups(frame, columns, values, patients=named(frame), **BINARY)[1]

    assert all(one.value is not None for one in small.metrics.values())


def test_a_mean_over_classes_names_the_rare_one(rng):
    frame = multiclass_frame(rng, 90)
    site = np.where((frame["label"] == "b") & (np.arange(90) > 20), "x", "y")
    columns, values = by(frame, "site", site)

    y = subgroups(frame, columns, values, patients=named(frame), **MULTI)[1]

    assert y.counts == {"a": 30, "b": 7, "c": 30}
    assert y.metrics["roc_auc"].reason == "not estimable: fewer than 10 images of b"
    assert y.metrics["accuracy"].value is not None
    assert list(y.counts) == CLASSES


def test_methods_that_lack_the_images_have_no_row(rng):
    frame = binary_frame(rng, 60)
    columns, values = by(frame, "site", np.where(np.arange(60) % 2, "x", "y"))
    other = frame[frame["id"].map(columns["site"]) == "x"].assign(method="n")

    found = subgroups(pd.concat([frame, other]), columns, values, patients=named(frame), **BINARY)

    assert [(one.value, one.method) for one in found] == [("x", "m"), ("x", "n"), ("y", "m")]


def test_both_sides_of_a_small_subgroup_are_named(rng):
    frame = binary_frame(rng, 60)
    columns, values = by(frame, "site", np.where(np.arange(60) < 8, "x", "y"))

    few = subgroups(frame, columns, values, patients=named(frame), **BINARY)[0].metrics

    assert few["roc_auc"].reason == ("not estimable: fewer than 10 images of sick, or of well")
    assert few["accuracy"].reason == "not estimable: fewer than 10 images"
