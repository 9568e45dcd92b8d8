"""Look for what would spoil a comparison: copies, wrong labels, leaks, shortcuts, broken files."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from texturekit.data.choices import class_counts, group_counts, mixed_groups
from texturekit.data.copies import contradictions, crossings
from texturekit.data.duplicates import find_duplicates
from texturekit.data.folds import Fold
from texturekit.data.manifest import Manifest, load_source
from texturekit.data.pictures import Pictures
from texturekit.data.thumbnails import thumbnail
from texturekit.errors import ImageError, printable
from texturekit.methods.shortcuts import shortcut_areas
from texturekit.records import (
    AlikePair,
    AuditResults,
    Crossing,
    Skipped,
    TwoLabels,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.data.copies import Crossed
    from texturekit.data.duplicates import Duplicates, Groups
    from texturekit.data.manifest import Source
    from texturekit.images import ImageFacts

_PICTURES = 400


@dataclass(frozen=True)
class Audit:
    """What was found, and small pictures of the copies.

    Attributes
    ----------
    results : AuditResults
        Every number and path.
    pictures : dict of bytes
        PNG by path, of images in groups of copies.
    """

    results: AuditResults
    pictures: Mapping[str, bytes] = field(default_factory=dict)


def audit(
    data: Manifest | Source,
    *,
    labels: Sequence[str] | None = None,
    masks: str | None = None,
    group: str | None = "group",
    shortcuts: bool = True,
    images: bool = True,
    seed: int = 0,
    jobs: int = 1,
) -> Audit:
    """Look for what would spoil a comparison of methods on these images.

    Exact copies (same bytes), near and possible copies (also mirrored, re-encoded, resized or
    slightly cropped ones), copies under two labels or in two parts of given splits, patients in two
    parts, files that cannot be read, and whether image size or file facts alone tell the classes
    apart.

    Parameters
    ----------
    data : Manifest, str or Path
        Manifest, folder tree, MedMNIST ``.npz`` or image files; labels are not needed.
    labels : list of str, optional
        Columns of a multi-label manifest.
    masks : str, optional
        Folder of masks: images without one are listed as skipped.
    group : str or None, default "group"
        The manifest's column of patients.
    shortcuts : bool, default True
        Whether to run the baselines; they need labels.
    images : bool, default True
        Whether to keep small pictures of the copies.
    seed : int, default 0
    jobs : int, default 1
        Threads.

    Returns
    -------
    Audit
        See `texturekit.write_audit`.

    Raises
    ------
    ManifestError
        If the source cannot be read.

    Examples
    --------
    >>> found = tk.audit(tk.load_task("breast"), shortcuts=False, images=False).results
    >>> found.used, found.exact_duplicates, found.leaks
    (160, [], False)
    """
    if not isinstance(data, Manifest):
        data = load_source(data, labels=labels, masks=masks, group=group)
    found = find_duplicates(data, jobs=jobs)
    facts, unreadable = _facts(data, found)
    crossed = _crossed(data, found)
    results = AuditResults(
        source=printable(data.source),
        found=data.found,
        used=len(data) - len(unreadable),
        skipped=[Skipped(path=s.path, reason=s.reason, kind=s.kind) for s in data.skipped],
        unreadable=unreadable,
        exact_duplicates=_paths(data, found.exact),
        near_duplicates=_paths(data, found.near),
        possible_duplicates=_paths(data, found.possible),
        pairs=_pairs(data, found),
        near_from=found.near_from,
        possible_from=found.possible_from,
        two_labels=_two_labels(data, found),
        duplicates_over_splits=[_crossing(data, one) for one in crossed],
        groups_over_splits=_groups_over_splits(data),
        classes=list(data.classes),
        counts=class_counts(data),
        group_counts=group_counts(data),
        split_counts=_split_counts(data),
        groups=data.group_count,
        groups_with_two_labels=mixed_groups(data),
        sizes=_counted(f"{one.width} x {one.height}" for one in facts),
        modes=_counted(one.mode for one in facts),
        formats=_counted(one.format for one in facts),
        shortcuts=shortcut_areas(data, found, seed=seed, jobs=jobs) if shortcuts else [],
        notes=_notes(data, found),
    )
    return Audit(results, _pictures(data, found) if images else {})


def _facts(data: Manifest, found: Duplicates) -> tuple[list[ImageFacts], list[Skipped]]:
    """Return what the headers say, and which images cannot be read, with the reason."""
    facts, unreadable = [], []
    bad = set(found.unreadable)
    for row in range(len(data)):
        try:
            facts.append(data.facts(row))
            if row in bad:
                data.image(row)
        except (ImageError, OSError) as error:
            reason, path = printable(str(error)), printable(data.paths[row])
            unreadable.append(Skipped(path=path, reason=reason, kind="unreadable"))
    return facts, unreadable


def _counted(values: object) -> dict[str, int]:
    return dict(Counter(cast("Sequence[str]", values)).most_common())


def _paths(data: Manifest, groups: Sequence[Sequence[int]]) -> list[list[str]]:
    return [[printable(data.paths[row]) for row in group] for group in groups]


def _pairs(data: Manifest, found: Duplicates) -> list[AlikePair]:
    pairs = found.pairs
    order = np.argsort(-pairs.likeness, kind="stable")
    return [
        AlikePair(
            a=printable(data.paths[pairs.left[k]]),
            b=printable(data.paths[pairs.right[k]]),
            likeness=float(pairs.likeness[k]),
            mirrored=bool(pairs.mirrored[k]),
            kind="near" if pairs.likeness[k] >= found.near_from else "possible",
        )
        for k in order
    ]


def _two_labels(data: Manifest, found: Duplicates) -> list[TwoLabels]:
    exact = contradictions(data, found.exact)
    near = [group for group in found.near if not exact.keys() >= set(group)]
    levels: dict[Literal["exact", "near"], Groups] = {"exact": found.exact, "near": tuple(near)}
    listed = []
    for kind, groups in levels.items():
        for group in groups:
            if contradictions(data, (group,)):
                images = [printable(data.paths[row]) for row in group]
                labels = [data.label_name(row) for row in group]
                listed.append(TwoLabels(kind=kind, images=images, labels=labels))
    return listed


def _crossed(data: Manifest, found: Duplicates) -> list[Crossed]:
    if data.splits is None:
        return []
    train, val, test = (np.flatnonzero(data.splits == name) for name in ("train", "val", "test"))
    crossed = crossings(found, [Fold(0, 0, train, test, val)], len(data))
    return [one for one in crossed if " and " in one.parts]


def _crossing(data: Manifest, one: Crossed) -> Crossing:
    a, b = printable(data.paths[one.a]), printable(data.paths[one.b])
    return Crossing(a=a, b=b, kind=one.kind, parts=one.parts)


def _groups_over_splits(data: Manifest) -> dict[str, list[str]]:
    if data.groups is None or data.splits is None:
        return {}
    parts: dict[str, set[str]] = defaultdict(set)
    for name, split in zip(data.groups, data.splits, strict=True):
        if split is not None:
            parts[name].add(split)
    return {printable(k): sorted(v) for k, v in sorted(parts.items()) if len(v) > 1}


def _split_counts(data: Manifest) -> dict[str, dict[str, int]] | None:
    if data.splits is None:
        return None
    names = [name for name in ("train", "val", "test") if name in set(data.splits)]
    return {name: class_counts(data.subset(np.flatnonzero(data.splits == name))) for name in names}


def _notes(data: Manifest, found: Duplicates) -> list[str]:
    notes = list(found.notes)
    if data.labels is None:
        notes.append("There are no labels: balance, wrong labels and shortcuts were not looked at.")
    if data.groups is None:
        notes.append("Patient grouping: unknown, intervals will be too narrow.")
    if data.splits is None:
        notes.append("The data name no splits, so nothing can cross them.")
    return notes


def _pictures(data: Manifest, found: Duplicates) -> dict[str, bytes]:
    rows = [row for group in found.possible for row in group][:_PICTURES]
    pictures = Pictures(data, size=None, roi="none")
    return {printable(data.paths[row]): thumbnail(pictures, row) for row in rows}
