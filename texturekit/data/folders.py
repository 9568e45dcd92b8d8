"""Find the images of a folder tree, with classes and splits from the folders' names."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

import pandas as pd

from texturekit import images
from texturekit.data.expansion import with_frames
from texturekit.data.faults import why_no_file
from texturekit.data.labels import class_numbers
from texturekit.data.listing import Manifest
from texturekit.data.masks import MaskFolder, is_mask_beside_image
from texturekit.decoding.formats import CONVERT
from texturekit.errors import ManifestError, printable
from texturekit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.images import Frames

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_OS_FILES = {"thumbs.db", "desktop.ini", "__macosx", "$recycle.bin"}


@dataclass
class Tree:
    """What a folder holds: images by relative path, folders that were walked, the rest.

    Attributes
    ----------
    files : list of str
        Images, relative, with ``/``, sorted.
    folders : list of str
        Folders that were walked, likewise.
    skipped : list of Skipped
        Everything else.
    """

    root: Path
    files: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def skip(
        self, path: str, reason: str, kind: Literal["ignored", "unreadable", "invalid"]
    ) -> None:
        """Count a file that is not used."""
        self.skipped.append(Skipped(path=printable(path), reason=printable(reason), kind=kind))


def scan_folder(
    root: str | Path,
    *,
    masks: str | Path | None = None,
    frames: Frames | str | int = "one",
    mask_label: int | None = None,
) -> Manifest:
    """Return the images of a folder tree.

    Three forms: one folder a class (``benign/1.png``); such folders below ``train``, ``val`` and
    ``test`` (or training, valid, validation, testing; at least two of them, or nothing else), which
    fill ``splits``; images without folders, which have no labels. Folders inside a class folder
    are read too.

    Files with another suffix, hidden ones, those of the operating system, and masks beside their
    image (``1_mask.png``) are listed in ``skipped`` as ignored. Links are followed only to files
    inside the folder; folders that are links, and everything that is no regular file, are skipped.

    Parameters
    ----------
    root : str or Path
        The folder. Ids and paths are relative to it, sorted.
    masks : str or Path, optional
        Folder with a mask for every image, by the same relative path or stem, or ``<stem>_mask``.
        If it lies inside ``root`` it is no class.
    frames, mask_label
        As in `texturekit.read_manifest`.

    Returns
    -------
    Manifest
        Without groups.

    Raises
    ------
    ManifestError
        If there is no such folder, it has no image, or a class folder has none.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scan_folder(folder)
    Traceback (most recent call last):
    texturekit.errors.ManifestError: ... has 0 usable images...
    """
    folder = Path(root)
    if not folder.is_dir():
        raise ManifestError(f"'{printable(str(root))}' is not a folder; give the folder of images.")
    mask_folder = None if masks is None else MaskFolder(masks)
    tree = walk(folder, leave_out=None if mask_folder is None else mask_folder.folder)
    labels, splits = _layout(tree)
    found = [None if mask_folder is None else mask_folder.find(p, folder / p) for p in tree.files]
    if mask_folder is not None:
        for path, mask in zip(tree.files, found, strict=True):
            if mask is None:
                tree.skip(path, mask_folder.wanted(path), "invalid")
    keep = [i for i, mask in enumerate(found) if mask_folder is None or mask is not None]
    _check_classes(tree, labels, keep)
    columns: dict[str, Sequence[str | None]] = {"id": tree.files, "path": tree.files}
    columns |= {} if splits is None else {"split": splits}
    columns |= {} if mask_folder is None else {"mask": found}
    frame = pd.DataFrame({n: [c[i] for i in keep] for n, c in columns.items()}, dtype=object)
    skipped = tuple(sorted(tree.skipped, key=lambda one: one.path))
    if labels is None:
        plain = Manifest(frame, None, (), None, folder, str(root), skipped)
        return with_frames(plain, frames, mask_label)
    numbers, classes, kind = class_numbers([labels[i] for i in keep])
    found_all = Manifest(frame, numbers, classes, kind, folder, str(root), skipped)
    return with_frames(found_all, frames, mask_label)


def walk(root: Path, *, leave_out: Path | None = None) -> Tree:
    """Sort what lies below a folder into images and the rest, without opening a file."""
    tree = Tree(root)
    links: list[str] = []
    pending = [""]
    while pending:
        below = pending.pop()
        try:
            entries = list(os.scandir(root / below))
        except OSError as error:
            tree.skip(below or ".", f"cannot be opened: {error.strerror}", "unreadable")
            continue
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if _is_hidden(entry.name):
                tree.skip(path, "hidden, or a file of the operating system", "ignored")
            elif entry.is_symlink():
                links.append(path)
            elif entry.is_dir() and images.split_name(entry.name)[1] not in images.SUFFIXES:
                if leave_out is None or not leave_out.samefile(entry.path):
                    tree.folders.append(path)
                    pending.append(path)
            elif _is_image(tree, path):
                tree.files.append(path)
    tree.folders.sort()
    _follow_links(tree, sorted(links))
    _leave_masks_out(tree)
    tree.files.sort()
    return tree


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _OS_FILES


def _is_image(tree: Tree, path: str) -> bool:
    name = PurePosixPath(path).name
    suffix = images.split_name(name)[1]
    reason = why_no_file(tree.root / path)
    if reason:
        tree.skip(path, reason, "invalid" if reason.startswith(("a ", "not ")) else "unreadable")
    elif name.upper() == "DICOMDIR":
        tree.skip(path, "a DICOMDIR: an index without pixels", "ignored")
    elif suffix in CONVERT:
        tree.skip(path, f"{suffix} cannot be read; convert it: {CONVERT[suffix]}", "unreadable")
    elif images.is_image_file(tree.root / path):
        return True
    else:
        tree.skip(path, f"{suffix or 'no suffix'}: not an image", "ignored")
    return False


def _follow_links(tree: Tree, links: list[str]) -> None:
    if not links:  # a hundred thousand files need not be resolved for nothing
        return
    root = os.path.realpath(tree.root)
    known = {os.path.realpath(tree.root / path) for path in tree.files}
    for path in links:
        target = os.path.realpath(tree.root / path)
        if not (tree.root / path).exists():
            tree.skip(path, "a link to nothing", "unreadable")
        elif not target.startswith(root.rstrip("/") + "/"):
            tree.skip(path, "a link that leaves the folder", "invalid")
        elif (tree.root / path).is_dir():
            tree.skip(path, "a link to a folder", "ignored")
        elif target in known:
            tree.skip(path, "a link to an image that is listed already", "ignored")
        elif _is_image(tree, path):
            known.add(target)
            tree.files.append(path)


def _leave_masks_out(tree: Tree) -> None:
    stems: dict[PurePosixPath, set[str]] = defaultdict(set)
    for part in map(PurePosixPath, tree.files):
        stems[part.parent].add(images.split_name(part.name)[0])
    for path in list(tree.files):
        part = PurePosixPath(path)
        if is_mask_beside_image(part.name, stems[part.parent]):
            tree.files.remove(path)
            tree.skip(path, "the mask of the image beside it; masks= reads masks", "ignored")


def _layout(tree: Tree) -> tuple[list[str] | None, list[str] | None]:
    """Return class and split of every image, None where the folders do not tell.

    Images that stand outside the class folders are moved to ``tree.skipped``.
    """
    parts = split_folders(tree)
    depth = 1 if parts else 0
    inside = [f for f in tree.folders if not parts or f.split("/")[0] in parts]
    labelled = any(folder.count("/") == depth for folder in inside)
    for path in list(tree.files):
        levels = path.split("/")
        if parts and levels[0] not in parts:
            tree.files.remove(path)
            tree.skip(path, f"in none of the folders {', '.join(sorted(parts))}", "invalid")
        elif labelled and len(levels) < depth + 2:
            tree.files.remove(path)
            tree.skip(path, "not in a class folder", "invalid")
    labels = [printable(path.split("/")[depth]) for path in tree.files] if labelled else None
    splits = [parts[path.split("/")[0]] for path in tree.files] if parts else None
    return labels, splits


def split_folders(tree: Tree) -> dict[str, str]:
    """Return the top folders that are splits, with their names; empty in a tree without splits."""
    top = [folder for folder in tree.folders if "/" not in folder]
    parts = {name: SPLIT_NAMES[name.lower()] for name in top if name.lower() in SPLIT_NAMES}
    hold_folders = any(folder.split("/")[0] in parts for folder in tree.folders if "/" in folder)
    only_splits = bool(parts) and len(parts) == len(top) and hold_folders
    return parts if only_splits or len(set(parts.values())) > 1 else {}


def _first_fault(tree: Tree, name: str) -> str:
    """Say what became of the first file of a class."""
    for one in tree.skipped:
        if one.kind != "ignored" and f"{name}/" in f"{one.path}":
            return f" The first file: {one.path}: {one.reason}."
    return ""


def _check_classes(tree: Tree, labels: list[str] | None, keep: list[int]) -> None:
    if labels is not None:
        parts = split_folders(tree)
        depth = 1 if parts else 0
        walked = [f.split("/") for f in tree.folders if not parts or f.split("/")[0] in parts]
        classes = {printable(levels[depth]) for levels in walked if len(levels) == depth + 1}
        for name in sorted(classes - {labels[i] for i in keep}):
            raise ManifestError(
                f"class {name!r} has 0 usable images in '{printable(str(tree.root))}'; "
                f"add images, or take the folder away.{_first_fault(tree, name)}"
            )
    if not keep:
        reasons = (
            "; ".join(f"{one.path}: {one.reason}" for one in tree.skipped[:3]) or "it is empty"
        )
        raise ManifestError(
            f"'{printable(str(tree.root))}' has 0 usable images ({reasons}); "
            f"wanted are {' '.join(sorted(images.SUFFIXES))}."
        )
