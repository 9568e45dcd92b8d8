"""What one method gave: a row of the table of methods, and how it came about."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field

from texturekit.records.base import Estimate, Family, Number, Record


class Cut(Record):
    """A threshold, and what it did to the images that it was chosen on.

    ``value`` calls an image positive from this score on; it is None, with the ``reason``, where
    nothing could be chosen. ``reached`` tells whether a wanted sensitivity or specificity was
    reached there, and is None for rules that want none.
    """

    value: Number | None
    rule: str
    sensitivity: Number | None = None
    specificity: Number | None = None
    positives: int
    negatives: int
    reached: bool | None = None
    reason: str | None = None
    caution: str | None = None


class FoldCut(Cut):
    """The threshold of one fold; ``label`` names whose it is."""

    repeat: int
    fold: int
    label: str


class Threshold(Record):
    """The cut that turned probabilities into decisions, one value a repeat and fold.

    ``cuts`` tell of each fold's threshold how it was chosen, where one was.
    """

    rule: str
    chosen_on: str
    values: list[Number]
    median: Number | None
    cuts: list[FoldCut] = Field(default_factory=list)


class Seconds(Record):
    """Wall time of the three steps of a method."""

    represent: Number
    fit: Number
    predict: Number


class Trial(Record):
    """One candidate of a search, and the score it got inside the training part of a fold."""

    repeat: int
    fold: int
    candidate: dict[str, float | int | str | bool | None]
    score: Number | None
    chosen: bool
    reason: str | None = None


class Tuning(Record):
    """How the settings of a method were chosen: the budget, and the path to them.

    ``space`` says by name what could be changed; it is empty where nothing could. ``exhausted``:
    the budget was enough for everything that the space holds.
    """

    budget: int
    metric: str
    how: str
    space: dict[str, str] = Field(default_factory=dict)
    exhausted: bool = False
    trials: list[Trial]

    @property
    def tried(self) -> int:
        """How many candidates were tried in a fold; in the fold with the fewest."""
        counts = Counter((trial.repeat, trial.fold) for trial in self.trials)
        return min(counts.values(), default=0)


class ClassResult(Record):
    """One class against the rest, or one label."""

    name: str
    n: int
    positives: int
    confusion: list[list[int]] | None
    metrics: dict[str, Estimate]


class FoldScore(Record):
    """A few metrics of a method on the test images of one fold; None where undefined."""

    repeat: int
    fold: int
    n: int
    metrics: dict[str, Number | None]


class FamilyImportance(Record):
    """What a method's AUC loses when the columns of one family are shuffled over the test images.

    ``columns`` is how many columns of the family the method reads. A family is a texture family or
    a network's embedding.
    """

    family: str
    columns: int
    drop: Estimate


class LeftOut(Record):
    """What a method reached on the images of one value (a site), having learnt from the others."""

    value: str
    n: int
    counts: dict[str, int]
    metrics: dict[str, Estimate]


class MethodResult(Record):
    """One row of the table of methods.

    ``marks`` say what sets the row apart: "shortened: ...". ``parts`` are a few metrics on
    ``train``, ``val`` and ``test`` images side by side, ``calibration`` says what made its
    probabilities and ``seeds`` holds, by metric, one value for every seed; ``left_out`` are the
    sites that were left out in turn, ``folds`` a few metrics fold by fold, ``families`` what each
    family of columns adds.
    """

    name: str
    family: Family
    status: Literal["ok", "skipped", "failed"]
    reason: str | None = None
    weights: str | None = None
    n: int = 0
    metrics: dict[str, Estimate] = Field(default_factory=dict)
    per_class: list[ClassResult] = Field(default_factory=list)
    confusion: list[list[int]] | None = None
    threshold: Threshold | None = None
    seconds: Seconds | None = None
    marks: list[str] = Field(default_factory=list)
    parts: dict[str, dict[str, Estimate]] = Field(default_factory=dict)
    calibration: str | None = None
    tuning: Tuning | None = None
    seeds: dict[str, list[Number | None]] = Field(default_factory=dict)
    left_out: list[LeftOut] = Field(default_factory=list)
    folds: list[FoldScore] = Field(default_factory=list)
    families: list[FamilyImportance] = Field(default_factory=list)
