"""Results as frozen records, JSON both ways.

Undefined is ``None`` with a reason, never 0 and never NaN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

SCHEMA_VERSION = 1

Family = Literal["baseline", "texture", "embedding", "finetuned", "hybrid", "head"]
Kind = Literal["binary", "multiclass", "multilabel"]
Verdict = Literal["a_better", "b_better", "no_difference_shown", "not_testable"]


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(f"{number} is not finite; use None and give the reason")
    return number


Number = Annotated[float, AfterValidator(_finite)]


class Record(BaseModel):
    """A frozen value with JSON both ways (``model_dump_json``, ``model_validate_json``)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(Record):
    """A number with its 95% interval and the name of the method that gave it.

    Examples
    --------
    >>> Estimate(value=0.81, low=0.74, high=0.86, how="Wilson").value
    0.81
    """

    value: Number | None
    low: Number | None = None
    high: Number | None = None
    how: str
    reason: str | None = None

    @model_validator(mode="after")
    def _undefined_has_a_reason(self) -> Estimate:
        if self.value is None and not self.reason:
            raise ValueError("value is None without a reason; say why it is undefined")
        return self


class Difference(Record):
    """A paired difference, a minus b, with interval, test statistic and p value."""

    value: Number | None
    low: Number | None = None
    high: Number | None = None
    statistic: Number | None = None
    p: Number | None = None
    how: str
    reason: str | None = None


class Skipped(Record):
    """A file or row that was found and not used."""

    path: str
    reason: str
    kind: Literal["ignored", "unreadable", "invalid", "failed"]


class SkippedRow(Skipped):
    """A row of a manifest that cannot be used, with its place (from 0) and what it says."""

    place: int
    id: str
    label: str | None = None
    group: str | None = None
    split: str | None = None


class Crossing(Record):
    """Two images that show the same and stand in two parts of given splits."""

    a: str
    b: str
    kind: Literal["exact", "near", "possible"]
    parts: str


class Repeats(Record):
    """How many groups of images show the same, and what was done about it.

    Each level includes the one before. ``kept_together`` is the loosest whose groups were left on
    one side of every split, and ``reason`` says why if that is not ``"possible"``.
    """

    exact: int
    near: int
    possible: int
    images: int
    kept_together: Literal["possible", "near", "exact", "none"]
    reason: str | None = None
    crossing: list[Crossing] = Field(default_factory=list)


class AlikePair(Record):
    """Two images that were compared, and how alike they are: 1 for the same picture."""

    a: str
    b: str
    likeness: Number
    mirrored: bool
    kind: Literal["near", "possible"]


class TwoLabels(Record):
    """Copies of one image that stand under several labels."""

    kind: Literal["exact", "near"]
    images: list[str]
    labels: list[str]


class Shortcut(Record):
    """How well a baseline that sees no texture tells the classes apart."""

    name: str
    roc_auc: Estimate
    text: str


class AuditResults(Record):
    """What `texturekit.audit` found: the content of ``texturekit data audit --json``.

    The groups of duplicates are lists of paths; each list holds the one before: a near group
    includes the exact copies of its images, a possible group the near ones. ``sizes`` counts
    ``"width x height"``, ``modes`` and ``formats`` what the files' headers say.
    """

    source: str
    found: int
    used: int
    skipped: list[Skipped]
    unreadable: list[Skipped]
    exact_duplicates: list[list[str]]
    near_duplicates: list[list[str]]
    possible_duplicates: list[list[str]]
    pairs: list[AlikePair]
    near_from: Number
    possible_from: Number
    two_labels: list[TwoLabels]
    duplicates_over_splits: list[Crossing]
    groups_over_splits: dict[str, list[str]]
    classes: list[str]
    counts: dict[str, int]
    group_counts: dict[str, int] | None
    split_counts: dict[str, dict[str, int]] | None
    groups: int | None
    groups_with_two_labels: int
    sizes: dict[str, int]
    modes: dict[str, int]
    formats: dict[str, int]
    shortcuts: list[Shortcut]
    notes: list[str]

    @property
    def leaks(self) -> bool:
        """Whether a patient, or an image to the byte, stands in two parts of given splits."""
        exact = any(one.kind == "exact" for one in self.duplicates_over_splits)
        return exact or bool(self.groups_over_splits)

    @property
    def incomplete(self) -> bool:
        """Whether a comparison would have to leave images out."""
        lost = any(skip.kind != "ignored" for skip in self.skipped)
        return bool(self.unreadable) or lost or any(t.kind == "exact" for t in self.two_labels)


