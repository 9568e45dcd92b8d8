"""The rows of ``predictions.parquet``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from texturekit.errors import printable
from texturekit.methods.deciding import decide

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.methods.grammar import Method


def prediction_rows(
    manifest: Manifest,
    rows: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    method: Method,
    positive: str | None,
    cuts: Mapping[str, float],
) -> pd.DataFrame:
    """Return the predictions of some images.

    Parameters
    ----------
    manifest : Manifest
    rows : (m,) intp
        The images.
    probabilities : (m, k) float64
    method : Method
    positive : str or None
        The positive class of two.
    cuts : dict of float
        Thresholds by class; empty where 0.5 or the most probable class decides.

    Returns
    -------
    pandas.DataFrame
        All columns of the contract but ``repeat``, ``fold`` and ``split``.
    """
    part = manifest.subset(rows)
    groups = part.frame["group"].to_numpy() if "group" in part.frame.columns else None
    data: dict[str, Any] = {
        "id": [printable(name) for name in part.ids],
        "path": [printable(name) for name in part.paths],
        "group": pd.Series([None] * len(part) if groups is None else groups, dtype="str"),
        "method": method.name,
    }
    classes = manifest.classes
    if manifest.kind == "multilabel":
        assert part.labels is not None
        for k, name in enumerate(classes):
            data[f"y.{name}"] = part.labels[:, k]
    else:
        data["label"] = [part.label_name(i) for i in range(len(part))]
    data["predicted"], data["threshold"] = decide(
        probabilities, classes, str(manifest.kind), positive, method, cuts=cuts
    )
    for k, name in enumerate(classes):
        data[f"p.{name}"] = probabilities[:, k]
    if cuts and manifest.kind == "multilabel":
        data |= {f"t.{name}": cuts.get(name, float("nan")) for name in classes}
    return pd.DataFrame(data)


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows and columns in the order of the contract."""
    truth = [c for c in frame.columns if c == "label" or c.startswith("y.")]
    scores = [c for c in frame.columns if c.startswith(("p.", "t."))]
    first = ["id", "path", "group", "repeat", "fold", "split", "method"]
    frame = frame[[*first, *truth, "predicted", "threshold", *scores]]
    return frame.sort_values(["method", "repeat", "fold", "split", "id"], ignore_index=True)
