"""What is kept of an image to find its copies: hashes to look it up, small pictures to compare."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.data.notes import Notes
from texturekit.errors import ImageError
from texturekit.images import to_grey, to_rgb8

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from texturekit.data.listing import Manifest

SIDE = 48
#: An image as it is, without its even margin, and without an eighth of each side.
VIEWS = ("whole", "content", "centre")
ZOOM = 0.12
_STAGE = "looking for duplicates"
_CHUNK = 64
_MARGIN = 25  # grey levels of 255 by which content differs from the border
_SHARE = 0.02  # of a row or column that has to be content
_LEAST_DETAIL = 1.0  # standard deviation in grey levels, below which all pictures are alike


@dataclass(frozen=True)
class Sketches:
    """Some images, made small.

    Attributes
    ----------
    hashes : (3, n, 2) uint64
        By view, 128 bits each.
    pictures : (2, n, 48, 48) uint8
        The whole image and its content.
    readable : (n,) bool
    comparable : (n,) bool
        Whether an image can be read and shows enough to be told from others.
    trimmed : bool
        Whether any image has a margin.
    notes : Notes
        What the files say of themselves.
    """

    hashes: NDArray[np.uint64]
    pictures: NDArray[np.uint8]
    readable: NDArray[np.bool_]
    comparable: NDArray[np.bool_]
    trimmed: bool
    notes: Notes = field(default_factory=Notes)


def sketch(manifest: Manifest, *, jobs: int = 1) -> Sketches:
    """Read every image once and keep a few kilobytes of it.

    Parameters
    ----------
    manifest : Manifest
    jobs : int, default 1
        Threads.

    Returns
    -------
    Sketches
        In the manifest's order; an image that cannot be read is marked, not refused.
    """
    n = len(manifest)
    found = Sketches(
        np.zeros((len(VIEWS), n, 2), np.uint64),
        np.zeros((2, n, SIDE, SIDE), np.uint8),
        np.zeros(n, dtype=bool),
        np.zeros(n, dtype=bool),
        trimmed=False,
    )
    done, trimmed = 0, False
    chunks = [range(s, min(s + _CHUNK, n)) for s in range(0, n, _CHUNK)]
    for margins in _in_threads(manifest, found, chunks, jobs):
        trimmed = trimmed or any(margins)
        done += len(margins)
        events.progress(_STAGE, done, n)
    return replace(found, trimmed=trimmed)


def _in_threads(
    manifest: Manifest, found: Sketches, chunks: list[range], jobs: int
) -> Iterable[list[bool]]:
    if jobs == 1 or len(chunks) < 2:
        return (_sketch_chunk(manifest, found, chunk) for chunk in chunks)
    from joblib import Parallel, delayed

    run = Parallel(n_jobs=jobs, backend="threading", return_as="generator")
    margins: Iterable[list[bool]] = run(
        delayed(_sketch_chunk)(manifest, found, chunk) for chunk in chunks
    )
    return margins


def _sketch_chunk(manifest: Manifest, found: Sketches, chunk: range) -> list[bool]:
    """Fill in the rows of a chunk; return which of them have a margin."""
    margins = []
    for row in chunk:
        try:
            picture = manifest.picture(row)
            grey = _eight_bits(picture.pixels)
        except (ImageError, OSError):
            margins.append(False)
            continue
        if picture.traits:
            found.notes.add(row, picture.traits)
        box = content_box(grey)
        margins.append(box != (0, 0, grey.shape[1], grey.shape[0]))
        small = _views(grey, box)
        found.readable[row] = True
        found.pictures[:, row] = small[:2]
        detail = small[1].astype(np.float64) - _blurred(small[1].astype(np.float64), 1.5)
        found.comparable[row] = min(grey.shape) >= 8 and bool(detail.std() >= _LEAST_DETAIL)
        for view, shown in enumerate(small):
            found.hashes[view, row] = perceptual_hash(shown)
    return margins


def _eight_bits(image: NDArray[Any]) -> NDArray[np.uint8]:
    grey = to_grey(image)
    return grey if grey.dtype == np.uint8 else to_rgb8(grey)[:, :, 0]


def content_box(grey: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what lies inside an even margin.

    Parameters
    ----------
    grey : (H, W) uint8

    Returns
    -------
    tuple of int
        The whole image where there is no margin, or hardly anything inside it.

    Examples
    --------
    >>> framed = np.zeros((20, 30), dtype=np.uint8); framed[4:16, 10:25] = 200
    >>> content_box(framed)
    (10, 4, 25, 16)
    """
    height, width = grey.shape
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    level = int(np.median(border))
    content = (grey > level + _MARGIN) | (grey < level - _MARGIN)
    columns = np.flatnonzero(content.mean(axis=0) > _SHARE)
    rows = np.flatnonzero(content.mean(axis=1) > _SHARE)
    if len(columns) < width / 8 or len(rows) < height / 8:
        return 0, 0, width, height
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _views(grey: NDArray[np.uint8], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    from PIL import Image

    height, width = grey.shape
    cut_x, cut_y = width * ZOOM / 2, height * ZOOM / 2
    boxes = ((0, 0, width, height), box, (cut_x, cut_y, width - cut_x, height - cut_y))
    picture = Image.fromarray(grey)
    bilinear = Image.Resampling.BILINEAR
    return np.stack([np.asarray(picture.resize((SIDE, SIDE), bilinear, b)) for b in boxes])


def perceptual_hash(picture: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the signs of the 128 lowest frequencies of a small picture.

    Parameters
    ----------
    picture : (48, 48) uint8

    Returns
    -------
    (2,) uint64
        Of the cosine transform, without the mean. To mirror the picture turns the odd frequencies.
    """
    from scipy.fft import dctn

    rows, columns = _frequencies()
    bits = dctn(picture.astype(np.float64), norm="ortho")[rows, columns] > 0
    return np.packbits(bits, bitorder="little").view(np.uint64)


def mirror_masks() -> NDArray[np.uint64]:
    """Return (4, 2) uint64: the bits that turn when a picture is mirrored.

    Not at all, left to right, top to bottom, and both.
    """
    rows, columns = _frequencies()
    across, down = columns % 2 == 1, rows % 2 == 1
    turned = [np.zeros(len(rows), dtype=bool), across, down, across ^ down]
    return np.stack([np.packbits(bits, bitorder="little").view(np.uint64) for bits in turned])


@lru_cache(maxsize=1)
def _frequencies() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the frequencies, the lowest first, without the mean."""
    rows, columns = np.indices((SIDE, SIDE))
    order = np.lexsort((columns.ravel(), (rows + columns).ravel()))[1:129]
    return order // SIDE, order % SIDE


def bands(pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return small pictures without their coarse structure: to be fitted, and to be compared.

    Parameters
    ----------
    pictures : (m, 48, 48) uint8

    Returns
    -------
    smooth, fine : (m, 48, 48) float32
        Differences of Gaussians of 1.1 and 4.5, and of 0 and 1.5 pixels; the first with variance 1.
    """
    values = pictures.astype(np.float32)
    smooth = _blurred(values, 1.1) - _blurred(values, 4.5)
    spread = smooth.std(axis=(1, 2), keepdims=True)
    smooth /= np.maximum(spread, np.float32(1e-3))
    return smooth, values - _blurred(values, 1.5)


def _blurred(values: NDArray[Any], sigma: float) -> NDArray[Any]:
    kernel = _gaussian(sigma).astype(values.dtype)
    return np.asarray(kernel @ values @ kernel.T)


@lru_cache(maxsize=8)
def _gaussian(sigma: float) -> NDArray[np.float64]:
    """Return the matrix that blurs a column of pixels; the picture goes on mirrored outside."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(np.eye(SIDE), sigma, axis=0, mode="reflect"))
