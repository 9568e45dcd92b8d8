"""A folder of contributions: drawings, three tables, and what has to be known of them."""

from __future__ import annotations

import csv
import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import texturekit
from texturekit.contributing import NOTICE, SEES
from texturekit.draw import save_figure
from texturekit.draw.contributed import contributed
from texturekit.errors import printable
from texturekit.outputs import replacing
from texturekit.report.explanations import FACTS, TABLE, Names
from texturekit.table_file import no_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.contributing import Contribution, Contributions

FAMILIES, COLUMNS = "contributions.csv", "columns.csv"
METHOD = "contributions"
SCHEMA = 1
_MOST_BAD = 1000  # rows with their reasons that are kept in memory
_TABLES = {
    TABLE: ("id", "path", "class", "probability", "method", "base", "drawing", "status", "error"),
    FAMILIES: ("id", "path", "class", "family", "contribution", "standard_error"),
    COLUMNS: ("id", "path", "class", "family", "column", "value", "typical", "contribution",
              "standard_error"),
}  # fmt: skip


@dataclass
class WrittenContributions:
    """What a folder of contributions holds.

    Attributes
    ----------
    path : Path
    counts : Counter
        Rows of ``explanations.csv`` by status: ``ok``, ``failed``.
    bad : list of dict
        The rows that are not ok, up to 1,000.
    """

    path: Path
    counts: Counter[str] = field(default_factory=Counter)
    bad: list[dict[str, Any]] = field(default_factory=list)


def write_contributions(
    found: Contributions, folder: str | Path, *, overwrite: bool = False
) -> WrittenContributions:
    """Explain images one by one and write what is found; the folder is whole or absent.

    Parameters
    ----------
    found : Contributions
        As `texturekit.contributing.contributions` returns it, with ``on_error="skip"`` so that a
        bad image costs its row only.
    folder : str or Path
        Gets ``<id>.<class>.png`` of each, ``explanations.csv``, ``contributions.csv``,
        ``columns.csv`` and ``explanations.json``.
    overwrite : bool, default False

    Returns
    -------
    WrittenContributions

    Raises
    ------
    OutputError
        If the folder exists and may not be replaced, or cannot be written.
    """
    written = WrittenContributions(Path(folder))
    with replacing(folder, overwrite=overwrite) as partial:
        partial.mkdir()
        with ExitStack() as open_files:
            tables = {name: _table(partial / name, head, open_files)
                      for name, head in _TABLES.items()}  # fmt: skip
            names, failed = Names(found.manifest.ids), 0
            for one in found:
                failed = _lose(found, failed, tables, written)
                _write_one(one, found, partial, names, tables)
                written.counts["ok"] += 1
            _lose(found, failed, tables, written)
        text = json.dumps(_facts(found), indent=2, ensure_ascii=False, allow_nan=False)
        (partial / FACTS).write_text(printable(text) + "\n", encoding="utf-8")
    return written


def _table(path: Path, head: Sequence[str], open_files: ExitStack) -> Any:
    file = open_files.enter_context(path.open("w", encoding="utf-8", newline=""))
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(head)
    return writer


def _row(writer: Any, *cells: Any) -> None:
    writer.writerow([no_formula(printable(c)) if isinstance(c, str) else c for c in cells])


def _write_one(
    one: Contribution, found: Contributions, folder: Path, names: Names, tables: dict[str, Any]
) -> None:
    model = found.model.method.name
    drawing = f"{names.of(one.id, one.label)}.png"
    figure = contributed(one, model=model, background=len(found.background.rows))
    save_figure(figure, folder / drawing, "png", said=json.dumps(_said(one, model)))
    first = (one.id, one.path, one.label)
    _row(tables[TABLE], *first, one.probability, METHOD, one.base, drawing, "ok", "")
    for part in one.families:
        _row(tables[FAMILIES], *first, part.name, part.value, part.error)
    for c in one.columns:
        _row(tables[COLUMNS], *first, c.family, c.name, c.value, c.typical, c.share, c.error)


def _lose(
    found: Contributions, before: int, tables: dict[str, Any], written: WrittenContributions
) -> int:
    """Write the rows of images that failed since, where they stand; return how many there are."""
    for failure in found.failures[before:]:
        _row(tables[TABLE], failure.id, failure.path, "", None, METHOD, None, "", "failed",
             failure.error)  # fmt: skip
        written.counts["failed"] += 1
        if len(written.bad) < _MOST_BAD:
            row = {"path": printable(failure.path), "status": "failed", "error": failure.error}
            written.bad.append(row)
    return len(found.failures)


def _said(one: Contribution, model: str) -> dict[str, Any]:
    """Return what a drawing says of itself, should it be parted from the tables."""
    return {
        "image": printable(one.path), "class": one.label, "probability": one.probability,
        "base": one.base, "method": METHOD, "model": model,
        "families": {part.name: part.value for part in one.families},
        "seen": one.region, "notice": f"{NOTICE} {SEES}", "texturekit": texturekit.__version__,
    }  # fmt: skip


def _facts(found: Contributions) -> dict[str, Any]:
    model, background = found.model, found.background
    return {
        "schema": SCHEMA, "texturekit": texturekit.__version__, "model": model.method.name,
        "kind": model.kind, "classes": list(model.classes), "positive": model.positive,
        "method": METHOD,
        "background": {
            "rows": len(background.rows), "weights": background.weights.tolist(),
            "what": "means of clusters of training images, at least 5 each",
        },
        "families": {
            "what": "Shapley values of groups of columns, in probability; they sum to probability "
                    "less base, the weighted mean probability of the background",
            "how": found.how,
        },
        "columns": {
            "what": "Owen values of columns as members of their families, in probability; "
                    "estimates, with standard errors; typical is the background's weighted mean",
            "how": found.how_columns,
        },
        "maps": SEES,
        "notice": NOTICE,
    }  # fmt: skip
