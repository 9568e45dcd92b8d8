"""Read image sets in MedMNIST's ``.npz`` form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.data.arrays import array_names, load_array
from texturekit.data.listing import Manifest, kind_of
from texturekit.errors import ManifestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPLITS = ("train", "val", "test")


def read_npz(path: str | Path) -> Manifest:
    """Return the images of an ``.npz`` file in MedMNIST's form, with its splits.

    Parameters
    ----------
    path : str or Path
        Holds ``train_images``, ``val_images`` and ``test_images``, each (N, H, W) or (N, H, W, 3)
        uint8, and as many ``*_labels``: (N, 1) class numbers, or (N, L) zeros and ones for L > 1
        labels. A split may be absent; nothing is unpickled.

    Returns
    -------
    Manifest
        Paths and ids ``file.npz#train/12``; classes are named ``"0"``, ``"1"``, ... and labels
        ``label_0``, ``label_1``, ...

    Raises
    ------
    ManifestError
        If the file is damaged, an array is missing, of another form, or of another length.

    References
    ----------
    Yang et al. (2023), MedMNIST v2, doi:10.1038/s41597-022-01721-8.

    Examples
    --------
    >>> import tempfile
    >>> pictures, labels = np.zeros((4, 8, 8), np.uint8), np.array([[0], [1], [0], [1]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/tiny.npz", train_images=pictures, train_labels=labels)
    ...     data = read_npz(f"{folder}/tiny.npz")
    >>> data.paths[1], data.label_name(1), data.splits[1]
    ('tiny.npz#train/1', '1', 'train')
    """
    file = Path(path)
    present = _splits(file)
    sizes = {split: _check_images(file, split) for split in present}
    numbers = [_split_labels(file, split, sizes[split]) for split in present]
    widths = {values.shape[1] for values in numbers}
    if len(widths) > 1:
        raise ManifestError(
            f"'{file}' has {' and '.join(map(str, sorted(widths)))} label columns in different "
            "splits; give each *_labels array the same width."
        )
    paths = [f"{file.name}#{split}/{i}" for split in present for i in range(sizes[split])]
    if not paths:
        raise ManifestError(f"'{file}' holds no image; save at least one in train_images.")
    splits = [split for split in present for _ in range(sizes[split])]
    frame = pd.DataFrame({"id": paths, "path": paths, "split": splits}, dtype=object)
    return _labelled(frame, np.concatenate(numbers), file, str(path))


def _splits(file: Path) -> list[str]:
    names = array_names(file)
    present = [s for s in SPLITS if f"{s}_images" in names or f"{s}_labels" in names]
    if not present:
        raise ManifestError(
            f"'{file}' has no array 'train_images' but {', '.join(names) or 'nothing'}; "
            "MedMNIST's form is {train,val,test}_images and {train,val,test}_labels."
        )
    return present


def _check_images(file: Path, split: str) -> int:
    images = load_array(file, f"{split}_images")
    grey, colour = images.ndim == 3, images.ndim == 4 and images.shape[3] == 3
    if images.dtype != np.uint8 or not (grey or colour) or 0 in images.shape[1:3]:
        raise ManifestError(
            f"'{file}' has {split}_images of shape {images.shape} and dtype {images.dtype}, "
            "but (N, H, W) or (N, H, W, 3) uint8 is wanted."
        )
    return len(images)


def _split_labels(file: Path, split: str, count: int) -> NDArray[np.int64]:
    labels = load_array(file, f"{split}_labels")
    values = labels[:, None] if labels.ndim == 1 else labels
    if values.ndim != 2 or values.shape[1] < 1 or values.dtype.kind not in "buif":
        raise ManifestError(
            f"'{file}' has {split}_labels of shape {labels.shape} and dtype {labels.dtype}, "
            "but (N, 1) or (N, L) integers are wanted."
        )
    if len(values) != count:
        raise ManifestError(
            f"'{file}' has {count} {split}_images but {len(values)} {split}_labels; "
            "each image needs one row of labels."
        )
    if values.dtype.kind == "f" and not (np.isfinite(values) & (values == np.round(values))).all():
        raise ManifestError(f"'{file}' has {split}_labels that are not whole numbers; save ints.")
    return values.astype(np.int64)


def _labelled(frame: pd.DataFrame, numbers: NDArray[np.int64], file: Path, source: str) -> Manifest:
    root = file.parent
    if numbers.shape[1] == 1:
        found, labels = np.unique(numbers[:, 0], return_inverse=True)
        classes = tuple(str(number) for number in found)
        return Manifest(frame, labels.astype(np.int64), classes, kind_of(classes), root, source)
    wrong = np.argwhere((numbers != 0) & (numbers != 1))
    if len(wrong):
        row, column = wrong[0]
        raise ManifestError(
            f"'{frame['id'].iat[row]}' has {numbers[row, column]} as label_{column}; several label "
            "columns hold 0 and 1 only."
        )
    names = tuple(f"label_{column}" for column in range(numbers.shape[1]))
    values: NDArray[Any] = numbers.astype(np.float64)
    return Manifest(frame, values, names, "multilabel", root, source)
