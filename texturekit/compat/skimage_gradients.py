"""scikit-image's ``feature.hog`` and ``filters.sobel``, its arguments and arrays, our kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from texturekit.features.directions import describe, describe_bytes, differences
from texturekit.kernels import gradients
from texturekit.kernels.blocks import NORMS, normalise_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

SINGLE, MOST_IN_BYTES = "ef", 180
Padding = Literal["symmetric", "reflect", "edge", "wrap", "constant"]
PADDING: dict[str, Padding] = {"mirror": "reflect", "nearest": "edge"}
PADDING |= {"reflect": "symmetric", "grid-mirror": "symmetric", "wrap": "wrap", "grid-wrap": "wrap"}
PADDING |= {"constant": "constant", "grid-constant": "constant"}
EDGE, SMOOTH = np.array([-1.0, 0.0, 1.0]), np.array([0.25, 0.5, 0.25])


def hog(
    image: ArrayLike,
    orientations: int = 9,
    pixels_per_cell: tuple[int, int] = (8, 8),
    cells_per_block: tuple[int, int] = (3, 3),
    block_norm: str = "L2-Hys",
    visualize: bool = False,
    transform_sqrt: bool = False,
    feature_vector: bool = True,
    *,
    channel_axis: int | None = None,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[Any]]:
    """Return the histogram of oriented gradients, bit for bit that of scikit-image 0.26.

    Parameters
    ----------
    image : (M, N) or, with `channel_axis`, (M, N, C) array
        float32 and float16 are computed in single precision, anything else in double.
    orientations : int, default 9
        Bins over 0 to 180 degrees.
    pixels_per_cell, cells_per_block : pairs of int
        Rows, columns.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"}
        How a block is normalised.
    visualize : bool, default False
        Also return a picture of the histograms (drawn with scikit-image).
    transform_sqrt : bool, default False
        Take the square root of the image first; it may then hold no negative value.
    feature_vector : bool, default True
        Flatten the result.
    channel_axis : int, optional
        Axis of the colours; at each pixel the channel with the largest gradient counts.

    Returns
    -------
    out : (block rows, block columns, cell rows, cell columns, orientations) or 1-D array
        float32 or float64, as the image.
    picture : (M, N) array
        Only with `visualize`.

    Raises
    ------
    ValueError, TypeError, IndexError, ZeroDivisionError
        Where scikit-image raises them.

    References
    ----------
    Dalal and Triggs (2005), doi:10.1109/CVPR.2005.177.

    Examples
    --------
    >>> ramp = np.tile(np.arange(16.0), (16, 1))
    >>> hog(ramp, cells_per_block=(1, 1))[:3]
    array([1., 0., 0.])
    """
    image = _spatial(np.atleast_2d(np.asarray(image)), channel_axis)
    narrow = image.dtype in (np.bool_, np.uint8) and image.ndim == 2 and not transform_sqrt
    shape = (int(image.shape[0] // pixels_per_cell[0]), int(image.shape[1] // pixels_per_cell[1]))
    cells = int(pixels_per_cell[0]), int(pixels_per_cell[1])
    dtype = _float_type(image.dtype)
    if narrow and 1 <= orientations <= MOST_IN_BYTES:
        votes = np.zeros((*shape, orientations), np.float32)
        describe_bytes(np.ascontiguousarray(image).view(np.uint8), cells, votes)
    else:
        image = np.array(image, dtype=dtype, order="C")
        image = np.sqrt(image) if transform_sqrt else image
        down, right = _strongest(image) if image.ndim == 3 else differences(image)
        votes = np.zeros((*shape, orientations), np.float32)
        describe(down, right, np.hypot(right, down), cells, votes)  # a root rounds differently
    picture = _draw(votes, pixels_per_cell, image.shape[:2], dtype) if visualize else None
    out = _blocks(votes, cells_per_block, pixels_per_cell, block_norm, dtype)
    out = out.ravel() if feature_vector else out
    return out if picture is None else (out, picture)


def _spatial(image: NDArray[Any], channel_axis: int | None) -> NDArray[Any]:
    if image.dtype.kind == "c":
        raise ValueError("complex valued input is not supported")
    if channel_axis is not None:
        if np.size(channel_axis) > 1:
            raise ValueError("only a single channel axis is currently supported")
        image = np.moveaxis(image, channel_axis, -1)
    if image.ndim - (channel_axis is not None) != 2:
        raise ValueError(
            "Only images with two spatial dimensions are supported. If using with "
            "color/multichannel images, specify `channel_axis`."
        )
    image[0], image[:, 0]  # an empty image is an IndexError, as there
    return image


def _float_type(dtype: np.dtype[Any]) -> type[np.floating[Any]]:
    return np.float32 if dtype.char in SINGLE else np.float64


def _strongest(image: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the differences of the channel with the longest gradient, the first of equals."""
    channels = [differences(np.ascontiguousarray(channel)) for channel in np.moveaxis(image, 2, 0)]
    down, right = (np.stack(parts, axis=2) for parts in zip(*channels, strict=True))
    single = np.hypot(down.astype(image.dtype), right.astype(image.dtype))
    winner = single.argmax(axis=2)[:, :, None]
    return (
        np.take_along_axis(down, winner, axis=2)[:, :, 0],
        np.take_along_axis(right, winner, axis=2)[:, :, 0],
    )


