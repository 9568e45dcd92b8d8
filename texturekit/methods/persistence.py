"""Models on disk, without pickle: nothing in a model folder is ever run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import ConfigDict, Field, ValidationError, model_validator

import texturekit
from texturekit.errors import ModelError
from texturekit.methods.calibration import Calibration
from texturekit.methods.classifiers import Ensemble, Member
from texturekit.methods.decision_files import described_decision, read_decision
from texturekit.methods.fitted_weights import check_network
from texturekit.methods.grammar import parse_method
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import PictureLearner, PriorLearner, Settings, TableLearner
from texturekit.methods.model import Model, Preprocessing
from texturekit.methods.novelty import Novelty
from texturekit.methods.scaling import Scaling
from texturekit.outputs import replacing
from texturekit.records import Kind, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.methods.grammar import Method

    Learner = PriorLearner | TableLearner | PictureLearner | HeadLearner

SCHEMA = 1
# What skops may build beyond plain arrays and scikit-learn estimators. Fixed here: a file never
# says what it is to be trusted with.
_TRUSTED = ("sklearn.tree._tree.Tree",)
_PIPELINE, _NET, _OOD = "pipeline.skops", "net.safetensors", "ood.safetensors"


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
        _write_learner(model.learner, model.classes, folder)
        _write_novelty(model.ood, folder)
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
    method, learner = parse_method(facts["method"]), _read_learner(folder, facts)
    _check_columns(method, learner, facts, folder)
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
    )


def _describe(model: Model, folder: Path) -> dict[str, Any]:
    meaning = {
        "method": model.method.name,
        "kind": model.kind,
        "classes": list(model.classes),
        "positive": model.positive,
    }
    return {
        "schema": SCHEMA,
        "texturekit": texturekit.__version__,
        **meaning,
        "meaning_sha256": _settings_hash(meaning),
        **described_decision(model),
        "preprocessing": asdict(model.preprocessing),
        "preprocessing_sha256": _settings_hash(asdict(model.preprocessing)),
        "training": model.training,
        "holds_training_rows": model.method.classifier in ("knn", "svm", "vote", "fusion"),
        "learner": _outline(model.learner),
        "reads": {block: len(names) for block, names in model.method.blocks.items()},
        "columns_sha256": _columns_hash(model.method),
        "ood": model.ood.facts(),
        "files": {file.name: _hash(file.read_bytes()) for file in sorted(folder.iterdir())},
        "notice": "Not for clinical use.",
        "licence": "Weights of a backbone keep the licence of their source.",
    }


def _outline(learner: Learner) -> dict[str, Any]:
    if isinstance(learner, PriorLearner):
        return {"kind": "prior", "prior": [None if np.isnan(p) else p for p in learner.prior]}
    if isinstance(learner, HeadLearner):
        label = None if learner.weights is None else learner.weights.label
        return {"kind": "head", "weights": label}
    if isinstance(learner, TableLearner) or learner.network is None:
        return {"kind": "table"}
    facts = learner.network.facts
    how = facts.settings.model_dump(mode="json")
    return {
        "kind": "network", "weights": facts.weights, "settings": how,
        "best_epoch": facts.best_epoch, "history": learner.network.history,
    }  # fmt: skip


def _write_learner(learner: Learner, classes: tuple[str, ...], folder: Path) -> None:
    if isinstance(learner, TableLearner):
        _write_ensembles(learner.ensembles, folder)
    elif isinstance(learner, PictureLearner):
        if learner.network is None:
            raise ModelError("this network is not trained; call fit before save.")
        learner.network.named(classes).save(folder / _NET)
    elif isinstance(learner, HeadLearner):
        learner.save(folder / _NET)


def _write_novelty(ood: Novelty, folder: Path) -> None:
    from safetensors.numpy import save_file

    if ood.detector is not None:
        arrays = {name: np.ascontiguousarray(array) for name, array in ood.arrays().items()}
        save_file(arrays, folder / _OOD)


def _read_novelty(folder: Path, facts: dict[str, Any]) -> Novelty:
    """Return the detector; a folder of a version without detectors has none."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    told = facts.get("ood", {})
    if not isinstance(told, dict) or told.get("detector") is None:
        return Novelty.of(told, {})
    if _OOD not in facts["files"]:
        raise ModelError(f"{folder}/model.json names a detector, but no {_OOD}; save it anew.")
    try:
        arrays = load_file(folder / _OOD)
    except (SafetensorError, ValueError, OSError) as error:
        raise ModelError(f"{folder}/{_OOD} cannot be read ({error}); save it anew.") from error
    return Novelty.of(told, arrays)


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
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{folder} is no model folder: model.json cannot be read ({error}); name a folder that "
            "texturekit train or Model.save wrote."
        ) from error
    schema = facts.get("schema") if isinstance(facts, dict) else None
    if schema != SCHEMA:
        raise ModelError(
            f"{folder} has model schema {schema!r}, but this version reads {SCHEMA}; "
            "load it with the version of texturekit that wrote it."
        )
    try:
        known = _Facts.model_validate(facts)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise ModelError(
            f"{folder}/model.json is damaged or changed: {place}: {first['msg']}; copy the whole "
            "folder."
        ) from error
    if facts["preprocessing_sha256"] != _settings_hash(facts["preprocessing"]):
        raise ModelError(f"{folder}/model.json: the preprocessing was changed after training.")
    said = facts.get("meaning_sha256")  # folders of before have none
    if said is not None and said != _settings_hash(_meaning(facts)):
        raise ModelError(
            f"{folder}/model.json: method, kind, classes or the positive class were changed after "
            "training."
        )
    for name in _needed(known):
        if name not in known.files:
            raise ModelError(f"{folder}/model.json does not list {name}; copy the whole folder.")
    return dict(facts)


