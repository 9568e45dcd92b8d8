"""A sample of drawn images for every task, so that everything runs before there are real ones.

Every patient has three properties between 0 and 1000: how coarse the texture is, how many bright
spots it has, how much it runs in one direction. Classes differ in the range of these properties
only, and the ranges overlap, so that the best possible method still errs. All images have one size,
format and number of bytes; brightness, gain and rotation are drawn per image.

Only integers and the raw output of PCG64 are used, which NumPy keeps stable: equal seeds give equal
bytes everywhere.
"""

from __future__ import annotations

import functools
import math
import zlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from texturekit.data.cache import cache_folder, kept, write_manifest
from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.card import Card

VERSION = 1
SIDE = 96

_FULL = 1000  # properties lie in 0.._FULL
_PROPERTIES = 3
_STEP = {"binary": 55, "multiclass": 75}  # from one class's range to the next, in % of its width
_NUISANCE = (350, 300)  # lowest value and range of a property that does not tell classes apart
_IMAGES = (2, 3, 3, 2, 4, 2)  # images of a patient, by turns
_WANDER = 40  # an image's properties differ from its patient's by up to this
_LABELLED_PATIENTS = 90
_DOUBT = 300  # how far a label strays from the properties it depends on


def sample(card: Card, *, seed: int = 0, root: Path | None = None) -> Path:
    """Draw the sample of a task, or find the one drawn before.

    Parameters
    ----------
    card : Card
        Classes, kind and channels.
    seed : int, default 0
        Another seed, 0 or more, gives other images of the same kind.
    root : Path, optional
        Folder of samples; by default ``sample`` in `cache_folder`.

    Returns
    -------
    Path
        Folder with ``images`` and ``manifest.csv``: path, label (or a column per label: 1, 0 or
        empty), group.

    Raises
    ------
    ParameterError
        If the seed is negative.
    OutputError
        If the folder cannot be written.
    """
    if seed < 0:
        raise ParameterError(f"seed={seed}, but a sample is drawn from 0 or more.")
    name = f"{card.name}-v{VERSION}-s{seed}-{_number(card):08x}"
    folder = (cache_folder() / "sample" if root is None else root) / name
    return kept(folder, functools.partial(_fill, card=card, seed=seed))


def _number(card: Card) -> int:
    text = "|".join([card.name, card.kind, str(card.channels), *card.classes])
    return zlib.crc32(text.encode())


def _fill(folder: Path, *, card: Card, seed: int) -> None:
    (folder / "images").mkdir()
    cast = np.random.PCG64([seed, _number(card)])
    patients = _multilabel(card, cast) if card.kind == "multilabel" else _classes(card, cast)
    rows: list[dict[str, str]] = []
    for place, patient in enumerate(_order(cast, len(patients))):
        properties, labels = patients[patient]
        for image in range(_IMAGES[place % len(_IMAGES)]):
            bits = np.random.PCG64([seed, _number(card), place, image])
            path = f"images/p{place + 1:03d}_{image + 1}.bmp"
            Image.fromarray(_image(bits, properties, card.channels)).save(folder / path)
            known = _with_gaps(bits, labels) if card.kind == "multilabel" else labels
            rows.append({"path": path, **known, "group": f"p{place + 1:03d}"})
    write_manifest(folder, rows)


