from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.report.studies import ready
from texturekit.errors import ModelError
from texturekit.report import gallery

METHOD = "texture/xgboost"
OUTCOMES = {"Missed": (True, False), "False alarm": (False, True), "Recognised": (True, True)}


def own(kind):
    frame = ready(kind).predictions
    return frame[frame["method"] == METHOD].set_index("id")


def test_samples_stand_under_their_own_class_and_say_how_many_there_are():
    rows = gallery.samples(ready("multiclass"))

    assert [row.title for row in rows] == ["Type_1", "Type_2", "Type_3"]
    for row in rows:
        assert row.total == ready("multiclass").results.data.counts[row.title]
        assert 0 < len(row.pictures) <= gallery.PER_CLASS
        assert {picture.truth for picture in row.pictures} == {row.title}


def test_examples_are_the_surest_predictions_wrong_and_right():
    frame = own("binary")
    for group in gallery.examples(ready(), METHOD):
        missed, recognised = group.rows
        for row, hit in ((missed, False), (recognised, True)):
            cases = frame[
                (frame["label"] == group.name) & ((frame["predicted"] == group.name) == hit)
            ]
            with_picture = cases[cases.index.isin(json.loads(ready().assets["assets.json"]))]
            called = [case[f"p.{case['predicted']}"] for _, case in with_picture.iterrows()]

            assert row.total == len(cases)
            assert [p.probability for p in row.pictures] == sorted(called, reverse=True)[:4]
            assert all(p.truth == group.name for p in row.pictures)


def test_examples_of_a_label_are_missed_false_alarms_and_recognised():
    frame = own("multilabel")
    for group in gallery.examples(ready("multilabel"), METHOD):
        for row in group.rows:
            for picture in row.pictures:
                case = frame.loc[picture.id]
                there, called = (
                    case[f"y.{group.name}"] == 1,
                    group.name in case["predicted"].split("|"),
                )

                assert (there, called) == OUTCOMES[row.title]
                assert picture.probability == case[f"p.{group.name}"]


def test_the_pictures_of_a_section_stay_within_their_bytes(monkeypatch):
    monkeypatch.setattr(gallery, "PER_SECTION", 60_000)
    rows = gallery.samples(ready("multiclass"))
    spent = sum(len(p.source) for row in rows for p in row.pictures)

    assert len(rows) == 3  # every class has its share
    assert 30_000 < spent < 62_000


def test_only_png_is_put_on_the_page():
    assets = {
        "x.png": b"<svg onload=alert(1)>",
        "assets.json": b'{"a": {"file": "x.png", "label": "benign"}}',
    }

    assert gallery.samples(replace(ready(), assets=assets)) == []


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": 1}', '{"a": {}}'])
def test_a_damaged_index_is_named(text):
    with pytest.raises(ModelError, match=r"assets\.json"):
        gallery.samples(replace(ready(), assets={"assets.json": text.encode()}))
