"""What others published for the tasks, against the reference of their write-ups."""

import json

import pytest

from texturekit.data.card import TASKS, Card, Published, load_card
from texturekit.metrics.published import reported


@pytest.fixture(scope="module")
def seeds(reference):
    return json.loads((reference / "published.json").read_text())["seeds"]


def test_breast_has_the_three_tables_of_the_write_up(seeds):
    models = seeds["003_breast_mri"]["models"]
    for one, (name, known) in zip(reported(load_card("breast")), models.items(), strict=True):
        said = known["reported"]
        assert one.method.startswith(name)
        assert one.confusion == said["confusion_matrix"]
        assert one.n == known["recomputed"]["n"]
        second = {s.metric: s.value for s in one.stated if s.part is None}
        for metric, key in (("accuracy", "acc"), ("roc_auc", "auc"), ("sensitivity",) * 2,
                            ("specificity",) * 2):  # fmt: skip
            assert second[metric] == pytest.approx(said["test_block_B"][key], abs=5e-5)
        assert second["f1"] == said["report"]["malignant"][2]
        assert second["macro f1"] == said["report"]["macro"][2]
        others = [(s.metric, s.value) for s in one.stated if s.part == "validation"]
        assert ("accuracy", pytest.approx(said["val"]["acc"])) in others


def test_brain_has_the_only_table_that_its_numbers_allow(seeds):
    known = seeds["001_brain_mri"]
    (one,) = reported(load_card("brain"))

    assert known["derived_confusion_matrix"]["unique"]
    assert one.confusion == known["derived_confusion_matrix"]["matrix"]
    assert {s.metric: s.value for s in one.stated} == {
        k: known["reported"][k] for k in ("sensitivity", "specificity", "roc_auc", "accuracy")
    }
    assert [s.status for s in one.stated if s.metric == "roc_auc"] == ["suspect"]


def test_cervix_has_its_table_and_its_numbers(seeds):
    said = seeds["000_cervix"]["reported"]
    (one,) = reported(load_card("cervix"))
    stated = {s.metric: s for s in one.stated}

    assert one.classes == said["confusion_matrix_rows_true"]["labels"]
    assert one.confusion == said["confusion_matrix_rows_true"]["matrix"]
    assert stated["macro f1"].value == said["macro_avg"]["f1"]
    assert stated["weighted f1"].value == said["weighted_avg"]["f1"]
    assert stated["Type_2.sensitivity"].value == said["per_class"]["Type_2"]["sensitivity"]
    assert stated["n"].value == seeds["000_cervix"]["split"]["test"]["total"]
    assert [s.metric for s in one.stated if s.status == "contradicts"] == ["n"]  # I15


def test_oct_has_no_table_and_so_nothing_is_judged(seeds):
    said = seeds["004_oct"]["reported"]
    (one,) = reported(load_card("oct"))

    assert [s.value for s in one.stated] == pytest.approx([said["val_acc"], said["train_acc"]])
    assert {s.status for s in one.stated} == {"unknown"}
    assert (one.metrics, one.contradictions) == ({}, [])


def test_the_mistakes_of_the_breast_write_up_are_found():
    vgg16, resnet18, resnet50 = reported(load_card("breast"))

    for one in (vgg16, resnet18, resnet50):  # I01
        judged = {s.metric: s.status for s in one.stated if s.part is None}
        assert (judged["sensitivity"], judged["specificity"]) == ("contradicts", "contradicts")
    assert any("stated as 77.58%" in text for text in vgg16.contradictions)  # I03
    assert any("below 0.7171" in text for text in resnet18.remarks)  # I06
    assert any("stated as 84.92%" in text for text in resnet50.contradictions)  # I02
    same = "the same roc_auc 0.8084 stands for ResNet18 fine-tuned (test), ResNet18 fine-tuned"
    for one in (resnet18, resnet50):  # I04
        assert any(text.startswith(same) for text in one.contradictions)
    assert not any("the same" in text for text in vgg16.contradictions)


def test_validation_numbers_are_not_judged_by_a_table_of_test_images():
    (row,) = [s for s in reported(load_card("breast"))[0].stated
              if s.part == "validation" and s.metric == "accuracy"]  # fmt: skip

    assert (row.status, row.recomputed) == ("unknown", None)


@pytest.mark.parametrize("task", TASKS)
def test_every_number_of_a_card_comes_out(task):
    card = load_card(task)

    assert sum(len(one.stated) for one in reported(card)) == sum(
        len(row.numbers) for row in card.published
    )


def test_own_data_have_nothing_reported_and_plain_rows_are_put_together():
    row = {"source": "a", "method": "b", "n": 9}
    card = Card(
        name="x", title="x", kind="binary", classes=("p", "q"),
        published=(Published(**row, metric="accuracy", value=0.5),
                   Published(**row, metric="roc_auc", value=0.6)),
    )  # fmt: skip

    (one,) = reported(card)

    assert reported(None) == []
    assert [(s.metric, s.value, s.status) for s in one.stated] == [
        ("accuracy", 0.5, "unknown"), ("roc_auc", 0.6, "unknown"),
    ]  # fmt: skip
    assert (one.n, one.confusion) == (9, None)


def test_any_number_of_a_card_is_shown_whatever_it_measures():
    row = Published(source="a", method="b", metric="seconds", value=1e-05)
    other = Published(source="a", method="b", metric="epochs", value=40.0)
    card = Card(name="x", title="x", kind="binary", classes=("p", "q"), published=(row, other))

    assert [one.value for one in reported(card)[0].stated] == [1e-05, 40.0]
