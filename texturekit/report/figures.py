"""The figures of the page: ROC curves and confusion matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from texturekit import draw
from texturekit.report import tables
from texturekit.report.wording import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from texturekit.records import MethodResult, Study
    from texturekit.report.tables import MethodRow

TABLE_SIZE = (
    8  # larger confusion matrices are drawn: their numbers no longer fit a phone as a table
)


@dataclass(frozen=True)
class Panel:
    """The ROC curves of one class."""

    title: str
    svg: Markup
    note: str


@dataclass(frozen=True)
class Square:
    """A cell of a confusion matrix: count, percent of its row, whether it is on the diagonal."""

    count: int
    percent: int
    right: bool


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix as a table, or as a drawing where the table would be too large."""

    title: str
    caption: str
    classes: list[str]
    rows: list[list[Square]]
    svg: Markup | None = None


def roc_panels(study: Study, rows: Sequence[MethodRow]) -> list[Panel]:
    """Draw one panel a class that has ROC curves; one panel for two classes.

    Parameters
    ----------
    study : Study
    rows : sequence of MethodRow
        Gives the colours, and which curve is drawn on top.
    """
    curves = study.curves
    if curves.empty:
        return []
    curves = curves[curves["curve"] == "roc"]
    found = [str(name) for name in curves["class"].drop_duplicates()]
    classes = [name for name in study.results.classes if name in found]
    classes = sorted(set(found) - set(classes)) + classes
    panels = []
    for i, name in enumerate(classes):
        part = curves[curves["class"].astype(str) == name]
        points = {str(method): frame for method, frame in part.groupby("method", sort=False)}
        lines = [
            _line(row, frame) for row in rows if (frame := points.get(row.method.name)) is not None
        ]
        label = f"ROC curves of {len(lines)} methods, {name}; the table of methods holds the areas"
        svg = draw.roc(lines, name=f"roc{i}", label=label, side=4.4 if len(classes) == 1 else 3.4)
        panels.append(Panel(name, Markup(svg), _best(rows, name)))
    return panels


def _line(row: MethodRow, frame: pd.DataFrame) -> draw.Line:
    width = 1.1 if row.colour == tables.OTHERS else 1.8
    x, y = frame["x"].tolist(), frame["y"].tolist()
    return draw.Line(row.key, x, y, row.colour, row.method.family == "baseline", width)


def _best(rows: Sequence[MethodRow], name: str) -> str:
    """Return the AUC that the best method has for a class."""
    for result in rows[0].method.per_class if rows else []:
        if result.name == name and "roc_auc" in result.metrics:
            return f"{rows[0].method.name}: {number(result.metrics['roc_auc'].value, 3)}"
    return ""


def matrices(method: MethodResult, classes: Sequence[str], name: str) -> list[Matrix]:
    """Return the confusion matrix of a method; for labels, one of two rows for each.

    Parameters
    ----------
    method : MethodResult
    classes : sequence of str
    name : str
        Prefix of the ids inside a drawing.
    """
    if method.confusion is not None:
        return [
            _matrix(
                method.name, f"{method.name}, {method.n} images", classes, method.confusion, name
            )
        ]
    return [
        _matrix(
            label.name,
            f"{method.name}, {label.n} images",
            ["absent", "present"],
            label.confusion,
            name,
        )
        for label in method.per_class
        if label.confusion is not None
    ]


def _matrix(
    title: str, caption: str, classes: Sequence[str], counts: list[list[int]], name: str
) -> Matrix:
    if len(classes) > TABLE_SIZE:
        svg = Markup(draw.confusion(counts, classes, name=name))
        return Matrix(title, caption, list(classes), [], svg)
    rows = [
        [
            Square(count, round(100 * count / max(sum(row), 1)), i == j)
            for j, count in enumerate(row)
        ]
        for i, row in enumerate(counts)
    ]
    return Matrix(title, caption, list(classes), rows)
