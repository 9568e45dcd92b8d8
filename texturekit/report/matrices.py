"""Confusion matrices: counts, and shares of what each class holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from texturekit import draw
from texturekit.report.wording import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import ClassResult, MethodResult

TABLE_SIZE = 8  # larger matrices are drawn: their numbers no longer fit a phone as a table
LARGE = 3  # methods whose large matrices, or matrices of labels, are shown
MISTAKES = 8
_WORDS = (
    ("true negatives", "false positives"),
    ("false negatives", "true positives"),
)


@dataclass(frozen=True)
class Square:
    """A cell: count, share of its row in words and percent, on the diagonal or not, its name."""

    count: int
    share: str
    percent: int
    right: bool
    word: str = ""


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix as a table, or as a drawing where the table would be too large."""

    title: str
    caption: str
    classes: list[str]
    rows: list[list[Square]]
    svg: Markup | None = None


@dataclass(frozen=True)
class Mistake:
    """Images of one class that were called another, and their share of the class."""

    truth: str
    called: str
    count: int
    share: str


@dataclass(frozen=True)
class LabelCounts:
    """The four counts of one label, with both rates."""

    name: str
    counts: list[int]
    sensitivity: str
    specificity: str


@dataclass(frozen=True)
class Confusion:
    """What one method confused: matrices, or a table where matrices would be too many."""

    method: MethodResult
    matrices: list[Matrix]
    mistakes: list[Mistake]
    labels: list[LabelCounts]


def confusions(
    methods: Sequence[MethodResult], classes: Sequence[str], positive: str | None, kind: str
) -> list[Confusion]:
    """Return what every method confused, in the order of the methods.

    Parameters
    ----------
    methods : sequence of MethodResult
        Best first.
    classes : sequence of str
    positive : str or None
        The positive class of two.
    kind : str
        ``binary``, ``multiclass`` or ``multilabel``.
    """
    found = []
    for i, method in enumerate(methods):
        full = i < LARGE or (kind != "multilabel" and len(classes) <= TABLE_SIZE)
        found.append(
            Confusion(
                method,
                _matrices(method, classes, positive, f"confusion{i}") if full else [],
                [] if full else mistakes(method.confusion, classes),
                [] if full else [_label(c) for c in method.per_class if c.confusion is not None],
            )
        )
    return found


def _matrices(
    method: MethodResult, classes: Sequence[str], positive: str | None, name: str
) -> list[Matrix]:
    if method.confusion is not None:
        at = classes.index(positive) if positive in classes and len(classes) == 2 else None
        caption = f"{method.name}, {method.n} images"
        return [_matrix(method.name, caption, classes, method.confusion, name, at)]
    sides = ["absent", "present"]
    return [
        _matrix(one.name, f"{method.name}, {one.n} images", sides, one.confusion, name, 1)
        for one in method.per_class
        if one.confusion is not None
    ]


def _matrix(
    title: str,
    caption: str,
    classes: Sequence[str],
    counts: Sequence[Sequence[int]],
    name: str,
    positive: int | None,
) -> Matrix:
    if len(classes) > TABLE_SIZE:
        svg = Markup(draw.confusion(counts, classes, name=name))
        return Matrix(title, caption, list(classes), [], svg)
    rows = [
        [
            Square(
                count, share(count, sum(row)), _percent(count, sum(row)), i == j,
                "" if positive is None else _WORDS[i == positive][j == positive],
            )
            for j, count in enumerate(row)
        ]
        for i, row in enumerate(counts)
    ]  # fmt: skip
    return Matrix(title, caption, list(classes), rows)


def share(count: int, total: int) -> str:
    """Return a share as percent; only all is 100%, only nothing 0%, and of nothing there is none.

    Examples
    --------
    >>> share(1, 8), share(999, 1000), share(1, 1000), share(0, 0)
    ('12%', '> 99%', '< 1%', 'n/a')
    """
    if not total:
        return "n/a"
    percent = _percent(count, total)
    if percent == 100 and count < total:
        return "> 99%"
    return "< 1%" if percent == 0 and count else f"{percent}%"


def _percent(count: int, total: int) -> int:
    return round(100 * count / total) if total else 0


def mistakes(
    confusion: Sequence[Sequence[int]] | None, classes: Sequence[str], most: int = MISTAKES
) -> list[Mistake]:
    """Return the commonest confusions of a matrix, ties in the order of the classes."""
    found = [
        Mistake(classes[i], classes[j], count, share(count, sum(row)))
        for i, row in enumerate(confusion or ())
        for j, count in enumerate(row)
        if i != j and count
    ]
    return sorted(found, key=lambda one: -one.count)[:most]


def _label(one: ClassResult) -> LabelCounts:
    (tn, fp), (fn, tp) = one.confusion or ((0, 0), (0, 0))
    rates = [one.metrics.get(name) for name in ("sensitivity", "specificity")]
    told = [number(None if rate is None else rate.value) for rate in rates]
    return LabelCounts(one.name, [tp, fn, fp, tn], *told)
