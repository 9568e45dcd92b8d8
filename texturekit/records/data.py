"""What went in, and what was found in it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from texturekit.records.base import Estimate, Number, Record


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


class Varying(Record):
    """A fact of the files that differs between a class and the rest.

    ``inside`` and ``outside`` are medians for sizes and bit depths, shares for a mode; ``roc_auc``
    says how well the fact alone tells the class from the rest, in the direction it does.
    """

    fact: str
    name: str
    inside: Number
    outside: Number
    roc_auc: Estimate


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


class Source(Record):
    """One of two sources: that which is learnt from, or that which is tested on."""

    role: Literal["training", "test"]
    source: str
    found: int
    used: int
    groups: int | None
    sha256: str
    counts: dict[str, int]
    group_counts: dict[str, int] | None = None


class Data(Record):
    """What went in. Always ``found == used + len(skipped)``.

    ``groups_over_parts`` counts the groups that stand in two parts ("training and test") of a
    fold, ``varying`` holds the file facts that go with a class. With an external test set
    ``sources`` are both sources, whose ``found`` and ``used`` add up.
    """

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
    groups_over_parts: dict[str, int] = Field(default_factory=dict)
    groups_with_two_labels: int = 0
    varying: list[Varying] = Field(default_factory=list)
    sources: list[Source] = Field(default_factory=list)

    @model_validator(mode="after")
    def _adds_up(self) -> Data:
        if self.found != self.used + len(self.skipped):
            raise ValueError(
                f"found {self.found} is not used {self.used} + skipped {len(self.skipped)}"
            )
        for name in ("found", "used"):
            parts = [getattr(one, name) for one in self.sources]
            if parts and sum(parts) != getattr(self, name):
                raise ValueError(f"{name} {getattr(self, name)} is not the sum of {parts}")
        return self
