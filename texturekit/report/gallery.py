"""Which images the page shows: some of each class, and the clearest hits and misses of a method."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import pandas as pd

    from texturekit.records import Study

PER_CLASS, PER_OUTCOME = 6, 4
PER_SECTION = 1_300_000  # bytes of pictures in a section; mail attachments stay small
_RIGHT = "Recognised"
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """An image of the page and what there is to say about it."""

    source: str
    id: str
    truth: str
    predicted: str = ""
    probability: float | None = None


@dataclass(frozen=True)
class Row:
    """Pictures that belong together, and how many there would be."""

    title: str
    pictures: list[Picture]
    total: int
    right: bool = True


@dataclass(frozen=True)
class Group:
    """The rows of one class."""

    name: str
    rows: list[Row]


@dataclass(frozen=True)
class Case:
    """A prediction that might be shown; the highest ``rank`` first."""

    rank: float
    id: str
    truth: str
    predicted: str
    probability: float | None


class Album:
    """The study's thumbnails, handed out as ``data:`` URIs until a number of bytes is spent.

    Each of ``shares`` parts of the page gets what is left, divided by the parts still to come.
    """

    def __init__(self, assets: Mapping[str, bytes], shares: int) -> None:
        self._assets, self._index = assets, index(assets)
        self._left, self._shares, self._room = PER_SECTION, shares, 0

    def turn(self) -> None:
        """Begin the next part."""
        self._left += self._room
        self._room = self._left // max(self._shares, 1)
        self._left, self._shares = self._left - self._room, self._shares - 1

    def take(self, image_id: str) -> str | None:
        """Return the picture of an image, or None when there is none or no room is left."""
        data = self._assets.get(self._index.get(image_id, {}).get("file", ""), b"")
        size = len(data) * 4 // 3
        if not data.startswith(_PNG) or size > self._room:
            return None
        self._room -= size
        return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def index(assets: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """Return ``assets.json``: image id to its file and label; empty without images.

    Raises
    ------
    ModelError
        If the file is no such mapping.
    """
    if "assets.json" not in assets:
        return {}
    try:
        content = json.loads(assets["assets.json"])
        return {
            str(key): {"file": str(item["file"]), "label": str(item.get("label", ""))}
            for key, item in content.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"assets.json does not map image ids to file and label ({error!r}); compare again."
        ) from error


def samples(study: Study) -> list[Row]:
    """Choose images of each class, the first by id.

    Parameters
    ----------
    study : Study

    Returns
    -------
    list of Row
        One a class that has a picture, in class order.
    """
    classes, known = study.results.classes, index(study.assets)
    album = Album(study.assets, len(classes))
    several, rows = study.results.kind == "multilabel", []
    for name in classes:
        album.turn()
        ids = sorted(
            key
            for key, item in known.items()
            if (name in item["label"].split("|") if several else item["label"] == name)
        )
        pictures = [
            Picture(source, key, known[key]["label"])
            for key in ids[: PER_CLASS if len(classes) <= 8 else PER_OUTCOME]
            if (source := album.take(key)) is not None
        ]
        if pictures:
            rows.append(Row(name, pictures, study.results.data.counts.get(name, len(ids))))
    return rows


def examples(study: Study, method: str) -> list[Group]:
    """Choose the predictions in which a method was surest, wrong and right, of each class.

    Parameters
    ----------
    study : Study
    method : str
        A method with predictions.

    Returns
    -------
    list of Group
        One a class (or label) with a picture; test images of the first repeat.
    """
    frame = study.predictions
    if frame.empty:
        return []
    frame = frame[(frame["method"] == method) & (frame["split"] == "test")]
    frame = frame[frame["repeat"] == frame["repeat"].min()]
    album = Album(study.assets, len(study.results.classes))
    choose = _of_label if study.results.kind == "multilabel" else _of_class
    groups = []
    for name in study.results.classes:
        album.turn()
        rows = [_row(title, cases, album) for title, cases in choose(frame, name) if cases]
        if any(row.pictures for row in rows):
            groups.append(Group(name, rows))
    return groups


def _of_class(frame: pd.DataFrame, name: str) -> list[tuple[str, list[Case]]]:
    """Of the images that are of a class: called something else, and recognised."""
    cases = [
        Case(score if score is not None else -1.0, str(row["id"]), name, said, score)
        for row in frame[frame["label"] == name].to_dict("records")
        for said in [str(row["predicted"])]
        for score in [_score(row, said)]
    ]
    return [
        ("Missed", [case for case in cases if case.predicted != name]),
        (_RIGHT, [case for case in cases if case.predicted == name]),
    ]


def _of_label(frame: pd.DataFrame, name: str) -> list[tuple[str, list[Case]]]:
    """Of all images with a known answer: the label missed, raised wrongly, and recognised."""
    outcomes: dict[str, list[Case]] = {"Missed": [], "False alarm": [], _RIGHT: []}
    if f"y.{name}" not in frame:
        return []
    for row in frame[frame[f"y.{name}"].notna()].to_dict("records"):
        truth, called = row[f"y.{name}"] == 1, name in str(row["predicted"]).split("|")
        score = _score(row, name)
        if score is None or not (truth or called):
            continue
        title = (_RIGHT if called else "Missed") if truth else "False alarm"
        rank = score if called else -score
        words = [name if answer else f"not {name}" for answer in (truth, called)]
        outcomes[title].append(Case(rank, str(row["id"]), words[0], words[1], score))
    return list(outcomes.items())


def _score(row: Mapping[Hashable, object], name: str) -> float | None:
    """Return the probability that a row gives to a class, None where it gives none."""
    value = row.get(f"p.{name}")
    return float(value) if isinstance(value, float) and value == value else None


def _row(title: str, cases: list[Case], album: Album) -> Row:
    """Show the cases with the highest rank that have a picture."""
    pictures: list[Picture] = []
    for case in sorted(cases, key=lambda case: (-case.rank, case.id)):
        if len(pictures) == PER_OUTCOME:
            break
        source = album.take(case.id)
        if source is not None:
            pictures.append(Picture(source, case.id, case.truth, case.predicted, case.probability))
    return Row(title, pictures, len(cases), right=title == _RIGHT)
