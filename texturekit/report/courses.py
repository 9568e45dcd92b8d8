"""The section of the page on the training of networks, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from texturekit import draw
from texturekit.report.spread import fold_name
from texturekit.report.wording import counted, first_number, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from texturekit.records import Study
    from texturekit.report.tables import MethodRow

_DRAWN = 50  # more lines would be a blot


@dataclass(frozen=True)
class FoldCourse:
    """The training of one fold in numbers."""

    name: str
    epochs: int
    kept: str
    train_loss: str
    val_loss: str
    score: str


@dataclass(frozen=True)
class Training:
    """The training of one method: a drawing of the loss, one of the score, and a row a fold."""

    row: MethodRow
    svgs: list[Markup]
    folds: list[FoldCourse]
    drawn: int


@dataclass(frozen=True)
class Trainings:
    """All methods that were trained epoch by epoch.

    ``score`` is what the score is called, ``validated`` whether there were validation images.
    """

    score: str
    validated: bool
    methods: list[Training]


def trainings(study: Study, done: Sequence[MethodRow]) -> Trainings | None:
    """Return the training of every network; None where none was trained.

    Parameters
    ----------
    study : Study
    done : sequence of MethodRow
        The methods that finished, best first.
    """
    frame = study.training
    if frame is None or frame.empty:
        return None
    score = "mean AUC" if study.results.kind == "multilabel" else "accuracy"
    found = [
        _training(row, part, score, first_number(study.results.protocol))
        for row in done
        if len(part := frame[frame["method"].astype(str) == row.method.name])
    ]
    validated = bool(frame["val_loss"].notna().any())
    return Trainings(score, validated, found) if found else None


def _training(row: MethodRow, frame: pd.DataFrame, score: str, start: int) -> Training:
    ordered = frame.sort_values(["repeat", "fold", "epoch"], kind="stable")
    parts: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for epoch in map(_epoch, ordered.to_dict("records")):
        parts.setdefault((int(epoch["repeat"]), int(epoch["fold"])), []).append(epoch)
    histories = {key: draw.History(epochs, _kept(epochs)) for key, epochs in parts.items()}
    drawn = list(histories.values())[:_DRAWN]
    svgs = [
        draw.training_folds(
            drawn, name=f"{kind}-{row.key}", score=score, kinds=[kind],
            label=f"Training of {row.method.name}: {score if kind == 'score' else kind} of each "
            f"epoch, {counted(len(drawn), 'fold')}; the table below holds numbers",
        )
        for kind in draw.told(drawn)
    ]  # fmt: skip
    repeats = len({repeat for repeat, _ in parts})
    return Training(
        row,
        [Markup(svg) for svg in svgs],
        [_fold(fold_name(key, repeats, start), one) for key, one in histories.items()],
        len(drawn),
    )


def _epoch(row: dict[Any, Any]) -> dict[str, Any]:
    """Return an epoch with None where the table has NaN."""
    return {str(key): None if value != value else value for key, value in row.items()}


def _kept(epochs: Sequence[dict[str, Any]]) -> int | None:
    return next((int(epoch["epoch"]) for epoch in epochs if epoch["kept"]), None)


def _fold(name: str, one: draw.History) -> FoldCourse:
    kept = next((epoch for epoch in one.epochs if epoch["epoch"] == one.kept), {})
    return FoldCourse(
        name=name,
        epochs=len(one.epochs),
        kept="n/a" if one.kept is None else str(one.kept),
        train_loss=number(kept.get("train_loss"), 3),
        val_loss=number(kept.get("val_loss"), 3),
        score=number(kept.get("val_score"), 3),
    )
