"""Boosters that are damaged, or made to do harm, and what XGBoost is given of the others."""

import os
import subprocess
import sys

import numpy as np
import pytest

from texturekit.errors import ModelError
from texturekit.methods import ubjson
from texturekit.methods.booster_files import _parents as parents_of
from texturekit.methods.booster_files import anew, read_booster

ROWS = np.random.default_rng(0).normal(size=(60, 4))
FUZZ = """
import sys
import numpy as np
from pathlib import Path
from texturekit.errors import ModelError
from texturekit.methods.booster_files import read_booster

file, classes, count, seed = Path(sys.argv[1]), *map(int, sys.argv[2:])
random, raw, told = np.random.default_rng(seed), file.read_bytes(), {"refused": 0, "read": 0}
rows, spoilt = random.normal(size=(20, 4)), file.with_name("spoilt.ubj")
for _ in range(count):
    content = bytearray(raw)
    for _ in range(random.choice([1, 1, 2, 5])):
        place = int(random.integers(len(content)))
        match random.integers(4):
            case 0: content[place] = random.integers(256)
            case 1: content[place] ^= 1 << random.integers(8)
            case 2: content[place:place + 4] = random.choice([b"\\xff" * 4, b"\\x7f" * 4, bytes(4)])
            case 3: del content[place:place + int(random.integers(1, 50))]
    spoilt.write_bytes(content)
    try:
        booster = read_booster(spoilt, 4, classes)
    except ModelError:
        told["refused"] += 1
        continue
    assert np.isfinite(booster.predict_proba(rows)).all()
    told["read"] += 1
print(told["refused"], told["read"])
"""


def fitted(classes, folder):
    from xgboost import XGBClassifier

    labels = np.arange(60) % classes
    booster = XGBClassifier(n_estimators=3, max_depth=3, n_jobs=1, tree_method="hist")
    file = folder / f"{classes}.ubj"
    booster.fit(ROWS, labels).save_model(file)
    return file


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boosters")
    return {classes: fitted(classes, folder) for classes in (2, 3)}


@pytest.mark.parametrize("classes", [2, 3])
def test_a_booster_written_anew_predicts_the_same_to_the_bit(classes, files):
    from xgboost import XGBClassifier

    by_itself = XGBClassifier()
    by_itself.load_model(files[classes])

    booster = read_booster(files[classes], 4, classes)

    np.testing.assert_array_equal(booster.predict_proba(ROWS), by_itself.predict_proba(ROWS))
    np.testing.assert_array_equal(booster.feature_importances_, by_itself.feature_importances_)
    once = anew(files[classes].read_bytes(), 4, classes)
    assert anew(once, 4, classes) == once


def edit(*path, to):
    def change(told):
        *most, last = path
        for one in most:
            told = told[one]
        if isinstance(told, np.ndarray):
            told.setflags(write=True)
        told[last] = to(told[last]) if callable(to) else to

    return change


LEARNER = ("learner",)
MODEL = (*LEARNER, "gradient_booster", "model")
TREE = (*MODEL, "trees", 0)
EDITS = {
    "child out of range": (edit(*TREE, "left_children", 0, to=999), "left_children are out"),
    "child below -1": (edit(*TREE, "left_children", 0, to=-2), "left_children are out"),
    "circle to the root": (edit(*TREE, "left_children", 0, to=0), "no tree"),
    "node of two parents": (edit(*TREE, "left_children", 0, to=2), "no tree"),
    "one child": (edit(*TREE, "left_children", 0, to=-1), "one child"),
    "wrong length": (edit(*TREE, "right_children", to=lambda a: a[:-1]), "right_children are not"),
    "no nodes": (edit(*TREE, "left_children", to=lambda a: a[:0]), "no nodes"),
    "other number of nodes": (edit(*TREE, "tree_param", "num_nodes", to="99"), "num_nodes"),
    "leaf of vectors": (edit(*TREE, "tree_param", "size_leaf_vector", to="9"), "size_leaf_vector"),
    "column out of range": (edit(*TREE, "split_indices", 0, to=4), "split_indices are out"),
    "split by category": (edit(*TREE, "split_type", 0, to=1), "split_type are out"),
    "categories": (edit(*TREE, "categories", to=np.zeros(1, ">i4")), "splits by category"),
    "nan": (edit(*TREE, "split_conditions", 0, to=np.nan), "split_conditions are out"),
    "infinite": (edit(*TREE, "split_conditions", 0, to=np.inf), "split_conditions are out"),
    "other type": (edit(*TREE, "split_conditions", to=lambda a: a.astype(">f8")), "are not"),
    "missing": (edit(*TREE, to={}), "lacks left_children"),
    "group out of range": (edit(*MODEL, "tree_info", 0, to=1), "tree_info"),
    "rounds": (edit(*MODEL, "iteration_indptr", 1, to=9), "iteration_indptr"),
    "number of trees": (edit(*MODEL, "gbtree_model_param", "num_trees", to="4"), "num_trees"),
    "fewer trees": (edit(*MODEL, "trees", to=lambda t: t[:-1]), "num_trees"),
    "no trees": (edit(*MODEL, "trees", to=[]), "rounds of 1"),
    "dart": (edit(*LEARNER, "gradient_booster", "name", to="dart"), "name is 'dart'"),
    "gblinear": (edit(*LEARNER, "gradient_booster", "name", to="gblinear"), "name is 'gblinear'"),
    "columns": (edit(*LEARNER, "learner_model_param", "num_feature", to="5"), "num_feature is '5'"),
    "classes": (edit(*LEARNER, "learner_model_param", "num_class", to="3"), "num_class is '3'"),
    "base": (edit(*LEARNER, "learner_model_param", "base_score", to="nan"), "base_score"),
    "objective": (edit(*LEARNER, "objective", "name", to="reg:gamma"), "name is 'reg:gamma'"),
    "attributes": (edit(*LEARNER, "attributes", "best_iteration", to="9"), "best_iteration"),
    "version": (edit("version", to=[3, 2]), "three numbers"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "said"), EDITS.values(), ids=EDITS)
