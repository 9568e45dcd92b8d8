"""Maps of what a family sees as small pictures: few colours, few bytes, no figure around them."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError
from texturekit.features.grammar import Part, parse_parts
from texturekit.features.maps import Map, maps
from texturekit.features.variants import VARIANTS

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

SIDE = 112
OVERLAYS = ("lbp", "sobel", "hog")
_GREYS = 32  # steps of grey: more cannot be told apart at this size, and cost bytes
_ENDS = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
_GLYPH = 8  # pixels of a glyph, at least
_FEW = 20  # codes that each get a colour of their own


def overlays(
    image: NDArray[Any], mask: NDArray[np.bool_] | None = None, *, side: int = SIDE
) -> dict[str, bytes]:
    r"""Draw what LBP, Sobel and HOG see in an image.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    mask : (H, W) array, optional
        Non-zero inside the region; what lies outside is black.
    side : int, default 112
        Long side in pixels.

    Returns
    -------
    dict of bytes
        PNG by family: ``lbp`` (codes), ``sobel`` (length of the gradient), ``hog`` (bars by
        direction); without those that the image is too small for.

    Examples
    --------
    >>> image = np.arange(1024, dtype=np.uint8).reshape(32, 32)
    >>> [name for name, png in overlays(image).items() if png.startswith(b"\x89PNG")]
    ['lbp', 'sobel', 'hog']
    """
    made = {}
    for name in OVERLAYS:
        try:
            one = chosen(maps(name, image, mask))
        except ImageError:  # too small for a family that was perhaps not even asked for
            continue
        made[name] = png(picture(one, image.shape[:2], mask, side=side))
    return made


def chosen(found: list[Map]) -> Map:
    """Return the map that stands for a family: length of gradients, or pairs, else the first."""
    wanted = (one for one in found if one.title == "length" or one.kind == "matrix")
    return next(wanted, found[0])


def sight(
    part: str, image: NDArray[Any], mask: NDArray[np.bool_] | None = None, *, side: int = SIDE
) -> tuple[str, NDArray[np.uint8]] | None:
    """Draw the map that stands for a family, whatever its scales and cells.

    Parameters
    ----------
    part : str
        One family as a method reads it: ``"lbp(p=24,r=3)"``, ``"glcm(scales=1-2)"``.
    image : (H, W) or (H, W, 3) array
    mask : (H, W) array, optional
    side : int, default 112
        Long side in pixels.

    Returns
    -------
    title : str
        What is shown; only the image as it is, where the family also measures it at other scales.
    picture : (h, w, 3) uint8
        Or None for both: for families without a map, and images too small for them.

    Examples
    --------
    >>> image = np.arange(1024, dtype=np.uint8).reshape(32, 32)
    >>> title, drawn = sight("lbp(scales=1-2)", image, side=64)
    >>> title, drawn.shape
    ('uniform labels', (64, 64, 3))
    >>> sight("first_order", image) is None
    True
    """
    (read,) = parse_parts(part)
    plain = Part(read.name, tuple(pair for pair in read.parameters if pair[0] not in VARIANTS))
    try:
        found = maps(str(plain), image, mask)
    except ImageError:
        return None
    if not found:
        return None
    one = chosen(found)
    drawn = picture(one, image.shape[:2], mask, side=side)
    return one.title, np.asarray(drawn.convert("RGB"), dtype=np.uint8)


def picture(
    one: Map, shape: tuple[int, int], mask: NDArray[np.bool_] | None = None, *, side: int = SIDE
) -> Image.Image:
    """Draw a map as a picture whose long side is ``side``; what is not known is black.

    Parameters
    ----------
    one : Map
    shape : (int, int)
        Height and width of the image that it was made of.
    mask : (H, W) array, optional
        The region that it was made of: glyphs fill its box.
    side : int, default 112

    Returns
    -------
    PIL.Image.Image
        Grey, or with a palette.

    Examples
    --------
    >>> picture(Map("x", np.eye(4), "matrix"), (20, 10), side=64).size
    (64, 64)
    """
    if one.kind == "glyphs":
        return _placed(one.values, shape, mask, side)
    values = np.asarray(one.values, dtype=np.float64)
    if one.kind == "matrix":
        return _coloured(_logarithm(values), side, even=True)
    if one.kind == "codes":
        return _coloured(values, side)
    return _grey(np.abs(values) if one.kind == "signed" else values, side)


def png(shown: Image.Image) -> bytes:
    """Return a picture as PNG, without anything but its pixels."""
    buffer = io.BytesIO()
    shown.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _size(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Return width and height whose long side is ``side``."""
    height, width = shape[:2]
    scale = side / max(height, width)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _grey(values: NDArray[np.float64], side: int) -> Image.Image:
    """From dark to bright; the brightest percent is cut, or one edge would darken all others."""
    from PIL import Image

    known = values[np.isfinite(values)]
    top = float(np.quantile(known, 0.99)) if known.size else 0.0
    share = np.clip(np.nan_to_num(values) / top, 0, 1) if top > 0 else np.zeros(values.shape)
    fine = Image.fromarray(np.round(share * 255).astype(np.uint8))
    small = np.asarray(fine.resize(_size(values.shape, side), Image.Resampling.BOX))
    steps = np.round(small / 255.0 * (_GREYS - 1)) * (255 / (_GREYS - 1))
    return Image.fromarray(np.round(steps).astype(np.uint8))


