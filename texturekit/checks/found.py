"""What the rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from texturekit.metrics.cases import read_cases
from texturekit.records import Finding

if TYPE_CHECKING:
    import pandas as pd

    from texturekit.metrics.cases import Cases
    from texturekit.records import MethodResult, Results

Rule = Callable[["Seen"], Iterator[Finding]]
MAIN = "roc_auc"
_LISTED = 4


@dataclass(frozen=True)
class Seen:
    """Results and predictions, and what several rules ask of them.

    Attributes
    ----------
    results : Results
    predictions : pandas.DataFrame
    declared : str or None
        The method that was named before any result was seen.
    """

    results: Results
    predictions: pd.DataFrame
    declared: str | None = None

    @cached_property
    def done(self) -> list[MethodResult]:
        """The methods that ran."""
        return [one for one in self.results.methods if one.status == "ok"]

    @cached_property
    def candidates(self) -> list[MethodResult]:
        """The methods that ran and are no baseline."""
        return [one for one in self.done if one.family != "baseline"]

    @cached_property
    def leader(self) -> MethodResult | None:
        """The candidate with the highest AUC."""
        ranked = [one for one in self.candidates if value(one) is not None]
        return max(ranked, key=lambda one: value(one) or 0.0, default=None)

    @cached_property
    def tested(self) -> Cases | None:
        """The test images of the first repeat, by the method that knows most of their labels.

        A label counts as known where its truth is, even in folds where it could not be learnt.
        """
        asked = self.done if self.results.kind == "multilabel" else self.done[:1]
        seen = [one for m in asked if (one := self.cases(m.name, everywhere=True)) is not None]
        return max(seen, key=lambda one: int(one.known.sum()), default=None)

    def cases(self, method: str, *, everywhere: bool = False) -> Cases | None:
        """Return the test images of one method in the first repeat; None without predictions.

        With ``everywhere`` a label that was predicted somewhere counts as predicted in all images.
        """
        if self.predictions.empty:
            return None
        rows = self.predictions[self.predictions["method"] == method]
        if not (rows["split"] == "test").any():
            return None
        results = self.results
        if everywhere and results.kind == "multilabel":
            told = [f"p.{name}" for name in results.classes]
            rows = rows.assign(**{c: rows[c].fillna(0.0) for c in told if rows[c].notna().any()})
        return read_cases(
            rows, kind=results.kind, classes=results.classes, positive=results.positive
        )[0]

    @cached_property
    def units(self) -> int:
        """Independent test cases: groups where they are known, else images."""
        return 0 if self.tested is None else len(np.unique(self.tested.group))

    @property
    def unit(self) -> str:
        """What is independent of one another, in words."""
        return "image" if self.results.data.groups is None else "patient (group)"


def value(method: MethodResult, metric: str = MAIN) -> float | None:
    """Return a metric of a method; None where it is undefined or missing."""
    found = method.metrics.get(metric)
    return None if found is None else found.value


def named(names: list[str]) -> str:
    """Return the first few names as a sentence lists them.

    Examples
    --------
    >>> named(["a", "b"]), named(list("abcdef"))
    ('a and b', 'a, b, c, d and 2 more')
    """
    shown = names[:_LISTED]
    if len(names) > _LISTED:
        return f"{', '.join(shown)} and {len(names) - _LISTED} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> counted(1, "patient (group)"), counted(12, "patient (group)"), counted(2, "class")
    ('1 patient (group)', '12 patients (groups)', '2 classes')
    """
    if count == 1:
        return f"1 {noun}"
    plural = {"patient (group)": "patients (groups)"}
    return f"{count:,} {plural.get(noun, noun + ('es' if noun.endswith('s') else 's'))}"


def sentence(parts: list[str]) -> str:
    """Return parts as one sentence.

    Examples
    --------
    >>> sentence(["an AUC of 1", "no image"])
    'An AUC of 1; no image.'
    """
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."
