"""Classifiers on columns as ONNX: scaling, estimators, votes, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ModelError
from texturekit.exporting.trees import boosted, forest
from texturekit.methods.calibrators import EDGE, Calibrator, Steps
from texturekit.methods.learners import PriorLearner, TableLearner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.exporting.graph import Graph
    from texturekit.methods.calibrators import Bend
    from texturekit.methods.classifiers import Ensemble, Member
    from texturekit.methods.scaling import Scaling

_LIMIT = 6.0  # of Scaling; a test compares


def judged(
    graph: Graph, x: str, learner: TableLearner | PriorLearner, calibrator: Calibrator | None
) -> str:
    """Add a learner and its calibration; return the (n, classes) probabilities.

    A row with a value that is not finite gives NaN, as does a label that was not learnt.
    """
    p = calibrated(graph, _own(graph, x, learner), calibrator, learner.kind)
    # Added at the end: some operations take NaN for a number.
    zero = graph.op("Mul", x, np.array(0.0))
    finite = graph.op("ReduceSum", zero, np.array([1]), keepdims=1)
    return str(graph.op("Add", p, graph.op("Add", finite, _mute(learner)[None])))


def _own(graph: Graph, x: str, learner: TableLearner | PriorLearner) -> str:
    if isinstance(learner, PriorLearner):
        none = graph.op("MatMul", x, np.zeros((0, learner.classes)))
        return str(graph.op("Add", none, np.nan_to_num(learner.prior)[None]))
    if learner.kind != "multilabel":
        (one,) = learner.ensembles
        if one is None:
            raise ModelError("this model learnt one class only; train it on images of both.")
        return _ensemble(graph, x, one, learner.classes)
    zero = graph.op("MatMul", x, np.zeros((sum(map(len, learner.method.blocks.values())), 1)))
    parts = [
        zero if one is None else _column(graph, _ensemble(graph, x, one, 2), 1)
        for one in learner.ensembles
    ]
    return str(graph.op("Concat", *parts, axis=1))


def _mute(learner: TableLearner | PriorLearner) -> NDArray[np.float64]:
    """Return NaN for labels that were not learnt, else 0."""
    if isinstance(learner, PriorLearner):
        return np.where(np.isnan(learner.prior), np.nan, 0.0)
    if learner.kind != "multilabel":
        return np.zeros(learner.classes)
    return np.array([np.nan if one is None else 0.0 for one in learner.ensembles])


def _ensemble(graph: Graph, x: str, ensemble: Ensemble, classes: int) -> str:
    total = None
    for weight, member in zip(ensemble.weights, ensemble.members, strict=True):
        place = np.zeros((len(ensemble.seen), classes))
        place[np.arange(len(ensemble.seen)), ensemble.seen] = weight
        vote = graph.op("MatMul", _member(graph, x, member), place)
        total = vote if total is None else graph.op("Add", total, vote)
    assert total is not None
    return str(total)


def _member(graph: Graph, x: str, member: Member) -> str:
    z = graph.op("Gather", x, member.columns, axis=1)
    if member.scaling is not None:
        z = _scaled(graph, z, member.scaling)
    known = {"logistic": _logistic, "forest": forest, "knn": _neighbours, "xgboost": boosted}
    if member.kind == "svm" and member.calibration is not None:
        decision, own = _support(graph, z, member.estimator), member.calibration
        return _bounded(graph, decision, own.slope, own.spread, own.bias)
    if member.kind not in known:
        raise ModelError(f"a classifier {member.kind!r} cannot be exported.")
    p = known[member.kind](graph, z, member.estimator)
    return _shares(graph, p)


def _shares(graph: Graph, p: str) -> str:
    return str(graph.op("Div", p, graph.op("ReduceSum", p, np.array([1]), keepdims=1)))


def _scaled(graph: Graph, x: str, scaling: Scaling) -> str:
    z = graph.op("Div", graph.op("Sub", x, scaling.centre[None]), scaling.spread[None])
    z = graph.op("Clip", z, np.array(-_LIMIT), np.array(_LIMIT))
    return str(graph.op("Mul", z, scaling.weight[None]))


def _logistic(graph: Graph, z: str, estimator: Any) -> str:
    d = graph.op("MatMul", z, np.asarray(estimator.coef_, dtype=np.float64).T)
    d = graph.op("Add", d, np.asarray(estimator.intercept_, dtype=np.float64)[None])
    if len(estimator.classes_) > 2:
        return str(graph.op("Softmax", d, axis=1))
    second = graph.op("Sigmoid", d)
    return str(graph.op("Concat", graph.op("Sub", np.array(1.0), second), second, axis=1))


def _square(graph: Graph, z: str, axis: int = 1) -> str:
    return str(graph.op("ReduceSum", graph.op("Mul", z, z), np.array([axis]), keepdims=1))


def _distances(graph: Graph, z: str, rows: str) -> str:
    """Add the (n, m) squared distances to some rows."""
    turned = graph.op("Transpose", rows, perm=[1, 0])
    cross = graph.op("Mul", graph.op("MatMul", z, turned), np.array(2.0))
    squares = graph.op("Transpose", _square(graph, rows), perm=[1, 0])
    both = graph.op("Add", _square(graph, z), squares)
    return str(graph.op("Sub", both, cross))


def _support(graph: Graph, z: str, estimator: Any) -> str:
    """Add a support vector machine; return (n, 2) or (n, k) decisions for a softmax."""
    if estimator.kernel != "rbf" or estimator.decision_function_shape != "ovr":
        raise ModelError(f"a kernel {estimator.kernel} cannot be exported, only rbf.")
    far = _distances(graph, z, graph.constant(np.asarray(estimator.support_vectors_)))
    kernel = graph.op("Exp", graph.op("Mul", far, np.array(-float(estimator._gamma))))
    weights, pairs = _pairs(estimator)
    d = graph.op("MatMul", kernel, weights)
    d = graph.op("Add", d, np.asarray(estimator.intercept_)[None])
    if len(estimator.classes_) == 2:
        return str(graph.op("MatMul", d, np.array([[-0.5, 0.5]])))
    # One against one: each pair's winner gets a vote, the sum of the decisions breaks ties.
    k = len(estimator.classes_)
    first, second, signed = (np.zeros((len(pairs), k)) for _ in range(3))
    for row, (i, j) in enumerate(pairs):
        first[row, i] = second[row, j] = signed[row, i] = 1
        signed[row, j] = -1
    lost = graph.cast(graph.op("Less", d, np.array(0.0)), np.float64)
    won = graph.op("Sub", np.array(1.0), lost)
    votes = graph.op("Add", graph.op("MatMul", won, first), graph.op("MatMul", lost, second))
    total = graph.op("MatMul", d, signed)
    wide = graph.op("Add", graph.op("Abs", total), np.array(1.0))
    small = graph.op("Div", total, graph.op("Mul", wide, np.array(3.0)))
    return str(graph.op("Add", votes, small))


def _pairs(estimator: Any) -> tuple[NDArray[np.float64], list[tuple[int, int]]]:
    """Return the (m, pairs) weights of the support vectors in each pair of classes."""
    dual, k = np.asarray(estimator.dual_coef_), len(estimator.classes_)
    if k == 2:
        return dual.T, [(0, 1)]
    ends = np.cumsum([0, *estimator.n_support_])
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    weights = np.zeros((dual.shape[1], len(pairs)))
    for column, (i, j) in enumerate(pairs):
        of_i, of_j = slice(*ends[i : i + 2]), slice(*ends[j : j + 2])
        weights[of_i, column], weights[of_j, column] = dual[j - 1, of_i], dual[i, of_j]
    return weights, pairs


def _neighbours(graph: Graph, z: str, estimator: Any) -> str:
    """Add nearest neighbours: found by an expanded square, then measured by differences.

    So the distance to a row that is there is exactly 0.
    """
    if estimator.effective_metric_ != "euclidean" or callable(estimator.weights):
        raise ModelError("neighbours by another distance than Euclid's cannot be exported.")
    rows = graph.constant(np.asarray(estimator._fit_X, dtype=np.float64))
    near = graph.op("Neg", _distances(graph, z, rows))
    count = np.array([estimator.n_neighbors], dtype=np.int64)
    _, which = graph.op("TopK", near, count, axis=1, outputs=2)
    gap = graph.op("Sub", graph.op("Gather", rows, which, axis=0),
                   graph.op("Unsqueeze", z, np.array([1])))  # fmt: skip
    far = graph.op("Sqrt", _square(graph, gap, axis=2))
    weight = graph.op("Add", graph.op("Mul", far, np.array(0.0)), np.array(1.0))
    if estimator.weights == "distance":
        same = graph.cast(graph.op("Equal", far, np.array(0.0)), np.float64)
        some = graph.cast(graph.op("ReduceMax", same, np.array([1]), keepdims=1), np.bool_)
        weight = graph.op("Where", some, same, graph.op("Div", np.array(1.0), far))
    member = np.eye(len(estimator.classes_))[np.asarray(estimator._y)]
    votes = graph.op("Mul", graph.op("Gather", member, which, axis=0), weight)
    return str(graph.op("ReduceSum", votes, np.array([1]), keepdims=0))


def _bounded(graph: Graph, d: str, slope: float, spread: float, bias: Any) -> str:
    """Add ``softmax(slope * d / spread + bias)``."""
    d = graph.op("Div", graph.op("Mul", d, np.array(float(slope))), np.array(float(spread)))
    d = graph.op("Add", d, np.asarray(bias, dtype=np.float64)[None])
    return str(graph.op("Softmax", d, axis=1))


def calibrated(graph: Graph, p: str, calibrator: Calibrator | None, kind: str) -> str:
    """Add a calibration; return the (n, classes) probabilities after it."""
    if calibrator is None:
        return p
    parts = calibrator.bends or calibrator.steps
    if kind == "multilabel":
        told = [_label(graph, _column(graph, p, k), part) for k, part in enumerate(parts)]
        return str(graph.op("Concat", *told, axis=1))
    if calibrator.bends:
        return _bent(graph, p, calibrator.bends[0])
    lines = calibrator.steps
    if len(lines) == 1:
        second = _raised(graph, _column(graph, p, 1), lines[0])
        return str(graph.op("Concat", graph.op("Sub", np.array(1.0), second), second, axis=1))
    raised = graph.op(
        "Concat", *(_raised(graph, _column(graph, p, k), s) for k, s in enumerate(lines)), axis=1
    )
    total = graph.op("ReduceSum", raised, np.array([1]), keepdims=1)
    none = graph.op("Equal", total, np.array(0.0))
    shares = graph.op("Div", raised, total)
    return str(graph.op("Where", none, np.full((1, len(lines)), 1 / len(lines)), shares))


def _column(graph: Graph, p: str, k: int) -> str:
    return str(graph.op("Gather", p, np.array([k]), axis=1))


def _label(graph: Graph, p: str, part: Bend | Steps | None) -> str:
    if part is None:
        return p
    if isinstance(part, Steps):
        return _raised(graph, p, part)
    both = graph.op("Concat", graph.op("Sub", np.array(1.0), p), p, axis=1)
    return _column(graph, _bent(graph, both, part), 1)


def _bent(graph: Graph, p: str, bend: Bend | None) -> str:
    assert bend is not None
    shrunk = graph.op("Mul", p, np.array(1 - 2 * EDGE))
    logs = graph.op("Log", graph.op("Add", shrunk, np.array(EDGE)))
    if len(bend.bias) == 2:
        logs = graph.op("MatMul", logs, np.array([[0.5, -0.5], [-0.5, 0.5]]))
    return _bounded(graph, logs, bend.slope, bend.spread, np.array(bend.bias))


def _raised(graph: Graph, p: str, line: Steps | None) -> str:
    """Add a line's height: the sum of what each of its pieces has risen by then."""
    assert line is not None
    x, y = np.array(line.x), np.array(line.y)
    if len(x) == 1:
        return str(graph.op("Add", graph.op("Mul", p, np.array(0.0)), y[None]))
    share = graph.op("Div", graph.op("Sub", p, x[None, :-1]), np.diff(x)[None])
    share = graph.op("Clip", share, np.array(0.0), np.array(1.0))
    return str(graph.op("Add", graph.op("MatMul", share, np.diff(y)[:, None]), y[:1][None]))