def _coloured(values: NDArray[np.float64], side: int, *, even: bool = False) -> Image.Image:
    """Give every code its colour; single pixels are kept, as a mean of codes is no code."""
    from PIL import Image

    known = np.isfinite(values)
    codes = np.unique(values[known])
    low, high = (codes[0], codes[-1]) if codes.size else (0.0, 0.0)
    if codes.size <= _FEW and not even:
        place = np.searchsorted(codes, np.where(known, values, low)) / max(codes.size - 1, 1)
    else:
        place = (np.where(known, values, low) - low) / ((high - low) or 1.0)
    labels = np.where(known, 1 + np.round(place * 254), 0).astype(np.uint8)
    size = (side, side) if even else _size(values.shape, side)
    small = Image.fromarray(labels).resize(size, Image.Resampling.NEAREST)
    return _with_palette(np.asarray(small))


def _with_palette(labels: NDArray[np.uint8]) -> Image.Image:
    """Return labels as a picture with just the colours that it uses."""
    from PIL import Image

    used, places = np.unique(labels, return_inverse=True)
    shown = Image.fromarray(places.reshape(labels.shape).astype(np.uint8), "P")
    shown.putpalette(_palette()[used].ravel().tolist())
    return shown


@lru_cache(maxsize=1)
def _palette() -> NDArray[np.uint8]:
    """Return 256 colours: black, then dark violet to yellow, each lighter than the one before."""
    places = np.linspace(0, len(_ENDS) - 1, 255)
    ends = np.array(_ENDS, dtype=np.float64)
    rows = np.stack([np.interp(places, range(len(_ENDS)), ends[:, k]) for k in range(3)], axis=1)
    return np.vstack([np.zeros(3), np.round(rows)]).astype(np.uint8)


def _logarithm(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of shares; those of 0 stay unknown."""
    with np.errstate(divide="ignore"):
        logs = np.log10(shares)
    return np.where(np.isfinite(logs), logs, np.nan)


def _placed(
    cells: NDArray[np.float64], shape: tuple[int, int], mask: NDArray[np.bool_] | None, side: int
) -> Image.Image:
    """Draw glyphs where their cells lie: over the image, or over the box of its region."""
    from PIL import Image

    size = _size(shape, side)
    if mask is None or not mask.any():
        return _glyphs(cells, size)
    rows, cols = (np.flatnonzero(np.asarray(mask).any(axis=axis)) for axis in (1, 0))
    across, down = size[0] / shape[1], size[1] / shape[0]
    left, top = round(cols[0] * across), round(rows[0] * down)
    right, bottom = round((cols[-1] + 1) * across), round((rows[-1] + 1) * down)
    page = Image.new("L", size)
    page.paste(_glyphs(cells, (max(1, right - left), max(1, bottom - top))), (left, top))
    return page


def _glyphs(cells: NDArray[np.float64], size: tuple[int, int]) -> Image.Image:
    """Draw each cell's edges: bars at right angles to the gradient, as bright as it is long."""
    from PIL import Image, ImageDraw

    fine = 3  # drawn larger and made smaller: lines without steps
    cells = _joined(cells, min(size) // _GLYPH)
    rows, cols, orientations = cells.shape
    page = Image.new("L", (size[0] * fine, size[1] * fine))
    draw = ImageDraw.Draw(page)
    across, down = page.width / cols, page.height / rows
    turns = np.deg2rad((np.arange(orientations) + 0.5) * 180 / orientations + 90)
    strength = np.sqrt(cells / (cells.max() or 1.0))
    for row, col, turn in np.argwhere(strength > 0.15).tolist():
        x, y = (col + 0.5) * across, (row + 0.5) * down
        dx = 0.48 * float(np.cos(turns[turn])) * across
        dy = 0.48 * float(np.sin(turns[turn])) * down
        bright = round(255 * float(strength[row, col, turn]))
        draw.line([(x - dx, y - dy), (x + dx, y + dy)], fill=bright, width=fine)
    small = np.asarray(page.resize(size, Image.Resampling.BOX))
    return Image.fromarray((small // 17 * 17).astype(np.uint8))


def _joined(cells: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Add up neighbouring cells until there are at most ``most`` a side."""
    rows, cols, _ = cells.shape
    step = -(-max(rows, cols) // max(most, 1))
    summed = np.add.reduceat(cells, range(0, rows, step), axis=0)
    return np.add.reduceat(summed, range(0, cols, step), axis=1)
