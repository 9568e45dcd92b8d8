"""What a method has learnt, as files: skops with a fixed list, UBJ, safetensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ModelError
from texturekit.methods.booster_files import read_booster
from texturekit.methods.calibration import Calibration
from texturekit.methods.classifiers import Ensemble, Member
from texturekit.methods.fitted_weights import check_network
from texturekit.methods.grammar import parse_method
from texturekit.methods.heads import HeadLearner
from texturekit.methods.learners import (
    Inputs,
    PictureLearner,
    PriorLearner,
    Settings,
    TableLearner,
)
from texturekit.methods.model_facts import NET, PIPELINE
from texturekit.methods.scaling import Scaling

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Learner = PriorLearner | TableLearner | PictureLearner | HeadLearner

# What skops may build beyond plain arrays and scikit-learn estimators. Fixed here: a file never
# says what it is to be trusted with.
_TRUSTED = ("sklearn.tree._tree.Tree",)


def outline(learner: Learner) -> dict[str, Any]:
    """Return what ``model.json`` says of a learner."""
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


def write_learner(learner: Learner, classes: tuple[str, ...], folder: Path) -> None:
    """Write what a learner has learnt into a folder."""
    if isinstance(learner, TableLearner):
        _write_ensembles(learner.ensembles, folder)
    elif isinstance(learner, PictureLearner):
        if learner.network is None:
            raise ModelError("this network is not trained; call fit before save.")
        learner.network.named(classes).save(folder / NET)
    elif isinstance(learner, HeadLearner):
        learner.save(folder / NET)


def _write_ensembles(ensembles: list[Ensemble | None], folder: Path) -> None:
    from skops.io import dump

    outlines = [None if e is None else _ensemble_state(e) for e in ensembles]
    for number, member in _boosters(ensembles):
        member.estimator.save_model(folder / _booster(number))
    dump(outlines, folder / PIPELINE)


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


def read_learner(folder: Path, facts: dict[str, Any]) -> Learner:
    """Return the learner of a model folder, whose files were checked.

    Raises
    ------
    ModelError
        If a file holds what a learner of this method and these classes has no use for.
    """
    told, kind, classes = facts["learner"], facts["kind"], len(facts["classes"])
    if told["kind"] == "prior":
        prior = [np.nan if p is None else float(p) for p in told["prior"]]
        return PriorLearner(kind, classes, np.array(prior))
    method, settings = parse_method(facts["method"]), Settings()
    if told["kind"] == "table":
        return TableLearner(method, kind, classes, settings, _read_ensembles(folder, facts))
    if told["kind"] == "head":
        head = HeadLearner(method, kind, tuple(facts["classes"]), settings)
        return head.restore(folder / NET, str(told["weights"]))
    from texturekit.deep.training import load_network

    network = load_network(folder / NET)
    check_network(network, facts, folder)
    return PictureLearner(method, kind, classes, settings, network)


def _read_ensembles(folder: Path, facts: dict[str, Any]) -> list[Ensemble | None]:
    from skops.io import get_untrusted_types, load

    file = folder / PIPELINE
    try:
        unknown = sorted(set(get_untrusted_types(file=file)) - set(_TRUSTED))
    except Exception as error:  # whatever skops makes of a file that is none
        raise _damaged(file, error) from error
    if unknown:
        raise ModelError(f"{file} holds types that a model has no use for: {', '.join(unknown)}.")
    try:
        outlines = load(file, trusted=list(_TRUSTED))
        boosters = [m for e in outlines if e for m in e["members"] if m["kind"] == "xgboost"]
    except Exception as error:
        raise _damaged(file, error) from error
    names = {_booster(number) for number in range(len(boosters))}
    listed = {name for name in facts["files"] if name.startswith("booster")}
    if names != listed:
        raise ModelError(
            f"{folder}/model.json lists {len(listed)} boosters, but {PIPELINE} is of "
            f"{len(boosters)}; copy the whole folder."
        )
    number = iter(range(len(boosters)))
    try:
        return [None if state is None else _ensemble(state, folder, number) for state in outlines]
    except ModelError:
        raise
    except Exception as error:
        raise _damaged(file, error) from error


def _damaged(file: Path, error: Exception) -> ModelError:
    why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return ModelError(f"{file} cannot be read ({why}); copy the whole folder, or train anew.")


def _ensemble(state: dict[str, Any], folder: Path, number: Iterator[int]) -> Ensemble:
    classes = len(state["seen"])
    members = [_member(member, classes, folder, number) for member in state["members"]]
    return Ensemble(state["seen"], members, list(state["weights"]))


def _member(state: dict[str, Any], classes: int, folder: Path, number: Iterator[int]) -> Member:
    estimator = state["estimator"]
    if state["kind"] == "xgboost":
        file = folder / _booster(next(number))
        estimator = read_booster(file, len(state["columns"]), classes)
    return Member(
        state["kind"],
        state["columns"],
        estimator,
        None if state["scaling"] is None else Scaling(**state["scaling"]),
        None if state["calibration"] is None else Calibration(**state["calibration"]),
    )


def try_out(learner: Learner, folder: Path) -> None:
    """Predict a row of zeros: numbers of wrong shapes, or none, show here and not at a patient.

    Networks check their numbers when they are read.

    Raises
    ------
    ModelError
        If that gives no probabilities.
    """
    if not isinstance(learner, TableLearner):
        return
    file = folder / PIPELINE
    labels = learner.classes if learner.kind == "multilabel" else 1
    if len(learner.ensembles) != labels:
        raise ModelError(f"{file} is of {len(learner.ensembles)} labels, not {labels}; train anew.")
    zeros = {name: np.zeros((1, len(c))) for name, c in learner.method.blocks.items()}
    try:
        told = learner.predict_proba(Inputs(1, zeros))
    except Exception as error:
        raise _damaged(file, error) from error
    unknown = [k for k, one in enumerate(learner.ensembles) if one is None]
    told = np.delete(told, unknown if learner.kind == "multilabel" else [], axis=1)
    if not (np.isfinite(told).all() and (told >= 0).all() and (told <= 1).all()):
        raise ModelError(f"{file} gives numbers that are no probabilities; train anew.")
