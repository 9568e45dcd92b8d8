"""``model.json``: what it has to say, and what is refused before any other file is opened."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, ValidationError, model_validator

from texturekit.errors import ModelError
from texturekit.records import Kind, Record

if TYPE_CHECKING:
    from pathlib import Path

#: What `texturekit.methods.persistence.save` writes.
SCHEMA = 2
#: Those that `texturekit.load` reads; 1 knew neither tests, nor a background, nor cases.
SCHEMAS = (1, 2)
PIPELINE, NET, OOD = "pipeline.skops", "net.safetensors", "ood.safetensors"
_MOST = 200_000_000  # bytes of model.json: the hashes of ten million images
BACKGROUND, CASES = "background.safetensors", "cases.safetensors"


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


class _Extras(Record):
    """What a folder has to say since schema 2."""

    model_config = ConfigDict(extra="ignore")
    tested: dict[str, Any] | None
    tested_sha256: str
    metrics: dict[str, Any] | None
    background: dict[str, Any] | None
    cases: dict[str, Any] | None
    holds_training_rows: StrictBool
    holds_training_pictures: StrictBool

    @model_validator(mode="after")
    def _agree(self) -> _Extras:
        if self.cases is not None and not self.holds_training_pictures:
            raise ValueError("it holds pictures of training images, but does not say so")
        return self


def read_facts(folder: Path) -> dict[str, Any]:
    """Return what ``model.json`` says, if a model can be made of it.

    Raises
    ------
    ModelError
        If it is missing, damaged, changed, of another schema, or does not list a file it needs.
    """
    facts = _read(folder)
    try:
        known = _Facts.model_validate(facts)
        if facts["schema"] > 1:
            _Extras.model_validate(facts)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise ModelError(
            f"{folder}/model.json is damaged or changed: {place}: {first['msg']}; copy the whole "
            "folder."
        ) from error
    if facts["preprocessing_sha256"] != sha256_of(facts["preprocessing"]):
        raise ModelError(f"{folder}/model.json: the preprocessing was changed after training.")
    said = facts.get("meaning_sha256")  # folders of before have none
    if said is not None and said != sha256_of(meaning(facts)):
        raise ModelError(
            f"{folder}/model.json: method, kind, classes or the positive class were changed after "
            "training."
        )
    for name in _needed(known, facts):
        if name not in known.files:
            raise ModelError(f"{folder}/model.json does not list {name}; copy the whole folder.")
    return facts


def _read(folder: Path) -> dict[str, Any]:
    try:
        file = _regular(folder / "model.json")
        if file.stat().st_size > _MOST:
            raise OSError(f"it has more than {_MOST} bytes")
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        lacks = "it holds no model.json" if folder.is_dir() else "there is no such folder"
        raise ModelError(
            f"{folder} is no model folder: {lacks}; name a folder that texturekit train or "
            "Model.save wrote."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"{folder} is no model folder: model.json cannot be read ({error}); name a folder that "
            "texturekit train or Model.save wrote."
        ) from error
    schema = facts.get("schema") if isinstance(facts, dict) else None
    if type(schema) is not int or schema not in SCHEMAS:  # True is 1, too
        raise ModelError(
            f"{folder} has model schema {schema!r}, but this version reads "
            f"{' and '.join(map(str, SCHEMAS))}; load it with the version of texturekit that wrote "
            "it."
        )
    return dict(facts)


def _needed(known: _Facts, facts: dict[str, Any]) -> list[str]:
    needed = {"prior": [], "table": [PIPELINE]}.get(known.learner.kind, [NET])
    if facts["schema"] > 1:
        extras = {"background": BACKGROUND, "cases": CASES}
        needed += [file for name, file in extras.items() if facts[name] is not None]
    return needed


def meaning(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what gives the numbers of a model their meaning."""
    return {name: facts[name] for name in ("method", "kind", "classes", "positive")}


def check_file(folder: Path, name: str, expected: str) -> None:
    """See that a file of a folder is there and is the one that ``model.json`` means.

    Raises
    ------
    ModelError
        If it is not, or lies outside the folder.
    """
    if "/" in name or "\\" in name or name in ("", ".", "..") or (folder / name).is_symlink():
        raise ModelError(
            f"{folder}/model.json names the file {name!r} outside the folder; refused."
        )
    try:
        with _regular(folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder} lacks {name}; copy the whole folder.") from error
    if found != expected:
        raise ModelError(
            f"{folder}/{name} is damaged or changed: its sha256 is not the stated one."
        )


def _regular(file: Path) -> Path:
    """Refuse what is no file: a pipe is waited for, and a device has no end."""
    if file.exists() and not file.is_file():
        raise OSError(f"{file.name} is no file")
    return file


def sha256_of(settings: dict[str, Any]) -> str:
    """Return the checksum of something plain, whatever the order of its keys."""
    return sha256(json.dumps(settings, sort_keys=True).encode())


def sha256(content: bytes) -> str:
    """Return the checksum of bytes."""
    return hashlib.sha256(content).hexdigest()
