"""Read images to test on so that they go with those that are learnt from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from texturekit.data.expansion import without_patients
from texturekit.data.manifest import Manifest, load_source
from texturekit.data.rows import read_rows
from texturekit.data.tasks import apply_card, load_task
from texturekit.errors import ManifestError, ParameterError, closest
from texturekit.records import Skipped

if TYPE_CHECKING:
    from texturekit.records import Kind


@dataclass(frozen=True)
class Labelling:
    """The classes that test images have to have, and who says so.

    Attributes
    ----------
    kind : str
        ``"binary"``, ``"multiclass"`` or ``"multilabel"``.
    classes : tuple of str
    source : str
        What was learnt from, for messages.
    """

    kind: str
    classes: tuple[str, ...]
    source: str

    @classmethod
    def of(cls, data: Manifest) -> Labelling:
        """Return the labelling of the images that are learnt from."""
        return cls(str(data.kind), data.classes, data.source)


def read_test(
    source: Manifest | str | Path,
    data: Manifest,
    *,
    masks: str | Path | None = None,
    group: str | None = "group",
    frames: str | int = "one",
    mask_label: int | None = None,
) -> Manifest:
    """Read the images to test on, with the classes of those that are learnt from.

    Parameters
    ----------
    source : Manifest, str or Path
        As `texturekit.compare` takes ``data``.
    data : Manifest
        What is learnt from: its classes, task, frames rule and masks hold for the test, too.
    masks, group, frames, mask_label
        As in `texturekit.read_manifest`.

    Returns
    -------
    Manifest
        Classes may have no image here. Several labels: one that the source lacks is unknown.

    Raises
    ------
    ManifestError
        If its labels are others, or one source has masks and the other has not.
    """
    if data.synthetic:
        raise ParameterError(
            "test images are given, but what is learnt from would be drawn by texturekit; name "
            "the images to learn from (--data)."
        )
    if isinstance(source, Manifest):
        test = source if group is not None else without_patients(source)
        test = test if data.card is None else apply_card(test, data.card, complete=False)
    else:
        labels = labels_of(source, Labelling.of(data))
        if data.card is not None:
            test = load_task(
                data.card, source, labels=labels, masks=masks, group=group, frames=frames,
                mask_label=mask_label, complete=False,
            )  # fmt: skip
        else:
            test = load_source(
                source, labels=labels, masks=masks, group=group, frames=frames,
                mask_label=mask_label,
            )  # fmt: skip
    _check_alike(data, test)
    return aligned(test, Labelling.of(data))


def labels_of(source: str | Path, wanted: Labelling) -> list[str] | None:
    """Return which labels a table shares with others; None where it names one class an image.

    Raises
    ------
    ManifestError
        If it shares none of several labels.
    """
    file = Path(source)
    if wanted.kind != "multilabel" or file.suffix.lower() not in (".csv", ".parquet"):
        return None
    if not file.is_file():
        return None
    columns = read_rows(file).columns
    found = [name for name in wanted.classes if name in columns]
    if not found:
        raise ManifestError(
            f"'{source}' has no label of {wanted.source}: its columns are {', '.join(columns)}; "
            f"wanted is at least one of {', '.join(wanted.classes)}."
        )
    return found


def check_labelled(test: Manifest, wanted: Labelling) -> None:
    """Refuse images without labels, or with one class where several labels are wanted.

    Raises
    ------
    ManifestError
    """
    if test.labels is None:
        raise ManifestError(
            f"{test.source} has no labels, so nothing can be tested on it; add a label column or "
            f"one folder a class.{closest('label', test.frame.columns)}"
        )
    if (test.kind == "multilabel") != (wanted.kind == "multilabel"):
        raise ManifestError(
            f"{wanted.source} is {wanted.kind}, but {test.source} is {test.kind}; label both alike."
        )


def _check_alike(data: Manifest, test: Manifest) -> None:
    check_labelled(test, Labelling.of(data))
    one, other = ("mask" in manifest.frame for manifest in (data, test))
    if one != other:
        have, lack = (data, test) if one else (test, data)
        raise ManifestError(
            f"{have.source} has masks, but {lack.source} has none, so that training and test "
            "images would be seen differently; give masks for both, or take the column out."
        )
    for name in ("frames", "mask_label"):
        if getattr(data, name) != getattr(test, name):
            raise ManifestError(
                f"{data.source} was read with {name}={getattr(data, name)}, {test.source} with "
                f"{getattr(test, name)}; read both alike."
            )


def aligned(test: Manifest, wanted: Labelling) -> Manifest:
    """Return test images with the wanted classes, in their order; some may have no image.

    Raises
    ------
    ManifestError
        If an image is of another class, or none has a known label.
    """
    if wanted.kind == "multilabel":
        return _with_labels(test, wanted)
    present = dict.fromkeys(test.label_name(i) for i in range(len(test)))
    unknown = [name for name in present if name not in wanted.classes]
    if unknown:
        row = next(i for i in range(len(test)) if test.label_name(i) == unknown[0])
        raise ManifestError(
            f"{test.source} has images of {', '.join(map(repr, unknown))}, which {wanted.source} "
            f"does not know, the first: {test.paths[row]}.{closest(unknown[0], wanted.classes)} "
            f"Known: {', '.join(wanted.classes)}; take these images out, or label both sources "
            "alike."
        )
    codes = [wanted.classes.index(test.label_name(i)) for i in range(len(test))]
    labels = np.array(codes, dtype=np.int64)
    return replace(test, labels=labels, classes=wanted.classes, kind=cast("Kind", wanted.kind))


def _with_labels(test: Manifest, wanted: Labelling) -> Manifest:
    labels = np.full((len(test), len(wanted.classes)), np.nan)
    for place, name in enumerate(test.classes):
        if name in wanted.classes:
            labels[:, wanted.classes.index(name)] = np.asarray(test.labels)[:, place]
    known = ~np.isnan(labels).all(axis=1)
    if not known.any():
        raise ManifestError(
            f"{test.source} has no known label of {wanted.source}, only "
            f"{', '.join(test.classes)}; wanted is at least one of {', '.join(wanted.classes)}."
        )
    found = replace(test, labels=labels, classes=wanted.classes, kind="multilabel")
    lost = [
        Skipped(path=test.paths[i], reason="every label is empty", kind="invalid")
        for i in np.flatnonzero(~known)
    ]
    if not lost:
        return found
    return replace(found.subset(np.flatnonzero(known)), skipped=(*test.skipped, *lost))
