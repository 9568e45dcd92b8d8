"""The photographs that everything is timed on: they come with scikit-image."""

import hashlib
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data
from skimage.transform import resize

SIZES = (224, 512, 1024)
NAMES = ("brick", "grass", "gravel", "camera")  # 512 x 512, 8 bit


@cache
def pictures(side):
    """Return the four photographs: 224 is their antialiased resize, 1024 a mirrored 2 x 2 tile."""
    return tuple(_fit(getattr(data, name)(), side) for name in NAMES)


def _fit(image, side):
    if side == 1024:
        return np.block([[image, image[:, ::-1]], [image[::-1], image[::-1, ::-1]]])
    if side == 512:
        return image
    small = resize(image, (side, side), anti_aliasing=True, preserve_range=True)
    return np.rint(small).astype(np.uint8)


def reduced(levels):
    """Return a function that cuts the range of an image into so many levels."""

    def reduce(image):
        low, high = int(image.min()), int(image.max())
        return np.minimum((image.astype(int) - low) * levels // (high - low), levels - 1).astype(
            np.uint8
        )

    return reduce


def saved(kind):
    """Return a function that writes an image to a temporary file: "png", or "jpg" of quality 90."""

    def save(image):
        path = Path(_folder().name, f"{hashlib.sha256(image).hexdigest()[:16]}.{kind}")
        Image.fromarray(image).save(path, **({"quality": 90} if kind == "jpg" else {}))
        return path

    return save


@cache
def files(kind, count):
    """Write so many squares of 224 pixels, cut out of the photographs, and return their paths."""
    offsets = np.random.default_rng(0).integers(0, 512 - 224, (count, 2))
    cut = (pictures(512)[k % 4][r : r + 224, c : c + 224] for k, (r, c) in enumerate(offsets))
    save = saved(kind)
    return [save(np.ascontiguousarray(image)) for image in cut]


@cache
def _folder():
    return tempfile.TemporaryDirectory()
