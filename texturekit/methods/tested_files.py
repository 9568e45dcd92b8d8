"""What a comparison found of a method, inside ``model.json``: with a checksum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from texturekit.errors import ModelError
from texturekit.methods.model_facts import meaning, sha256_of
from texturekit.records import Tested

if TYPE_CHECKING:
    from pathlib import Path

_NO_TEST = (
    "no comparison is behind this model: texturekit train --from-run takes its numbers along, "
    "texturekit evaluate tests it on other images"
)


def described_tested(tested: Tested | None, means: dict[str, Any]) -> dict[str, Any]:
    """Return what ``model.json`` says of tests, and its sha256, which no other model shares.

    Parameters
    ----------
    tested : Tested or None
    means : dict
        Method, kind, classes and positive class of the model.
    """
    told = None if tested is None else tested.model_dump(mode="json")
    both = {"metrics": None if told is None else told["metrics"], "tested": told}
    reason = {"metrics_reason": _NO_TEST} if told is None else {}
    return {**both, **reason, "tested_sha256": sha256_of({**both, **means})}


def read_tested(facts: dict[str, Any], folder: Path) -> Tested | None:
    """Return what a model folder says of tests; nothing for one of schema 1.

    Raises
    ------
    ModelError
        If it is damaged, changed, or another model's.
    """
    if facts["schema"] == 1:
        return None
    both = {name: facts[name] for name in ("metrics", "tested")}
    if facts["tested_sha256"] != sha256_of({**both, **meaning(facts)}):
        raise ModelError(
            f"{folder}/model.json: what it says of tests was changed after training, or is another "
            "model's; copy the whole folder."
        )
    if both["tested"] is None:
        return None
    try:
        tested = Tested.model_validate(both["tested"])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ModelError(
            f"{folder}/model.json: its test is damaged: {place}: {first['msg']}; train anew."
        ) from error
    if strange := sorted({*tested.per_class, *tested.observed} - set(facts["classes"])):
        raise ModelError(
            f"{folder}/model.json tells of tests of the class {strange[0]!r}, which it does not "
            "have; train anew."
        )
    return tested
