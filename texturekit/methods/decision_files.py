"""Threshold and calibration inside ``model.json``: numbers, with a checksum."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from texturekit.errors import ModelError
from texturekit.methods.deciding import THRESHOLD, Decision, cuts_of

if TYPE_CHECKING:
    from pathlib import Path

    from texturekit.methods.model import Model


def described_decision(model: Model) -> dict[str, Any]:
    """Return what ``model.json`` says of decisions: for readers, in full, and its sha256."""
    told = {"threshold": _threshold(model), "decision": model.decision.model_dump(mode="json")}
    return {**told, "decision_sha256": _sha256(told)}


def read_decision(facts: dict[str, Any], folder: Path) -> Decision:
    """Return the decision of a model folder; 0.5 and no calibration for a folder that has none.

    Raises
    ------
    ModelError
        If it is damaged, changed, or does not go with the model's classes.
    """
    if "decision" not in facts and "decision_sha256" not in facts:
        told = facts.get("threshold", {})
        if isinstance(told, dict) and told.get("rule") in _BEFORE:
            return Decision()  # written before thresholds could be chosen
        raise ModelError(f"{folder}/model.json lacks its decision; copy the whole folder.")
    told = {name: facts.get(name) for name in ("threshold", "decision")}
    if facts.get("decision_sha256") != _sha256(told):
        raise ModelError(
            f"{folder}/model.json: the threshold or the calibration was changed after training."
        )
    try:
        decision = Decision.model_validate(told["decision"])
    except ValidationError as error:
        raise ModelError(
            f"{folder}/model.json: its decision is damaged: {error.errors()[0]['msg']}; train anew."
        ) from error
    _check(decision, facts, folder)
    return decision


_PUBLISHED = "the network's operating points"
_BEFORE = (None, "fixed", _PUBLISHED)


def _threshold(model: Model) -> dict[str, Any]:
    """Return the part that people and scripts look for."""
    decision, cuts = model.decision, cuts_of(model.learner, model.decision)
    if not cuts:
        return {"rule": "fixed", "value": THRESHOLD}
    if not decision.chosen:
        return {"rule": _PUBLISHED, "values": cuts}
    told = {"rule": decision.rule, "values": cuts, "chosen_on": decision.chosen_on}
    return told | ({"value": cuts[str(model.positive)]} if model.kind == "binary" else {})


def _check(decision: Decision, facts: dict[str, Any], folder: Path) -> None:
    kind, classes = facts["kind"], facts["classes"]
    allowed = classes if kind in ("binary", "multilabel") else []
    calibrator = decision.calibrator
    lone = kind != "binary" or len(decision.cuts) <= 1
    if not set(decision.cuts) <= set(allowed) or not lone:
        raise ModelError(f"{folder}/model.json has thresholds of other classes; train anew.")
    if calibrator is not None and not calibrator.fits(kind, len(classes)):
        raise ModelError(f"{folder}/model.json has a calibration of other classes; train anew.")


def _sha256(told: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
