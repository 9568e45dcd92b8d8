"""How training went, epoch by epoch."""

from __future__ import annotations

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
    shown = [
        name
        for name in ("loss", "score")
        if any(epoch.get(f"{part}_{name}") is not None for part in _PARTS for epoch in history)
    ]
    with plain_style():
        width, height = 4.2 * max(1, len(shown)), 3.2
        figure, paint = _figure(width, height), _Paint()
        for place, name in enumerate(shown):
            left = (4.2 * place + 0.7) / width
            axes = figure.add_axes((left, 0.16, 3.3 / width, 0.78))
            _draw(axes, history, name, best, paint)
            words = score if name == "score" else name
            axes.set_ylabel(f"{words[0].upper()}{words[1:]}", color=paint(INK))
        text = _svg(figure, paint, "training", label, {})
    return text.replace("<svg", f"<svg {_NAMESPACES}", 1)


def _draw(
    axes: Axes, history: Sequence[Mapping[str, Any]], name: str, best: int, paint: _Paint
) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.axvline(best, color=paint(FAINT), linewidth=0.8, linestyle=(0, (2, 3)))
    for part, (words, colour) in _PARTS.items():
        points = [
            (epoch["epoch"], epoch[f"{part}_{name}"])
            for epoch in history
            if epoch.get(f"{part}_{name}") is not None
        ]
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(
                x, y, color=paint(colour), linewidth=1.6, marker="o", markersize=3, label=words
            )
    axes.legend(frameon=False, labelcolor="linecolor", handlelength=1.2)
    _plain_axes(axes, paint)
    axes.grid(visible=True, color=paint(GRID), linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("Epoch", color=paint(INK))
