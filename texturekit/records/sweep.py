"""Many trainings with other settings: the content of ``sweep.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from texturekit.records.base import SCHEMA_VERSION, Kind, Number, Record

Setting = bool | int | Number | str | None


class SweepTrial(Record):
    """One training with its settings.

    Attributes
    ----------
    number : int
        From 0, in the order of the plan.
    method : str
        With the features' parameters of this trial.
    parameters : dict
        What was searched, by name: ``finetune.batch``, ``svm.C``, ``glcm.levels``.
    state : {"complete", "pruned", "failed"}
        Pruned: stopped early, because other trials were better at the same epoch.
    value : float or None
        Log loss on the validation images; of a pruned trial that of its best epoch so far.
    best_epoch, epochs : int or None
        The epoch whose weights are kept, and how many there were; networks only.
    curve : list of float
        The log loss on the validation images after every epoch.
    seconds : float or None
    reason : str or None
        Why it failed, or was stopped.
    """

    number: int
    method: str
    parameters: dict[str, Setting]
    state: Literal["complete", "pruned", "failed"]
    value: Number | None = None
    best_epoch: int | None = None
    epochs: int | None = None
    curve: list[Number] = Field(default_factory=list)
    seconds: Number | None = None
    reason: str | None = None

    @model_validator(mode="after")
    def _undefined_has_a_reason(self) -> SweepTrial:
        if (self.value is None or self.state != "complete") and not self.reason:
            raise ValueError(f"trial {self.number} is {self.state}, but no reason is given")
        return self


class ParameterImportance(Record):
    """A searched setting, and its share of the variance of the loss."""

    name: str
    value: Number


class Sweep(Record):
    """What a sweep searched and found, all of it on validation images.

    Attributes
    ----------
    methods : list of str
        As they were asked for.
    space : dict of str
        Limits of each setting, by name.
    fixed : dict
        Settings that were given one value.
    sampler, pruner : str
        How settings were drawn, and when trials were stopped.
    images : dict of int
        By ``train``, ``val`` and ``test``; test images were never looked at.
    counts : dict of dict of int
        Images of each class, by part.
    weights : dict of str
        What each network started from.
    best : int or None
        Number of the trial of lowest loss; None where none is complete.
    importance : list of ParameterImportance
        Empty for ``importance_reason``.
    command : str or None
        Trains the best trial's method with its settings.
    """

    schema_version: int = SCHEMA_VERSION
    title: str
    task: str
    kind: Kind
    classes: list[str]
    positive: str | None
    synthetic: bool
    recipe: str | None
    methods: list[str]
    space: dict[str, str]
    fixed: dict[str, Setting]
    sampler: str
    pruner: str
    seed: int
    metric: str
    images: dict[str, int]
    counts: dict[str, dict[str, int]]
    groups: int | None
    data_sha256: str
    weights: dict[str, str]
    trials: list[SweepTrial]
    best: int | None
    importance: list[ParameterImportance]
    importance_how: str
    importance_reason: str | None = None
    command: str | None = None
    notes: list[str] = Field(default_factory=list)

    @property
    def winner(self) -> SweepTrial | None:
        """The trial of lowest loss."""
        return next((one for one in self.trials if one.number == self.best), None)