class _Preprocessing(Record):
    size: Annotated[int, Field(ge=1, le=65_536)]
    roi: Literal["crop", "mask", "none"]
    weights: str
    seed: int
    window: str


class _Learner(Record):
    model_config = ConfigDict(extra="ignore")
    kind: Literal["prior", "head", "table", "network"]
    weights: str | None = None
    prior: tuple[float | None, ...] | None = None


class _Facts(Record):
    """What model.json has to say."""

    model_config = ConfigDict(extra="ignore")
    method: str
    kind: Kind
    classes: tuple[str, ...]
    positive: str | None
    preprocessing: _Preprocessing
    preprocessing_sha256: str
    training: dict[str, Any]
    learner: _Learner
    files: dict[str, str]

    @model_validator(mode="after")
    def _agree(self) -> _Facts:
        fewest = 1 if self.kind == "multilabel" else 2
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < fewest:
            raise ValueError(f"{len(self.classes)} classes, not {fewest} or more different ones")
        if self.kind == "binary" and (len(self.classes) != 2 or self.positive not in self.classes):
            raise ValueError("a binary model wants two classes, one of them positive")
        if self.learner.kind == "prior" and len(self.learner.prior or ()) != len(self.classes):
            raise ValueError("the prior has not one share a class")
        return self


def _needed(facts: _Facts) -> tuple[str, ...]:
    return {"prior": (), "table": (_PIPELINE,)}.get(facts.learner.kind, (_NET,))


def _meaning(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what gives the numbers of a model their meaning."""
    return {name: facts[name] for name in ("method", "kind", "classes", "positive")}


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


def _read_learner(folder: Path, facts: dict[str, Any]) -> Learner:
    outline, kind, classes = facts["learner"], facts["kind"], len(facts["classes"])
    if outline["kind"] == "prior":
        prior = [np.nan if p is None else float(p) for p in outline["prior"]]
        return PriorLearner(kind, classes, np.array(prior))
    method, settings = parse_method(facts["method"]), Settings()
    if outline["kind"] == "table":
        return TableLearner(method, kind, classes, settings, _read_ensembles(folder))
    if outline["kind"] == "head":
        head = HeadLearner(method, kind, tuple(facts["classes"]), settings)
        return head.restore(folder / _NET, str(outline["weights"]))
    from texturekit.deep.training import load_network

    network = load_network(folder / _NET)
    check_network(network, facts, folder)
    return PictureLearner(method, kind, classes, settings, network)


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
    return _settings_hash({block: list(names) for block, names in method.blocks.items()})


def _settings_hash(settings: dict[str, Any]) -> str:
    return _hash(json.dumps(settings, sort_keys=True).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
