"""The 8-bit view that nets, thumbnails and overlays get of other pixels; texture never does."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

RULES = ("auto", "full", "dtype")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_ENDS = re.compile(rf"({_NUMBER}):({_NUMBER})")


@dataclass(frozen=True)
class Window:
    """Which values become black and white in the 8-bit view.

    Attributes
    ----------
    rule : {"auto", "full", "dtype", "LOW:HIGH"}
        ``"auto"``: the window that the file names (DICOM), else uint8 as it is, else ``"full"``.
        ``"full"``: the image's own minimum and maximum. ``"dtype"``: all that the dtype can hold;
        integers only. Two numbers: these, for every image.

    Examples
    --------
    >>> Window.of("-160:240").ends(np.zeros((1, 1), np.int16))
    (-160.0, 240.0)
    """

    rule: str = "auto"

    @classmethod
    def of(cls, rule: Window | str) -> Window:
        """Read a rule.

        Raises
        ------
        ParameterError
            If it is none.
        """
        if isinstance(rule, Window):
            return rule
        text = str(rule).strip().lower()
        match = _ENDS.fullmatch(text)
        if text not in RULES and (match is None or float(match[1]) >= float(match[2])):
            raise ParameterError(
                f"window={rule!r} is no rule; give auto, full, dtype, or the lowest and the "
                "highest value: -160:240."
            )
        return cls(text)

    def ends(
        self, image: NDArray[Any], own: tuple[float, float] | None = None
    ) -> tuple[float, float] | None:
        """Return the values that become 0 and 255, None where 8 bits stay as they are.

        Parameters
        ----------
        image : array
        own : tuple of two floats, optional
            The window that the file names.

        Raises
        ------
        ImageError
            If floats are asked for the range of their dtype.
        """
        match = _ENDS.fullmatch(self.rule)
        if match is not None:
            return float(match[1]), float(match[2])
        if self.rule == "dtype":
            if image.dtype.kind == "f":
                raise ImageError(
                    f"pixels are {image.dtype}, which has no full scale; choose another window "
                    "than dtype: full, or LOW:HIGH."
                )
            limits = np.iinfo(image.dtype)
            return None if image.dtype == np.uint8 else (float(limits.min), float(limits.max))
        if self.rule == "auto" and own is not None:
            return own
        if self.rule == "auto" and image.dtype == np.uint8:
            return None
        return float(image.min()), float(image.max())


AUTO = Window()


def to_rgb8(
    image: NDArray[Any], window: Window = AUTO, own: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Return what nets and thumbnails see: three channels of 8 bits.

    The values between the window's ends (over all channels together) go linearly to 0..255, what
    lies outside becomes 0 or 255; see `clipped_share`. By default uint8 stays as it is, and any
    other dtype goes from its own minimum and maximum, unless the file names a window. bool becomes
    0 and 255, a constant image 0.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array of bool, integer or finite float
    window : Window, default auto
    own : tuple of two floats, optional
        The window that the file names.

    Returns
    -------
    (H, W, 3) uint8

    Examples
    --------
    >>> to_rgb8(np.array([[100, 200, 300]], dtype=np.uint16))[0, :, 0]
    array([  0, 128, 255], dtype=uint8)
    >>> to_rgb8(np.array([[-1000, 40, 400]]), Window("-160:240"))[0, :, 0]
    array([  0, 128, 255], dtype=uint8)
    """
    if image.dtype == np.bool_:
        image = image.astype(np.uint8) * np.uint8(255)
    ends = window.ends(image, own)
    if ends is not None:
        low, high = ends[0] / 2, ends[1] / 2  # halved, so that no range overflows
        half = image.astype(np.float64) / 2
        if high > low:
            share = np.clip((half - low) / (high - low), 0.0, 1.0)
        else:  # a window of no width: a step; an image of one value is black
            share = (half > high).astype(np.float64)
        image = np.floor(share * 255 + 0.5).astype(np.uint8)
    if image.ndim == 3:
        return image
    colour = np.empty((*image.shape, 3), image.dtype)  # np.repeat takes several times as long
    for channel in range(3):
        colour[:, :, channel] = image
    return colour


def clipped_share(
    image: NDArray[Any], window: Window, own: tuple[float, float] | None = None
) -> float:
    """Return the share of pixels that lie outside the window, and so lose their differences.

    Examples
    --------
    >>> clipped_share(np.array([[-1000, 0, 40, 400]]), Window("-160:240"))
    0.5
    """
    if image.dtype == np.bool_:
        return 0.0
    ends = window.ends(image, own)
    if ends is None or math.isnan(ends[0]):
        return 0.0
    return float(((image < ends[0]) | (image > ends[1])).mean())
