"""Turn an image set as it comes into a manifest."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from texturekit import events
from texturekit.data.detecting import look, resolve_layout
from texturekit.data.layouts.found import Found, Made, Source, groups_by_rule, open_source
from texturekit.errors import ParameterError, UnknownNameError, printable
from texturekit.outputs import check_output, replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from texturekit.data.catalogue import SetCard
    from texturekit.records import Skipped

T = TypeVar("T")


@dataclass(frozen=True)
class Prepared:
    """What was written, and what its reader has to know.

    Parameters
    ----------
    path : Path
        The manifest.
    layout : str
    set : str or None
        The set's id, where there is a card.
    images : int
    classes : dict of str to int
        Images of each class, or with each label.
    unknown : dict of str to int
        Images for which a label is unknown; several labels an image only.
    splits : dict of str to int
    groups : int or None
        Patients; None where nothing tells them.
    without_group : list of str
        Images whose name tells no patient, though the set's rule should find one.
    shared_groups : int
        Patients in more than one split.
    skipped : list of Skipped
    shortfalls : list of str
        In what the images differ from what the card says.
    notes : list of str
        What the layout found, then what the card says.
    folds : Path or None
        The authors' own folds.
    pictures : Path or None
        Folder of the images and masks that were written.
    """

    path: Path
    layout: str
    set: str | None
    images: int
    classes: dict[str, int]
    unknown: dict[str, int]
    splits: dict[str, int]
    groups: int | None
    without_group: list[str]
    shared_groups: int
    skipped: list[Skipped]
    shortfalls: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    folds: Path | None = None
    pictures: Path | None = None


def prepare(
    given: str | Path,
    output: str | Path,
    *,
    layout: str | Path | SetCard | None = None,
    classes: Sequence[str] | None = None,
    additional: bool = False,
    splits: bool = True,
    masks: bool = True,
    overwrite: bool = False,
) -> Prepared:
    """Write the manifest of an image set that lies in a folder as it was unpacked.

    Parameters
    ----------
    given : str or Path
        The folder, or the set's one ``.npz`` or label table.
    output : str or Path
        The ``.csv`` manifest; paths in it are relative to it. Pictures that have to be made, and
        the authors' folds, get its name with ``_files`` and ``_folds.csv``.
    layout : str, Path or SetCard, optional
        A set's id, a layout's name, or a card of one's own; told by what lies in the folder
        without.
    classes : sequence of str, optional
        Only the images of these classes.
    additional : bool, default False
        Take the set's optional part, too.
    splits, masks : bool, default True
        Write the set's own splits and its masks.
    overwrite : bool, default False
        Replace a manifest that is there.

    Returns
    -------
    Prepared

    Raises
    ------
    ManifestError
        If the folder is not of that layout, or of none that is known.
    UnknownNameError
        If there is no such set, layout or class.
    OutputError
        If something exists already or cannot be written.
    """
    target = _check_target(output, overwrite)
    source = open_source(given, additional=additional)
    name, card = resolve_layout(layout, source)
    found = _utf8(look(name, card, source))
    if found.group is None and card is not None and card.group_rule is not None:
        found.group = groups_by_rule(card.group_rule, found.paths)
    shortfalls = _shortfalls(found, card, additional)
    found = _chosen(found, classes)
    found = replace(
        found, split=found.split if splits else None, mask=found.mask if masks else None
    )
    without = [] if found.group is None else _ungrouped(found)
    if found.group is not None and len(without) == len(found.paths):
        found.group = None
    pictures = _write_pictures(found, target, overwrite)
    folds = _write_folds(found, source, target, pictures, overwrite)
    _write(target, found, source, pictures, overwrite)
    return Prepared(
        path=target,
        layout=name,
        set=None if card is None else card.id,
        images=len(found.paths),
        classes=_class_counts(found),
        unknown=_unknown_counts(found),
        splits=dict(sorted(Counter(filter(None, found.split or [])).items())),
        groups=None if found.group is None else len({g for g in found.group if g}),
        without_group=without,
        shared_groups=_shared(found),
        skipped=sorted(found.skipped, key=lambda one: one.path),
        shortfalls=shortfalls,
        notes=[*found.notes, *(() if card is None else card.notes)],
        folds=folds,
        pictures=pictures,
    )


def _check_target(output: str | Path, overwrite: bool) -> Path:
    target = Path(output)
    if target.suffix.lower() != ".csv":
        raise ParameterError(f"the manifest '{target}' has to end with .csv; name it so.")
    return check_output(target, overwrite=overwrite)


def _utf8(found: Found) -> Found:
    """Leave out files whose name no CSV file can hold."""
    bad = [i for i, path in enumerate(found.paths) if printable(path) != path]
    for place in bad:
        found.skip(found.paths[place], "its name is not UTF-8; rename it")
    out = set(bad)
    return found if not bad else _kept(found, [i for i in range(len(found.paths)) if i not in out])


def _kept(found: Found, keep: Sequence[int]) -> Found:
    def part(column: list[T] | None) -> list[T] | None:
        return None if column is None else [column[i] for i in keep]

    many = len(found.writers) == len(found.paths)  # one writer an image: figshare
    return replace(
        found,
        paths=[found.paths[i] for i in keep],
        label=part(found.label),
        labels={name: [column[i] for i in keep] for name, column in found.labels.items()},
        group=part(found.group),
        split=part(found.split),
        mask=part(found.mask),
        extra={name: [column[i] for i in keep] for name, column in found.extra.items()},
        folds=part(found.folds),
        writers=[found.writers[i] for i in keep] if many else found.writers,
    )


def _chosen(found: Found, classes: Sequence[str] | None) -> Found:
    if classes is None:
        return found
    if found.label is None:
        raise ParameterError(
            "classes chooses images by their one class, but this set has several labels an image; "
            "choose label columns when you read the manifest (--labels)."
        )
    known = sorted(set(found.label))
    for name in classes:
        if name not in known:
            raise UnknownNameError("class", name, known)
    return _kept(found, [i for i, name in enumerate(found.label) if name in classes])


def _ungrouped(found: Found) -> list[str]:
    pairs = zip(found.paths, found.group or [], strict=True)
    return [path for path, group in pairs if not group]


def _shared(found: Found) -> int:
    if found.group is None or found.split is None:
        return 0
    parts: dict[str, set[str]] = {}
    for group, split in zip(found.group, found.split, strict=True):
        if group and split:
            parts.setdefault(group, set()).add(split)
    return sum(len(splits) > 1 for splits in parts.values())


def _class_counts(found: Found) -> dict[str, int]:
    if found.label is not None:
        return dict(sorted(Counter(found.label).items()))
    return {name: column.count("1") for name, column in found.labels.items()}


def _unknown_counts(found: Found) -> dict[str, int]:
    return {name: column.count("") + column.count("-1") for name, column in found.labels.items()}


def _shortfalls(found: Found, card: SetCard | None, additional: bool) -> list[str]:
    """Compare with what the card says."""
    if card is None or additional:
        return []
    said: list[tuple[str, int | tuple[int, int], int]] = []
    if card.images is not None:
        said.append(("images", card.images, len(found.paths)))
    counts = Counter(found.label or [])
    said += [(f"images of class {name}", n, counts[name]) for name, n in card.counts.items()]
    parts = Counter(filter(None, found.split or []))
    said += [(f"images in {name}", n, parts[name]) for name, n in card.splits.items() if parts]
    known = {g for g in found.group or [] if g}
    if card.patients is not None and known:
        said.append(("patients", card.patients, len(known)))
    return [
        f"the card of {card.id} says {_range(wanted)} {what}, found are {got:,}."
        for what, wanted, got in said
        if not (wanted[0] <= got <= wanted[1] if isinstance(wanted, tuple) else wanted == got)
    ]


def _range(number: int | tuple[int, int]) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number[0]:,} to {number[1]:,}"


def _write_pictures(found: Found, target: Path, overwrite: bool) -> Path | None:
    needed = {path for path in [*found.paths, *(found.mask or [])] if isinstance(path, Made)}
    if not needed:
        return None
    folder = target.with_name(f"{target.stem}_files")
    with replacing(folder, overwrite=overwrite) as partial:
        partial.mkdir()
        for done, write in enumerate(found.writers, start=1):
            write(partial)
            events.progress("writing pictures", done, len(found.writers))
    return folder


def _placed(
    paths: Iterable[str | None], source: Source, target: Path, pictures: Path | None
) -> list[str]:
    """Return paths relative to the manifest."""
    here = os.path.relpath(source.folder.absolute(), target.parent.absolute())
    made = "" if pictures is None else pictures.name
    roots = {False: "" if here == "." else f"{Path(here).as_posix()}/", True: f"{made}/"}
    return ["" if path is None else roots[isinstance(path, Made)] + path for path in paths]


def _write_folds(
    found: Found, source: Source, target: Path, pictures: Path | None, overwrite: bool
) -> Path | None:
    if found.folds is None:
        return None
    path = target.with_name(f"{target.stem}_folds.csv")
    paths = _placed(found.paths, source, target, pictures)
    rows = [[name, "0", str(fold)] for name, fold in zip(paths, found.folds, strict=True)]
    _write_csv(path, ["path", "repeat", "fold"], rows, overwrite)
    return path


def _write(
    target: Path, found: Found, source: Source, pictures: Path | None, overwrite: bool
) -> None:
    columns = {"path": _placed(found.paths, source, target, pictures)}
    columns |= {} if found.label is None else {"label": found.label}
    columns |= found.labels
    columns |= {} if found.group is None else {"group": [name or "" for name in found.group]}
    columns |= {} if found.split is None else {"split": [name or "" for name in found.split]}
    if found.mask is not None:
        columns["mask"] = _placed(found.mask, source, target, pictures)
    columns |= found.extra
    _write_csv(target, list(columns), zip(*columns.values(), strict=True), overwrite)


def _write_csv(
    path: Path, header: list[str], rows: Iterable[Sequence[str]], overwrite: bool
) -> None:
    with (
        replacing(path, overwrite=overwrite) as partial,
        partial.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
