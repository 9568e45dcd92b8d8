"""The figshare brain tumour set: one MATLAB v7.3 file a slice, with label, patient and mask."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.data.layouts.found import Found, Made, wrong_layout
from texturekit.errors import ManifestError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.catalogue import SetCard
    from texturekit.data.layouts.found import Source

_NUMBER = re.compile(r"(?:.*/)?(\d+)\.mat")
_FOLDS = "cvind.mat"


def find(source: Source, card: SetCard) -> Found:
    """Return the slices, their images and masks to be written as PNG in their own 16 bits.

    Raises
    ------
    MissingExtraError
        Without h5py.
    ManifestError
        If there is no such file, or one is damaged or lacks a field.
    """
    files = files_of(source)
    if not files:
        raise wrong_layout(source, card.id, "files 1.mat, 2.mat, ...")
    found = Found(label=[], group=[], mask=[])
    folds = _folds(source)
    numbers = []
    for number, path in files:
        label, patient = _facts(source.folder / path, card)
        numbers.append(number)
        found.paths.append(Made(f"images/{number:04d}.png"))
        found.label.append(label)  # type: ignore[union-attr]
        found.group.append(patient)  # type: ignore[union-attr]
        found.mask.append(Made(f"masks/{number:04d}.png"))  # type: ignore[union-attr]
        found.writers.append(partial(_write, source.folder / path, f"{number:04d}.png"))
    if folds is None:
        found.notes.append(f"{_FOLDS} is not there: no folds of the authors.")
    else:
        found.folds = _folds_of(numbers, folds)
    return found


def files_of(source: Source) -> list[tuple[int, str]]:
    """Return number and path of every slice, by number."""
    found = [(m, path) for path in source.others if (m := _NUMBER.fullmatch(path))]
    files = sorted((int(match[1]), path) for match, path in found)
    for (number, path), (other, again) in pairwise(files):
        if number == other:
            raise ManifestError(
                f"'{source.given}' holds slice {number} twice: {path} and {again}; take one away."
            )
    return files


def _facts(path: Path, card: SetCard) -> tuple[str, str]:
    with _opened(path) as file:
        number = int(_field(path, file, "label")[()].item())
        patient = _field(path, file, "PID")[()]
    if number not in card.labels:
        raise ManifestError(f"'{path}' has the label {number}; known are {card.labels}.")
    return card.labels[number], _as_text(path, patient)


def _as_text(path: Path, codes: NDArray[Any]) -> str:
    """Return a MATLAB string, which is an array of UTF-16 codes; or a number as text."""
    flat = codes.ravel()
    text = str(int(flat[0])) if flat.size == 1 and codes.dtype.kind == "f" else ""
    text = text or "".join(chr(int(code)) for code in flat).strip("\0 ")
    if not text:
        raise ManifestError(f"'{path}' has an empty patient id (cjdata.PID).")
    return text


def _opened(path: Path) -> Any:
    try:
        import h5py
    except ImportError:
        raise MissingExtraError(
            f"'{path}' is a MATLAB v7.3 file, which h5py reads; install it with: "
            'pip install "texturekit[data]"'
        ) from None
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ManifestError(
            f"'{path}' is damaged or no MATLAB v7.3 file ({error}); get it anew."
        ) from None


def _field(path: Path, file: Any, name: str) -> Any:
    try:
        return file["cjdata"][name]
    except KeyError:
        raise ManifestError(
            f"'{path}' has no field cjdata.{name}; its fields: "
            f"{', '.join(file.get('cjdata', file))}."
        ) from None


def _write(path: Path, name: str, folder: Path) -> None:
    from PIL import Image

    with _opened(path) as file:
        # MATLAB stores columns first, so that what h5py gives is transposed.
        pixels = np.ascontiguousarray(_field(path, file, "image")[()].T)
        region = np.ascontiguousarray(_field(path, file, "tumorMask")[()].T) != 0
    whole = pixels.ndim == 2 and pixels.dtype.kind in "iu"
    if not whole or pixels.min() < 0 or pixels.max() > 65535:
        raise ManifestError(
            f"'{path}' has an image of shape {pixels.shape}, dtype {pixels.dtype}, {pixels.min()} "
            f"to {pixels.max()}; wanted are whole numbers from 0 to 65535 in two dimensions."
        )
    if region.shape != pixels.shape:
        raise ManifestError(
            f"'{path}' has an image of shape {pixels.shape}, but a mask of {region.shape}."
        )
    for kind, content in (("images", pixels.astype(np.uint16)), ("masks", region * np.uint8(255))):
        (folder / kind).mkdir(exist_ok=True)
        Image.fromarray(content).save(folder / kind / name)


def _folds(source: Source) -> list[int] | None:
    """Return the authors' fold of slice 1, 2, ...; None without their file."""
    path = next((p for p in source.others if p.rpartition("/")[2] == _FOLDS), None)
    if path is None:
        return None
    values = _matlab_array(source.folder / path, "cvind").ravel()
    if values.size == 0 or (values != np.round(values)).any() or values.min() < 1:
        raise ManifestError(f"'{path}' has no whole numbers from 1 as folds (cvind).")
    return [int(value) for value in values]


def _matlab_array(path: Path, name: str) -> NDArray[Any]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    content: dict[str, Any]
    with path.open("rb") as stream:
        is_hdf5 = stream.read(10).startswith((b"MATLAB 7.3", b"\x89HDF"))
    if is_hdf5:
        with _opened(path) as file:
            content = {name: file[name][()]} if name in file else {}
    else:
        try:
            content = loadmat(path, variable_names=[name])
        except (OSError, ValueError, TypeError, MatReadError) as error:
            raise ManifestError(f"'{path}' is damaged or no MATLAB file ({error}).") from None
    if name not in content:
        raise ManifestError(f"'{path}' has no variable {name!r}.")
    return np.asarray(content[name])


def _folds_of(numbers: Sequence[int], folds: Sequence[int]) -> list[int | None]:
    if max(numbers) > len(folds):
        raise ManifestError(
            f"{_FOLDS} has {len(folds)} folds, but there is a slice number {max(numbers)}."
        )
    return [folds[number - 1] - 1 for number in numbers]
