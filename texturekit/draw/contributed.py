"""What families add to an answer: from the background's probability to the image's, as a figure."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from texturekit.contributing import NOTICE, SEES
from texturekit.draw.figures import plain_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from texturekit.contributing import Contribution

_WIDTH, _PICTURES, _BAR, _LINE = 10.5, 2.75, 0.33, 0.2  # inches
_MORE, _LESS, _INK, _FAINT = "#0b62b8", "#b4530a", "#222222", "#666666"
_COLUMNS, _MOST_BARS, _LONGEST = 6, 12, 34


def contributed(one: Contribution, *, model: str = "", background: int = 0) -> Figure:
    """Draw the image, what families see in it, and what families and columns add to the answer.

    Parameters
    ----------
    one : Contribution
    model : str, optional
        Name of the method, for the caption.
    background : int, optional
        How many means of training images it is compared with.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with `texturekit.draw.save_figure`.
    """
    caption = _caption(one, model, background)
    bars = min(len(one.families), _MOST_BARS) + 2
    lower = max(bars * _BAR, (min(len(one.columns), _COLUMNS) + 2) * _LINE * 1.6) + 0.75
    foot = (len(caption) + 1) * _LINE
    height = 0.5 + _PICTURES + lower + foot
    with plain_style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(_WIDTH, height), facecolor="white")
        figure.text(
            0.02, 1 - 0.3 / height, _plain(f"{one.label}: probability {one.probability:.3f}"),
            fontsize=12, fontweight="bold", color=_INK, parse_math=False,
        )  # fmt: skip
        places = figure.add_gridspec(
            1, 4, left=0.02, right=0.98, wspace=0.06,
            top=1 - 0.75 / height, bottom=1 - (0.45 + _PICTURES) / height,
        )  # fmt: skip
        _picture(figure.add_subplot(places[0, 0]), one.picture, _title(one.region))
        for k, (family, pixels) in enumerate(list(one.maps.items())[:3], start=1):
            title = f"what {family} sees: {one.titles.get(family, '')}"
            _picture(figure.add_subplot(places[0, k]), pixels, title)
        low, high = (foot + 0.5) / height, (foot + lower - 0.25) / height
        _waterfall(figure.add_axes((0.15, low, 0.36, high - low)), one)
        _table(figure, one, (0.56, high), height)
        for k, (text, bold) in enumerate(caption):
            figure.text(
                0.02, (foot - (k + 0.8) * _LINE) / height, text, fontsize=8.5,
                color=_INK if bold else _FAINT, fontweight="bold" if bold else "normal",
                parse_math=False,
            )  # fmt: skip
    return figure


def _title(region: str) -> str:
    return "the image" if region in ("", "the whole image") else f"the image: {region}"


def _picture(axes: Axes, pixels: object, title: str) -> None:
    axes.imshow(pixels, interpolation="nearest")  # type: ignore[arg-type]
    axes.set_title(
        textwrap.fill(_plain(title), 36), fontsize=8, color=_FAINT, loc="left", parse_math=False
    )
    axes.set_axis_off()


def _waterfall(axes: Axes, one: Contribution) -> None:
    """Bars from the background's probability to the image's, what moves the most on top."""
    parts = [(part.name, part.value, part.error) for part in one.leading]
    if len(parts) > _MOST_BARS:
        rest = parts[_MOST_BARS - 1 :]
        error = sum(error**2 for _, _, error in rest) ** 0.5
        rested = (f"{len(rest)} other families", sum(value for _, value, _ in rest), error)
        parts = [*parts[: _MOST_BARS - 1], rested]
    now, names = one.base, ["background"]
    axes.plot([now, now], [-0.42, 1], color=_FAINT, lw=1)
    spread = max(abs(one.probability - one.base), *(abs(value) for _, value, _ in parts), 0.02)
    ends = [one.base, one.probability]
    for row, (name, value, error) in enumerate(parts, start=1):
        after = now + value
        axes.barh(row, value, left=now, height=0.62, color=_MORE if value >= 0 else _LESS)
        if error:
            axes.errorbar(after, row, xerr=1.96 * error, color=_INK, lw=1, capsize=2)
        axes.plot([after, after], [row - 0.31, row + 1], color=_FAINT, lw=0.7)
        right = max(now, after) + 0.03 * spread
        axes.text(right, row, f"{value:+.3f}", va="center", fontsize=8, color=_INK)
        names.append(name)
        ends += [now, after]
        now = after
    last = len(parts) + 1
    axes.plot([now, now], [last - 0.3, last + 0.42], color=_INK, lw=2)
    pad = 0.03 * spread
    axes.text(one.base + pad, 0, f"{one.base:.3f}", va="center", fontsize=8, color=_FAINT)
    axes.text(now + pad, last, f"{one.probability:.3f}", va="center", fontsize=8.5, color=_INK,
              fontweight="bold")  # fmt: skip
    reach = max(ends) - min(ends)
    axes.set_xlim(min(ends) - 0.08 * reach - 0.005, max(ends) + 0.28 * reach + 0.02)
    axes.set_yticks(range(last + 1), [*names, "this image"], fontsize=8.5)
    axes.set_ylim(last + 0.6, -0.6)
    axes.set_xlabel(_plain(f"probability of {one.label}"), fontsize=8.5, parse_math=False)
    axes.tick_params(labelsize=8, length=2)
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _table(figure: Figure, one: Contribution, place: tuple[float, float], height: float) -> None:
    """Write the columns that add or take the most."""
    left, top = place
    step = 1.6 * _LINE / height
    offsets = (0.0, 0.235, 0.315, 0.41)
    heads = ("column", "image", "typical", "adds (estimate)")
    if not one.columns:
        figure.text(left, top - step, "no single columns to tell", fontsize=8.5, color=_FAINT)
        return
    shown = [
        (_shortened(c.name), _number(c.value), _number(c.typical),
         f"{c.share:+.3f} \N{PLUS-MINUS SIGN} {c.error:.3f}")
        for c in one.columns[:_COLUMNS]
    ]  # fmt: skip
    for row, cells in enumerate([heads, *shown]):
        for k, (offset, text) in enumerate(zip(offsets, cells, strict=True)):
            figure.text(
                left + offset, top - (row + 0.6) * step, text, fontsize=8.5,
                color=_INK if row else _FAINT, ha="left" if k == 0 else "right",
                parse_math=False,
            )  # fmt: skip


def _caption(one: Contribution, model: str, background: int) -> list[tuple[str, bool]]:
    beside = "typical training images"
    if background:
        beside = f"{background} mean{'s' * (background > 1)} of training images"
    said = [
        (f"{Path(one.path).name} \N{MIDDLE DOT} {model}" if model else Path(one.path).name, False),
        (f"Bars: Shapley values of families, from the mean probability of {beside} to that of this "
         "image. Families that say the same share what they add; another background gives other "
         "bars. Columns: their part of it as members of their family, with the standard error of "
         "the estimate.", False),
        (SEES if one.maps else "", False),
        (NOTICE, True),
    ]  # fmt: skip
    return [
        (line, bold)
        for text, bold in said
        if text
        for line in textwrap.wrap(_plain(text), 160) or [""]
    ]


def _number(value: float) -> str:
    return f"{value:.4g}"


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