class Data(Record):
    """What went in. Always ``found == used + len(skipped)``."""

    found: int
    used: int
    skipped: list[Skipped]
    groups: int | None
    sha256: str
    source: str
    counts: dict[str, int]
    group_counts: dict[str, int] | None = None
    size: int | None = None
    frames: str | None = None
    mask_label: int | None = None
    window: str | None = None
    duplicates: Repeats | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Data:
        if self.found != self.used + len(self.skipped):
            raise ValueError(
                f"found {self.found} is not used {self.used} + skipped {len(self.skipped)}"
            )
        return self


class Protocol(Record):
    """How training and test images were kept apart."""

    type: Literal["holdout", "kfold", "given folds"]
    folds: int
    repeats: int
    seed: int
    test: str
    grouping: str


class Threshold(Record):
    """The cut that turned probabilities into decisions, one value a repeat and fold."""

    rule: str
    chosen_on: str
    values: list[Number]
    median: Number | None


class Seconds(Record):
    """Wall time of the three steps of a method."""

    represent: Number
    fit: Number
    predict: Number


class ClassResult(Record):
    """One class against the rest, or one label."""

    name: str
    n: int
    positives: int
    confusion: list[list[int]] | None
    metrics: dict[str, Estimate]


class MethodResult(Record):
    """One row of the table of methods; ``marks`` say what sets the row apart: "shortened: ..."."""

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


class Comparison(Record):
    """The paired test of two methods on one metric."""

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


class Finding(Record):
    """A reason why a result should not be believed as it stands."""

    code: str
    severity: Literal["error", "warning", "note"]
    text: str
    evidence: str
    advice: str


class Results(Record):
    """Everything in ``results.json``."""

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


@dataclass(frozen=True)
class Study:
    """A comparison: the results and everything that its report is drawn from.

    Attributes
    ----------
    results : Results
        The content of ``results.json``.
    predictions : pandas.DataFrame
        One row a method, repeat, fold and image; every number in ``results`` is computed from it.
    curves : pandas.DataFrame
        ``method, curve, class, x, y``.
    importance : pandas.DataFrame
        ``method, column, importance``; empty where no classifier tells.
    config : dict
        The effective configuration.
    environment : dict
        Versions, hardware, data hash, command line.
    assets : dict of bytes
        Thumbnails (PNG) by file name, and ``assets.json`` which maps ids to them.
    """

    results: Results
    predictions: pd.DataFrame
    curves: pd.DataFrame
    importance: pd.DataFrame
    config: dict[str, Any]
    environment: dict[str, Any]
    assets: Mapping[str, bytes] = field(default_factory=dict)

    def summary(self, metric: str = "roc_auc") -> pd.DataFrame:
        """Return one metric of every method, best first.

        Parameters
        ----------
        metric : str, default "roc_auc"
            A key of ``results.methods[i].metrics``.

        Returns
        -------
        pandas.DataFrame
            ``method, value, low, high, n``; methods without the metric come last with NaN.

        Raises
        ------
        ParameterError
            If no method has such a metric.
        """
        import pandas as pd

        methods = self.results.methods
        known = sorted({name for method in methods for name in method.metrics})
        if metric not in known:
            raise ParameterError(
                f"no method has a metric called {metric!r}; choose one of: {', '.join(known)}."
            )
        absent = Estimate(value=None, how="", reason="not computed")
        rows = [(m.name, m.metrics.get(metric, absent), m.n) for m in methods]
        frame = pd.DataFrame(
            [(name, e.value, e.low, e.high, n) for name, e, n in rows],
            columns=["method", "value", "low", "high", "n"],
        )
        numbers = frame.astype({"value": float, "low": float, "high": float})
        return numbers.sort_values("value", ascending=False, ignore_index=True, kind="stable")
