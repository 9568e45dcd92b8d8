from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from tests.report.studies import changed, ready
from texturekit.records import Repeats
from texturekit.report.page import render
from texturekit.report.patients import patients

METHODS = ["texture/xgboost", "majority/dummy"]


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_patients_are_sorted_by_the_mean_error_of_the_first_method(kind):
    frame = ready(kind).predictions
    frame = frame[frame["method"] == METHODS[0]]
    errors = {}
    for row in frame.to_dict("records"):
        errors.setdefault(row["group"], []).append(1 - row[f"p.{row['label']}"])
    worst = sorted(errors, key=lambda g: -sum(errors[g]) / len(errors[g]))
    found = patients(ready(kind), METHODS)

    assert found.total == len(worst) == 40
    assert [row.name for row in found.rows] == worst[:30]
    for row in found.rows:
        assert row.error == f"{sum(errors[row.name]) / len(errors[row.name]):.2f}"
        assert row.images == 3


def test_right_answers_are_counted_image_by_image():
    frame = ready().predictions
    for row in patients(ready(), METHODS).rows:
        for method, (right, of) in zip(METHODS, row.right, strict=True):
            own = frame[(frame["method"] == method) & (frame["group"] == row.name)]
            assert (right, of) == (int((own["predicted"] == own["label"]).sum()), len(own))


def test_of_several_labels_only_known_answers_count():
    frame = ready("multilabel").predictions
    labels = ready("multilabel").results.classes
    for row in patients(ready("multilabel"), METHODS).rows:
        own = frame[(frame["method"] == METHODS[0]) & (frame["group"] == row.name)]
        pairs = [
            (y == 1, name in case["predicted"].split("|"))
            for _, case in own.iterrows() for name in labels
            if (y := case[f"y.{name}"]) == y
        ]  # fmt: skip

        assert row.right[0] == (sum(y == c for y, c in pairs), len(pairs))


def test_only_the_first_repeat_counts():
    once = ready().predictions
    again = pd.concat([once, once.assign(repeat=1, predicted="benign")], ignore_index=True)

    assert patients(replace(ready(), predictions=again), METHODS) == patients(ready(), METHODS)


def test_a_method_without_predictions_for_a_patient_says_nothing_of_it():
    frame = ready().predictions
    first = patients(ready(), METHODS).rows[0].name
    less = frame[~((frame["method"] == METHODS[1]) & (frame["group"] == first))]
    found = patients(replace(ready(), predictions=less), METHODS)

    assert found.rows[0].right == [patients(ready(), METHODS).rows[0].right[0], None]


def test_unknown_patients_and_single_images_have_no_table():
    unknown = ready().results.data.model_copy(update={"groups": None})
    single = ready().predictions.assign(group=ready().predictions["id"])

    assert patients(changed(ready(), data=unknown), METHODS) is None
    assert patients(replace(ready(), predictions=single), METHODS) is None
    assert patients(ready(), []) is None


def test_the_page_says_how_many_patients_are_shown():
    html = render(ready())

    assert "The worst 30 of 40 patients" in html
    assert html.count('<section id="patients"') == 1


def test_groups_that_share_copies_are_said_to_count_as_one():
    copies = Repeats(exact=0, near=1, possible=1, images=2, kept_together="possible")
    data = ready().results.data.model_copy(update={"duplicates": copies})

    assert patients(changed(ready(), data=data), METHODS).joined
    assert not patients(ready(), METHODS).joined
    assert (
        "Groups that share copies of an image, all in the same part of every split, count as one"
        in render(changed(ready(), data=data))
    )