def _blocks(
    votes: NDArray[np.float32],
    blocks: tuple[int, int],
    cells: tuple[int, int],
    norm: str,
    dtype: type[np.floating[Any]],
) -> NDArray[Any]:
    rows, cols = votes.shape[0] - blocks[0] + 1, votes.shape[1] - blocks[1] + 1
    if rows <= 0 or cols <= 0:
        raise ValueError(
            "The input image is too small given the values of pixels_per_cell and "
            f"cells_per_block. It should have at least: {blocks[0] * cells[0]} rows and "
            f"{blocks[1] * cells[1]} cols."
        )
    out = np.zeros((rows, cols, blocks[0], blocks[1], votes.shape[2]), dtype)
    if norm not in NORMS:
        raise ValueError("Selected block normalization method is invalid.")
    normalise_blocks(votes, NORMS.index(norm), out)
    return out


def _draw(
    votes: NDArray[np.float32],
    cells: tuple[int, int],
    shape: tuple[int, ...],
    dtype: type[np.floating[Any]],
) -> NDArray[Any]:
    from skimage import draw

    segment: Callable[..., Any] = draw.line
    picture = np.zeros(shape, dtype)
    radius = min(cells) // 2 - 1
    angles = np.pi * (np.arange(votes.shape[2]) + 0.5) / votes.shape[2]
    ups, overs = radius * np.cos(angles), radius * np.sin(angles)
    for r, c, o in np.ndindex(votes.shape):
        row, col = r * cells[0] + cells[0] // 2, c * cells[1] + cells[1] // 2
        start = int(row - ups[o]), int(col + overs[o])
        end = int(row + ups[o]), int(col - overs[o])
        picture[segment(*start, *end)] += np.float64(votes[r, c, o])
    return picture


