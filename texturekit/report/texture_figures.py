"""The write-ups' figures: what every family of texture sees in an image of each class."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from texturekit import draw
from texturekit.errors import ModelError
from texturekit.report.tables import COLOURS, OTHERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from texturekit.report.album import Album, Held

_BANDS = 4  # classes whose bands can be told apart


@dataclass(frozen=True)
class Figure:
    """One picture with its histogram, if it has one."""

    title: str
    text: str
    key: str
    alt: str
    bars: Markup | None


@dataclass(frozen=True)
class OneClass:
    """The figures of a class, and the image that they are of."""

    name: str
    image: str
    figures: list[Figure]


@dataclass(frozen=True)
class Seen:
    """What texture sees: an image of each class, and the grey values of all."""

    classes: list[OneClass]
    grey: Markup | None
    banded: bool
    legend: list[tuple[str, int, str]]


def entries(assets: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return ``figures.json``; empty without figures.

    Raises
    ------
    ModelError
        If the file is no list of figures.
    """
    if "figures.json" not in assets:
        return []
    try:
        return [_entry(one) for one in json.loads(assets["figures.json"])]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"figures.json lists no figures ({error!r}); compare again.") from error


def _entry(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry whose words are words and whose numbers are numbers."""
    entry: dict[str, Any] = {key: str(one[key]) for key in ("kind", "title", "text", "label")}
    if one["kind"] == "histogram":
        entry["images"] = int(one["images"])
        entry.update({key: [float(v) for v in one[key]] for key in ("low", "middle", "high")})
        return entry
    counts = one.get("histogram", [])
    return {**entry, "file": str(one["file"]), "histogram": [int(count) for count in counts]}


def seen(found: list[dict[str, Any]], known: Mapping[str, Held], album: Album) -> Seen | None:
    """Return the figures whose pictures are in the page; None if there are none.

    Parameters
    ----------
    found : list of dict
        What `entries` returned.
    known : mapping
        What there is, by image id.
    album : Album
    """
    names = {held.file: name for name, held in sorted(known.items(), reverse=True)}
    classes = []
    for label in dict.fromkeys(one["label"] for one in found):
        own = [one for one in found if one["label"] == label and "file" in one]
        figures = [_figure(one, album.key(one["file"])) for one in own]
        image = next((names.get(one["file"], "") for one in own if one["kind"] == "image"), "")
        shown = [figure for figure in figures if figure is not None]
        if len(shown) > 1:
            classes.append(OneClass(label, image, shown))
    curves = [one for one in found if one["kind"] == "histogram"]
    if not classes and not curves:
        return None
    legend = [(one["label"], one["images"], _colour(k)) for k, one in enumerate(curves)]
    return Seen(classes, _grey(curves), len(curves) <= _BANDS, legend)


def _figure(one: dict[str, Any], key: str | None) -> Figure | None:
    if key is None:
        return None
    alt = f"{one['title']} of an image of {one['label']}"
    counts = one.get("histogram")
    bars = None
    if counts:
        bars = Markup(draw.code_bars(counts, label=f"Pixels by code, {len(counts)} codes"))
    return Figure(one["title"], one["text"], key, alt, bars)


def _grey(curves: list[dict[str, Any]]) -> Markup | None:
    if not curves:
        return None
    edges = ("low", "high") if len(curves) <= _BANDS else ("middle", "middle")
    bands = [
        draw.Band(one[edges[0]], one["middle"], one[edges[1]], _colour(k))
        for k, one in enumerate(curves)
    ]
    label = f"Share of pixels by grey value, of {len(curves)} classes: medians over images"
    return Markup(draw.grey_values(bands, name="grey", label=label))


def _colour(place: int) -> str:
    return f"var(--m{place})" if place < COLOURS else OTHERS
