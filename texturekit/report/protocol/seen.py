"""A run as the chapter on its protocol looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from texturekit.report.plain import facts
from texturekit.report.verdict import leader

if TYPE_CHECKING:
    from texturekit.records import Estimate, MethodResult, Results, Study

_NETS = ("embedding", "finetuned", "hybrid", "head")
_UNNAMED = ("unknown", "none")


@dataclass(frozen=True)
class Tested:
    """The test images of the first repeat: how many, and how many of each class.

    ``known`` counts the images whose truth is known, class by class; it differs for labels only.
    """

    n: int
    counts: dict[str, int]
    known: dict[str, int]


@dataclass(frozen=True)
class Seen:
    """A study with what the sentences about it ask for again and again."""

    study: Study

    @property
    def results(self) -> Results:
        """The content of ``results.json``."""
        return self.study.results

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the configuration led to."""
        return facts(self.study.config)

    @cached_property
    def card(self) -> dict[str, Any]:
        """The task's card as the run kept it; empty without one."""
        return self.facts.get("card") or {}

    @cached_property
    def done(self) -> list[MethodResult]:
        """The methods that finished."""
        return [m for m in self.results.methods if m.status == "ok"]

    @cached_property
    def nets(self) -> list[MethodResult]:
        """Those of them that hold a network."""
        return [m for m in self.done if m.family in _NETS]

    @cached_property
    def first(self) -> MethodResult | None:
        """The best method that is no baseline."""
        return leader(self.results)

    @cached_property
    def estimates(self) -> list[tuple[str, str, Estimate]]:
        """Every metric of every method that finished: method, metric, estimate."""
        return [(m.name, name, one) for m in self.done for name, one in m.metrics.items()]

    @cached_property
    def patients(self) -> int | None:
        """How many patients (groups) there are; None where no image names one."""
        if self.results.protocol.grouping.startswith(_UNNAMED):
            return None  # the pictures of a file stay together, which makes no patient of a file
        return self.results.data.groups

    @property
    def several(self) -> bool:
        """Whether patients are known and some have several images."""
        return self.patients is not None and self.patients < self.results.data.used

    @cached_property
    def joined(self) -> bool:
        """Whether copies of an image were put into one group."""
        found = self.results.data.duplicates
        return found is not None and found.images > 0

    @cached_property
    def asked(self) -> bool:
        """Whether the configuration of the run is at hand."""
        return bool(self.study.config)

    @cached_property
    def tested(self) -> Tested | None:
        """What was tested on; None without predictions."""
        frame, classes = self.study.predictions, self.results.classes
        if not len(frame) or "split" not in frame:
            return None
        rows = frame[frame["split"] == "test"]
        rows = rows[rows["repeat"] == rows["repeat"].min()].drop_duplicates("id")
        if self.results.kind == "multilabel":
            truth = {c: rows[f"y.{c}"] for c in classes if f"y.{c}" in rows}
            counts = {c: int((column == 1).sum()) for c, column in truth.items()}
            return Tested(len(rows), counts, {c: int(v.notna().sum()) for c, v in truth.items()})
        if "label" not in rows:
            return None
        counts = {c: int((rows["label"] == c).sum()) for c in classes}
        return Tested(len(rows), counts, dict.fromkeys(classes, len(rows)))

    def drawn(self, curve: str) -> bool:
        """Tell whether the run holds points of a curve."""
        curves = self.study.curves
        return "curve" in curves and bool((curves["curve"] == curve).any())
