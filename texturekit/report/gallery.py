"""Which images the page shows: some of each class, and the clearest cases of every method."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING

from texturekit.metrics.showcase import (
    FALSE_ALARM,
    MISSED,
    PER_OUTCOME,
    RECOGNISED,
    UNCERTAIN,
    showcase,
)
from texturekit.report.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from texturekit.metrics.showcase import Case
    from texturekit.records import Results, Study
    from texturekit.report.album import Album, Held

PER_CLASS = 6
_MANY = 8  # classes from which fewer samples a class are shown
_MOST = 400  # pictures of all methods' cases together; a picture may stand in several
_LONG = 24  # characters of an id beyond which the folders of a path are left out
VIEWS = {"cam": "Grad-CAM", "lbp": "LBP codes", "sobel": "Sobel", "hog": "HOG"}


@dataclass(frozen=True)
class Wish:
    """An image that is to be shown, and why."""

    id: str
    truth: str
    predicted: str = ""
    probability: float | None = None


@dataclass(frozen=True)
class Shot:
    """A picture in its place.

    Attributes
    ----------
    key : str
        Of the picture in the page.
    views : list of (str, str)
        What can be laid over it, one of `VIEWS`, and its key.
    id, truth, predicted, probability
        What there is to say; ``predicted`` is empty where nothing was predicted.
    alt : str
        The same in words.
    name : str
        The id; of a long path its last part.
    """

    key: str
    views: list[tuple[str, str]]
    id: str
    truth: str
    predicted: str
    probability: float | None
    alt: str
    name: str


@dataclass(frozen=True)
class Row:
    """Pictures that belong together, and how many there would be."""

    title: str
    shots: list[Shot]
    total: int
    tone: str = ""


@dataclass(frozen=True)
class Group:
    """The rows of one class."""

    name: str
    rows: list[Row]


@dataclass(frozen=True)
class Panel:
    """The cases of one method."""

    method: str
    groups: list[Group]
    cams: bool


@dataclass(frozen=True)
class Wanted:
    """The wishes of one row of a panel, the most telling first."""

    title: str
    wishes: list[Wish]
    total: int
    tone: str


@dataclass
class Plan:
    """What is to be shown of every method, class by class, and which methods had no room."""

    panels: dict[str, dict[str, list[Wanted]]] = field(default_factory=dict)
    without: list[str] = field(default_factory=list)

    def ranked(self, method: str) -> Iterator[Wish]:
        """Yield the wishes of a method: the first of every row, then the second, and so on."""
        rows = [row.wishes for group in self.panels[method].values() for row in group]
        for several in zip_longest(*rows):
            yield from (wish for wish in several if wish is not None)


def samples(known: Mapping[str, Held], results: Results) -> dict[str, tuple[list[Wish], int]]:
    """Choose images of each class, the first by id.

    Parameters
    ----------
    known : mapping
        What there is, by image id.
    results : Results

    Returns
    -------
    dict
        By class that has a picture: wishes, and how many images of it there are.
    """
    classes, several = results.classes, results.kind == "multilabel"
    most = PER_CLASS if len(classes) <= _MANY else PER_OUTCOME
    found = {}
    for name in classes:
        ids = sorted(
            key
            for key, held in known.items()
            if (name in held.label.split("|") if several else held.label == name)
        )
        if ids:
            wishes = [Wish(key, known[key].label.replace("|", ", ")) for key in ids[:most]]
            found[name] = wishes, results.data.counts.get(name, len(ids))
    return found


def plan(study: Study, methods: Sequence[str]) -> Plan:
    """Choose the cases of methods: the surest of each outcome, and the most uncertain.

    Parameters
    ----------
    study : Study
    methods : sequence of str
        With predictions, the leading one first; it has the most room.

    Returns
    -------
    Plan
        Test images of the first repeat.
    """
    chosen, left = Plan(), _MOST
    for place, method in enumerate(methods):
        frame = first_repeat(study.predictions, method)
        found = {
            name: rows
            for name in study.results.classes
            if (rows := _outcomes(frame, name, study.results))
        }
        count = sum(map(len, found.values()))
        share = left if place == 0 else left // (len(methods) - place)
        most = min(PER_OUTCOME, share // max(count, 1))
        if place == 0:
            most = max(most, 1)
        if not count or not most:
            chosen.without += [method] if count else []
            continue
        chosen.panels[method] = {
            name: [_wanted(title, cases, most) for title, cases in rows.items()]
            for name, rows in found.items()
        }
        left -= sum(len(w.wishes) for group in chosen.panels[method].values() for w in group)
    return chosen


def first_repeat(predictions: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the test rows of a method in the first repeat that it has."""
    if predictions.empty:
        return predictions
    tested = (predictions["method"] == method) & (predictions["split"] == "test")
    frame: pd.DataFrame = predictions[tested]
    once: pd.DataFrame = frame[frame["repeat"] == frame["repeat"].min()]
    return once


def _outcomes(frame: pd.DataFrame, name: str, results: Results) -> dict[str, list[Case]]:
    """Return the cases of a class by outcome; what is missed of no disease is a false alarm."""
    if frame.empty:
        return {}
    found = showcase(frame, name, kind=results.kind, positive=results.positive)
    negative = results.kind == "binary" and name != results.positive
    return {
        FALSE_ALARM if negative and title == MISSED else title: cases
        for title, cases in found.items()
        if cases
    }


def _wanted(title: str, cases: list[Case], most: int) -> Wanted:
    wishes = [Wish(c.id, c.truth, c.predicted, c.probability) for c in cases[:most]]
    tone = {RECOGNISED: "right", UNCERTAIN: "doubt"}.get(title, "wrong")
    return Wanted(title, wishes, len(cases), tone)


def panels(chosen: Plan, known: Mapping[str, Held], album: Album) -> list[Panel]:
    """Return the cases whose pictures are in the page, method by method."""
    found = []
    for method, groups in chosen.panels.items():
        shown = [
            Group(name, [_row(one, known, album, method) for one in wanted])
            for name, wanted in groups.items()
        ]
        shown = [group for group in shown if any(row.shots for row in group.rows)]
        seen = [view for g in shown for r in g.rows for s in r.shots for view, _ in s.views]
        if shown:
            found.append(Panel(method, shown, "cam" in seen))
    return found


def _row(wanted: Wanted, known: Mapping[str, Held], album: Album, method: str) -> Row:
    shots = [shot(wish, known, album, method) for wish in wanted.wishes]
    return Row(wanted.title, [s for s in shots if s is not None], wanted.total, wanted.tone)


def shot(
    wish: Wish, known: Mapping[str, Held], album: Album, method: str | None = None
) -> Shot | None:
    """Return a picture with what can be laid over it; None if it is not in the page.

    Parameters
    ----------
    wish : Wish
    known : mapping
        What there is, by image id.
    album : Album
    method : str, optional
        Whose overlay is wanted.
    """
    held = known.get(wish.id)
    key = None if held is None else album.key(held.file)
    if held is None or key is None:
        return None
    files = {"cam": held.cams.get(method or ""), **held.maps}
    views = [(view, over) for view in VIEWS if (over := album.key(files.get(view))) is not None]
    alt = wish.truth or "no label"
    if wish.predicted or wish.probability is not None:
        alt += f", called {wish.predicted or 'nothing'}"
    if wish.probability is not None:
        alt += f", p {number(wish.probability)}"
    name = wish.id if len(wish.id) <= _LONG else wish.id.rpartition("/")[2] or wish.id
    return Shot(key, views, wish.id, wish.truth, wish.predicted, wish.probability, alt, name)
