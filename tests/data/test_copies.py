import numpy as np
import pandas as pd
import pytest

from texturekit.data.alike import Pairs
from texturekit.data.copies import contradictions, crossings, linked, without
from texturekit.data.duplicates import Duplicates
from texturekit.data.folds import Fold
from texturekit.data.listing import Manifest


def manifest(tmp_path, labels, group=None, classes=("no", "yes"), kind="binary"):
    names = list("abcdefgh"[: len(labels)])
    frame = pd.DataFrame({"id": names, "path": names}, dtype=object)
    if group is not None:
        frame["group"] = pd.Series(group, dtype=object)
    return Manifest(frame, np.array(labels), classes, kind, tmp_path, "example")


def duplicates(exact=(), near=None, possible=None):
    none = np.zeros(0, np.int64)
    near = exact if near is None else near
    pairs = Pairs(none, none, np.zeros(0), none > 0)
    return Duplicates(exact, near, near if possible is None else possible, pairs, 0.8, 0.3, ())


def test_both_of_one_image_under_two_labels_are_left_out_with_the_reason(tmp_path):
    data = manifest(tmp_path, [0, 1, 0, 0])

    left = without(data, contradictions(data, ((0, 1), (2, 3))))

    assert left.paths == ["c", "d"]
    assert [(one.path, one.reason, one.kind) for one in left.skipped] == [
        ("a", "same image, labels no and yes (also b)", "invalid"),
        ("b", "same image, labels no and yes (also a)", "invalid"),
    ]
    assert left.found == 4


def test_a_label_that_is_not_known_contradicts_nothing(tmp_path):
    labels = [[1, np.nan], [1, 0], [0, 1]]
    data = manifest(tmp_path, labels, kind="multilabel")

    assert contradictions(data, ((0, 1),)) == {}
    assert set(contradictions(data, ((1, 2),))) == {1, 2}


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (None, ["copies of a", "copies of a", None, None]),
        (["p", "q", "q", None], ["p + q", "p + q", "p + q", None]),
        (["p", None, "r", "p"], ["p", "p", "r", "p"]),
    ],
)
def test_copies_share_a_group_with_all_images_of_their_patients(tmp_path, group, expected):
    data = manifest(tmp_path, [0, 1, 0, 1], group)

    assert list(linked(data, ((0, 1),)).frame["group"]) == expected


def test_nothing_is_joined_without_copies(tmp_path):
    data = manifest(tmp_path, [0, 1])

    assert linked(data, ()) is data


def test_a_pair_that_crosses_is_listed_once_by_its_closest_kind():
    found = duplicates(((0, 1),), near=((0, 1), (2, 5)), possible=((0, 1), (2, 3, 5)))
    fold = Fold(0, 0, np.array([0, 2]), np.array([1, 4]), np.array([3, 5]))

    listed = [(one.a, one.b, one.kind, one.parts) for one in crossings(found, [fold], 6)]

    assert listed == [
        (0, 1, "exact", "training and test"),
        (2, 5, "near", "training and validation"),
        (2, 3, "possible", "training and validation"),
    ]
