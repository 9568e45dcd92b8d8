from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from texturekit.data.listing import Manifest
from texturekit.data.manifest import read_manifest
from texturekit.data.splits import (
    default_folds,
    holdout,
    inner_folds,
    inner_split,
    kfold,
    leaked_groups,
    read_folds,
    split,
    untestable_labels,
)
from texturekit.errors import LeakageError, ParameterError, SplitError


def listed(labels, groups=None, splits=None) -> Manifest:
    labels = np.asarray(labels)
    names = [f"i{i:04d}" for i in range(len(labels))]
    columns = {"id": names, "path": names}
    columns |= {} if groups is None else {"group": [g if g is None else str(g) for g in groups]}
    columns |= {} if splits is None else {"split": list(splits)}
    several = labels.ndim == 2
    classes = tuple("ABCDEFGH"[: labels.shape[1] if several else int(labels.max()) + 1])
    kind = "multilabel" if several else "binary" if len(classes) == 2 else "multiclass"
    return Manifest(pd.DataFrame(columns, dtype=object), labels, classes, kind, Path(), "here")


def assert_partition(folds, data):
    for repeat in {fold.repeat for fold in folds}:
        tests = [fold.test for fold in folds if fold.repeat == repeat]
        assert_array_equal(np.sort(np.concatenate(tests)), np.arange(len(data)))
    for fold in folds:
        assert_array_equal(np.sort(np.r_[fold.train, fold.test]), np.arange(len(data)))
        assert leaked_groups(data, fold.train, fold.test) == []


@st.composite
def one_class_groups(draw):
    """Draw folds, and groups of one class each, at least as many a class as there are folds."""
    folds = draw(st.integers(2, 5))
    classes = draw(st.integers(2, 4))
    labels, groups = [], []
    for c in range(classes):
        for g in range(draw(st.integers(folds, folds + 4))):
            size = draw(st.integers(1, 9))
            labels += [c] * size
            groups += [f"{c}.{g}"] * size
    return folds, np.array(labels), np.array(groups, dtype=object)


@settings(max_examples=60, deadline=None)
@given(drawn=one_class_groups(), seed=st.integers(0, 5))
def test_every_fold_has_every_class_that_has_groups_enough(drawn, seed):
    folds, labels, groups = drawn
    data = listed(labels, groups)
    made = kfold(data, folds=folds, seed=seed)

    assert_partition(made, data)
    assert all(set(labels[fold.test]) == set(labels) for fold in made)


@settings(max_examples=60, deadline=None)
@given(drawn=one_class_groups(), seed=st.integers(0, 5), share=st.floats(0.05, 0.95))
def test_both_sides_of_a_split_have_every_class(drawn, seed, share):
    _, labels, groups = drawn
    train, test = split(listed(labels, groups), test=share, seed=seed)

    assert set(train.labels) == set(test.labels) == set(labels)
    assert not set(train.groups) & set(test.groups)
    assert sorted(train.ids + test.ids) == [f"i{i:04d}" for i in range(len(labels))]


