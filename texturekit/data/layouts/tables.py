"""Sets whose labels stand in a table: NIH ChestX-ray14, and tables as CheXpert has them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from texturekit.data import faults as checks
from texturekit.data.faults import Faults
from texturekit.data.folders import SPLIT_NAMES
from texturekit.data.layouts.found import Found, groups_by_rule, wrong_layout
from texturekit.data.rows import read_rows
from texturekit.errors import ManifestError, closest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from texturekit.data.catalogue import SetCard
    from texturekit.data.layouts.found import Source
    from texturekit.data.rows import Rows

NO_FINDING = "No Finding"
PATIENT = r"(?:^|/)(patient\d+)/"
# CheXpert's columns that are no labels, and its name for a label that the task chest calls Effusion
_NOT_LABELS = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA")
_RENAMED = {"Pleural Effusion": "Effusion"}
_VALUES = {"": "", "0": "0", "1": "1", "-1": "-1", "0.0": "0", "1.0": "1", "-1.0": "-1"}


def find_nih(source: Source, card: SetCard) -> Found:
    """Return the images of ``Data_Entry_2017*.csv``: one label column a finding.

    Raises
    ------
    ManifestError
        If the table is missing, several, lacks a column or names an unknown finding (with its row).
    """
    table = _only(source, card, nih_tables(source), str(card.table))
    rows = read_rows(source.folder / table)
    _need(rows, "Image Index", "Finding Labels", "Patient ID")
    places = _by_name(source.tree.files)
    names = rows.text("Image Index")
    faults = Faults(rows, [places.get(name, name) for name in names])
    for place, name in enumerate(names):
        if name not in places:
            faults.add(place, "no such file below the folder", "unreadable")
    texts, patients = rows.text("Finding Labels"), rows.text("Patient ID")
    checks.check_texts(faults, texts, "Finding Labels is empty")
    checks.check_repeats(faults, texts, [patients])
    known = [card.labels[k] for k in sorted(card.labels)]
    keep = faults.sound()
    findings = [_findings(rows, place, texts[place], known) for place in keep]
    found = Found([faults.paths[place] for place in keep], skipped=list(faults.skipped()))
    found.labels = {name: [str(int(name in one)) for one in findings] for name in known}
    found.group = [patients[place] or None for place in keep]
    found.split = _listed_splits(source, found)
    known_names = set(names)
    extra = [path for path in source.tree.files if path.rpartition("/")[2] not in known_names]
    _count_extra(found, extra, table)
    repeated = len(source.tree.files) - len(extra) - len(known_names & places.keys())
    if repeated:
        found.notes.append(
            f"{repeated:,} images have the name of another one below the folder; the first in the "
            "order of paths is taken."
        )
    return found


def nih_tables(source: Source) -> list[str]:
    """Return the label tables of NIH ChestX-ray14 in a folder, or the one that was named."""
    return _tables(source, lambda name: name.startswith("Data_Entry_2017"))


def find_chexpert(source: Source, card: SetCard | None) -> Found:
    """Return the images of ``train.csv``, ``valid.csv`` and ``test.csv`` as CheXpert has them.

    Labels are 1, 0, -1 (uncertain) and empty (not mentioned); both of the latter are unknown to
    every reader of the manifest.

    Raises
    ------
    ManifestError
        If there is no such table, or a cell holds something else (with row and column).
    """
    tables = chexpert_tables(source)
    if not tables:
        wanted = "train.csv or valid.csv with the columns Path, Frontal/Lateral and one a label"
        raise wrong_layout(source, "chexpert", wanted)
    parts = [_chexpert_part(source, table) for table in tables]
    names = list(parts[0].labels)
    for table, part in zip(tables, parts, strict=True):
        if list(part.labels) != names:
            raise ManifestError(
                f"'{source.folder / table}' has the labels {', '.join(part.labels)}, but "
                f"'{tables[0]}' has {', '.join(names)}; their tables have to agree."
            )
    found = Found([path for part in parts for path in part.paths])
    found.labels = {name: [v for part in parts for v in part.labels[name]] for name in names}
    found.skipped = [one for part in parts for one in part.skipped]
    splits = [_split_of_table(table) for table in tables]
    if len({name for name in splits if name}) > 1:
        found.split = [
            split for part, split in zip(parts, splits, strict=True) for _ in range(len(part.paths))
        ]
    rule = card.group_rule if card is not None and card.group_rule is not None else PATIENT
    found.group = groups_by_rule(rule, found.paths)
    found.notes.append("-1 (uncertain) and empty cells are kept, and count as unknown.")
    if source.given.is_dir():
        known = {*found.paths, *(one.path for one in found.skipped)}
        _count_extra(found, [p for p in source.tree.files if p not in known], ", ".join(tables))
    return found


def chexpert_tables(source: Source) -> list[str]:
    """Return the tables in a folder, or the one that was named, whose header is CheXpert's."""
    tables = _tables(source, lambda name: _split_of_table(name) is not None)
    return [table for table in tables if _header(source, table) >= {"Path", "Frontal/Lateral"}]


