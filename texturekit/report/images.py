"""The chapter on images: which pictures the page holds, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from texturekit.report.album import ROOM, Album, Picture, index
from texturekit.report.gallery import VIEWS, Panel, Plan, Row, Shot, panels, plan, samples, shot
from texturekit.report.patients import PICTURES, Patients, patients, portraits
from texturekit.report.texture_figures import Seen, entries, seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from texturekit.records import MethodResult, Study
    from texturekit.report.album import Held
    from texturekit.report.gallery import Wish


@dataclass(frozen=True)
class Images:
    """What the chapter is drawn from.

    Attributes
    ----------
    pictures : list of Picture
        Every picture of the page, once.
    views : list of (str, str)
        What can be laid over pictures: key and name.
    samples : list of Row
    panels : list of Panel
        The cases of every method, the leading one first.
    without : list of str
        Methods whose cases had no room.
    shown, mapped, total : int
        Images in the page, those with a map, and all of the study.
    patients : Patients or None
    portraits : dict
        Pictures by patient.
    texture : Seen or None
    """

    pictures: list[Picture]
    views: list[tuple[str, str]]
    samples: list[Row]
    panels: list[Panel]
    without: list[str]
    shown: int
    mapped: int
    total: int
    patients: Patients | None
    portraits: dict[str, list[Shot]]
    texture: Seen | None


def images(study: Study, methods: Sequence[MethodResult], first: MethodResult | None) -> Images:
    """Choose the pictures of a page, and put them in their places.

    Parameters
    ----------
    study : Study
    methods : sequence of MethodResult
        Those that finished, best first.
    first : MethodResult or None
        The leading one.

    Returns
    -------
    Images
    """
    known, figures = index(study.assets), entries(study.assets)
    lead = [] if first is None else [first.name]
    names = [*lead, *(m.name for m in methods if m.name not in lead)]
    families = {m.name: m.family for m in methods}
    shown = [name for name in names if name in lead or families[name] != "baseline"]
    chosen = plan(study, shown) if known else Plan()
    some, people = samples(known, study.results), patients(study, names)
    album = Album(study.assets)
    in_turn = zip_longest(*(wishes for wishes, _ in some.values()))
    _fill(album, known, chosen, [w for several in in_turn for w in several if w is not None],
          [one["file"] for one in figures if "file" in one], people)  # fmt: skip
    cases, faces = panels(chosen, known, album), portraits(people, known, album)
    rows = [
        Row(name, [s for w in wishes if (s := shot(w, known, album)) is not None], total)
        for name, (wishes, total) in some.items()
    ]
    every = [*_shots(rows), *_shots([r for p in cases for g in p.groups for r in g.rows]),
             *(s for own in faces.values() for s in own)]  # fmt: skip
    held = {view for one in every for view, _ in one.views}
    return Images(
        pictures=album.pictures,
        views=[(view, name) for view, name in VIEWS.items() if view in held],
        samples=[row for row in rows if row.shots],
        panels=cases,
        without=chosen.without,
        shown=len({one.id for one in every}),
        mapped=len({one.id for one in every if any(view != "cam" for view, _ in one.views)}),
        total=study.results.data.used,
        patients=people,
        portraits=faces,
        texture=seen(figures, known, album),
    )


def _shots(rows: Sequence[Row]) -> Iterator[Shot]:
    return (one for row in rows for one in row.shots)


def _fill(
    album: Album,
    known: Mapping[str, Held],
    chosen: Plan,
    some: Sequence[Wish],
    figures: Sequence[str],
    people: Patients | None,
) -> None:
    """Put pictures into the page, what matters most first."""
    methods = list(chosen.panels)
    ranked = {method: list(chosen.ranked(method)) for method in methods}
    leading = ranked[methods[0]] if methods else []
    others = [wish for method in methods[1:] for wish in ranked[method]]
    album.add(_files(leading, known))
    album.add(_files(some, known))
    album.add(figures, ROOM // 4)
    album.add(_files(others, known), album.left * 2 // 3)
    album.add((f for m in methods for f in _cams(ranked[m], known, m)), album.left // 2)
    album.add(_maps(leading, known))
    if people is not None:
        faces = [name for row in people.rows for name in row.ids[:PICTURES]]
        album.add((known[name].file for name in faces if name in known), album.left // 2)
    album.add(_maps([*some, *others], known))


def _files(wishes: Sequence[Wish], known: Mapping[str, Held]) -> Iterator[str]:
    return (known[wish.id].file for wish in wishes if wish.id in known)


def _cams(wishes: Sequence[Wish], known: Mapping[str, Held], method: str) -> Iterator[str]:
    held = (known[wish.id].cams for wish in wishes if wish.id in known)
    return (cams[method] for cams in held if method in cams)


def _maps(wishes: Sequence[Wish], known: Mapping[str, Held]) -> Iterator[str]:
    held = (known[wish.id] for wish in wishes if wish.id in known)
    return (one.maps[view] for one in held for view in VIEWS if view in one.maps)
