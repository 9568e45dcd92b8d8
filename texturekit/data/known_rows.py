"""What is known of every image of a manifest, used or not, as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.errors import printable
from texturekit.records import SkippedRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.data.manifest import Manifest

_FIRST = ("id", "path", "label", "group", "split", "mask")


def known_rows(
    manifest: Manifest,
    errors: Sequence[str | None],
    more: Mapping[str, Sequence[float | None]] | None = None,
) -> pd.DataFrame:
    """Return one row an image, rows that the manifest had to skip at their places.

    Parameters
    ----------
    manifest : Manifest
    errors : sequence of str or None
        Why each image of the manifest was not measured; None where it was.
    more : mapping of sequences, optional
        What else is known of each image, as numbers by name.

    Returns
    -------
    pandas.DataFrame
        ``id, path``, ``label`` or ``label.<name>`` where there are any, ``group`` and ``split``
        (null where unknown), ``meta.<name>``, ``status`` and ``error``.
    """
    frame = manifest.frame
    rows = pd.DataFrame({"id": _texts(manifest.ids), "path": _texts(manifest.paths)}, dtype="str")
    for name, labels in _labels(manifest).items():
        rows[name] = labels
    for name in ("group", "split"):
        known = _texts(frame[name]) if name in frame.columns else [None] * len(rows)
        rows[name] = pd.Series(known, dtype="str")
    for name in frame.columns:
        if name not in _FIRST:
            rows[f"meta.{name}"] = frame[name].to_numpy()
    for name, numbers in (more or {}).items():
        rows[f"meta.{name}"] = np.array(numbers, dtype=np.float64)
    rows["status"] = ["ok" if error is None else "failed" for error in errors]
    rows["error"] = pd.Series(_texts(errors), dtype="str")
    return _with_lost(rows, manifest)


def _with_lost(rows: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    lost = [skip for skip in manifest.skipped if skip.kind != "ignored"]
    if not lost:
        return rows
    taken = set(rows["id"])
    more = []
    for skip in lost:
        known = skip.model_dump() if isinstance(skip, SkippedRow) else {"id": skip.path}
        known = {name: known[name] for name in known if name in rows.columns}
        more.append(
            {**known, "id": _free(str(known["id"]), taken), "path": skip.path, "status": "failed",
             "error": skip.reason}
        )  # fmt: skip
    both = pd.concat([rows, pd.DataFrame(more, dtype="str")], ignore_index=True)
    return both.iloc[_order(len(rows), lost)][list(rows.columns)].reset_index(drop=True)


def _order(used: int, lost: Sequence[Any]) -> list[int]:
    """Return the rows in the source's order; skipped ones stand behind the used ones so far."""
    places = {skip.place: used + n for n, skip in enumerate(lost) if isinstance(skip, SkippedRow)}
    rest = iter(range(used))
    total = used + len(places)
    order = [places[place] if place in places else next(rest, -1) for place in range(total)]
    order = [row for row in order if row >= 0]
    return [*order, *(row for row in range(used + len(lost)) if row not in set(order))]


def _labels(manifest: Manifest) -> dict[str, Any]:
    if manifest.labels is None:
        return {}
    if manifest.kind == "multilabel":
        return {f"label.{name}": manifest.labels[:, k] for k, name in enumerate(manifest.classes)}
    return {"label": [manifest.classes[code] for code in manifest.labels]}


def _texts(values: Any) -> list[str | None]:
    return [None if value is None else printable(str(value)) for value in values]


def _free(name: str, taken: set[str]) -> str:
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name} ({count})"
    taken.add(free)
    return free
