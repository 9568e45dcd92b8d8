"""What came out: the content of ``results.json``."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field

from texturekit.records.base import (
    SCHEMA_VERSION,
    Difference,
    Estimate,
    Family,
    Kind,
    Number,
    Record,
    Verdict,
)
from texturekit.records.data import Data


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


class Stated(Record):
    """A number as others wrote it, beside what their confusion matrix says.

    ``text`` is how it was printed, ``part`` where it stood if it stood in several places.
    ``suspect`` means that a number can be right, but looks like another one.
    """

    metric: str
    text: str
    value: Number
    part: str | None = None
    recomputed: Number | None = None
    status: Literal["agrees", "contradicts", "suspect", "undefined", "unknown"]
    sentence: str


class Majority(Record):
    """What calling every image the commonest class reaches, and whether a method does better.

    ``binomial`` takes the rate for known; ``paired`` compares image by image.
    """

    name: str
    rate: Estimate
    binomial: Difference
    paired: Difference


class TableScores(Record):
    """Everything that a confusion matrix says; see `texturekit.metrics.table_scores`.

    ``metrics`` are those of the positive class of two, or means over classes; ``exact`` are shares
    with Clopper-Pearson intervals; ``averages`` are means over classes as classification reports
    print them.
    """

    classes: list[str]
    positive: str | None
    n: int
    confusion: list[list[int]]
    metrics: dict[str, Estimate]
    exact: dict[str, Estimate]
    averages: dict[str, Estimate]
    per_class: list[ClassResult]
    majority: Majority
    stated: list[Stated] = Field(default_factory=list)
    remarks: list[str] = Field(default_factory=list)


class Reported(Record):
    """Numbers that others have published for this task, not reproduced here.

    ``metrics`` are recomputed from their confusion matrix where they gave one, ``stated`` is what
    they wrote, ``contradictions`` name where the two differ, ``remarks`` what else is to be known.
    """

    source: str
    method: str
    n: int | None = None
    classes: list[str] = Field(default_factory=list)
    confusion: list[list[int]] | None = None
    metrics: dict[str, Estimate] = Field(default_factory=dict)
    stated: list[Stated] = Field(default_factory=list)
    contradictions: list[str] = Field(default_factory=list)
    remarks: list[str] = Field(default_factory=list)


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
    are made up.
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
