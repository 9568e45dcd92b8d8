"""How training went, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from texturekit.draw.figures import (
    FAINT,
    GRID,
    INK,
    _figure,
    _Paint,
    _plain_axes,
    _svg,
    plain_style,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

_NAMESPACES = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'style="font-family: sans-serif; background: #fff"'
)
_PARTS = {"train": ("training", INK), "val": ("validation", "var(--val, #0b62b8)")}


@dataclass(frozen=True)
class History:
    """The epochs of one training, and which of them was kept.

    Attributes
    ----------
    epochs : sequence of mapping
        One entry an epoch: ``epoch``, ``train_loss``, ``val_loss``, ``val_score`` (None without
        validation).
    kept : int or None
        The epoch whose weights were kept.
    """

    epochs: Sequence[Mapping[str, Any]]
    kept: int | None


def training_curves(
    history: Sequence[Mapping[str, Any]], *, best: int, label: str, score: str = "accuracy"
) -> str:
    """Draw the loss, and the score where there was validation, of each epoch.

    Parameters
    ----------
    history : sequence of mapping
        One entry an epoch, as `texturekit.deep.Network.history` has them: ``epoch``,
        ``train_loss``, ``val_loss`` and ``val_score`` (None without validation).
    best : int
        The epoch whose weights were kept, which a line marks.
    label : str
        What a screen reader says.
    score : str, default "accuracy"
        What the score is.

    Returns
    -------
    str
        One ``<svg>`` element that is also a file.

    Examples
    --------
    >>> history = [{"epoch": 1, "train_loss": 0.7, "val_loss": 0.6}]
    >>> "validation" in training_curves(history, best=1, label="Training of a network")
    True
    """
    one = History(history, best)
    text = training_folds([one], name="training", label=label, score=score)
    return text.replace("<svg", f"<svg {_NAMESPACES}", 1)


def training_folds(
    histories: Sequence[History],
    *,
    name: str,
    label: str,
    score: str = "accuracy",
    kinds: Sequence[str] = ("loss", "score"),
) -> str:
    """Draw the training of the same network on several folds: a thin line each.

    Parameters
    ----------
    histories : sequence of History
        One of each fold. The epoch that was kept is marked: by a line if there is one fold, else by
        a dot on each line of the validation.
    name : str
        Prefix of the ids inside, unique in the page: letters, digits, ``-`` only.
    label : str
        What a screen reader says.
    score : str, default "accuracy"
        What the score is.
    kinds : sequence of str
        What is drawn side by side: ``"loss"``, ``"score"``; `told` says what there is.

    Returns
    -------
    str
        One ``<svg>`` element.

    Examples
    --------
    >>> fold = History([{"epoch": 1, "train_loss": 0.7}, {"epoch": 2, "train_loss": 0.6}], kept=2)
    >>> "Loss" in training_folds([fold, fold], name="t0", label="Training, 2 folds")
    True
    """
    shown = [kind for kind in kinds if kind in told(histories)]
    with plain_style():
        width, height = 4.2 * max(1, len(shown)), 3.2
        figure, paint = _figure(width, height), _Paint()
        for place, kind in enumerate(shown):
            left = (4.2 * place + 0.7) / width
            axes = figure.add_axes((left, 0.16, 3.3 / width, 0.78))
            _draw(axes, histories, kind, paint)
            words = score if kind == "score" else kind
            axes.set_ylabel(f"{words[0].upper()}{words[1:]}", color=paint(INK))
        return _svg(figure, paint, name, label, {})


def told(histories: Sequence[History]) -> list[str]:
    """Return what the epochs tell of: ``"loss"``, ``"score"``, or both.

    Examples
    --------
    >>> told([History([{"epoch": 1, "train_loss": 0.7}], kept=1)])
    ['loss']
    """
    return [
        kind
        for kind in ("loss", "score")
        if any(
            epoch.get(f"{part}_{kind}") is not None
            for part in _PARTS
            for one in histories
            for epoch in one.epochs
        )
    ]


def _draw(axes: Axes, histories: Sequence[History], kind: str, paint: _Paint) -> None:
    from matplotlib.ticker import MaxNLocator

    alone = histories[0].kept if len(histories) == 1 else None
    if alone is not None:
        axes.axvline(alone, color=paint(FAINT), linewidth=0.8, linestyle=(0, (2, 3)))
    for part, (words, colour) in _PARTS.items():
        legend = words
        for one in histories:
            x, y = _points(one, f"{part}_{kind}")
            if x:
                _course(axes, x, y, paint(colour), legend, alone=len(histories) == 1)
                legend = "_nolegend_"
            if len(histories) > 1 and part == "val" and one.kept in x:
                at = y[x.index(one.kept)]
                axes.plot([one.kept], [at], color=paint(colour), marker="o", markersize=4)
    axes.legend(frameon=False, labelcolor="linecolor", handlelength=1.2)
    _plain_axes(axes, paint)
    axes.grid(visible=True, color=paint(GRID), linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("Epoch", color=paint(INK))


def _points(one: History, key: str) -> tuple[list[int], list[float]]:
    found = [(int(e["epoch"]), float(e[key])) for e in one.epochs if e.get(key) is not None]
    return [epoch for epoch, _ in found], [value for _, value in found]


def _course(
    axes: Axes, x: list[int], y: list[float], colour: str, legend: str, *, alone: bool
) -> None:
    """Draw one line; a single epoch is a dot, since a line of one point is nothing."""
    dotted = alone or len(x) == 1
    axes.plot(
        x, y, color=colour, linewidth=1.6 if alone else 0.9, label=legend,
        alpha=1.0 if alone else 0.75, marker="o" if dotted else None, markersize=3,
    )  # fmt: skip
