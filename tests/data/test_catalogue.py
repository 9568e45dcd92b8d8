"""The cards of image sets: every fact of the reference, and nothing that cannot be read."""

import json
import re
from pathlib import Path

import pytest

from texturekit.data.catalogue import SETS, load_set, set_cards
from texturekit.data.detecting import LAYOUTS
from texturekit.data.tasks import TASKS, load_card
from texturekit.errors import ParameterError, UnknownNameError

CARD = """
id: own
task: liver
title: Own set
modality: ultrasound
kind: binary
access: open
licence: ours
verified: by ourselves
files:
  - {name: a.zip, url: "http://127.0.0.1/a.zip", bytes: 5}
"""


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "own.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.mark.parametrize("name", SETS)
def test_every_card_is_whole(name):
    card = load_set(name)

    assert card.id == name
    assert card.task in TASKS
    assert set(card.overlaps) <= set(SETS)
    if card.counts and card.images and all(isinstance(n, int) for n in card.counts.values()):
        assert sum(card.counts.values()) in (card.images, 612)
    if card.splits and card.images:
        assert sum(card.splits.values()) == card.images


def test_cards_say_what_the_reference_says(reference):
    facts = json.loads((reference / "datasets.json").read_text())["datasets"]

    assert sorted(one["id"] for one in facts) == sorted(SETS)
    for one in facts:
        card = load_set(one["id"])
        assert (card.title, card.modality, card.licence) == (
            one["title"], one["modality"], one["license"],
        )  # fmt: skip
        assert (card.images, card.patients) == (one.get("n"), one.get("n_patients"))
        assert list(card.classes) == (one["classes"] or [])
        if card.is_open:
            known = [{k: f[k] for k in ("name", "url", "bytes", "md5", "sha256") if f.get(k)}
                     for f in one["files"]]  # fmt: skip
            keys = {"name", "url", "bytes", "md5", "sha256"}
            assert [f.model_dump(include=keys, exclude_none=True) for f in card.files] == known
        assert card.is_open == (one["fetchable"] is True)


def test_labels_of_medmnist_are_named_as_the_tasks_name_them():
    for name in ("breastmnist", "octmnist", "chestmnist"):
        card = load_set(name)
        assert set(card.labels.values()) <= set(load_card(card.task).classes)
    assert load_set("breastmnist").labels[0] == "malignant"  # MedMNIST counts it as 0


def test_a_card_of_ones_own(write):
    card = load_set(write(CARD))

    assert (card.id, card.is_open, card.files[0].bytes) == ("own", True, 5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("licence", "license"), "there is no field license. Did you mean 'licence'"),
        (("bytes: 5", "byte: 5"), "there is no field files.0.byte. Did you mean 'bytes'"),
        (("http:", "file:"), "files.0.url"),
        (("a.zip,", "../a.zip,"), "files.0.name"),
        (("bytes: 5", "md5: xyz"), "files.0.md5"),
        (("access: open", "access: secret"), "access"),
        (("files:", "layout: folders\nfiles:"), "layout folders goes with folders"),
        (("files:", "group_rule: 'p[0-9]+'\nfiles:"), "has no .group"),
        (("url:", "also: [b.zip]}#"), "steps is missing"),
    ],
)
def test_a_wrong_card_names_the_field(change, words, write):
    with pytest.raises(ParameterError, match=words):
        load_set(write(CARD.replace(*change)))


def test_unknown_sets_and_tasks_are_named():
    with pytest.raises(UnknownNameError, match="Did you mean 'octmnist'"):
        load_set("octminst")
    with pytest.raises(UnknownNameError, match="Did you mean 'oct'"):
        set_cards("otc")


def test_sizes_are_chosen():
    card = load_set("octmnist")

    assert [file.name for file in card.chosen_files()] == ["octmnist.npz"]
    assert [file.name for file in card.chosen_files(224)] == ["octmnist_224.npz"]
    with pytest.raises(ParameterError, match="does not come with 100 pixels; it has 28, 64"):
        card.chosen_files(100)
    with pytest.raises(ParameterError, match="one size only"):
        load_set("mendeley_oct2017").chosen_files(28)


def test_every_set_and_layout_stands_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")

    assert [name for name in (*SETS, *LAYOUTS) if f"`{name}`" not in page] == []


def test_the_tasks_point_at_sets_that_are_there():
    for task in TASKS:
        words = re.findall(r"data (?:fetch|list) (\w+)", load_card(task).obtain)
        assert set(words) <= set(SETS), task
