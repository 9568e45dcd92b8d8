"""XGBoost's boosters: a file is read, checked and written anew before XGBoost sees a byte of it.

XGBoost trusts its files: a child outside its tree, or a circle of nodes, ends the process.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ModelError
from texturekit.methods import ubjson

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_TALLEST = 1000  # levels of a tree; XGBoost walks through some by recursion
_LARGEST = 1e38  # what the leaves may sum to: still a float32
_ROOT = 2**31 - 1  # the parent of what has none
_FLOAT = r"-?[0-9]+(\.[0-9]{1,17})?(E-?[0-9]{1,2})?"
_ATTRIBUTES = {"scikit_learn": '{"_estimator_type": "classifier"}'}
_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_STATISTICS = ("base_weights", "loss_changes", "sum_hessian")


def read_booster(file: Path, columns: int, classes: int) -> Any:
    """Return the ``XGBClassifier`` of a file.

    Parameters
    ----------
    file : Path
        UBJSON that ``XGBClassifier.save_model`` wrote.
    columns, classes : int
        What the model wants of it.

    Raises
    ------
    ModelError
        If it is no booster of trees for so many columns and classes.
    """
    from xgboost import XGBClassifier

    try:
        checked = anew(file.read_bytes(), columns, classes)
        estimator = XGBClassifier()
        estimator.load_model(bytearray(checked))
    except Exception as error:  # XGBoost's own kinds, too
        why = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{file} cannot be read: {why}; copy the whole folder, or train anew."
        ) from error
    return estimator


def anew(content: bytes, columns: int, classes: int) -> bytes:
    """Return a booster's file, written from what was found in it and could be checked.

    Raises
    ------
    ValueError
        If it is no booster of trees for so many columns and classes.
    """
    return ubjson.written(_booster(ubjson.read(content), columns, classes))


def _is(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _of(told: Any, *names: str) -> Any:
    for name in names:
        _is(isinstance(told, dict) and name in told, f"it lacks {name}")
        told = told[name]
    return told


def _states(told: Any, name: str, *wanted: str) -> str:
    found = _of(told, name)
    _is(found in wanted, f"its {name} is {str(found)[:40]!r}, not {' or '.join(wanted)}")
    return str(found)


def _scores(told: Any, name: str, counts: tuple[int, ...]) -> str:
    """Return a text of finite numbers, in brackets or not."""
    found = _of(told, name)
    whole = isinstance(found, str) and re.fullmatch(rf"\[?{_FLOAT}(,{_FLOAT})*\]?", found)
    numbers = found.strip("[]").split(",") if whole else []
    fits = all(abs(float(one)) < _LARGEST for one in numbers) and len(numbers) in counts
    _is(fits, f"its {name} is not {' or '.join(map(str, counts))} finite numbers")
    return str(found)


def _integers(told: Any, name: str, expected: NDArray[np.int64]) -> Any:
    found = _of(told, name)
    listed = isinstance(found, list) and all(type(one) is int for one in found)
    _is(listed or isinstance(found, np.ndarray), f"its {name} is no list of integers")
    _is(list(found) == expected.tolist(), f"its {name} does not go with its trees")
    return expected.tolist() if listed else expected.astype(">i4")


def _booster(told: Any, columns: int, classes: int) -> dict[str, Any]:
    version, learner = _of(told, "version"), _of(told, "learner")
    parts = isinstance(version, list) and [type(one) is int and 0 <= one < 999 for one in version]
    _is(parts == [True] * 3 and version[0] > 0, "its version is not three numbers")
    more = set(_of(learner, "attributes")) - set(_ATTRIBUTES)
    _is(not more, f"it has attributes that no model needs: {str(sorted(more))[:80]}")
    objective, groups = _objective(_of(learner, "objective"), classes)
    parameters = _of(learner, "learner_model_param")
    _states(parameters, "num_feature", str(columns))
    _states(parameters, "num_class", str(groups if groups > 1 else 0))
    _states(parameters, "num_target", "1")
    told_parameters = {
        "base_score": _scores(parameters, "base_score", (1, groups)),
        "boost_from_average": _states(parameters, "boost_from_average", "0", "1"),
        "num_class": str(groups if groups > 1 else 0),
        "num_feature": str(columns),
        "num_target": "1",
    }
    booster = _of(learner, "gradient_booster")
    name = _states(booster, "name", "gbtree")
    made = {
        "attributes": _ATTRIBUTES, "feature_names": [], "feature_types": [],
        "gradient_booster": {"model": _trees(_of(booster, "model"), columns, groups), "name": name},
        "learner_model_param": told_parameters, "objective": objective,
    }  # fmt: skip
    return {"learner": made, "version": version}


def _objective(told: Any, classes: int) -> tuple[dict[str, Any], int]:
    if classes == 2:
        weight = _scores(_of(told, "reg_loss_param"), "scale_pos_weight", (1,))
        name, settings = _states(told, "name", "binary:logistic"), {"scale_pos_weight": weight}
        return {"name": name, "reg_loss_param": settings}, 1
    name = _states(told, "name", "multi:softprob")
    number = _states(_of(told, "softmax_multiclass_param"), "num_class", str(classes))
    return {"name": name, "softmax_multiclass_param": {"num_class": number}}, classes


def _trees(told: Any, columns: int, groups: int) -> dict[str, Any]:
    trees, parameters = _of(told, "trees"), _of(told, "gbtree_model_param")
    whole = isinstance(trees, list) and len(trees) > 0 and len(trees) % groups == 0
    _is(whole, f"its trees are not rounds of {groups}")
    number = _states(parameters, "num_trees", str(len(trees)))
    _states(parameters, "num_parallel_tree", "1")
    checked, largest = [], 0.0
    for place, tree in enumerate(trees):
        try:
            one, leaf = _tree(tree, columns)
        except ValueError as error:
            raise ValueError(f"tree {place}: {error}") from error
        checked.append({**one, "id": place})
        largest += leaf
    _is(largest < _LARGEST, f"its leaves may sum to {largest:.2g}")
    turns = np.arange(len(trees)) % groups
    made = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": number},
        "iteration_indptr": _integers(
            told, "iteration_indptr", np.arange(0, len(trees) + 1, groups)
        ),
        "tree_info": _integers(told, "tree_info", turns),
        "trees": checked,
    }
    if "cats" in told:  # since XGBoost 3.1
        none = np.zeros(0, ">i4")
        made["cats"] = {"enc": [], "feature_segments": none, "sorted_idx": none}
        _is(_of(told, "cats", "enc") == [], "it has categories")
    return made


def _tree(told: Any, columns: int) -> tuple[dict[str, Any], float]:
    """Return a tree and its largest leaf."""
    left = _of(told, "left_children")
    nodes = len(left) if isinstance(left, np.ndarray) else 0
    _is(nodes > 0, "it has no nodes")
    parameters = _of(told, "tree_param")
    _states(parameters, "num_nodes", str(nodes))
    _states(parameters, "num_feature", str(columns))
    _states(parameters, "num_deleted", "0")
    leaf_size = _states(parameters, "size_leaf_vector", "0", "1")

    def numbers(name: str, kind: str, low: float, high: float) -> NDArray[Any]:
        found = _of(told, name)
        fits = isinstance(found, np.ndarray) and len(found) == nodes
        _is(fits and found.dtype == np.dtype(kind), f"its {name} are not {nodes} of {kind[1:]}")
        _is(bool(((found >= low) & (found <= high)).all()), f"its {name} are out of range")
        return np.asarray(found)

    largest = float(np.finfo(np.float32).max)
    made: dict[str, Any] = {n: numbers(n, ">f4", -largest, largest) for n in _STATISTICS}
    made["split_conditions"] = numbers("split_conditions", ">f4", -largest, largest)
    made["split_indices"] = numbers("split_indices", ">i4", 0, columns - 1)
    made["default_left"] = numbers("default_left", ">u1", 0, 1)
    made["split_type"] = numbers("split_type", ">u1", 0, 0)
    for name in ("left_children", "right_children"):
        made[name] = numbers(name, ">i4", -1, nodes - 1)
    made["parents"] = _parents(made["left_children"], made["right_children"])
    for name in _CATEGORIES:
        found = _of(told, name)
        _is(isinstance(found, np.ndarray) and found.size == 0, "it splits by category")
        made[name] = np.zeros(0, ">i4" if name in _CATEGORIES[:2] else ">i8")
    made["tree_param"] = {
        "num_deleted": "0", "num_feature": str(columns), "num_nodes": str(nodes),
        "size_leaf_vector": leaf_size,
    }  # fmt: skip
    leaves = made["split_conditions"][made["left_children"] == -1]
    return made, float(np.abs(leaves).max())


def _parents(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Return every node's parent, if the nodes are one tree that begins at 0."""
    inner = np.flatnonzero(left != -1)
    _is(bool(((left == -1) == (right == -1)).all()), "a node has one child")
    children = np.concatenate([left[inner], right[inner]]).astype(np.int64)
    once = len(np.unique(children)) == len(children) == len(left) - 1 and 0 not in children
    _is(once, "its nodes are no tree: not every one but the first has one parent")
    parents = np.full(len(left), _ROOT, dtype=">i4")
    parents[children] = np.tile(inner, 2)
    level, reached, height = np.zeros(1, np.int64), 0, 0
    while level.size:
        reached, height = reached + len(level), height + 1
        _is(height <= _TALLEST, f"it is taller than {_TALLEST} levels")
        level = level[left[level] != -1]
        level = np.concatenate([left[level], right[level]]).astype(np.int64)
    _is(reached == len(left), "its nodes go round in a circle")
    return parents
