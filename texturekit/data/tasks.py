"""Tasks: a card and the images that go with it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.data.card import TASKS, Card, Published, load_card
from texturekit.data.expansion import is_file_group, with_frames
from texturekit.data.manifest import load_source, read_manifest
from texturekit.data.rows import read_rows
from texturekit.data.synthetic import sample
from texturekit.data.tiles import texture_tiles
from texturekit.errors import ManifestError, ParameterError, UnknownNameError, closest
from texturekit.images import split_place
from texturekit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.data.listing import Manifest
    from texturekit.data.manifest import Source
    from texturekit.images import Frames

__all__ = [
    "TASKS",
    "Card",
    "Published",
    "apply_card",
    "load_card",
    "load_task",
    "resolve_positive",
]

_NEVER_POSITIVE = ("normal", "negative", "no", "none", "healthy", "benign", "0")


def load_task(
    task: str | Path | Card,
    root: Source | None = None,
    *,
    labels: Sequence[str] | None = None,
    masks: str | Path | None = None,
    group: str | None = "group",
    frames: Frames | str | int = "one",
    mask_label: int | None = None,
    seed: int = 0,
    complete: bool = True,
) -> Manifest:
    """Return the images of a task, their classes in the order of its card.

    Parameters
    ----------
    task : str, Path or Card
        A name out of `TASKS`, a YAML card of one's own, or a card.
    root : str, Path or sequence of these, optional
        The images, as `texturekit.read_manifest` or `texturekit.scan_folder` take them. Without,
        a sample drawn by texturekit; for ``textures``, tiles of real photographs.
    labels, masks, group, frames, mask_label
        As in `texturekit.read_manifest`. In a multi-label task ``labels`` are by default those of
        the card that the manifest has.
    seed : int, default 0
        Of the drawn sample.
    complete : bool, default True
        As in `apply_card`.

    Returns
    -------
    Manifest

    Raises
    ------
    UnknownNameError
        If there is no such task.
    ManifestError
        If the images cannot be read, or their labels are not the task's.

    Examples
    --------
    >>> tk.load_task("breast")
    <Manifest drawn sample of breast, seed 0: 160 images, binary, 2 classes>
    """
    card = load_card(task)
    if root is None:
        if masks is not None:
            raise ParameterError(f"masks={str(masks)!r} goes with images of your own; name them.")
        return _own_images(card, labels=labels, group=group, seed=seed)
    if labels is None and card.kind == "multilabel":
        labels = _label_columns(card, root)
    manifest = load_source(root, labels=labels, masks=masks, group=group)
    manifest = apply_card(manifest, card, complete=complete)
    manifest = manifest if group is None else _grouped(manifest, card)
    return with_frames(manifest, frames, mask_label)  # a file's rows inherit its patient


def _own_images(
    card: Card, *, labels: Sequence[str] | None, group: str | None, seed: int
) -> Manifest:
    drawn = card.name != "textures" or card != load_card("textures")
    folder = sample(card, seed=seed) if drawn else texture_tiles()
    if labels is None and card.kind == "multilabel":
        labels = card.classes
    manifest = read_manifest(folder / "manifest.csv", labels=labels, group=group)
    source = f"drawn sample of {card.name}, seed {seed}" if drawn else "tiles of scikit-image"
    return apply_card(replace(manifest, source=source, synthetic=drawn), card)


def _label_columns(card: Card, root: Source) -> list[str] | None:
    if not isinstance(root, (str, Path)) or Path(root).suffix.lower() not in (".csv", ".parquet"):
        return None
    if not Path(root).is_file():
        return None
    columns = list(read_rows(Path(root)).columns)
    found = [name for name in card.classes if name in columns]
    if not found:
        raise ManifestError(
            f"'{root}' has no label of task {card.name}: its columns are {', '.join(columns)}; "
            f"wanted is at least one of {', '.join(card.classes)}."
        )
    return found


def _grouped(manifest: Manifest, card: Card) -> Manifest:
    """Find the patients in the file names, unless the data name them."""
    known = list(manifest.frame["group"]) if "group" in manifest.frame else [None] * len(manifest)
    if card.group_rule is None or any(
        name is not None and not is_file_group(name) for name in known
    ):
        return manifest
    names = [Path(split_place(path)[0]).name for path in manifest.paths]
    matches = [re.search(card.group_rule, name) for name in names]
    if not any(matches):
        return manifest
    pairs = zip(matches, known, strict=True)
    groups = [match[1] if match else file for match, file in pairs]
    return replace(manifest, frame=manifest.frame.assign(group=pd.Series(groups, dtype=object)))


def apply_card(manifest: Manifest, card: Card, *, complete: bool = True) -> Manifest:
    """Check the labels of images against a card and put the classes in the card's order.

    Parameters
    ----------
    manifest : Manifest
        Labelled images.
    card : Card
        Multi-label: a set may lack some labels, and other label columns are carried along as other
        columns are. Else every image has a class that the card knows, and every class that is not
        optional has images.
    card : Card
    complete : bool, default True
        Whether a class without an image is an error; images to test on may lack some.

    Returns
    -------
    Manifest

    Raises
    ------
    ManifestError
        If they do not go together; with row and label.
    """
    if manifest.labels is None:
        raise ManifestError(
            f"{manifest.source} has no labels, but task {card.name} wants {_listed(card.classes)}; "
            "add a label column, or one folder a class."
        )
    if (manifest.kind == "multilabel") != (card.kind == "multilabel"):
        raise ManifestError(
            f"{manifest.source} is {manifest.kind}, but task {card.name} is {card.kind}; "
            + (
                "give one column a label with 0, 1 or empty."
                if card.kind == "multilabel"
                else "give one column 'label' with the class."
            )
        )
    if card.kind == "multilabel":
        return replace(_with_labels_of(manifest, card), card=card)
    counts = np.bincount(manifest.labels, minlength=len(manifest.classes))
    present = [name for name, n in zip(manifest.classes, counts, strict=True) if n]
    for name in present:
        if name not in card.classes:
            raise ManifestError(_unknown(manifest, card, name))
    if not complete:
        return replace(_without_empty(manifest, present), card=card)
    classes = [n for n in card.classes if n in present or n not in card.optional_classes]
    for name in classes:
        if name not in present:
            raise ManifestError(
                f"{manifest.source} has 0 images of class {name!r}, which task {card.name} needs; "
                f"it has {_listed(present)}."
            )
    kept = manifest if len(present) == len(manifest.classes) else _without_empty(manifest, present)
    kept = kept.with_classes(classes, card.kind if len(classes) > 2 else None)
    return replace(kept, card=card)


def _without_empty(manifest: Manifest, present: list[str]) -> Manifest:
    places = np.array([present.index(n) if n in present else -1 for n in manifest.classes])
    return replace(manifest, labels=places[manifest.labels], classes=tuple(present))


def _unknown(manifest: Manifest, card: Card, name: str) -> str:
    row = int(np.flatnonzero(manifest.labels == manifest.classes.index(name))[0])
    path = manifest.paths[row]
    place = f"{path!r} of {manifest.source}"
    source = Path(manifest.source)
    if source.suffix.lower() in (".csv", ".parquet") and source.is_file():
        rows = read_rows(source)
        number = rows.numbers[rows.text("path", strip=False).index(path)]
        place = f"row {number} of {manifest.source} ({path!r})"
    return (
        f"{place} has the label {name!r}, which task {card.name} does not know."
        f"{closest(name, card.classes)} Known: {_listed(card.classes)}."
    )


def _with_labels_of(manifest: Manifest, card: Card) -> Manifest:
    known = [name for name in card.classes if name in manifest.classes]
    if not known:
        raise ManifestError(
            f"{manifest.source} has no label of task {card.name}, only "
            f"{_listed(manifest.classes)}; wanted is at least one of {_listed(card.classes)}."
        )
    labels: Any = manifest.labels
    others = {
        name: _as_text(labels[:, place])
        for place, name in enumerate(manifest.classes)
        if name not in known and name not in manifest.frame
    }
    places = [manifest.classes.index(name) for name in known]
    reduced = replace(
        manifest,
        frame=manifest.frame.assign(**others),
        labels=labels[:, places],
        classes=tuple(known),
    )
    lost = np.isnan(labels[:, places]).all(axis=1)
    if not lost.any():
        return reduced
    if lost.all():
        raise ManifestError(f"every label of task {card.name} is empty in {manifest.source}.")
    reason = f"every label of task {card.name} is empty"
    skipped = [
        Skipped(path=manifest.paths[i], reason=reason, kind="invalid") for i in np.flatnonzero(lost)
    ]
    return replace(reduced.subset(np.flatnonzero(~lost)), skipped=(*manifest.skipped, *skipped))


def _as_text(column: Any) -> pd.Series[str]:
    texts = ["" if np.isnan(value) else f"{value:g}" for value in column]
    return pd.Series(texts, dtype=object)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def resolve_positive(
    classes: Sequence[str], *, asked: str | None = None, card: Card | None = None
) -> tuple[str, str]:
    """Decide which of two classes is the positive one.

    Parameters
    ----------
    classes : sequence of str
        The classes of the data.
    asked : str, optional
        What the user said.
    card : Card, optional
        The task, which may say it.

    Returns
    -------
    name : str
    where_from : {"--positive", "card", "last in sorted order"}

    Raises
    ------
    UnknownNameError
        If ``asked`` is no class.
    ManifestError
        If nobody says it and the last class in sorted order means the absence of a finding.

    Examples
    --------
    >>> resolve_positive(["no", "yes"])
    ('yes', 'last in sorted order')
    >>> resolve_positive(["abnormal", "normal"])
    Traceback (most recent call last):
    texturekit.errors.ManifestError: the positive class would be 'normal'...
    """
    if asked is not None:
        if asked not in classes:
            raise UnknownNameError("class", asked, classes)
        return asked, "--positive"
    if card is not None and card.positive is not None and card.positive in classes:
        return card.positive, "card"
    last = max(classes)
    if last.lower() in _NEVER_POSITIVE:
        others = _listed([name for name in classes if name != last])
        raise ManifestError(
            f"the positive class would be {last!r}, the last in sorted order, which reads like the "
            f"absence of a finding; say which class is positive (--positive {others})."
        )
    return last, "last in sorted order"
