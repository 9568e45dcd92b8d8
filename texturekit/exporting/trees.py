"""Forests and boosted trees as one ONNX operation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ModelError
from texturekit.exporting.graph import ML

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.exporting.graph import Graph

_LEAF = -1


@dataclass(frozen=True)
class Tree:
    """One tree.

    Attributes
    ----------
    column, left, right : (n,) int64
        What a node looks at, and where it leads; ``left`` is -1 for a leaf.
    threshold : (n,) float64
    given : (n, targets) float64
        What a leaf gives.
    """

    column: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    threshold: NDArray[np.float64]
    given: NDArray[np.float64]


def forest(graph: Graph, x: str, estimator: Any) -> str:
    """Add a random forest; return its (n, classes) probabilities.

    scikit-learn rounds a value to float32 and goes left if it is at most the float64 threshold.
    """
    trees = forest_trees(estimator)
    return grown(graph, x, trees, "BRANCH_LEQ", estimator.n_classes_)


def boosted(graph: Graph, x: str, estimator: Any) -> str:
    """Add XGBoost's trees; return their (n, classes) probabilities.

    XGBoost rounds a value to float32 and goes left if it is less than the float32 threshold.
    """
    trees, base, binary = booster_trees(estimator)
    margin = graph.op("Add", grown(graph, x, trees, "BRANCH_LT", len(base)), base)
    if not binary:
        return str(graph.op("Softmax", margin, axis=1))
    second = graph.op("Sigmoid", margin)
    return str(graph.op("Concat", graph.op("Sub", np.array(1.0), second), second, axis=1))


def forest_trees(estimator: Any) -> list[Tree]:
    """Return the trees of a random forest; each gives its share of a probability."""
    found = []
    for one in estimator.estimators_:
        tree = one.tree_
        given = tree.value[:, 0, :] / len(estimator.estimators_)
        found.append(
            Tree(tree.feature, tree.children_left, tree.children_right, tree.threshold, given)
        )
    return found


def booster_trees(estimator: Any) -> tuple[list[Tree], NDArray[np.float64], bool]:
    """Return XGBoost's trees, what they are added to, and whether there are two classes.

    Raises
    ------
    ModelError
        If the booster is of another kind than ours.
    """
    told = json.loads(estimator.get_booster().save_raw("json"))["learner"]
    name, kind = told["gradient_booster"]["name"], told["objective"]["name"]
    if name != "gbtree" or kind not in ("binary:logistic", "multi:softprob"):
        raise ModelError(
            f"a booster {name} with {kind} cannot be exported, only gbtree with binary:logistic or "
            "multi:softprob; fit it with texturekit."
        )
    binary, parameters = kind == "binary:logistic", told["learner_model_param"]
    base = np.atleast_1d(np.array(json.loads(parameters["base_score"]), dtype=np.float64))
    targets = 1 if binary else int(parameters["num_class"])
    base = np.log(base / (1 - base)) if binary else np.broadcast_to(base, targets)
    model = told["gradient_booster"]["model"]
    trees = [
        _booster_tree(tree, target, targets)
        for tree, target in zip(model["trees"], model["tree_info"], strict=True)
    ]
    return trees, base, binary


def _booster_tree(tree: dict[str, Any], target: int, targets: int) -> Tree:
    if any(tree["split_type"]):
        raise ModelError("a booster that splits by category cannot be exported; fit it anew.")
    condition = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    given = np.zeros((len(condition), targets))
    given[:, target] = condition  # a leaf's condition is what it gives
    left, right = (np.array(tree[f"{side}_children"], np.int64) for side in ("left", "right"))
    return Tree(np.array(tree["split_indices"], np.int64), left, right, condition, given)


def grown(graph: Graph, x: str, trees: Sequence[Tree], mode: str, targets: int) -> str:
    """Add trees; return the (n, targets) sums of what they give, as float64.

    Values are rounded to float32 first, as both libraries do, and then compared as float64.
    """
    from onnx import numpy_helper

    sizes = [len(tree.left) for tree in trees]
    leaf = np.concatenate([tree.left for tree in trees]) == _LEAF
    tree_ids = np.repeat(np.arange(len(trees)), sizes)
    node_ids = np.concatenate([np.arange(size) for size in sizes])
    given = np.concatenate([tree.given for tree in trees])[leaf]

    def joined(name: str) -> list[Any]:
        values = np.concatenate([getattr(tree, name) for tree in trees])
        return [int(value) for value in np.where(leaf, 0, values)]

    thresholds = np.concatenate([tree.threshold for tree in trees])
    rounded = graph.cast(graph.cast(x, np.float32), np.float64)
    total = graph.op(
        "TreeEnsembleRegressor", rounded, domain=ML, n_targets=targets, aggregate_function="SUM",
        nodes_treeids=tree_ids.tolist(), nodes_nodeids=node_ids.tolist(),
        nodes_modes=np.where(leaf, "LEAF", mode).tolist(),
        nodes_featureids=joined("column"),
        nodes_truenodeids=joined("left"), nodes_falsenodeids=joined("right"),
        nodes_values_as_tensor=numpy_helper.from_array(np.where(leaf, 0.0, thresholds)),
        target_treeids=np.repeat(tree_ids[leaf], targets).tolist(),
        target_nodeids=np.repeat(node_ids[leaf], targets).tolist(),
        target_ids=np.tile(np.arange(targets), int(leaf.sum())).tolist(),
        target_weights_as_tensor=numpy_helper.from_array(np.ascontiguousarray(given).ravel()),
    )  # fmt: skip
    return graph.cast(total, np.float64)
