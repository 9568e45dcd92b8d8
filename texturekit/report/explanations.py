"""A folder of explanations: overlays, raw maps, a table, and what has to be known of them."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import texturekit
from texturekit.data.colouring import COLOURS
from texturekit.draw.overlays import panel
from texturekit.errors import printable
from texturekit.explanation import NOTICE
from texturekit.outputs import replacing
from texturekit.table_file import table_schema, write_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from texturekit.explanation import Explanation, Explanations
    from texturekit.randomisation import Sanity
    from texturekit.table import Failure

TABLE, FACTS = "explanations.csv", "explanations.json"
SCHEMA = 1
_LONGEST = 80


@dataclass(frozen=True)
class Written:
    """What a folder of explanations holds.

    Attributes
    ----------
    path : Path
    rows : list of dict
        One an image and class, as in ``explanations.csv``.
    counts : dict of str to int
        Rows by status: ``ok``, ``empty``, ``failed``.
    """

    path: Path
    rows: list[dict[str, Any]]

    @property
    def counts(self) -> Counter[str]:
        """Rows by status."""
        return Counter(row["status"] for row in self.rows)

    @property
    def bad(self) -> list[dict[str, Any]]:
        """Rows that are not ok."""
        return [row for row in self.rows if row["status"] != "ok"]


def write_explanations(
    found: Explanations, folder: str | Path, *, check: Sanity | None = None, overwrite: bool = False
) -> Written:
    """Explain images one by one and write what is found; the folder is whole or absent.

    Parameters
    ----------
    found : Explanations
        As `texturekit.explain` returns it, with ``on_error="skip"`` so that a bad image costs its
        row only.
    folder : str or Path
        Gets ``<id>.<class>.png`` and ``.tif`` of each, ``explanations.csv`` and ``.json``.
    check : Sanity, optional
        What became of the maps when the network forgot; stands in the JSON, and in every picture
        if they barely changed.
    overwrite : bool, default False

    Returns
    -------
    Written

    Raises
    ------
    OutputError
        If the folder exists and may not be replaced, or cannot be written.

    Notes
    -----
    The raw map is a TIFF of 32-bit floats in the image's own geometry: ImageJ, QuPath, 3D Slicer,
    Python and R open it over the image, and it holds its own description.
    """
    with replacing(folder, overwrite=overwrite) as partial:
        partial.mkdir()
        names = Names(found.manifest.ids)
        warning = "" if check is None or check.verdict != "barely_changes" else check.sentence
        rows = [_write_one(one, found, partial, names, warning) for one in found]
        rows = _with_failures(rows, found)
        frame = pd.DataFrame(rows, columns=list(_ROW))
        nothing = np.zeros((len(frame), 0))
        write_parts(partial / TABLE, [(frame, nothing)], table_schema(frame, []), {}, suffix=".csv")
        text = json.dumps(_facts(found, check), indent=2, ensure_ascii=False, allow_nan=False)
        (partial / FACTS).write_text(printable(text) + "\n", encoding="utf-8")
    return Written(Path(folder), rows)


#: Columns of the table, and what they hold where there is nothing.
_ROW: dict[str, Any] = {
    "id": "", "path": "", "class": "", "probability": None, "method": "", "peak": None,
    "map": "", "overlay": "", "status": "", "error": "",
}  # fmt: skip


def _write_one(
    one: Explanation, found: Explanations, folder: Path, names: Names, warning: str
) -> dict[str, Any]:
    row = _ROW | {
        "id": printable(one.id), "path": printable(one.path), "class": one.label,
        "probability": one.probability, "method": one.method, "peak": one.peak,
    }  # fmt: skip
    if one.empty:
        return row | {"status": "empty", "error": one.note}
    name = names.of(one.id, one.label)
    said = _said(one, found, warning)
    _write_picture(folder / f"{name}.png", panel(one, model=found.net.name, warning=warning), said)
    _write_map(folder / f"{name}.tif", one.map, said)
    return row | {"status": "ok", "map": f"{name}.tif", "overlay": f"{name}.png"}


def _said(one: Explanation, found: Explanations, warning: str) -> dict[str, Any]:
    """Return what a file says of itself, should it be parted from the others."""
    return {
        "image": printable(one.path), "class": one.label, "probability": one.probability,
        "method": one.method, "model": found.net.name, "weights": found.net.weights,
        "maximum": one.peak, "seen": {**asdict(one.box), "side": one.side, "region": one.region},
        "cells": list(one.cells.shape), "warning": warning, "notice": NOTICE,
        "texturekit": texturekit.__version__,
    }  # fmt: skip


def _write_picture(path: Path, pixels: NDArray[np.uint8], said: dict[str, Any]) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_itxt("Description", json.dumps(said, ensure_ascii=False))
    Image.fromarray(pixels).save(path, pnginfo=texts)


def _write_map(path: Path, values: NDArray[np.float32], said: dict[str, Any]) -> None:
    from PIL import Image

    description = json.dumps(said)  # in ASCII, as the format wants
    Image.fromarray(values).save(
        path, compression="tiff_adobe_deflate", tiffinfo={270: description}
    )


def _with_failures(rows: list[dict[str, Any]], found: Explanations) -> list[dict[str, Any]]:
    """Put the rows of images that failed where they stand in the manifest."""
    place = {printable(name): row for row, name in enumerate(found.manifest.ids)}
    lost = [_lost(failure, found.method) for failure in found.failures]
    return sorted([*rows, *lost], key=lambda row: place[row["id"]])


def _lost(failure: Failure, method: str) -> dict[str, Any]:
    return _ROW | {
        "id": printable(failure.id), "path": printable(failure.path), "method": method,
        "status": "failed", "error": failure.error,
    }  # fmt: skip


def _facts(found: Explanations, check: Sanity | None) -> dict[str, Any]:
    net = found.net
    return {
        "schema": SCHEMA, "texturekit": texturekit.__version__, "model": net.name,
        "backbone": net.card.name, "weights": net.weights, "kind": net.kind,
        "classes": list(net.classes), "trained": net.trained.tolist(),
        "preprocessing": asdict(net.preprocessing), "method": found.method,
        "map": "32-bit float TIFF in the image's own geometry; 0 where the net saw nothing",
        "overlay": f"matplotlib's {COLOURS}, clear at 0, scaled by each map's own maximum",
        "sanity": None if check is None else check.model_dump(),
        "notice": NOTICE,
    }  # fmt: skip


class Names:
    """Names of files: what no system minds, and no two the same.

    Of absolute paths the folder that all share is left out.
    """

    def __init__(self, ids: list[str]) -> None:
        self.used: set[str] = set()
        absolute = bool(ids) and all(os.path.isabs(name) for name in ids)  # noqa: PTH117  ids are text
        self.shared = os.path.commonpath(map(os.path.dirname, ids)) if absolute else ""

    def of(self, name: str, label: str) -> str:
        """Return the name of a file of an image and a class, without its ending."""
        short = name.removeprefix(self.shared).lstrip("/") if self.shared else name
        parts = [_plain(printable(text)) for text in (short, label)]
        full = ".".join(parts)
        if full.lower() in self.used or len(full) > 2 * _LONGEST:
            digest = hashlib.sha256(printable(f"{name}\0{label}").encode()).hexdigest()[:12]
            full = f"{full[: 2 * _LONGEST - 13]}-{digest}"
        self.used.add(full.lower())
        return full


def _plain(text: str) -> str:
    """Return text of letters, digits, ``.``, ``_``, ``-``, with a hash where others stood."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", text)
    if text and plain == text and not text.startswith((".", "-")) and len(text) <= _LONGEST:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{plain.lstrip('._-')[-_LONGEST:] or 'image'}-{digest}"
