"""How much better a method is on images that it has learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.data.choices import class_counts
from texturekit.errors import printable
from texturekit.metrics.pooled import METRICS, measure
from texturekit.records import LeftOut

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from texturekit.data.folds import Fold
    from texturekit.data.manifest import Manifest
    from texturekit.methods.planning import Job
    from texturekit.methods.refitting import Refits
    from texturekit.methods.running import Run
    from texturekit.records import Estimate, MethodResult

#: The most training images of a fold that are predicted: enough to tell, and no second training.
MOST = 2000


def learnt_from(
    fold: Fold, held_out: NDArray[np.intp] | None, manifest: Manifest, *, most: int = MOST
) -> NDArray[np.int64]:
    """Return training images of a fold to predict: all, or as many as allowed of every class.

    Parameters
    ----------
    fold : Fold
    held_out : (m,) intp or None
        Rows that only told a network when to stop.
    manifest : Manifest
        The images.
    most : int, default 2000
        They are taken at even steps, ordered by label.

    Returns
    -------
    (k,) int64
        Rows, ascending.
    """
    rows = fold.train if held_out is None else np.setdiff1d(fold.train, held_out)
    if len(rows) <= most:
        return rows
    names = np.array([manifest.label_name(int(row)) for row in rows])
    order = rows[np.argsort(names, kind="stable")]
    steps = np.linspace(0, len(rows) - 1, most).round().astype(np.int64)
    return np.sort(order[steps])


def set_aside(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return the predictions without those of training images, and these."""
    learnt = rows["split"] == "train"
    if not learnt.any():
        return rows, None
    return rows[~learnt].reset_index(drop=True), rows[learnt].reset_index(drop=True)


def parts(row: MethodResult, run: Run, **described: Any) -> dict[str, dict[str, Estimate]]:
    """Return a few metrics of training, validation and test images side by side.

    Those of the test images are the row's own. ``how`` names the number of images.

    Parameters
    ----------
    row : MethodResult
    run : Run
    **described
        Kind, classes, positive.

    Returns
    -------
    dict of dict of Estimate
        By ``train``, ``val`` and ``test``, as far as there are such images.
    """
    found: dict[str, dict[str, Estimate]] = {}
    for name, frame in (("train", run.training), ("val", run.predictions)):
        if frame is not None and (frame["split"] == name).any():
            rows = frame[frame["split"] == name]
            found[name] = {
                metric: _told(one, rows)
                for metric, one in measure(rows, split=name, **described).items()
            }
    tests = run.predictions[run.predictions["split"] == "test"]
    found["test"] = {name: _told(row.metrics[name], tests) for name in METRICS}
    return found


def told(
    row: MethodResult,
    run: Run,
    again: Refits,
    job: Job,
    used: Manifest,
    folds: Sequence[Fold],
    **described: Any,
) -> MethodResult:
    """Return a row with its parts side by side, its seeds, and the sites that were left out."""
    sites: list[LeftOut] = []
    if job.options.leave_out is not None:
        sites = _left_out(run, used, job.options.leave_out, folds, **described)
    more = {"parts": parts(row, run, **described), "seeds": again.seeds, "left_out": sites}
    return row.model_copy(update=more)


def _left_out(
    run: Run, used: Manifest, column: str, folds: Sequence[Fold], **described: Any
) -> list[LeftOut]:
    found = []
    for fold in folds:
        rows = run.predictions[run.predictions["fold"] == fold.fold]
        site = used.subset(fold.test)
        found.append(
            LeftOut(
                value=printable(str(site.frame[column].iloc[0]).strip()),
                n=len(site),
                counts=class_counts(site),
                metrics=measure(rows, **described),
            )
        )
    return found


def _told(one: Estimate, rows: pd.DataFrame) -> Estimate:
    images = rows["id"].nunique()
    times = f", {len(rows):,} times" if len(rows) > images else ""
    return one.model_copy(update={"how": f"{one.how}; n = {images:,} images{times}"})
