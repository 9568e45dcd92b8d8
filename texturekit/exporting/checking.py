"""What an exported file says, beside what the model says itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ModelError
from texturekit.exporting.trees import booster_trees, forest_trees
from texturekit.methods.heads import HeadLearner
from texturekit.methods.judging import judge
from texturekit.methods.learners import Inputs, PictureLearner, PriorLearner, TableLearner
from texturekit.parts import part_columns, pieces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.deep.seeing import Picture
    from texturekit.exporting.nets import Wants
    from texturekit.measurement import Work
    from texturekit.methods.classifiers import Member
    from texturekit.methods.model import Model

    Floats = NDArray[np.float64]

#: Largest difference that an exported probability may have.
TOLERANCE = 1e-4
_PICTURES, _ROWS = 3, 64


def check(path: Path, format: str, model: Model, wants: Wants, work: Work) -> float:
    """Compare a file with the model that it was written from, on seeded inputs.

    All inputs at once, and the first alone.

    Returns
    -------
    float
        The largest difference of a probability, or of an embedding relative to 1.

    Raises
    ------
    ModelError
        If it is above `TOLERANCE`.
    """
    rng = np.random.default_rng(0)
    count = _ROWS if wants.card is None else _PICTURES
    given: dict[str, NDArray[Any]] = {}
    if wants.card is not None:
        grey = wants.card.view == "xray"
        given["picture"] = np.stack([_picture(rng, k, wants.size, grey) for k in range(count)])
    if wants.columns is not None:
        given["columns"] = _values(rng, model, wants, count)
    expected = told(model, wants, work, given)
    worst = 0.0
    for rows in (slice(None), slice(1)):
        found = run(path, format, {name: values[rows] for name, values in given.items()})
        for name, values in expected.items():
            worst = max(worst, _difference(values[rows], found[name], path))
    if not worst <= TOLERANCE:
        raise ModelError(
            f"the exported file differs by {worst:.2g} from the model, more than {TOLERANCE}; it "
            "was not kept. Use texturekit predict, and report the method and the versions."
        )
    return worst


def run(path: Path, format: str, given: dict[str, NDArray[Any]]) -> dict[str, Floats]:
    """Run an exported file."""
    if format == "torchscript":
        from texturekit.deep.exported import run_torchscript

        return dict(
            zip(("probabilities", "logits"), run_torchscript(path, given["picture"]), strict=True)
        )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, given), strict=True))


def told(
    model: Model, wants: Wants, work: Work, given: dict[str, NDArray[Any]]
) -> dict[str, Floats]:
    """Return what the model itself says of the inputs of an exported file."""
    learner, decision = model.learner, model.decision
    pictures: Any = list(given.get("picture", ()))
    if isinstance(learner, PictureLearner):
        seen = judge(learner, Inputs(len(pictures), {}, pictures), device="cpu", decision=decision)
        return {"probabilities": seen.probabilities}
    if isinstance(learner, HeadLearner):
        own = _own_outputs(learner, pictures)
        return {"probabilities": decision.probabilities(own, learner.kind)}
    blocks, embedding = _blocks(model, wants, work, given)
    count = len(next(iter(given.values())))
    seen = judge(learner, Inputs(count, blocks), device="cpu", decision=decision)
    return {"probabilities": seen.probabilities} | embedding


def _own_outputs(learner: HeadLearner, pictures: Sequence[Picture]) -> Floats:
    from texturekit.deep.looking import look, own_probabilities_of

    card, module = learner.card, learner.module
    assert module is not None
    seen = look(module, card, pictures, outputs=len(card.outputs), device="cpu")
    return learner.of_classes(own_probabilities_of(card, seen.logits))


def _blocks(
    model: Model, wants: Wants, work: Work, given: dict[str, NDArray[Any]]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the inputs as the learner takes them, and what backbones see in the pictures."""
    columns: dict[str, Floats] = {}
    if wants.columns is not None:
        columns |= dict(zip(wants.columns, given["columns"].T, strict=True))
    embedded: list[Floats] = []
    if wants.card is not None:
        from texturekit.deep.embedder import Embedder

        for one in wants.passes:
            net = Embedder(
                one.net, weights=work.weights[one.net], device="cpu", seed=work.seed,
                reading=one.reading,
            )  # fmt: skip
            embedded.append(net(given["picture"]))
        columns |= dict(zip(wants.embedded, np.hstack(embedded).T, strict=True))
    blocks = {
        str(part): np.stack([columns[name] for name in part_columns(part)], axis=1)
        for part in pieces(model.method.reads)
    }
    return blocks, {"embedding": np.hstack(embedded)} if embedded else {}


def _difference(expected: Floats, found: Floats, path: Path) -> float:
    if expected.shape != found.shape or (np.isnan(expected) != np.isnan(found)).any():
        raise ModelError(
            f"the exported file gives {found.shape} numbers where the model gives "
            f"{expected.shape}, or none where that has some; {path.name} was not kept."
        )
    apart = np.abs(expected - found) / np.maximum(1.0, np.abs(expected))
    return float(np.nanmax(apart, initial=0.0))


def _picture(rng: np.random.Generator, number: int, size: int, grey: bool) -> Picture:
    """Return noise of a grain that grows with the number."""
    from texturekit.resizing import resize

    grains = rng.integers(0, 256, (max(1, size >> number),) * 2 + (3,), dtype=np.uint8)
    picture: NDArray[np.uint8] = resize(grains, size)
    if grey:
        return picture[:, :, :1].astype(np.float32) / np.float32(255)
    return picture


def _values(rng: np.random.Generator, model: Model, wants: Wants, count: int) -> Floats:
    """Return columns around those of training; for trees, each on a threshold or just beside."""
    names = [name for block in model.method.blocks.values() for name in block]
    values = rng.normal(size=(count, len(names)))
    learner = model.learner
    for member in _members(learner):
        if member.scaling is not None:
            own = rng.normal(scale=1.5, size=(count, len(member.columns)))
            values[:, member.columns] = member.scaling.centre + own * member.scaling.spread
        for column, cuts in _thresholds(member).items():
            at = rng.choice(cuts, count).astype(np.float32)
            beside = np.nextafter(at, rng.choice([-np.inf, np.inf], count), dtype=np.float32)
            values[:, member.columns[column]] = np.where(rng.random(count) < 0.5, at, beside)
    return values[:, [names.index(name) for name in wants.columns or ()]]


def _members(learner: object) -> list[Member]:
    if isinstance(learner, PriorLearner) or not isinstance(learner, TableLearner):
        return []
    return [member for one in learner.ensembles if one is not None for member in one.members]


def _thresholds(member: Member) -> dict[int, Floats]:
    trees = forest_trees(member.estimator) if member.kind == "forest" else []
    trees = booster_trees(member.estimator)[0] if member.kind == "xgboost" else trees
    found: dict[int, list[Floats]] = {}
    for tree in trees:
        inner = tree.left != -1
        for column in np.unique(tree.column[inner]):
            found.setdefault(int(column), []).append(
                tree.threshold[inner & (tree.column == column)]
            )
    return {column: np.concatenate(cuts) for column, cuts in found.items()}
