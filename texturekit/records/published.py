"""What a printed confusion matrix says, and numbers that others have published."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from texturekit.records.base import Difference, Estimate, Number, Record
from texturekit.records.method import ClassResult


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
