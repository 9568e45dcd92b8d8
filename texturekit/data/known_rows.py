"""What is known of every image of a manifest, used or not, as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.errors import printable
from texturekit.records import Skipped, SkippedRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest

_FIRST = ("id", "path", "label", "group", "split", "mask")


class KnownRows:
    """One row an image, rows that the manifest had to skip at their places; some at a time.

    Attributes
    ----------
    order : (n,) int64
        What stands in each row: an image of the manifest, or ``-1 - k`` for skipped row k.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.lost = [skip for skip in manifest.skipped if skip.kind != "ignored"]
        self.order = _order(len(manifest), self.lost)
        taken = set(map(printable, manifest.ids)) if self.lost else set()
        self._ids = [_free(printable(_id(skip)), taken) for skip in self.lost]

    def __len__(self) -> int:
        return len(self.order)

    def frame(
        self,
        part: slice,
        errors: Sequence[str | None],
        more: Mapping[str, Sequence[float | None] | NDArray[np.float64]] | None = None,
    ) -> pd.DataFrame:
        """Return some of the rows.

        Parameters
        ----------
        part : slice
            Which of ``order``.
        errors : sequence of str or None
            Why each image of the manifest among them was not measured; None where it was.
        more : mapping of sequences, optional
            What else is known of each of these images, as numbers by name.

        Returns
        -------
        pandas.DataFrame
            ``id, path``, ``label`` or ``label.<name>`` where there are any, ``group`` and ``split``
            (null where unknown), ``meta.<name>``, ``status`` and ``error``.
        """
        order = self.order[part]
        used = order[order >= 0]
        whole = len(used) == len(self.manifest)
        rows = _used_rows(self.manifest if whole else self.manifest.subset(used), errors, more)
        if len(used) == len(order):
            return rows
        lost = [self._lost_row(-1 - int(k), rows) for k in order[order < 0]]
        both = pd.concat([rows, pd.DataFrame(lost, dtype="str")], ignore_index=True)
        places = np.empty(len(order), np.int64)
        places[np.flatnonzero(order >= 0)] = np.arange(len(used))
        places[np.flatnonzero(order < 0)] = np.arange(len(used), len(order))
        return both.iloc[places][list(rows.columns)].reset_index(drop=True)

    def _lost_row(self, k: int, rows: pd.DataFrame) -> dict[str, Any]:
        skip = self.lost[k]
        known = skip.model_dump() if isinstance(skip, SkippedRow) else {}
        known = {name: known[name] for name in known if name in rows.columns}
        return {**known, "id": self._ids[k], "path": printable(skip.path), "status": "failed",
                "error": printable(skip.reason)}  # fmt: skip


def known_rows(
    manifest: Manifest,
    errors: Sequence[str | None],
    more: Mapping[str, Sequence[float | None] | NDArray[np.float64]] | None = None,
) -> pd.DataFrame:
    """Return all rows at once; see `KnownRows.frame`."""
    known = KnownRows(manifest)
    return known.frame(slice(0, len(known)), errors, more)


def _used_rows(
    manifest: Manifest,
    errors: Sequence[str | None],
    more: Mapping[str, Sequence[float | None] | NDArray[np.float64]] | None,
) -> pd.DataFrame:
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
    return rows


def _order(used: int, lost: Sequence[Skipped]) -> NDArray[np.int64]:
    """Return the source's order; what has no place in it stands last."""
    placed = {skip.place: -1 - k for k, skip in enumerate(lost) if isinstance(skip, SkippedRow)}
    rest = iter(range(used))
    order = [
        placed[place] if place in placed else next(rest, None)
        for place in range(used + len(placed))
    ]
    order = [*order, *rest]
    order += [placed[place] for place in placed if place >= used + len(placed)]
    order += [-1 - k for k, skip in enumerate(lost) if not isinstance(skip, SkippedRow)]
    return np.array([row for row in order if row is not None], dtype=np.int64)


def _id(skip: Skipped) -> str:
    return skip.id if isinstance(skip, SkippedRow) else skip.path


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