def _classes(card: Card, bits: np.random.PCG64) -> list[tuple[list[int], dict[str, str]]]:
    """Return the properties and the label of every patient, class by class."""
    count = (40 + 10 * len(card.classes)) // len(card.classes)
    used = 1 if len(card.classes) == 2 else 2 if len(card.classes) <= 4 else _PROPERTIES
    steps = next(n for n in range(2, 100) if n**used >= len(card.classes))
    width = 100 * _FULL // (100 + _STEP[card.kind] * (steps - 1))
    patients = []
    for number, label in enumerate(card.classes):
        columns = []
        for k in range(_PROPERTIES):
            step = number // steps**k % steps
            low, span = (step * width * _STEP[card.kind] // 100, width) if k < used else _NUISANCE
            columns.append(_spread(bits, count, low, span))
        patients += [([int(c[i]) for c in columns], {"label": label}) for i in range(count)]
    return patients


def _multilabel(card: Card, bits: np.random.PCG64) -> list[tuple[list[int], dict[str, str]]]:
    """Return the properties and labels of every patient.

    Each label follows its own direction in the space of properties, with doubt, and is given to the
    patients who lie furthest that way.
    """
    count = _LABELLED_PATIENTS
    columns = [_spread(bits, count, 0, _FULL) for _ in range(_PROPERTIES)]
    labels: list[dict[str, str]] = [{} for _ in range(count)]
    for number, label in enumerate(card.classes):
        way = [(1, -1, 0)[(number // 3**k + k) % 3] for k in range(_PROPERTIES)]
        way = way if any(way) else [1, 1, 1]
        doubt = math.isqrt(_DOUBT**2 * sum(map(abs, way)))
        score = sum(sign * column for sign, column in zip(way, columns, strict=True))
        score = score + _spread(bits, count, -doubt, 2 * doubt)
        present = count * (22 + 6 * (number % 4)) // 100
        for rank, patient in enumerate(np.argsort(-score, kind="stable")):
            labels[patient][label] = "1" if rank < present else "0"
    return [([int(c[i]) for c in columns], labels[i]) for i in range(count)]


def _with_gaps(bits: np.random.PCG64, labels: dict[str, str]) -> dict[str, str]:
    """Leave every third label empty, that is unknown, in one image of twenty."""
    gaps = _below(bits, 20, len(labels)) == 0
    return {
        name: "" if gap and place % 3 == 1 else value
        for place, (gap, (name, value)) in enumerate(zip(gaps, labels.items(), strict=True))
    }


def _image(bits: np.random.PCG64, properties: list[int], channels: int) -> NDArray[np.uint8]:
    """Draw (SIDE, SIDE) or (SIDE, SIDE, 3) pixels with a patient's properties."""
    wander = _below(bits, 2 * _WANDER + 1, _PROPERTIES) - _WANDER
    own = [min(max(int(p + w), 0), _FULL) for p, w in zip(properties, wander, strict=True)]
    field = _texture(bits, *own)
    field -= field.sum() // field.size
    turned, mirrored, flipped = (int(n) for n in _below(bits, 2, 3))
    field = field.T if turned else field
    field = field[:: 1 - 2 * flipped, :: 1 - 2 * mirrored]
    level = 128 + _below(bits, 31, channels) - 15
    gain = 24 + _below(bits, 9, channels) - 4
    pixels = np.clip(level + field[:, :, None] * gain // 100, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels[:, :, 0] if channels == 1 else pixels)


def _texture(bits: np.random.PCG64, coarse: int, spots: int, along: int) -> NDArray[np.int64]:
    """Mix fine, coarse and streaked noise of equal variance, and add bright spots."""
    fine, broad, streaks = _noise(bits, 3, 3), _noise(bits, 9, 9), _noise(bits, 1, 16)
    mixed = fine * math.isqrt(_FULL * (_FULL - coarse)) + broad * math.isqrt(_FULL * coarse)
    field = mixed // _FULL * math.isqrt(_FULL * (2 * _FULL - along))
    field = (field + streaks * math.isqrt(_FULL * along)) // _FULL
    centres = np.zeros((SIDE + 4, SIDE + 4), dtype=np.int64)
    count = 10 + spots * 60 // _FULL
    centres[_below(bits, SIDE + 4, count), _below(bits, SIDE + 4, count)] = 1
    drawn: NDArray[np.int64] = field + 200 * np.minimum(_box(centres, 5, 5), 1)
    return drawn


def _noise(bits: np.random.PCG64, rows: int, cols: int) -> NDArray[np.int64]:
    """Return white noise smoothed by a box, its standard deviation about 74 whatever the box."""
    height, width = SIDE + rows - 1, SIDE + cols - 1
    raw = bits.random_raw(-(-height * width // 8)).astype("<u8").view(np.uint8)
    white = raw[: height * width].reshape(height, width).astype(np.int64) - 128
    smooth: NDArray[np.int64] = _box(white, rows, cols) // math.isqrt(rows * cols)
    return smooth


def _box(values: NDArray[np.int64], rows: int, cols: int) -> NDArray[np.int64]:
    """Sum each window of rows x cols."""
    total = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    strips = total[rows:] - total[:-rows]
    windows: NDArray[np.int64] = strips[:, cols:] - strips[:, :-cols]
    return windows


def _spread(bits: np.random.PCG64, count: int, low: int, span: int) -> NDArray[np.int64]:
    """Return numbers evenly spaced over a range, in random order."""
    return low + (2 * _order(bits, count) + 1) * span // (2 * count)


def _order(bits: np.random.PCG64, count: int) -> NDArray[np.int64]:
    return np.argsort(bits.random_raw(count), kind="stable").astype(np.int64)


def _below(bits: np.random.PCG64, top: int, count: int) -> NDArray[np.int64]:
    """Return random whole numbers in 0..top-1."""
    high: NDArray[np.uint64] = bits.random_raw(count) >> np.uint64(32)
    return (high * np.uint64(top) >> np.uint64(32)).astype(np.int64)