def sobel(
    image: NDArray[Any],
    mask: NDArray[Any] | None = None,
    *,
    axis: int | Sequence[int] | None = None,
    mode: str = "reflect",
    cval: float = 0.0,
) -> NDArray[Any]:
    """Return the Sobel edges of an image, bit for bit those of scikit-image 0.26.

    Parameters
    ----------
    image : array of any number of dimensions
        Integers are first scaled by the largest value of their type, bool becomes 0 and 1.
    mask : array of bool, optional
        Where its window of three pixels a side is not all inside, the result is 0.
    axis : int or sequence of int, optional
        One axis gives the signed difference along it; none, or several, the root of the mean
        square (always over all dimensions).
    mode : str, default "reflect"
        What lies outside, in scipy's words.
    cval : float, default 0
        The value outside for ``mode="constant"``.

    Returns
    -------
    array of float
        Shaped as the image; float32 for float16 and float32, else float64.

    Raises
    ------
    RuntimeError
        If the mode is not known.
    ValueError
        If the image is complex, or the mask does not fit.

    References
    ----------
    Sobel and Feldman (1968), talk at the Stanford Artificial Intelligence Project.

    Examples
    --------
    >>> ramp = np.tile(np.arange(4.0), (3, 1))
    >>> sobel(ramp, axis=1)[1]
    array([1., 2., 2., 1.])
    """
    image = _as_float(image)
    axes = _axes(axis, image.ndim)
    padded = _pad(image, mode, cval)
    root = np.sqrt(image.ndim, dtype=image.dtype)
    output = np.zeros(image.shape, image.dtype)
    if image.ndim == 2 and axes == [0, 1]:
        gradients.root_mean_squares(padded, _weights(2, 0), _weights(2, 1), root, output)
    else:
        for along in axes:
            part = _correlate(padded, _weights(image.ndim, along), image.shape).astype(image.dtype)
            output += part * part if len(axes) > 1 else part
        output = np.sqrt(output) / root if len(axes) > 1 else output
    if mask is not None:
        output *= _erode(mask)
    return output


def _axes(axis: int | Sequence[int] | None, ndim: int) -> list[int]:
    if axis is None:
        return list(range(ndim))
    return [int(number) for number in np.atleast_1d(axis)]


def _as_float(image: NDArray[Any]) -> NDArray[Any]:
    kind, dtype = image.dtype.kind, image.dtype
    if kind == "c":
        raise ValueError(f"Cannot convert from {dtype} to float64.")
    if kind not in "ui":
        return image.astype(_float_type(dtype), copy=False)
    scaled: NDArray[np.float64] = np.multiply(image, 1.0 / np.iinfo(dtype).max, dtype=np.float64)
    np.maximum(scaled, -1.0, out=scaled)
    return scaled


def _pad(image: NDArray[Any], mode: str, cval: float) -> NDArray[np.float64]:
    if not isinstance(mode, str):
        raise RuntimeError("A sequence of modes is not supported")
    if mode not in PADDING:
        raise RuntimeError("boundary mode not supported")
    wide = image.astype(np.float64, copy=False)
    if PADDING[mode] == "constant":
        return np.pad(wide, 1, constant_values=cval)
    return np.pad(wide, 1, PADDING[mode])


def _weights(ndim: int, along: int) -> NDArray[np.float64]:
    weights = _line(EDGE, ndim, along)
    for other in set(range(ndim)) - {along}:  # a negative axis is smoothed too, as there
        weights = weights * _line(SMOOTH, ndim, other)
    return weights


def _line(values: NDArray[np.float64], ndim: int, along: int) -> NDArray[np.float64]:
    shape = [1] * ndim
    shape[along] = -1
    return values.reshape(shape)


def _correlate(
    padded: NDArray[np.float64], weights: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    out = np.zeros(shape)
    if weights.shape == (3, 3):
        gradients.weigh_neighbours(padded, weights, out)
        return out
    for offset in np.ndindex(weights.shape):
        if weights[offset]:
            window = (slice(o, o + n) for o, n in zip(offset, shape, strict=True))
            out += weights[offset] * padded[tuple(window)]
    return out


def _erode(mask: NDArray[Any]) -> NDArray[np.bool_]:
    padded = np.pad(np.asarray(mask) != 0, 1)
    eroded = np.ones(mask.shape, np.bool_)
    for offset in np.ndindex((3,) * mask.ndim):
        window = (slice(o, o + n) for o, n in zip(offset, mask.shape, strict=True))
        eroded &= padded[tuple(window)]
    return eroded
