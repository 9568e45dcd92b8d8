"""A map over its picture, with what has to be known to read it, as one image."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.colouring import coloured
from texturekit.data.placing import Box
from texturekit.explanation import NOTICE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image, ImageDraw
    from PIL.ImageFont import FreeTypeFont

    from texturekit.explanation import Explanation

_SMALLEST, _LARGEST = 420, 900  # pixels of a picture's long side
_GAP, _BAR, _TEXT = 16, 18, 15
_INK, _FAINT, _ALARM, _OUTLINE = (34, 34, 34), (105, 105, 105), (176, 32, 16), (0, 220, 255)
_UNITS = {"occlusion": "logit lost where covered"}


def panel(one: Explanation, *, model: str = "", warning: str = "") -> NDArray[np.uint8]:
    """Draw a picture, the same with its map, the colours' scale, and a caption.

    Parameters
    ----------
    one : Explanation
        Its map must not be empty.
    model : str, optional
        Name of the model, for the caption.
    warning : str, optional
        What speaks against trusting the map; in the caption, in red.

    Returns
    -------
    (h, w, 3) uint8
        Both pictures have the image's own sides, or are scaled so that the long side has 420 to
        900 pixels.
    """
    from PIL import Image, ImageDraw

    height, width = one.picture.shape[:2]
    scale = min(max(1.0, _SMALLEST / max(height, width)), _LARGEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    right = size[0] + 2 * _GAP
    bar = right + size[0] + _GAP
    whole = bar + _BAR + 5 * _TEXT
    lines = _caption(one, model, warning, whole - 2 * _GAP)
    top = 2 * _GAP + _TEXT
    page = Image.new(
        "RGB", (whole, top + size[1] + _GAP + len(lines) * (_TEXT + 7) + _GAP), "white"
    )
    draw = ImageDraw.Draw(page)
    _write(draw, (_GAP, _GAP - 4), "the image", _FAINT)
    _write(draw, (right, _GAP - 4), f"what speaks for {one.label}", _FAINT, width=size[0])
    small, values, box = _small(one, size)
    for left, heat in ((_GAP, np.zeros_like(values)), (right, values)):
        shown = Image.fromarray(coloured(small, heat, box, top=one.peak))
        _outline(shown, one, box)
        page.paste(shown, (left, top))
    _scale(page, draw, (bar, top, size[1]), one)
    for number, (text, ink, bold) in enumerate(lines):
        place = (_GAP, top + size[1] + _GAP + number * (_TEXT + 7))
        _write(draw, place, text, ink, bold=bold)
    return np.asarray(page)


def _caption(
    one: Explanation, model: str, warning: str, width: int
) -> list[tuple[str, tuple[int, int, int], bool]]:
    unit = _UNITS.get(one.method, "this map's own unit")
    rows, cols = one.cells.shape
    grain = f"it has {cols} x {rows} cells, enlarged"
    if one.method == "occlusion":
        grain = "windows of a seventh of the side were covered"
    said = [
        (f"{one.label}: probability {one.probability:.3f}", _INK, True),
        (f"{Path(one.path).name} \N{MIDDLE DOT} {one.method}{f', {model}' if model else ''} "
         f"\N{MIDDLE DOT} seen at {one.side} x {one.side} pixels: {one.region}.", _INK, False),
        (f"Colours go from 0 (clear) to this map's maximum {one.peak:.3g} ({unit}), so that maps "
         f"of two images cannot be compared; {grain}.", _FAINT, False),
        (f"Warning: {warning}" if warning else "", _ALARM, True),
        (NOTICE, _INK, True),
    ]  # fmt: skip
    return [
        (line, ink, bold)
        for text, ink, bold in said
        if text
        for line in _wrapped(_printable(text), _font(bold=bold), width)
    ]


def _wrapped(text: str, font: FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _small(
    one: Explanation, size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.float32], Box]:
    """Return picture, map, and what was seen, at the size in which they are drawn."""
    from PIL import Image

    across, down = size[0] / one.picture.shape[1], size[1] / one.picture.shape[0]
    if (across, down) == (1, 1):
        return one.picture, one.map, one.box
    picture = Image.fromarray(one.picture).resize(size, Image.Resampling.BICUBIC)
    values = Image.fromarray(one.map).resize(size, Image.Resampling.BILINEAR)
    box = Box(
        round(one.box.top * down), round(one.box.left * across),
        max(1, round(one.box.bottom * down)), max(1, round(one.box.right * across)),
    )  # fmt: skip
    return np.asarray(picture), np.asarray(values), box


def _outline(shown: Image.Image, one: Explanation, box: Box) -> None:
    """Draw the edge of what the network saw, and of the region."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(shown)
    if (one.box.height, one.box.width) != one.map.shape:
        draw.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=_OUTLINE)
    if one.mask is None:
        return
    inside = np.pad(_resized(one.mask, shown.size), 1)
    edge = inside[1:-1, 1:-1] & ~(
        inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    )
    rows, cols = np.nonzero(edge)
    draw.point(list(zip(cols.tolist(), rows.tolist(), strict=True)), fill=_OUTLINE)


def _resized(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    from PIL import Image

    return np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))


def _scale(
    page: Image.Image, draw: ImageDraw.ImageDraw, place: tuple[int, int, int], one: Explanation
) -> None:
    """Draw the colours from 0 to the maximum, over mid grey as over a picture."""
    from PIL import Image

    left, top, height = place
    share = np.linspace(1, 0, height, dtype=np.float32)[:, None].repeat(_BAR, axis=1)
    page.paste(Image.fromarray(coloured(np.full((*share.shape, 3), 90, np.uint8), share)),
               (left, top))  # fmt: skip
    _write(draw, (left + _BAR + 4, top), f"{one.peak:.3g}", _FAINT)
    _write(draw, (left + _BAR + 4, top + height - _TEXT - 3), "0", _FAINT)


def _write(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, ink: tuple[int, int, int],
    *, bold: bool = False, width: int | None = None,
) -> None:  # fmt: skip
    font, text = _font(bold=bold), _printable(text)
    while width is not None and len(text) > 4 and font.getlength(text) > width:
        text = text[:-2] + "\N{HORIZONTAL ELLIPSIS}"
    draw.text(place, text, fill=ink, font=font)


@lru_cache
def _font(*, bold: bool = False) -> FreeTypeFont:
    """Return matplotlib's own font: it is on every machine, and knows most alphabets."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), _TEXT)
