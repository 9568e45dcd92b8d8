"""Models on disk, without pickle: nothing in a model folder is ever run. See docs/models.md."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import texturekit
from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ModelError
from texturekit.methods.array_files import read_arrays, write_arrays
from texturekit.methods.background import Background
from texturekit.methods.cases import Cases
from texturekit.methods.decision_files import described_decision, read_decision
from texturekit.methods.grammar import parse_method
from texturekit.methods.learner_files import outline, read_learner, try_out, write_learner
from texturekit.methods.learners import TableLearner
from texturekit.methods.model import Model, Preprocessing
from texturekit.methods.model_facts import (
    BACKGROUND,
    CASES,
    OOD,
    SCHEMA,
    check_file,
    read_facts,
    sha256,
    sha256_of,
)
from texturekit.methods.novelty import Novelty
from texturekit.methods.tested_files import described_tested, read_tested
from texturekit.outputs import replacing

if TYPE_CHECKING:
    from texturekit.methods.grammar import Method
    from texturekit.methods.learner_files import Learner

_ROUNDING = 1e-9
_KEEPS_ROWS = ("knn", "svm", "vote", "fusion")  # neighbours, support vectors


def save(model: Model, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a model folder; whole or not at all.

    Raises
    ------
    OutputError
        If the folder exists and ``overwrite`` is false, or it cannot be written.
    """
    path = Path(path)
    with replacing(path, overwrite=overwrite) as folder:
        folder.mkdir()
        write_learner(model.learner, model.classes, folder)
        extras = {OOD: model.ood, BACKGROUND: model.background, CASES: model.cases}
        for name, extra in extras.items():
            if extra is not None and (arrays := extra.arrays()):
                write_arrays(arrays, folder / name)
        text = json.dumps(_describe(model, folder), indent=2, ensure_ascii=False, sort_keys=True)
        (folder / "model.json").write_text(text, encoding="utf-8")
    return path


def load(path: str | Path) -> Model:
    """Read a model folder.

    Parameters
    ----------
    path : str or Path
        A folder that `Model.save` wrote, of schema 1 or 2.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If the folder is missing, damaged, changed, of another schema, or holds anything but plain
        arrays and known estimators.
    """
    folder = Path(path)
    facts = read_facts(folder)
    for name, expected in facts["files"].items():
        check_file(folder, name, expected)
    method, learner = parse_method(facts["method"]), read_learner(folder, facts)
    _check_columns(method, learner, facts, folder)
    try_out(learner, folder)
    return Model(
        method,
        facts["kind"],
        tuple(facts["classes"]),
        facts["positive"],
        Preprocessing(**facts["preprocessing"]),
        learner,
        facts["training"],
        _read_novelty(folder, facts),
        read_decision(facts, folder),
        read_tested(facts, folder),
        _read_background(folder, facts, method),
        _read_cases(folder, facts, method),
    )


def _describe(model: Model, folder: Path) -> dict[str, Any]:
    means = {
        "method": model.method.name,
        "kind": model.kind,
        "classes": list(model.classes),
        "positive": model.positive,
    }
    return {
        "schema": SCHEMA,
        "texturekit": texturekit.__version__,
        **means,
        "meaning_sha256": sha256_of(means),
        **described_decision(model),
        **described_tested(model.tested, means),
        "preprocessing": asdict(model.preprocessing),
        "preprocessing_sha256": sha256_of(asdict(model.preprocessing)),
        "training": model.training,
        **_held(model),
        "learner": outline(model.learner),
        "reads": {block: len(names) for block, names in model.method.blocks.items()},
        "columns_sha256": _columns_hash(model.method),
        "ood": model.ood.facts(),
        "files": {file.name: sha256(file.read_bytes()) for file in sorted(folder.iterdir())},
        "notice": "Not for clinical use.",
        "licence": "Weights of a backbone keep the licence of their source.",
    }


def _held(model: Model) -> dict[str, Any]:
    """Say what of the training images is in the folder."""
    background, cases = model.background, model.cases
    rows = model.method.classifier in _KEEPS_ROWS or model.ood.name == "neighbours"
    return {
        "background": None if background is None else {"rows": len(background.rows)},
        "cases": None if cases is None else {"images": len(cases.labels), "notice": Cases.NOTICE},
        "holds_training_rows": rows or cases is not None,
        "holds_training_pictures": cases is not None,
    }


def _read_novelty(folder: Path, facts: dict[str, Any]) -> Novelty:
    """Return the detector; a folder of a version without detectors has none."""
    told = facts.get("ood", {})
    if not isinstance(told, dict) or told.get("detector") is None:
        return Novelty.of(told, {})
    if OOD not in facts["files"]:
        raise ModelError(f"{folder}/model.json names a detector, but no {OOD}; save it anew.")
    return Novelty.of(told, read_arrays(folder / OOD))


def _read_background(folder: Path, facts: dict[str, Any], method: Method) -> Background | None:
    if facts.get("background") is None or facts["schema"] == 1:
        return None
    file = folder / BACKGROUND
    found = Background(**read_arrays(file, {"rows": "float64", "weights": "float64"}))
    count, width = found.weights.size, sum(map(len, method.blocks.values()))
    fits = (found.rows.shape, found.weights.shape) == ((count, width), (count,))
    if not fits or (found.weights <= 0).any() or abs(found.weights.sum() - 1) > _ROUNDING:
        raise ModelError(
            f"{file} is no background of {method}: it wants rows of {width} columns, and as many "
            "weights above 0 that sum to 1; train anew."
        )
    return found


def _read_cases(folder: Path, facts: dict[str, Any], method: Method) -> Cases | None:
    if facts.get("cases") is None or facts["schema"] == 1:
        return None
    file = folder / CASES
    arrays = read_arrays(file, Cases.ARRAYS)
    try:
        return Cases.from_arrays(arrays, width=_looks_at(method))
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file}: {error}; train anew.") from error


def _looks_at(method: Method) -> int:
    """Return how many numbers of an image a detector looks at."""
    if method.learns_from_pictures or method.classifier == "head":
        return BACKBONES[method.parts[0].name].width
    return sum(map(len, method.blocks.values()))


def _check_columns(method: Method, learner: Learner, facts: dict[str, Any], folder: Path) -> None:
    """Refuse a model that learnt from other columns than its name stands for now."""
    known = facts.get("columns_sha256")
    if known is not None and known == _columns_hash(method):
        return
    width = sum(map(len, method.blocks.values()))
    if known is None and _width(learner) in (None, width):  # folders of before do not say
        return
    raise ModelError(
        f"{folder}: {method} stands for other columns now than those that this model learnt from; "
        "train it anew, or load it with the version of texturekit that wrote it."
    )


def _width(learner: Learner) -> int | None:
    """Return how many columns a learner reads; None for one that reads none."""
    ensembles = learner.ensembles if isinstance(learner, TableLearner) else []
    read = [m.columns for e in ensembles if e is not None for m in e.members]
    return len(np.unique(np.concatenate(read))) if read else None


def _columns_hash(method: Method) -> str:
    return sha256_of({block: list(names) for block, names in method.blocks.items()})
