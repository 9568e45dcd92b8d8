"""Breast ultrasound (BUSI): ``benign (1).png`` with ``benign (1)_mask.png``, ``_mask_1.png``."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import images
from texturekit.data.layouts.found import Found, Made, wrong_layout
from texturekit.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.layouts.found import Source

CLASSES = ("benign", "malignant", "normal")
_IMAGE = re.compile(r"(benign|malignant|normal) \(\d+\)")
_MASK = re.compile(r"((?:benign|malignant|normal) \(\d+\))_mask(?:_\d+)?")


def find(source: Source) -> Found:
    """Return the images of the folders benign, malignant and normal, each with one mask.

    Several masks of an image become one, written beside the manifest. Where every mask of an image
    is black there is no lesion, and the image has no mask.

    Raises
    ------
    ManifestError
        If no image is called as BUSI's are.
    ImageError
        If a mask cannot be read, or has not the size of its image.
    """
    found = Found(label=[], mask=[])
    masks = _masks(source)
    without = 0
    for path in source.tree.files:
        name = PurePosixPath(path)
        match = _IMAGE.fullmatch(name.stem)
        if match is None:
            found.skip(path, "not called as BUSI's images are: class (number)", ignored=True)
            continue
        own = masks.get(str(name.with_suffix("")), [])
        mask = _joined(source, found, path, own)
        without += mask is None
        found.paths.append(path)
        found.label.append(match[1])  # type: ignore[union-attr]
        found.mask.append(mask)  # type: ignore[union-attr]
    if not found.paths:
        raise wrong_layout(source, "busi", "folders with images such as 'benign (1).png'")
    if not masks:
        found.mask = None
        found.notes.append("There are no masks beside the images.")
    elif without:
        found.notes.append(
            f"{without:,} images have no mask, or none with a lesion: readers of the manifest skip "
            "them. Use --classes benign,malignant for lesions, or --no-masks for all images."
        )
    return found


def matches(source: Source) -> bool:
    """Tell whether a folder holds images and masks that are called as BUSI's are."""
    return any(_MASK.fullmatch(PurePosixPath(path).stem) for path in source.others)


def _masks(source: Source) -> dict[str, list[str]]:
    """Return the masks of every image, by its path without suffix."""
    masks: dict[str, list[str]] = defaultdict(list)
    for path in source.others:
        name = PurePosixPath(path)
        match = _MASK.fullmatch(name.stem)
        if match is not None and name.suffix.lower() in images.SUFFIXES:
            masks[str(name.with_name(match[1]))].append(path)
    return masks


def _joined(source: Source, found: Found, path: str, masks: Sequence[str]) -> str | None:
    """Return the one mask that stands for all; None where they show nothing."""
    regions = [_region(source.folder / mask) for mask in masks]
    shown = [mask for mask, region in zip(masks, regions, strict=True) if region.any()]
    if not shown:
        return None
    facts = images.image_facts(source.folder / path)
    for mask, region in zip(masks, regions, strict=True):
        if region.shape != (facts.height, facts.width):
            raise ImageError(
                f"'{source.folder / mask}' has {region.shape[1]} x {region.shape[0]} pixels, but "
                f"its image '{path}' has {facts.width} x {facts.height}; they have to agree."
            )
    if len(shown) == 1:
        return shown[0]
    name = f"masks/{PurePosixPath(path).with_suffix('.png').as_posix()}"
    found.writers.append(partial(_write, np.logical_or.reduce(regions), name))
    return Made(name)


def _region(path: Path) -> NDArray[np.bool_]:
    pixels: NDArray[Any] = images.read_image(path, colour="grey")
    region: NDArray[np.bool_] = pixels != 0
    return region


def _write(region: NDArray[np.bool_], name: str, folder: Path) -> None:
    from PIL import Image

    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(region.astype(np.uint8) * 255).save(target)