def _header(source: Source, table: str) -> set[str]:
    with (source.folder / table).open("rb") as stream:
        first = stream.readline(65536).decode("utf-8-sig", "replace")
    return {name.strip().strip('"') for name in first.split(",")}


def _chexpert_part(source: Source, table: str) -> Found:
    rows = read_rows(source.folder / table)
    _need(rows, "Path")
    names = [name for name in rows.columns if name not in _NOT_LABELS]
    columns = {name: _numbers(rows, name) for name in names}
    faults = Faults(rows, _resolved(source, rows.text("Path", strip=False)))
    checks.check_files(faults, source.folder)
    texts = ["|".join(values) for values in zip(*columns.values(), strict=True)]
    checks.check_repeats(faults, texts, [])
    keep = faults.sound()
    found = Found([faults.paths[place] for place in keep], skipped=list(faults.skipped()))
    found.labels = {
        _RENAMED.get(name, name): [column[place] for place in keep]
        for name, column in columns.items()
    }
    return found


def _resolved(source: Source, paths: list[str]) -> list[str]:
    """Return paths below the folder; the table's begin with the name of the set's own folder."""
    for path in paths[:1000]:
        for cut in range(min(3, path.count("/") + 1)):
            if (source.folder / "/".join(path.split("/")[cut:])).is_file():
                return ["/".join(other.split("/")[cut:]) for other in paths]
    return paths


def _numbers(rows: Rows, name: str) -> list[str]:
    values = rows.text(name)
    try:
        return [_VALUES[value] for value in values]
    except KeyError:
        place = next(i for i, value in enumerate(values) if value not in _VALUES)
        raise ManifestError(
            f"'{rows.path}' has {values[place]!r} in row {rows.numbers[place]}, column {name!r}; "
            "a label is 0, 1, -1 or empty."
        ) from None


def _findings(rows: Rows, place: int, text: str, known: Sequence[str]) -> set[str]:
    names = {name.strip() for name in text.split("|")} - {NO_FINDING, ""}
    unknown = names - set(known)
    if unknown:
        name = min(unknown)
        raise ManifestError(
            f"'{rows.path}' has the finding {name!r} in row {rows.numbers[place]}, column "
            f"'Finding Labels'.{closest(name, known)} Known: {', '.join(known)}, {NO_FINDING}."
        )
    return names


def _listed_splits(source: Source, found: Found) -> list[str | None] | None:
    split_of: dict[str, str] = {}
    for name, split in (("train_val_list.txt", "train"), ("test_list.txt", "test")):
        for path in source.others:
            if path.rpartition("/")[2] == name:
                lines = (source.folder / path).read_text(encoding="utf-8-sig").split()
                split_of.update(dict.fromkeys(lines, split))
    if not split_of:
        found.notes.append("train_val_list.txt and test_list.txt are not there: no splits.")
        return None
    splits = [split_of.get(path.rpartition("/")[2]) for path in found.paths]
    lost = splits.count(None)
    if lost:
        found.notes.append(f"{lost:,} images stand in no list and have no split.")
    return splits


def _count_extra(found: Found, extra: Sequence[str], table: str) -> None:
    for path in extra:
        found.skip(path, f"no row in {table}", ignored=True)
    if extra:
        found.notes.append(f"{len(extra):,} images have no row in {table}, the first: {extra[0]}.")


def _by_name(files: Sequence[str]) -> dict[str, str]:
    places: dict[str, str] = {}
    for path in files:
        places.setdefault(path.rpartition("/")[2], path)
    return places


def _tables(source: Source, fits: Callable[[str], bool]) -> list[str]:
    if source.given.is_file():
        return [source.given.name]
    csvs = [path for path in source.others if path.lower().endswith(".csv")]
    return [path for path in csvs if fits(path.rpartition("/")[2])]


def _only(source: Source, card: SetCard, tables: Sequence[str], name: str) -> str:
    if len(tables) != 1:
        several = f"one label table, not {', '.join(tables)}: name it"
        wanted = several if tables else f"{name} beside the images ({card.page} has it)"
        raise wrong_layout(source, card.id, wanted)
    return tables[0]


def _need(rows: Rows, *names: str) -> None:
    for name in names:
        if name not in rows.columns:
            raise ManifestError(
                f"'{rows.path}' has no column {name!r}.{closest(name, rows.columns)} Its columns: "
                f"{', '.join(rows.columns)}."
            )


def _split_of_table(path: str) -> str | None:
    return SPLIT_NAMES.get(PurePosixPath(path).stem.lower())
