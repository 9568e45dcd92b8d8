"""Models on disk, without pickle: nothing in a model folder is ever run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import texturekit
from texturekit.errors import ModelError
from texturekit.methods.calibration import Calibration
from texturekit.methods.classifiers import Ensemble, Member
from texturekit.methods.grammar import parse_method
from texturekit.methods.learners import PictureLearner, PriorLearner, Settings, TableLearner
from texturekit.methods.model import Model, Preprocessing
from texturekit.methods.scaling import Scaling
from texturekit.outputs import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = 1
# What skops may build beyond plain arrays and scikit-learn estimators. Fixed here: a file never
# says what it is to be trusted with.
_TRUSTED = ("sklearn.tree._tree.Tree",)
_PIPELINE, _NET = "pipeline.skops", "net.safetensors"


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
        _write_learner(model.learner, folder)
        text = json.dumps(_describe(model, folder), indent=2, ensure_ascii=False, sort_keys=True)
        (folder / "model.json").write_text(text, encoding="utf-8")
    return path


def load(path: str | Path) -> Model:
    """Read a model folder.

    Parameters
    ----------
    path : str or Path
        A folder that `Model.save` wrote.

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
    facts = _read_facts(folder)
    for name, expected in facts["files"].items():
        _check_file(folder, name, expected)
    method = parse_method(facts["method"])
    return Model(
        method,
        facts["kind"],
        tuple(facts["classes"]),
        facts["positive"],
        Preprocessing(**facts["preprocessing"]),
        _read_learner(folder, facts),
        facts["training"],
    )


def _describe(model: Model, folder: Path) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "texturekit": texturekit.__version__,
        "method": model.method.name,
        "kind": model.kind,
        "classes": list(model.classes),
        "positive": model.positive,
        "threshold": {"rule": "fixed", "value": 0.5},
        "preprocessing": asdict(model.preprocessing),
        "preprocessing_sha256": _preprocessing_hash(asdict(model.preprocessing)),
        "training": model.training,
        "holds_training_rows": model.method.classifier in ("knn", "svm", "vote", "fusion"),
        "learner": _outline(model.learner),
        "files": {file.name: _hash(file.read_bytes()) for file in sorted(folder.iterdir())},
        "notice": "Not for clinical use.",
        "licence": "Weights of a backbone keep the licence of their source.",
    }


def _outline(learner: PriorLearner | TableLearner | PictureLearner) -> dict[str, Any]:
    if isinstance(learner, PriorLearner):
        return {"kind": "prior", "prior": [None if np.isnan(p) else p for p in learner.prior]}
    return {"kind": "table" if isinstance(learner, TableLearner) else "network"}


def _write_learner(learner: PriorLearner | TableLearner | PictureLearner, folder: Path) -> None:
    if isinstance(learner, TableLearner):
        _write_ensembles(learner.ensembles, folder)
    elif isinstance(learner, PictureLearner):
        if learner.network is None:
            raise ModelError("this network is not trained; call fit before save.")
        learner.network.save(folder / _NET)


def _write_ensembles(ensembles: list[Ensemble | None], folder: Path) -> None:
    from skops.io import dump

    outlines = [None if e is None else _ensemble_state(e) for e in ensembles]
    for number, member in _boosters(ensembles):
        member.estimator.save_model(folder / _booster(number))
    dump(outlines, folder / _PIPELINE)


def _ensemble_state(ensemble: Ensemble) -> dict[str, Any]:
    return {
        "seen": ensemble.seen,
        "weights": list(ensemble.weights),
        "members": [
            {
                "kind": m.kind,
                "columns": m.columns,
                "estimator": None if m.kind == "xgboost" else m.estimator,
                "scaling": None if m.scaling is None else m.scaling.state(),
                "calibration": None if m.calibration is None else m.calibration.state(),
            }
            for m in ensemble.members
        ],
    }


def _boosters(ensembles: list[Ensemble | None]) -> Iterator[tuple[int, Member]]:
    members = [m for e in ensembles if e is not None for m in e.members if m.kind == "xgboost"]
    yield from enumerate(members)


def _booster(number: int) -> str:
    return "booster.ubj" if number == 0 else f"booster-{number}.ubj"


def _read_facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(
            f"{folder} is no model folder: model.json cannot be read ({error})."
        ) from error
    schema = facts.get("schema") if isinstance(facts, dict) else None
    if schema != SCHEMA:
        raise ModelError(
            f"{folder} has model schema {schema!r}, but this version reads {SCHEMA}; "
            "load it with the version of texturekit that wrote it."
        )
    if facts["preprocessing_sha256"] != _preprocessing_hash(facts["preprocessing"]):
        raise ModelError(f"{folder}/model.json: the preprocessing was changed after training.")
    return dict(facts)


def _check_file(folder: Path, name: str, expected: str) -> None:
    if Path(name).name != name:
        raise ModelError(
            f"{folder}/model.json names the file {name!r} outside the folder; refused."
        )
    try:
        found = _hash((folder / name).read_bytes())
    except OSError as error:
        raise ModelError(f"{folder} lacks {name}; copy the whole folder.") from error
    if found != expected:
        raise ModelError(
            f"{folder}/{name} is damaged or changed: its sha256 is not the stated one."
        )


def _read_learner(
    folder: Path, facts: dict[str, Any]
) -> PriorLearner | TableLearner | PictureLearner:
    outline, kind, classes = facts["learner"], facts["kind"], len(facts["classes"])
    if outline["kind"] == "prior":
        prior = [np.nan if p is None else float(p) for p in outline["prior"]]
        return PriorLearner(kind, classes, np.array(prior))
    method, settings = parse_method(facts["method"]), Settings()
    if outline["kind"] == "table":
        return TableLearner(method, kind, classes, settings, _read_ensembles(folder))
    from texturekit.deep.training import load_network

    return PictureLearner(method, kind, classes, settings, load_network(folder / _NET))


def _read_ensembles(folder: Path) -> list[Ensemble | None]:
    from skops.io import get_untrusted_types, load

    file = folder / _PIPELINE
    unknown = sorted(set(get_untrusted_types(file=file)) - set(_TRUSTED))
    if unknown:
        raise ModelError(f"{file} holds types that a model has no use for: {', '.join(unknown)}.")
    outlines = load(file, trusted=list(_TRUSTED))
    number = iter(range(len(list(folder.glob("booster*.ubj")))))
    return [None if state is None else _ensemble(state, folder, number) for state in outlines]


def _ensemble(state: dict[str, Any], folder: Path, number: Iterator[int]) -> Ensemble:
    members = [_member(member, folder, number) for member in state["members"]]
    return Ensemble(state["seen"], members, list(state["weights"]))


def _member(state: dict[str, Any], folder: Path, number: Iterator[int]) -> Member:
    estimator = state["estimator"]
    if state["kind"] == "xgboost":
        from xgboost import XGBClassifier

        estimator = XGBClassifier()
        estimator.load_model(folder / _booster(next(number)))
    return Member(
        state["kind"],
        state["columns"],
        estimator,
        None if state["scaling"] is None else Scaling(**state["scaling"]),
        None if state["calibration"] is None else Calibration(**state["calibration"]),
    )


def _preprocessing_hash(settings: dict[str, Any]) -> str:
    return _hash(json.dumps(settings, sort_keys=True).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
