"""What of a model an exported file holds, and the files themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ModelError
from texturekit.exporting.columns import judged
from texturekit.exporting.graph import Graph
from texturekit.methods.calibrators import EDGE
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import PictureLearner, PriorLearner, TableLearner
from texturekit.parts import part_columns, part_kind, pieces, reading_of
from texturekit.passes import Pass, passes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.deep.backbones import Backbone
    from texturekit.deep.exported import Columns, Judging
    from texturekit.features.grammar import Part
    from texturekit.measurement import Work
    from texturekit.methods.model import Model

_TREES = ("forest", "xgboost")


@dataclass(frozen=True)
class Wants:
    """What an exported model is given.

    Attributes
    ----------
    card : Backbone or None
        How its picture is seen; None if it takes no picture.
    size : int
        The picture's side.
    columns : tuple of str or None
        The measured columns that it takes, in order; None if it takes none.
    parts : tuple of Part
        What these columns are of.
    passes : tuple of Pass
        What is read off backbones inside the file.
    """

    card: Backbone | None
    size: int
    columns: tuple[str, ...] | None
    parts: tuple[Part, ...] = ()
    passes: tuple[Pass, ...] = ()

    @property
    def embedded(self) -> tuple[str, ...]:
        """Names of the columns that are computed inside the file, in the order of the passes."""
        read = [reading_of_pass(one) for one in self.passes]
        return tuple(name for names in read for name in names)


def reading_of_pass(one: Pass) -> tuple[str, ...]:
    """Return the names of the columns that a pass through a backbone gives."""
    return one.reading.columns(BACKBONES[one.net])


def wants_of(model: Model) -> Wants:
    """Return what the exported model will be given.

    Embeddings are computed inside the file, but for three kinds of model. A tree's answer jumps at
    its thresholds, where the last bits decide, and a net's last bits differ between programs;
    half precision rounds as each program likes; and a file has one picture, seen in one way.
    """
    learner = model.learner
    if isinstance(learner, PictureLearner | HeadLearner):
        card = BACKBONES[model.method.parts[0].name]
        size = card.size if isinstance(learner, HeadLearner) else model.preprocessing.size
        return Wants(card, size, None)
    parts = pieces(model.method.reads)
    nets = tuple(part for part in parts if part_kind(part) == "embedding")
    cards = [BACKBONES[part.name] for part in nets]
    kinds = _kinds(learner)
    whole = all(reading_of(part).dtype == "float32" for part in nets)
    if kinds & set(_TREES) or not whole or len({card.view for card in cards}) > 1:
        nets, cards = (), []
    others = tuple(part for part in parts if part not in nets)
    names = tuple(name for part in others for name in part_columns(part))
    return Wants(
        cards[0] if cards else None,
        model.preprocessing.size,
        names if others or not nets else None,
        others,
        tuple(passes_of(nets)),
    )


def _kinds(learner: TableLearner | PriorLearner) -> set[str]:
    if isinstance(learner, PriorLearner):
        return set()
    return {m.kind for one in learner.ensembles if one is not None for m in one.members}


def onnx_of(model: Model, wants: Wants, work: Work) -> Any:
    """Return a model as an ``onnx.ModelProto``.

    Raises
    ------
    ModelError
        If it cannot be exported; it says why.
    """
    classes, learner = len(model.classes), model.learner
    graph = Graph()
    if isinstance(learner, PictureLearner | HeadLearner):
        from texturekit.deep.exported import as_onnx, example

        module, outputs = judging(model)
        assert wants.card is not None
        names = ("probabilities", "logits")
        found = graph.adopt(as_onnx(module, example(wants.card, wants.size), names), "net.")
        widths = (classes, outputs)
        return graph.model({n: (found[n], w) for n, w in zip(names, widths, strict=True)})
    x, outputs_too = _columns(graph, model, wants, work)
    p = judged(graph, x, learner, model.decision.calibrator)
    return graph.model({"probabilities": (p, classes), **outputs_too})


def _columns(
    graph: Graph, model: Model, wants: Wants, work: Work
) -> tuple[str, dict[str, tuple[str, int]]]:
    """Add the inputs; return the columns of the method, and what the file gives beside."""
    wanted = [name for names in model.method.blocks.values() for name in names]
    given: list[str] = []
    names: list[str] = []
    if wants.columns is not None:
        given.append(graph.input("columns", np.float64, ["n", len(wants.columns)]))
        names += wants.columns
    if wants.card is not None:
        from texturekit.deep.exported import as_onnx, example

        net = as_onnx(reading(wants, work), example(wants.card, wants.size), ("columns",))
        given.append(graph.adopt(net, "net.")["columns"])
        names += wants.embedded
    x = given[0] if len(given) == 1 else str(graph.op("Concat", *given, axis=1))
    if names != wanted:
        place = {name: k for k, name in enumerate(names)}
        x = str(graph.op("Gather", x, np.array([place[name] for name in wanted]), axis=1))
    if wants.card is None:
        return x, {}
    return x, {"embedding": (given[-1], len(wants.embedded))}


def reading(wants: Wants, work: Work) -> Columns:
    """Return the backbones that are read inside the file."""
    from texturekit.deep.exported import Columns

    passes = [(BACKBONES[p.net], work.weights[p.net], p.reading) for p in wants.passes]
    return Columns(passes, seed=work.seed)


def judging(model: Model) -> tuple[Judging, int]:
    """Return a network with its probabilities and calibration, and its number of outputs."""
    from texturekit.deep.exported import Judging

    learner, calibrator = model.learner, model.decision.calibrator
    card, kind = BACKBONES[model.method.parts[0].name], model.kind
    if isinstance(learner, HeadLearner):
        module, (matrix, offset), sigmoid = learner.module, _of_classes(learner), True
    else:
        assert isinstance(learner, PictureLearner)
        network = learner.network
        if network is None:
            raise ModelError("this network is not trained; call fit before it is exported.")
        module, matrix = network.module, np.eye(len(model.classes))
        offset = np.where(network.facts.trained, 0.0, np.nan)
        sigmoid = network.facts.kind == "multilabel"
    if module is None:
        raise ModelError("this network is not loaded; call fit before it is exported.")
    bends = () if calibrator is None else calibrator.bends
    lines = () if calibrator is None else calibrator.steps
    found = Judging(
        module.to("cpu").eval(), card, kind, matrix, offset, bends, lines, edge=EDGE,
        sigmoid=sigmoid,
    )  # fmt: skip
    return found, len(matrix)


def _of_classes(learner: HeadLearner) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what `HeadLearner.of_classes` does, as a matrix and what is added."""
    outputs = len(learner.card.outputs)
    told = np.vstack([np.zeros(outputs), np.eye(outputs)])
    found = learner.of_classes(told)
    return np.nan_to_num(found[1:] - found[0]), found[0]
