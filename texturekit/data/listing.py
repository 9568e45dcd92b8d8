"""The manifest in memory: a list of images with labels, groups, splits and masks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from texturekit import images
from texturekit.data import arrays
from texturekit.data.mask_frames import frames_of_mask
from texturekit.decoding.checks import regular_file
from texturekit.errors import ImageError, ManifestError, ParameterError
from texturekit.images import ONE, Frames, Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from texturekit.data.card import Card
    from texturekit.images import ImageFacts
    from texturekit.records import Kind, Skipped


@dataclass(frozen=True, eq=False)
class Manifest:
    """Images with what is known about them, one row an image.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``id`` (unique) and ``path`` as written; where the source has them ``group``, ``split``
        ("train", "val", "test") and ``mask``, each text or None; every other column of the source
        under its own name. All columns have dtype object.
    labels : (n,) int64 array, (n, L) float64 array or None
        Index into ``classes``; for multi-label 1, 0 and NaN (unknown) a label; None without labels.
    classes : tuple of str
        Names of the classes or labels, in order.
    kind : {"binary", "multiclass", "multilabel"} or None
        A single class counts as "multiclass"; splitting refuses it.
    root : Path
        Folder that the paths are relative to.
    source : str
        What was read, as given.
    skipped : tuple of Skipped
        Rows and files that were found and left out. A subset has none.
    synthetic : bool
        Whether the images were drawn by texturekit.
    card : Card or None
        The task that the images belong to, if they were loaded as one.
    frames : Frames
        Which picture of files with several is meant, where a path does not name one.
    mask_label : int or None
        The value in the masks that is the region; None for everything that is not black.
    """

    frame: pd.DataFrame
    labels: NDArray[Any] | None
    classes: tuple[str, ...]
    kind: Kind | None
    root: Path
    source: str
    skipped: tuple[Skipped, ...] = ()
    synthetic: bool = False
    card: Card | None = None
    frames: Frames = ONE
    mask_label: int | None = None

    def __post_init__(self) -> None:
        if self.mask_label is not None and "mask" not in self.frame:
            raise ManifestError(
                f"mask_label={self.mask_label}, but no image of {self.source} has a mask; give "
                "masks (--masks), or leave the label out."
            )

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        kind = self.kind or "unlabelled"
        return f"<Manifest {self.source}: {len(self)} images, {kind}, {len(self.classes)} classes>"

    @property
    def found(self) -> int:
        """Rows or files met in the source: used and skipped ones."""
        return len(self) + len(self.skipped)

    @property
    def losses(self) -> str:
        """A sentence on the rows that could not be used, for messages; empty without any."""
        lost = [skip for skip in self.skipped if skip.kind != "ignored"]
        if not lost:
            return ""
        return f" {len(lost)} rows were skipped, the first: {lost[0].path}: {lost[0].reason}."

    @cached_property
    def ids(self) -> list[str]:
        """The unique names of the images."""
        return list(self.frame["id"])

    @cached_property
    def paths(self) -> list[str]:
        """The paths as written in the source."""
        return list(self.frame["path"])

    @cached_property
    def groups(self) -> NDArray[Any] | None:
        """The group (patient) of every image, or None without groups.

        An image whose group is not known is a group of its own, ``"row:<id>"``.
        """
        if "group" not in self.frame:
            return None
        pairs = zip(self.frame["group"], self.ids, strict=True)
        return _texts([f"row:{name}" if group is None else group for group, name in pairs])

    @property
    def group_count(self) -> int | None:
        """The number of groups, or None without groups."""
        return None if self.groups is None else len(set(self.groups))

    @cached_property
    def splits(self) -> NDArray[Any] | None:
        """``"train"``, ``"val"``, ``"test"`` or None for every image; None without splits."""
        return _texts(list(self.frame["split"])) if "split" in self.frame else None

    @cached_property
    def sha256(self) -> str:
        """A hash of the ids, labels, groups and the bytes of every image and mask.

        The place of the files, the order of rows and classes and columns carried along do not
        matter.
        """
        return self.digest([self._contents(i, _file_hash) for i in range(len(self))])

    def contents(self, i: int) -> str:
        """Return the hashes of image ``i`` and its mask, read from the files now.

        What cannot be read has its reason instead.
        """
        return self._contents(i, _file_hash_now)

    def digest(self, contents: Sequence[str]) -> str:
        """Return `sha256` from what `contents` gave of every image."""
        digest = hashlib.sha256()
        groups = [""] * len(self) if self.groups is None else self.groups
        for i in sorted(range(len(self)), key=self.ids.__getitem__):
            line = "\0".join([self.ids[i], self._label_text(i), groups[i], contents[i]]) + "\n"
            digest.update(line.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def file(self, i: int) -> Path:
        """Return the path of image ``i``, joined to the root."""
        return self.root / self.paths[i]

    def image(self, i: int, colour: Literal["keep", "grey", "rgb"] = "keep") -> NDArray[Any]:
        """Return the pixels of image ``i``.

        Parameters
        ----------
        i : int
            Row, from 0.
        colour : {"keep", "grey", "rgb"}
            As in `texturekit.read_image`.

        Returns
        -------
        (H, W) or (H, W, 3) array
            In the file's own dtype.

        Raises
        ------
        ImageError
            If the file cannot be read as an image.
        """
        return images.in_colour(self.picture(i).pixels, colour)

    def files(self, i: int) -> list[Path]:
        """Return the files on disk that image ``i`` and its mask are in."""
        named = [path for path in (self.paths[i], self._mask_path(i)) if path]
        return [arrays.array_file(self.root / images.split_place(path)[0]) for path in named]

    def picture(self, i: int) -> Picture:
        """Return image ``i`` with what its file says of it: window and traits.

        Raises
        ------
        ImageError
            If the file cannot be read as an image.
        """
        if arrays.is_array_path(self.paths[i]):
            return Picture(arrays.read_array_image(self.file(i)), "NPZ")
        return images.read_picture(self.file(i), frames=self.frames)

    def mask(self, i: int, *, label: int | None = None) -> NDArray[np.bool_] | None:
        """Return the mask of image ``i`` as (H, W) bool, or None without a mask.

        A mask file with several pictures gives the one at the image's own place.

        Parameters
        ----------
        i : int
            Row, from 0.
        label : int, optional
            The value in the mask that is the region, instead of the manifest's ``mask_label``.

        Raises
        ------
        ImageError
            If the mask cannot be read, or has another number of pictures than the image's file.
        """
        path = self._mask_path(i)
        if path is None:
            return None
        label = self.mask_label if label is None else label
        frames = frames_of_mask(self.file(i), self.root / path, self.frames)
        return images.read_mask(self.root / path, label=label, frames=frames)

    def facts(self, i: int) -> ImageFacts:
        """Return size, mode, bit depth, bytes and format of image ``i`` without decoding it.

        Raises
        ------
        ImageError
            If the file is not an image.
        """
        if arrays.is_array_path(self.paths[i]):
            return arrays.array_facts(self.file(i))
        return images.image_facts(self.file(i), frames=self.frames)

    def label_name(self, i: int) -> str:
        """Return the class of image ``i``; multi-label: the present labels joined by ``|``.

        Empty where there are no labels, or no label is present.
        """
        if self.labels is None:
            return ""
        if self.kind == "multilabel":
            present = np.flatnonzero(self.labels[i] == 1)
            return "|".join(self.classes[c] for c in present)
        return self.classes[int(self.labels[i])]

    def content_hash(self, i: int) -> str:
        """Return a hash of the bytes of image ``i``: the file's, or the array's in an ``.npz``.

        Of a file with several frames it names the frame too.
        """
        found = self._file_hash(self.paths[i], _file_hash)
        place = images.split_place(self.paths[i])[1]
        return found if place is None else f"{found}#{place}"

    def subset(self, indices: Sequence[int] | NDArray[Any]) -> Manifest:
        """Return the images at ``indices``, in that order, as a manifest with nothing skipped.

        Classes stay as they are, present or not.

        Raises
        ------
        ParameterError
            If an index is out of range.
        """
        rows = np.asarray(indices, dtype=np.int64)
        if rows.size and (rows.min() < 0 or rows.max() >= len(self)):
            raise ParameterError(
                f"row {rows.min() if rows.min() < 0 else rows.max()} is not in a manifest of "
                f"{len(self)} images; use 0 to {len(self) - 1}."
            )
        frame = self.frame.iloc[rows].reset_index(drop=True)
        labels = None if self.labels is None else self.labels[rows]
        return replace(self, frame=frame, labels=labels, skipped=())

    def with_classes(self, classes: Sequence[str], kind: Kind | None = None) -> Manifest:
        """Return the same images with the classes in another order, absent ones added.

        Parameters
        ----------
        classes : sequence of str
            Every present class, in the order wanted; for multi-label every label and no other.
        kind : {"binary", "multiclass"}, optional
            Overrides the kind, which otherwise follows from the number of ``classes``.

        Raises
        ------
        ManifestError
            If a class of the manifest is not among ``classes``.
        """
        names = tuple(classes)
        unknown = [name for name in self.classes if name not in names]
        if self.labels is None or unknown or len(set(names)) < len(names):
            raise ManifestError(
                f"{self.source} has the classes {', '.join(self.classes) or '(none)'}, wanted were "
                f"{', '.join(names)}; name each class of the data once."
            )
        if self.kind == "multilabel":
            return replace(self, labels=_reordered(self.labels, self.classes, names), classes=names)
        places = np.array([names.index(name) for name in self.classes], dtype=np.int64)
        labels = places[self.labels] if len(self) else self.labels
        return replace(self, labels=labels, classes=names, kind=kind or kind_of(names))

    def _mask_path(self, i: int) -> str | None:
        path: Any = self.frame["mask"].iat[i] if "mask" in self.frame else None
        return None if path is None else str(path)

    def _label_text(self, i: int) -> str:
        if self.kind != "multilabel" or self.labels is None:
            return self.label_name(i)
        pairs = zip(self.classes, self.labels[i], strict=True)
        return "|".join(f"{name}={value:g}" for name, value in sorted(pairs, key=lambda p: p[0]))

    def _contents(self, i: int, file_hash: Callable[[Path], str]) -> str:
        mask = self._mask_path(i)
        found = [self._file_hash(path, file_hash) for path in (self.paths[i], mask) if path]
        return "\0".join(found)

    def _file_hash(self, path: str, file_hash: Callable[[Path], str]) -> str:
        if arrays.is_array_path(path):
            return hashlib.sha256(arrays.read_array_image(self.root / path).tobytes()).hexdigest()
        file, place = images.split_place(path)
        # Of a volume each slice is a row: its file is read once, not once a row.
        return (file_hash if place is None else _file_hash)(self.root / file)


def kind_of(classes: Sequence[str]) -> Kind:
    """Return ``"binary"`` for two classes, else ``"multiclass"``.

    Examples
    --------
    >>> kind_of(["no", "yes"])
    'binary'
    """
    return "binary" if len(classes) == 2 else "multiclass"


def _reordered(
    labels: NDArray[Any], old: tuple[str, ...], new: tuple[str, ...]
) -> NDArray[np.float64]:
    # A label that the data do not have is unknown everywhere.
    result = np.full((len(labels), len(new)), np.nan)
    for column, name in enumerate(old):
        result[:, new.index(name)] = labels[:, column]
    return result


def _texts(values: list[str | None]) -> NDArray[Any]:
    # Python strings, not a numpy or arrow text dtype: those cannot hold undecodable file names.
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def _file_hash(path: Path) -> str:
    """Hash a file once while its size and time of change stay."""
    try:
        facts = path.stat()
        return _hash_of(path, facts.st_mtime_ns, facts.st_size)
    except (ImageError, OSError) as error:
        return _no_hash(error)


def _file_hash_now(path: Path) -> str:
    try:
        return _digest(path)
    except (ImageError, OSError) as error:
        return _no_hash(error)


@lru_cache(maxsize=65536)
def _hash_of(path: Path, modified: int, size: int) -> str:
    return _digest(path)


def _digest(path: Path) -> str:
    with regular_file(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _no_hash(error: ImageError | OSError) -> str:
    return f"unreadable: {getattr(error, 'strerror', None) or 'no regular file'}"
