"""What a decoder gives: pixels, and what has to be known of them later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Picture:
    """The pixels of one picture, and what its file says of them.

    Attributes
    ----------
    pixels : (H, W) or (H, W, 3) array
        Own dtype, native byte order, upright, alpha over black.
    format : str
        By content, as in `texturekit.images.ImageFacts`.
    window : tuple of two floats or None
        The lowest and highest value that the file itself wants to be seen, in units of the pixels.
    traits : frozenset of str
        What is worth saying once: ``"alpha"`` (was laid over black), ``"renamed"`` (content is not
        what the suffix says), ``"burned_in"`` (the file says that text stands in the pixels).
    span : tuple of two floats or None
        The lowest and highest value that the pixels can have, where that is not the dtype's own
        range: a DICOM file says how many of its bits are used.
    """

    pixels: NDArray[Any]
    format: str
    window: tuple[float, float] | None = None
    traits: frozenset[str] = frozenset()
    span: tuple[float, float] | None = None


@dataclass(frozen=True)
class Header:
    """What a file's header says of one picture, before its pixels are decoded."""

    width: int
    height: int
    mode: str
    bit_depth: int
    format: str
