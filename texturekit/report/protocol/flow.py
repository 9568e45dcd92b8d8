"""The way of the images: found, used, skipped, and where the used ones went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.report.protocol.words import PARTS, reasons, skipped_kinds
from texturekit.report.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from texturekit.records import Data, Source, SplitPart
    from texturekit.report.protocol.seen import Seen


@dataclass(frozen=True)
class End:
    """A box at the end: ``Training``, and what is in it."""

    title: str
    lines: list[str]


@dataclass(frozen=True)
class Lane:
    """One source of images; two of them with an external test set.

    Attributes
    ----------
    title, source : str
    found, used, skipped : int
        ``found`` is always ``used + skipped``.
    groups : int or None
        Patients (groups) of the used images.
    classes : list of (name, images, groups or None)
    ends : list of End
    """

    title: str
    source: str
    found: int
    used: int
    skipped: int
    groups: int | None
    classes: list[tuple[str, int, int | None]]
    ends: list[End]


@dataclass(frozen=True)
class Flow:
    """The diagram: its lanes, and why images were skipped (kind, count, reasons with counts)."""

    lanes: list[Lane]
    skipped: list[tuple[str, int, list[tuple[str, int]]]]


def flow(seen: Seen) -> Flow:
    """Return the way of the images of a study."""
    data = seen.results.data
    kinds = [
        (kind, len(items), [] if kind.startswith("left out") else reasons(items))
        for kind, items in skipped_kinds(data.skipped)
    ]
    if data.sources:
        return Flow([_lane(seen, one) for one in data.sources], kinds)
    classes = _classes(seen, data)
    skipped = len(data.skipped)
    lane = Lane(
        "Images", data.source, data.found, data.used, skipped, seen.patients, classes, _ends(seen)
    )
    return Flow([lane], kinds)


def _classes(seen: Seen, data: Data | Source) -> list[tuple[str, int, int | None]]:
    groups = data.group_counts if seen.patients is not None else None
    return [
        (name, data.counts[name], None if groups is None else groups.get(name))
        for name in seen.results.classes
        if name in data.counts
    ]


def _lane(seen: Seen, source: Source) -> Lane:
    testing = source.role == "test"
    named = source.groups if seen.patients is not None else None
    splits = [one for one in seen.results.splits if (one.part == "test") == testing]
    ends = [End(PARTS[one.part], [_amount(one, seen.patients is not None)]) for one in splits]
    return Lane(
        "External testing" if testing else "Learning",
        source.source, source.found, source.used, source.found - source.used, named,
        _classes(seen, source), ends,
    )  # fmt: skip


def _ends(seen: Seen) -> list[End]:
    """Return the boxes after "used": the parts of a holdout, or what every fold holds."""
    results = seen.results
    protocol, splits = results.protocol, results.splits
    if protocol.folds == 1 and protocol.repeats == 1 and splits:
        return [End(PARTS[one.part], [_amount(one, seen.patients is not None)]) for one in splits]
    rounds = counted(protocol.folds, "fold")
    if protocol.type == "leave one out":
        rounds += f", one a {protocol.left_out}"
    if protocol.repeats > 1:
        rounds += f", {protocol.repeats} times"
    lines = [
        f"{PARTS[part]}: {text}"
        for part in PARTS
        if (text := _spread(one for one in splits if one.part == part))
    ]
    return [End(rounds, [*lines, f"Tested on: {protocol.test}"])]


def _amount(part: SplitPart, named: bool) -> str:
    images = counted(part.images, "image")
    if part.groups is None or not named:
        return images
    return f"{images} from {counted(part.groups, 'patient')} (groups)"


def _spread(parts: Iterable[SplitPart]) -> str:
    """Return from how few to how many images a part has, over folds."""
    sizes = sorted(one.images for one in parts)
    if not sizes:
        return ""
    if sizes[0] == sizes[-1]:
        return f"{counted(sizes[0], 'image')} in every fold"
    return f"{sizes[0]:,} to {sizes[-1]:,} images in a fold"
