import pathlib

import numpy as np
import pandas as pd

from texturekit.data.folds import Fold
from texturekit.data.listing import Manifest
from texturekit.data.split_parts import split_parts
from texturekit.data.splits import kfold


def manifest(labels, groups=None, kind="binary"):
    n = len(labels)
    frame = pd.DataFrame(
        {"id": [f"i{k:02d}" for k in range(n)], "path": [f"{k}" for k in range(n)]}
    )
    if groups is not None:
        frame["group"] = groups
    names = ("a", "b")
    return Manifest(frame, np.asarray(labels), names, kind, pathlib.Path(), "example")


def test_the_parts_of_every_fold_add_up_to_the_data():
    labels = np.tile([0, 0, 1, 1], 6)
    data = manifest(labels, [f"p{k // 2}" for k in range(24)])
    parts = split_parts(data, kfold(data, folds=3, repeats=2))

    assert [(one.repeat, one.fold, one.part) for one in parts[:3]] == [
        (0, 0, "train"), (0, 0, "test"), (0, 1, "train"),
    ]  # fmt: skip
    for repeat in (0, 1):
        tests = [one for one in parts if one.repeat == repeat and one.part == "test"]
        assert sum(one.images for one in tests) == 24
        assert sum(one.groups for one in tests) == 12
        assert sum(one.counts["b"] for one in tests) == int(labels.sum())
    for fold in range(3):
        train, test = (one for one in parts if (one.repeat, one.fold) == (0, fold))
        assert train.images + test.images == 24
        assert train.group_counts["a"] + test.group_counts["a"] == 6


def test_an_empty_validation_part_is_left_out_and_a_full_one_kept():
    data = manifest([0, 1, 0, 1])
    rows = np.arange(4)
    one, two = Fold(0, 0, rows[:2], rows[2:]), Fold(0, 1, rows[:1], rows[2:], rows[1:2])

    assert [part.part for part in split_parts(data, [one, two])] == [
        "train", "test", "train", "val", "test",
    ]  # fmt: skip


def test_without_patients_none_are_counted():
    (train, test) = split_parts(manifest([0, 1, 0]), [Fold(0, 0, np.array([0, 1]), np.array([2]))])

    assert (train.groups, train.group_counts) == (None, None)
    assert test.counts == {"a": 1, "b": 0}


def test_a_patient_with_several_labels_counts_in_each_and_unknown_in_none():
    labels = np.array([[1.0, 0.0], [0.0, 1.0], [np.nan, 1.0]])
    data = manifest(labels, ["p1", "p1", "p2"], kind="multilabel")
    (part, _) = split_parts(data, [Fold(0, 0, np.array([0, 1]), np.array([2]))])
    (_, test) = split_parts(data, [Fold(0, 0, np.array([0, 1]), np.array([2]))])

    assert (part.groups, part.group_counts) == (1, {"a": 1, "b": 1})
    assert test.counts == {"a": 0, "b": 1}
