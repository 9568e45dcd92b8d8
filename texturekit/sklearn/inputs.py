"""What scikit-learn hands over as ``X`` and ``y``, and how warnings are said there."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from texturekit import events
from texturekit.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Images: TypeAlias = NDArray[Any] | Sequence[NDArray[Any] | str | Path]


def images_of(images: Any) -> list[Any]:
    """Return the images of ``X`` one by one: arrays, or paths.

    Parameters
    ----------
    images : array, sequence, or pandas column
        (n, H, W) or (n, H, W, 3) numbers; a sequence of n arrays or paths; or one column of such
        (a Series, a frame of one column, an (n, 1) array of objects), as `ColumnTransformer` gives.

    Raises
    ------
    ImageError
        For one path, one image, or a table of numbers.
    """
    if isinstance(images, str | Path):
        raise ImageError(f"{str(images)!r} is one path; give a list of paths or images.")
    if hasattr(images, "iloc"):
        images = images.to_numpy(dtype=object)
    if not isinstance(images, np.ndarray):
        found = list(images)
    elif images.dtype.kind not in "OUT":
        if images.ndim not in (3, 4):
            raise ImageError(
                f"images have shape {images.shape}; give (n, H, W), (n, H, W, 3), or a list of "
                "images."
            )
        return list(images)
    elif images.ndim == 2 and images.shape[1] == 1:
        found = list(images[:, 0])
    elif images.ndim == 1:
        found = list(images)
    else:
        raise ImageError(
            f"X holds objects in the shape {images.shape}; give one column of images or paths."
        )
    return [str(one) if isinstance(one, str) else one for one in found]


@contextmanager
def said_aloud() -> Iterator[None]:
    """Make what the library has to say Python's warnings: in scikit-learn nobody listens else.

    Events are heard as before; nothing is said twice.
    """
    with events.keeping_warnings() as said:
        yield
    for message in dict.fromkeys(said):
        warnings.warn(message, UserWarning, stacklevel=4)