def test_a_booster_of_another_structure_is_refused(change, said, files, tmp_path):
    told = thawed(ubjson.read(files[2].read_bytes()))
    change(told)
    refused(ubjson.written(told), said, tmp_path)


def thawed(told):
    if isinstance(told, dict):
        return {name: thawed(one) for name, one in told.items()}
    if isinstance(told, list):
        return [thawed(one) for one in told]
    return told.copy() if isinstance(told, np.ndarray) else told


def test_nodes_that_go_round_apart_from_the_root_are_refused(files, tmp_path):
    told = thawed(ubjson.read(files[2].read_bytes()))
    tree = told["learner"]["gradient_booster"]["model"]["trees"][0]
    for name in ("base_weights", "loss_changes", "sum_hessian", "split_conditions",
                 "split_indices", "default_left", "split_type"):  # fmt: skip
        tree[name] = np.zeros(5, tree[name].dtype)
    tree["tree_param"]["num_nodes"] = "5"
    tree["left_children"] = np.array([-1, 2, 1, -1, -1], ">i4")
    tree["right_children"] = np.array([-1, 3, 4, -1, -1], ">i4")
    refused(ubjson.written(told), "its nodes go round in a circle", tmp_path)


def test_a_tree_of_more_levels_than_xgboost_may_walk_through_is_refused():
    inner = np.arange(1000)
    left, right = np.full((2, 2001), -1, ">i4")
    left[2 * inner], right[2 * inner] = 2 * inner + 1, 2 * inner + 2

    with pytest.raises(ValueError, match="taller than 1000 levels"):
        parents_of(left, right)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "ends early"),
        (b"[$d#L\x7f" + b"\xff" * 7, "there are no"),
        (b"[#L" + b"\xff" * 8, "there are no -1"),
        (b"[$l#U\x02" + bytes(4), "ends early"),
        (b"[#U\x01" * 40 + b"Z", "nested more than 16 deep"),
        (b"{U\x01a" * 40 + b"Z", "nested more than 16 deep"),
        (b"{U\x01aZU\x01aZ}", "'a' twice"),
        (b"[$Z#U\x01Z", "no type of numbers"),
        (b"[Z]", "does not tell its length"),
        (b"ZZ", "after its end"),
        (b"Z", "lacks version"),
        (b'{"learner": {}}', "no type of numbers"),
    ],
)
def test_what_is_no_such_file_is_refused(content, said, tmp_path):
    refused(content, said, tmp_path)


def refused(content, said, folder):
    file = folder / "booster.ubj"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"booster\.ubj cannot be read: .*train anew") as caught:
        read_booster(file, 4, 2)
    assert said in str(caught.value)


def test_a_booster_that_is_cut_anywhere_is_refused(files):
    content = files[2].read_bytes()

    for end in np.linspace(0, len(content) - 1, 100).astype(int):
        with pytest.raises(ValueError, match=r"it ends early|there are no \d+ values"):
            anew(content[:end], 4, 2)


def test_spoilt_boosters_are_refused_or_predict(files):
    command = [sys.executable, "-c", FUZZ, str(files[2]), "2", "120", "7"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-500:]
    refusals, read = map(int, done.stdout.split())
    assert refusals + read == 120
    assert refusals > 100
