"""Read a manifest (CSV or Parquet), or whatever else holds images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from texturekit.data import faults as checks
from texturekit.data.expansion import with_frames
from texturekit.data.faults import Faults
from texturekit.data.files import list_images
from texturekit.data.folders import SPLIT_NAMES, scan_folder
from texturekit.data.labels import parse_labels
from texturekit.data.listing import Manifest
from texturekit.data.masks import MaskFolder
from texturekit.data.npz import read_npz
from texturekit.data.rows import Rows, read_rows
from texturekit.errors import ManifestError, closest, printable

if TYPE_CHECKING:
    from texturekit.data.labels import RowLabels
    from texturekit.images import Frames

__all__ = ["Manifest", "load_source", "read_manifest", "read_npz", "scan_folder"]

RESERVED = ("path", "label", "group", "split", "mask", "id")
Source = str | Path | Sequence[str | Path]


def load_source(
    source: Source,
    *,
    labels: Sequence[str] | None = None,
    masks: str | Path | None = None,
    group: str | None = "group",
    frames: Frames | str | int = "one",
    mask_label: int | None = None,
) -> Manifest:
    """Return the images of a folder, a manifest, an ``.npz`` file, or of image files.

    Parameters
    ----------
    source : str, Path or sequence of these
        A folder tree (`texturekit.scan_folder`), a ``.csv`` or ``.parquet`` manifest
        (`texturekit.read_manifest`), an ``.npz`` in MedMNIST's form, or one or several image files.
    labels, group
        As in `texturekit.read_manifest`; ``labels`` for manifests only.
    masks : str or Path, optional
        Folder of masks, for all but ``.npz``.
    frames, mask_label
        As in `texturekit.read_manifest`.

    Returns
    -------
    Manifest

    Raises
    ------
    ManifestError
        If there is no such file or folder, or it is of another kind.

    Examples
    --------
    >>> load_source("scans.xlsx")
    Traceback (most recent call last):
    texturekit.errors.ManifestError: there is no file or folder 'scans.xlsx'...
    """
    several = [source] if isinstance(source, (str, Path)) else list(source)
    if not several:
        raise ManifestError("no source is given; name a folder, a manifest, an .npz or images.")
    for one in several:
        _check_exists(Path(one))
    first = Path(several[0])
    if len(several) == 1 and first.suffix.lower() in (".csv", ".parquet") and first.is_file():
        return read_manifest(
            several[0], labels=labels, masks=masks, group=group, frames=frames,
            mask_label=mask_label,
        )  # fmt: skip
    if labels is not None:
        raise ManifestError(
            f"labels= names columns of a manifest, but '{first}' is none; leave labels out."
        )
    if len(several) == 1 and first.is_dir():
        return scan_folder(several[0], masks=masks, frames=frames, mask_label=mask_label)
    if len(several) == 1 and first.suffix.lower() == ".npz":
        if masks is not None:
            raise ManifestError(f"'{first}' cannot have masks; leave masks out.")
        return read_npz(several[0])
    return list_images(several, masks=masks, frames=frames, mask_label=mask_label)


def read_manifest(
    path: str | Path,
    *,
    labels: Sequence[str] | None = None,
    masks: str | Path | None = None,
    group: str | None = "group",
    frames: Frames | str | int = "one",
    mask_label: int | None = None,
) -> Manifest:
    """Read a list of images from a CSV or Parquet file.

    Columns: ``path`` (relative to the file), ``label``; optional ``group`` (patient), ``split``
    (train, val, test), ``mask`` (path), ``id`` (unique; default the path). All others are carried
    along. Everything is read as text, so that a class may be called ``NA`` or ``01``. Without
    ``label``, every other column that holds only 0, 1, -1 and empty is a label of its own.

    Rows that cannot be used - no such file, no label, a repeated image, no mask - are listed in
    ``skipped`` with their row number (the header is row 1). A manifest may name files anywhere,
    through links too.

    Parameters
    ----------
    path : str or Path
        ``.csv`` (UTF-8; comma, or consistently semicolon or tab) or ``.parquet``.
    labels : sequence of str, optional
        Label columns of a multi-label manifest; -1 and empty are unknown.
    masks : str or Path, optional
        Folder with a mask for every image, by the same relative path or stem, or ``<stem>_mask``.
    group : str or None, default "group"
        Column of the patients; None ignores it.
    frames : str or int, default "one"
        Which picture of files that hold several: ``"first"``, ``"middle"``, a number from 0,
        ``"all"`` (a row each), for volumes with the direction (``"axial:middle"``); by default such
        files lose their row. A path may name its picture itself: ``scan.dcm#frame/7``.
    mask_label : int, optional
        The value in the masks that is the region; by default everything that is not black.

    Returns
    -------
    Manifest

    Raises
    ------
    ManifestError
        If the file cannot be read, lacks a column, repeats an id, or has no usable row.

    Examples
    --------
    >>> read_manifest("missing.csv")
    Traceback (most recent call last):
    texturekit.errors.ManifestError: there is no file or folder 'missing.csv'...
    """
    file = Path(path)
    _check_exists(file)
    rows = read_rows(file)
    _check_columns(rows, group)
    marks = parse_labels(rows, labels, {*RESERVED, *([group] if group else [])})
    faults = Faults(rows, rows.text("path", strip=False))
    columns = _reserved_columns(rows, group)
    checks.check_files(faults, file.parent)
    if marks.empty:
        checks.check_texts(faults, marks.texts, marks.empty)
    mask_column = _masks(faults, file.parent, masks)
    if mask_column is not None:
        columns["mask"] = mask_column
    agreeing = [columns[name] for name in ("split", "group") if name in columns]
    checks.check_repeats(faults, marks.texts, agreeing)
    columns["id"] = _ids(faults)
    return with_frames(_assembled(faults, columns, marks, group, str(path)), frames, mask_label)


def _check_exists(path: Path) -> None:
    if path.exists():
        return
    folder = path.parent
    siblings = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    hint = closest(path.name, siblings) if siblings else f" Neither is the folder '{folder}' there."
    raise ManifestError(f"there is no file or folder '{printable(str(path))}'.{printable(hint)}")


def _check_columns(rows: Rows, group: str | None) -> None:
    known = f"Its columns: {', '.join(rows.columns)}."
    if "path" not in rows.columns:
        hint = closest("path", rows.columns) or closest("filename", rows.columns)
        raise ManifestError(f"'{rows.path}' has no column 'path'.{hint} {known}")
    if group not in (None, "group") and group not in rows.columns:
        raise ManifestError(
            f"'{rows.path}' has no group column {group!r}.{closest(str(group), rows.columns)} "
            f"{known}"
        )
    if not rows.numbers:
        raise ManifestError(f"'{rows.path}' has a header but no rows; add a row for each image.")


def _reserved_columns(rows: Rows, group: str | None) -> dict[str, list[str | None]]:
    columns: dict[str, list[str | None]] = {}
    # A column that is empty throughout names no patient: it is as good as none.
    if group is not None and group in rows.columns and any(rows.text(group)):
        columns["group"] = [text or None for text in rows.text(group)]
    if "split" in rows.columns and any(rows.text("split")):
        columns["split"] = [
            _split_name(rows, number, text)
            for number, text in zip(rows.numbers, rows.text("split"), strict=True)
        ]
    return columns


def _split_name(rows: Rows, number: int, text: str) -> str | None:
    if not text:
        return None
    if text.lower() not in SPLIT_NAMES:
        raise ManifestError(
            f"'{rows.path}' has the split {text!r} in row {number}; use train, val or test."
        )
    return SPLIT_NAMES[text.lower()]


def _masks(faults: Faults, root: Path, masks: str | Path | None) -> list[str | None] | None:
    if masks is not None:
        return _masks_in_folder(faults, root, MaskFolder(masks))
    if "mask" not in faults.rows.columns or not any(faults.rows.text("mask")):
        return None
    found: list[str | None] = []
    for place, text in enumerate(faults.rows.text("mask", strip=False)):
        reason = checks.why_no_file(root / text) if text.strip() else "mask is empty"
        if reason:
            faults.add(place, reason if not text.strip() else f"mask {text!r}: {reason}")
        found.append(text or None)
    return found


def _masks_in_folder(faults: Faults, root: Path, folder: MaskFolder) -> list[str | None]:
    found: list[str | None] = [None] * len(faults.paths)
    for place in faults.sound():
        path = faults.paths[place]
        found[place] = folder.find(path, root / path)
        if found[place] is None:
            faults.add(place, folder.wanted(path))
    return found


def _ids(faults: Faults) -> list[str | None]:
    if "id" not in faults.rows.columns:
        ids = faults.paths
    else:
        pairs = zip(faults.rows.text("id"), faults.paths, strict=True)
        ids = [text or path for text, path in pairs]
    checks.check_ids(faults, ids)
    return list(ids)


def _assembled(
    faults: Faults,
    columns: dict[str, list[str | None]],
    marks: RowLabels,
    group: str | None,
    source: str,
) -> Manifest:
    keep = faults.sound()
    known: dict[str, Sequence[str | None]] = {
        name: columns[name] for name in ("id", "group", "split") if name in columns
    }
    if marks.matrix is None:
        known["label"] = [text or None for text in marks.texts]
    skipped = faults.skipped(known)
    if not keep:
        reasons = "; ".join(f"{one.path!r}: {one.reason}" for one in skipped[:3])
        raise ManifestError(f"'{source}' has 0 usable images of {len(skipped)} rows: {reasons}.")
    gone = {*RESERVED, *marks.names, *([group] if group else [])}
    cells: dict[str, Sequence[object]] = {"id": columns["id"], "path": faults.paths}
    cells |= {name: columns[name] for name in ("group", "split", "mask") if name in columns}
    cells |= {name: column for name, column in faults.rows.columns.items() if name not in gone}
    frame = pd.DataFrame(
        {name: [column[place] for place in keep] for name, column in cells.items()},
        dtype=object,
    )
    values, classes, kind = marks.of(keep)
    return Manifest(frame, values, classes, kind, faults.rows.path.parent, source, skipped)