@settings(max_examples=40, deadline=None)
@given(
    labels=st.lists(
        st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=3, max_size=3),
        min_size=20,
        max_size=60,
    ),
    seed=st.integers(0, 5),
)
def test_several_labels_never_cut_a_group(labels, seed):
    data = listed(labels, [i // 3 for i in range(len(labels))])
    if len(untestable_labels(data)) == 3:
        return
    made = kfold(data, folds=default_folds(data), repeats=2, seed=seed)

    assert_partition(made, data)


def test_folds_are_of_one_size_without_groups(rng):
    data = listed(rng.permutation([0] * 37 + [1] * 66))
    made = kfold(data, folds=5, repeats=3)

    assert_partition(made, data)
    assert {len(fold.test) for fold in made} == {20, 21}
    assert {int((data.labels[fold.test] == 0).sum()) for fold in made} == {7, 8}
    assert [(fold.repeat, fold.fold) for fold in made] == [
        (r, k) for r in range(3) for k in range(5)
    ]
    assert len(made[0].val) == 0


def test_unknown_labels_count_for_nothing():
    data = listed([[1.0], [0.0]] * 4 + [[np.nan]] * 12)
    made = kfold(data, folds=4)

    for fold in made:
        assert np.nansum(data.labels[fold.test]) == 1
        assert len(fold.test) == 5


def test_the_seed_decides_and_repeats_differ(rng):
    data = listed(rng.integers(0, 2, 60), rng.integers(0, 25, 60))
    one, again = kfold(data, folds=5, repeats=2, seed=3), kfold(data, folds=5, repeats=2, seed=3)
    other = kfold(data, folds=5, seed=4)

    assert all((a.test == b.test).all() for a, b in zip(one, again, strict=True))
    assert any(set(a.test) != set(b.test) for a, b in zip(one, other, strict=False))
    assert any(set(a.test) != set(b.test) for a, b in zip(one[:5], one[5:], strict=True))


def test_folds_are_pinned():
    # Written down once: the same on every platform and with every version.
    data = listed([0, 1] * 10, [i // 2 for i in range(20)])
    parts = np.zeros(20, dtype=int)
    for fold in kfold(data, folds=5, seed=7):
        parts[fold.test] = fold.fold

    assert parts[::2].tolist() == [1, 4, 3, 2, 1, 2, 3, 0, 4, 0]


@pytest.mark.parametrize("grouped", [True, False])
def test_the_order_of_the_rows_does_not_matter(rng, grouped):
    data = listed(rng.integers(0, 3, 50), rng.integers(0, 20, 50) if grouped else None)
    mixed = data.subset(rng.permutation(50))
    straight = [{data.ids[i] for i in fold.test} for fold in kfold(data, folds=3)]

    assert [{mixed.ids[i] for i in fold.test} for fold in kfold(mixed, folds=3)] == straight


def test_by_default_there_are_five_folds_or_as_many_as_the_smallest_class_allows():
    assert default_folds(listed([0] * 9 + [1] * 9)) == 5
    assert default_folds(listed([0] * 9 + [1] * 3)) == 3
    assert default_folds(listed([0] * 9 + [1] * 9, [*range(9), *[20, 21, 22] * 3])) == 3
    assert default_folds(listed([0] * 9 + [1] * 4, [None] * 9 + ["p", "p", None, None])) == 3


def test_too_many_folds_name_the_class_and_the_largest_number():
    with pytest.raises(
        SplitError, match="folds=4 is too many: class 'B' has 3 images; use at most 3"
    ):
        kfold(listed([0] * 9 + [1] * 3), folds=4)
    with pytest.raises(SplitError, match="label 'A' has 2 groups; use at most 2"):
        kfold(listed([[1.0], [0.0]] * 4, [0, 0, 0, 0, 0, 0, 1, 2]), folds=3)


def test_a_class_in_one_group_names_the_way_out():
    data = listed([0, 0, 1, 1], ["p", "q", "r", "r"])
    with pytest.raises(SplitError, match=r"class 'B' has one group.*'r'.*--group none"):
        default_folds(data)
    with pytest.raises(SplitError, match="class 'B' has one group"):
        kfold(data, folds=2)


def test_a_class_with_one_image_has_no_such_way_out():
    with pytest.raises(SplitError, match="class 'B' has one image, 'i0002'") as caught:
        default_folds(listed([0, 0, 1], ["p", "q", "r"]))

    assert "--group" not in str(caught.value)


def test_one_class_only_stops():
    with pytest.raises(SplitError, match="only one class, 'A'"):
        default_folds(listed([0, 0, 0]))
    with pytest.raises(SplitError, match="has no labels"):
        default_folds(
            Manifest(pd.DataFrame({"id": ["a"], "path": ["a"]}), None, (), None, Path(), "x")
        )


def test_labels_that_cannot_be_tested_are_named_and_stop_nothing():
    labels = np.array([[1, 1, 0], [0, 1, 1], [1, 1, 0], [0, 1, 0]], dtype=float)
    data = listed(labels)

    assert untestable_labels(data) == ("B", "C")
    assert default_folds(data) == 2
    assert all((data.labels[fold.test][:, 0] == 1).sum() == 1 for fold in kfold(data, folds=2))
    with pytest.raises(SplitError, match="no label that is present in two groups"):
        default_folds(listed(labels[:, 1:]))


@pytest.mark.parametrize(
    "options",
    [
        {"folds": 1},
        {"folds": 2.5},
        {"folds": True},
        {"folds": 2, "repeats": 0},
        {"folds": 2, "seed": -1},
    ],
)
def test_odd_numbers_of_folds_stop(options):
    with pytest.raises(ParameterError, match="use a whole number from"):
        kfold(listed([0, 1] * 4), **options)


def test_holdout_takes_the_manifests_own_splits():
    splits = ["train", "train", "val", "test", "train"]
    (fold,) = holdout(listed([0, 1, 0, 1, 1], splits=splits))

    assert [x.tolist() for x in (fold.train, fold.val, fold.test)] == [[0, 1, 4], [2], [3]]


@pytest.mark.parametrize(
    ("labels", "splits", "message"),
    [
        ([0, 1], None, "has no splits"),
        ([0, 1], ["train", "train"], "no test image in its splits .train 2, val 0, test 0."),
        ([0, 1], ["test", "val"], "no training image"),
        ([0, 1, 1], ["train", "test", None], "1 images in no split, first 'i0002'"),
        ([0, 1], ["train", "test"], "class 'B' has no image in the training part"),
        ([0, 0], ["train", "test"], "only one class"),
    ],
)
def test_splits_that_cannot_be_used_stop(labels, splits, message):
    with pytest.raises(SplitError, match=message):
        holdout(listed(labels, splits=splits))


@pytest.mark.parametrize("other", ["val", "train"])
def test_a_group_on_both_sides_stops_unless_it_is_allowed(other):
    data = listed([0, 1, 0, 1], ["p", "p", "q", "r"], ["train", "train", other, "test"])
    leaky = listed([0, 1, 0, 1], ["p", "p", "r", "r"], ["train", "train", other, "test"])
    sides = "validation and the test" if other == "val" else "training and the test"

    assert holdout(data)
    with pytest.raises(LeakageError, match=f"1 group in both the {sides} part of here: 'r'"):
        holdout(leaky)
    assert holdout(leaky, allow_leakage=True)[0].test.tolist() == [3]


def test_at_most_three_leaked_groups_are_named():
    data = listed([0, 1] * 5, list("abcde") * 2, ["train"] * 5 + ["test"] * 5)
    with pytest.raises(LeakageError, match=r"5 groups .*'a', 'b', 'c' and 2 more;"):
        holdout(data)


def test_a_split_has_about_its_share(rng):
    data = listed(rng.integers(0, 2, 500))
    for share in (0.1, 0.2, 0.5):
        _, test = split(data, test=share)

        assert len(test) == pytest.approx(500 * share, abs=2)
        assert test.labels.mean() == pytest.approx(data.labels.mean(), abs=0.02)


def test_a_class_in_one_group_is_trained_on():
    data = listed([0, 0, 0, 0, 1, 1], ["p", "q", "r", "s", "t", "t"])
    train, test = split(data, test=0.5)

    assert set(train.labels) == {0, 1}
    assert set(test.labels) == {0}


def test_a_big_group_does_not_swamp_a_small_test_part():
    groups = [0] * 50 + [1] * 49 + list(range(2, 12))
    _, test = split(listed([0] * 109, groups), test=0.1)

    assert len(test) == 10


def test_a_split_that_would_lose_a_class_stops():
    with pytest.raises(SplitError, match="none can be spared for the test part"):
        split(listed([0, 0, 1, 1], ["p", "p", "q", "q"]))
    with pytest.raises(ParameterError, match=r"test=1\.5 is no share"):
        split(listed([0, 1]), test=1.5)


def test_an_inner_split_keeps_groups_whole(rng):
    labels, groups = rng.integers(0, 2, 80), rng.integers(0, 30, 80).astype(str)
    train, val = inner_split(labels, groups, "binary", fraction=0.25, seed=1)

    assert_array_equal(np.sort(np.r_[train, val]), np.arange(80))
    assert not set(groups[train]) & set(groups[val])
    assert 12 <= len(val) <= 28
    assert set(labels[val]) == {0, 1}


def test_an_inner_split_sets_nothing_apart_where_nothing_can_be_spared():
    train, val = inner_split(
        np.array([0, 0, 1]), np.array(["p", "p", "q"]), "binary", fraction=0.2, seed=0
    )

    assert (train.tolist(), val.tolist()) == ([0, 1, 2], [])
    with pytest.raises(ParameterError, match=r"shape \(3,\) are not multilabel"):
        inner_split(np.array([0, 0, 1]), None, "multilabel", fraction=0.2, seed=0)


def test_inner_folds_leave_every_class_in_training(rng):
    labels, groups = rng.integers(4, 7, 90), rng.integers(0, 30, 90).astype(str)
    made = inner_folds(labels, groups, seed=0)

    assert len(made) == 5
    for train, test in made:
        assert not set(groups[train]) & set(groups[test])
        assert set(labels[train]) == {4, 5, 6}
    assert len(inner_folds(np.array([0, 0, 0, 1, 1, 1]), None, seed=0)) == 3
    assert inner_folds(np.array([0, 0, 1, 1]), np.array(list("pqrr")), seed=0) == []
    assert inner_folds(np.array([0, 0, 0]), None, seed=0) == []


@pytest.fixture
def data():
    return listed([0, 1, 0, 1], ["p", "q", "p", "r"])


def folds_file(tmp_path, text):
    file = tmp_path / "folds.csv"
    file.write_text(text)
    return file


GIVEN = "path,repeat,fold\ni0000,0,1\ni0001,0,1\ni0002,0,1\ni0003,0,0\n"
SOUND = "id,repeat,fold\ni0000,0,0\ni0001,0,1\ni0002,0,0\ni0003,0,1\n"


def test_given_folds_are_read(tmp_path):
    data = listed([0, 1, 0, 1])
    made = read_folds(
        folds_file(
            tmp_path,
            "path,repeat,fold\n"
            + "".join(
                f"{name},{repeat},{(i // 2 + repeat) % 2}\n"
                for repeat in (1, 0)
                for i, name in enumerate(data.ids)
            ),
        ),
        data,
    )

    assert [(f.repeat, f.fold, f.test.tolist()) for f in made] == [
        (0, 0, [0, 1]),
        (0, 1, [2, 3]),
        (1, 0, [2, 3]),
        (1, 1, [0, 1]),
    ]
    assert_partition(made, data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GIVEN.replace("path", "file"), "no column path .or id."),
        (GIVEN.replace("fold", "part"), "no column fold"),
        (GIVEN.replace("i0003,0,0\n", ""), "lacks 1 of 4 images in repeat 0, first 'i0003'"),
        (GIVEN + "i0003,0,1\n", "'i0003' into a fold of repeat 0 twice, in rows 5 and 6"),
        (GIVEN + "x,0,1\n", "names 1 images that here does not have: row 6 'x'"),
        (GIVEN.replace(",0,0", ",0,one"), "'one' as fold in row 5"),
        (GIVEN.replace(",0,0", ",0,1"), "one fold in repeat 0"),
        (SOUND, "class 'A' has no image in the training part of fold 0, repeat 0"),
    ],
)
def test_given_folds_that_do_not_fit_stop(tmp_path, data, text, message):
    with pytest.raises(SplitError, match=message):
        read_folds(folds_file(tmp_path, text), data)


def test_a_file_of_folds_that_is_not_there_is_named(tmp_path, data):
    with pytest.raises(SplitError, match=r"none.csv' cannot be read: No such file"):
        read_folds(tmp_path / "none.csv", data)


def test_given_folds_that_cut_a_group_stop_unless_it_is_allowed(tmp_path, data):
    file = folds_file(tmp_path, "path,repeat,fold\ni0000,0,0\ni0001,0,0\ni0002,0,1\ni0003,0,1\n")

    with pytest.raises(LeakageError, match="'p'"):
        read_folds(file, data)
    assert len(read_folds(file, data, allow_leakage=True)) == 2


def test_given_folds_may_name_skipped_images(tmp_path):
    (tmp_path / "list.csv").write_text(
        "path,label\na.png,x\nb.png,y\nc.png,x\nd.png,y\ngone.png,x\n"
    )
    for name in "abcd":
        (tmp_path / f"{name}.png").touch()
    rows = "".join(
        f"{name}.png,0,{k}\n"
        for name, k in zip(["a", "b", "c", "d", "gone"], [0, 0, 1, 1, 1], strict=True)
    )

    assert (
        len(
            read_folds(
                folds_file(tmp_path, "path,repeat,fold\n" + rows),
                read_manifest(tmp_path / "list.csv"),
            )
        )
        == 2
    )


@pytest.mark.parametrize(
    "name",
    [
        "brain",
        "breast_busi",
        "breast_busi3",
        "cervix_herlev",
        "cervix_herlev2",
        "chest_pneumonia",
        "texture_dtd",
    ],
)
def test_reads_the_real_folds(real_data, name):
    data = read_manifest(real_data / f"{name.rstrip('2')}.csv")
    made = read_folds(real_data / "folds" / f"dev.{name}.csv", data)

    assert len(made) == 15
    assert_partition(made, data)


def test_real_classes_with_one_group_are_refused_and_without_groups_are_not(real_data):
    with pytest.raises(
        SplitError, match=r"class 'DRUSEN' has one group: all its 10 images.*--group none"
    ):
        default_folds(read_manifest(real_data / "oct.csv"))
    alone = read_manifest(real_data / "oct.csv", group=None)

    assert default_folds(alone) == 5
    with pytest.raises(
        SplitError, match="'DRUSEN' has no image in the training part of fold 3, repeat 0"
    ):
        read_folds(real_data / "folds" / "dev.oct.csv", alone)


@pytest.mark.parametrize("name", ["brain", "breast_busi3", "cervix_herlev", "fundus_odir"])
def test_real_folds_are_balanced(real_data, name):
    data = read_manifest(real_data / f"{name}.csv")
    several = (
        data.labels
        if data.labels.ndim == 2
        else data.labels[:, None] == np.arange(len(data.classes))
    )
    made = kfold(data, folds=5, repeats=2)
    counts = np.array([several[fold.test].sum(axis=0) for fold in made])

    assert_partition(made, data)
    assert np.ptp(counts, axis=0).max() <= 6
    assert np.ptp([len(fold.test) for fold in made]) <= 3
