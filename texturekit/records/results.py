"""What came out: the content of ``results.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from texturekit.records.base import (
    SCHEMA_VERSION,
    Difference,
    Estimate,
    Kind,
    Number,
    Record,
    Verdict,
)
from texturekit.records.data import Data
from texturekit.records.evaluated import Evaluated
from texturekit.records.method import MethodResult
from texturekit.records.published import Reported


class Protocol(Record):
    """How training and test images were kept apart.

    ``left_out`` is the column whose values are left out in turn, ``left_out_values`` are these, in
    the order of the folds; ``external`` is the source that is tested on; ``seeds`` is how often
    every method was fitted on the same folds, ``fractions`` are the shares of the training groups
    of a learning curve.
    """

    type: Literal["holdout", "kfold", "given folds", "leave one out", "external test"]
    folds: int
    repeats: int
    seed: int
    test: str
    grouping: str
    left_out: str | None = None
    left_out_values: list[str] = Field(default_factory=list)
    external: str | None = None
    seeds: int = 1
    fractions: list[Number] = Field(default_factory=list)


class FamilyCorrelation(Record):
    """How alike two families order the images: 1 for columns that say the same.

    ``values`` is a symmetric matrix in the order of ``families``; None where undefined.
    """

    families: list[str]
    values: list[list[Number | None]]
    images: int
    how: str


class Subgroup(Record):
    """What a method reached on the test images with one value of a column, such as a scanner.

    ``positives`` counts images of the positive class (binary only), ``groups`` the patients.
    """

    column: str
    value: str
    method: str
    n: int
    groups: int | None
    positives: int | None
    counts: dict[str, int]
    metrics: dict[str, Estimate]


class SplitPart(Record):
    """One part of one fold: its images and groups (patients), in all and by class."""

    repeat: int
    fold: int
    part: Literal["train", "val", "test"]
    images: int
    groups: int | None
    counts: dict[str, int]
    group_counts: dict[str, int] | None = None


class Comparison(Record):
    """The paired test of two methods on one metric.

    ``p``, ``low`` and ``high`` count the chance in the test images (of the first repeat).
    ``general`` counts that of the training images, too, and ``p_general_holm`` is its p, adjusted;
    both are None where there is a single training set. "Better" needs both.
    """

    a: str
    b: str
    metric: str
    difference: Number | None
    low: Number | None
    high: Number | None
    p: Number | None
    p_holm: Number | None
    verdict: Verdict
    how: str
    sentence: str
    general: Difference | None = None
    p_general_holm: Number | None = None


class Pair(Record):
    """The difference of two methods on the main metric, for the matrix of all pairs.

    ``p_holm`` is that of the declared tests; it is None, and ``declared`` false, for a pair that
    nobody asked to test, whose difference and interval only describe.
    """

    a: str
    b: str
    metric: str
    difference: Number | None
    low: Number | None
    high: Number | None
    p_holm: Number | None
    declared: bool
    reason: str | None = None


class CurvePoint(Record):
    """One point of a learning curve: a method that learnt from a share of the training groups.

    ``images`` is the mean number of training images over the folds.
    """

    method: str
    fraction: Number
    images: Number
    roc_auc: Estimate


class Permutation(Record):
    """What the cheapest texture method reached on labels that were shuffled over the groups.

    ``values`` are the AUC of every refit, ``roc_auc`` their mean with its interval, and ``how``
    says how labels were shuffled.
    """

    method: str
    how: str
    refits: int
    images: int
    values: list[Number]
    roc_auc: Estimate


class ColumnStability(Record):
    """How well a column tells images apart when these change a little.

    ``images`` could be measured in every version of the change.
    """

    column: str
    change: str
    icc: Estimate
    images: int

    @property
    def category(self) -> str:
        """Poor, moderate, good or excellent, by the lower limit (Koo and Li 2016)."""
        low = self.icc.low
        if low is None:
            return "n/a"
        grades = ((0.5, "poor"), (0.75, "moderate"), (0.9, "good"))
        return next((name for end, name in grades if low < end), "excellent")


class Stability(Record):
    """The columns under small changes of the images; see `texturekit.stability`."""

    images: int
    changes: list[str]
    how: str
    columns: list[ColumnStability]


class Finding(Record):
    """A reason why a result should not be believed as it stands."""

    code: str
    severity: Literal["error", "warning", "note"]
    text: str
    evidence: str
    advice: str


class Results(Record):
    """Everything in ``results.json``.

    ``statements`` are what only its authors know of a study (``intended_use``,
    ``reference_standard`` ...), ``pseudonymised`` tells that names of images, patients and files
    are made up. ``evaluated`` tells of a model that was saved before, and is None where methods
    were compared.
    """

    schema_version: int = SCHEMA_VERSION
    task: str
    title: str
    kind: Kind
    classes: list[str]
    positive: str | None
    positive_from: str | None
    synthetic: bool
    recipe: str | None
    protocol: Protocol
    data: Data
    methods: list[MethodResult]
    comparisons: list[Comparison]
    findings: list[Finding]
    notes: list[str] = Field(default_factory=list)
    permutation: Permutation | None = None
    learning_curve: list[CurvePoint] = Field(default_factory=list)
    stability: Stability | None = None
    reported: list[Reported] = Field(default_factory=list)
    pairs: list[Pair] = Field(default_factory=list)
    subgroups: list[Subgroup] = Field(default_factory=list)
    family_correlation: FamilyCorrelation | None = None
    splits: list[SplitPart] = Field(default_factory=list)
    statements: dict[str, str] = Field(default_factory=dict)
    pseudonymised: bool = False
    evaluated: Evaluated | None = None
