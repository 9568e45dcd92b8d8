"""The patients: how often each method was right on the images of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.report.gallery import Shot, Wish, first_repeat, shot
from texturekit.report.wording import number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from texturekit.records import Results, Study
    from texturekit.report.album import Album, Held

SHOWN, _METHODS, PICTURES = 30, 4, 6


@dataclass(frozen=True)
class Patient:
    """A group of images.

    Attributes
    ----------
    name, truth : str
        The group, and the classes of its images.
    images : int
        Tested images with a known answer.
    error : str
        Mean probability error of the leading method.
    right : list of (int, int) or None
        By method: answers that are right, and all; None where it has none for the group.
    ids : list of str
        Of the images, the worst first.
    """

    name: str
    truth: str
    images: int
    error: str
    right: list[tuple[int, int] | None]
    ids: list[str]


@dataclass(frozen=True)
class Patients:
    """The worst patients of the leading method, and how many there are in all.

    ``joined`` tells that some may be several groups of the data, which share copies of an image.
    """

    methods: list[str]
    rows: list[Patient]
    total: int
    several: int
    labels: bool
    joined: bool


def patients(study: Study, methods: Sequence[str]) -> Patients | None:
    """Return how often methods were right on each patient; None where patients are not known.

    Parameters
    ----------
    study : Study
    methods : sequence of str
        The leading one first, by whose error patients are sorted. The first four are shown.

    Returns
    -------
    Patients or None
        Of the test images of the first repeat. None too if no patient has several images.
    """
    if not methods or study.results.data.groups is None or "group" not in study.predictions:
        return None
    names = list(methods[:_METHODS])
    frames = {name: _judged(first_repeat(study.predictions, name), study.results) for name in names}
    first = frames[names[0]]
    if first is None or first["group"].duplicated().sum() == 0:
        return None
    tables = [None if frame is None else _sums(frame) for frame in frames.values()]
    errors = first.groupby("group", sort=True)["error"].mean()
    order = errors.sort_values(ascending=False, kind="stable").index
    rows = [
        _patient(str(group), first[first["group"] == group], [_of(t, group) for t in tables])
        for group in order[:SHOWN]
    ]
    sizes = first["group"].value_counts()
    copies = study.results.data.duplicates
    return Patients(
        methods=names,
        rows=rows,
        total=len(order),
        several=int((sizes > 1).sum()),
        labels=study.results.kind == "multilabel",
        joined=copies is not None and copies.images > 0,
    )


def _judged(frame: pd.DataFrame, results: Results) -> pd.DataFrame | None:
    """Return ``id, group, truth, error, right, answers`` of images with a known answer."""
    if frame.empty or frame["group"].isna().any():
        return None
    judge = _labels if results.kind == "multilabel" else _classes
    return judge(frame, results.classes)


def _classes(frame: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    own = np.full(len(frame), np.nan)
    labels = frame["label"].to_numpy()
    for name in classes:
        mine = labels == name
        own[mine] = frame.loc[mine, f"p.{name}"].to_numpy(dtype=float)
    right = (frame["predicted"] == labels).astype(int)
    judged = frame[["id", "group"]].assign(truth=labels, error=1 - own, answers=1, right=right)
    known: pd.DataFrame = judged[np.isfinite(own)]
    return known


def _labels(frame: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    truth, p = (_numbers(frame, kind, classes) for kind in ("y", "p"))
    said = frame["predicted"].astype(str).str.split("|")
    called = np.array([[name in one for name in classes] for one in said]).reshape(truth.shape)
    known = np.isfinite(truth) & np.isfinite(p)
    answers = known.sum(axis=1)
    error = np.where(known, np.abs(truth - p), 0.0).sum(axis=1) / np.maximum(answers, 1)
    shown = ["|".join(np.array(classes)[row == 1]) for row in truth]
    right = (known & (called == (truth == 1))).sum(axis=1)
    judged = frame[["id", "group"]].assign(truth=shown, error=error, answers=answers, right=right)
    some: pd.DataFrame = judged[answers > 0]
    return some


def _numbers(frame: pd.DataFrame, kind: str, classes: Sequence[str]) -> NDArray[np.float64]:
    return frame[[f"{kind}.{name}" for name in classes]].to_numpy(dtype=float)


def _sums(frame: pd.DataFrame) -> dict[str, tuple[int, int]]:
    sums = frame.groupby("group", sort=True)[["right", "answers"]].sum()
    pairs = zip(sums["right"].tolist(), sums["answers"].tolist(), strict=True)
    return dict(zip(map(str, sums.index), pairs, strict=True))


def _of(table: dict[str, tuple[int, int]] | None, group: object) -> tuple[int, int] | None:
    return None if table is None else table.get(str(group))


def _patient(name: str, own: pd.DataFrame, right: list[tuple[int, int] | None]) -> Patient:
    own = own.sort_values(["error", "id"], ascending=[False, True], kind="stable")
    found = dict.fromkeys(
        label for text in sorted(set(own["truth"])) for label in text.split("|") if label
    )
    error = number(float(own["error"].mean()))
    return Patient(name, ", ".join(found) or "none", len(own), error, right, list(own["id"]))


def portraits(
    found: Patients | None, known: Mapping[str, Held], album: Album
) -> dict[str, list[Shot]]:
    """Return the pictures of patients that are in the page, some of each."""
    rows = [] if found is None else found.rows
    shots = {
        row.name: [shot(_wish(name, known), known, album) for name in row.ids[:PICTURES]]
        for row in rows
    }
    return {name: [s for s in own if s is not None] for name, own in shots.items()}


def _wish(image: str, known: Mapping[str, Held]) -> Wish:
    return Wish(image, known[image].label.replace("|", ", ") if image in known else "")
