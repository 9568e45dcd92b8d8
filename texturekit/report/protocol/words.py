"""Phrases that the checklist, the diagram and the paragraph share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from texturekit.report.wording import amounts, counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from texturekit.records import Results, Skipped
    from texturekit.report.protocol.seen import Seen

_KINDS = {
    "left out": "left out by the limit",
    "ignored": "ignored",
    "unreadable": "unreadable",
    "invalid": "not usable as given",
    "failed": "failed while measured",
}
_NAMED = 6
PARTS = {"train": "Training", "val": "Validation", "test": "Test"}


def left_out(item: Skipped) -> bool:
    """Tell whether an image could have been used, but a limit was asked for."""
    return item.kind == "ignored" and item.reason.startswith("left out")


def skipped_kinds(skipped: Iterable[Skipped]) -> list[tuple[str, list[Skipped]]]:
    """Return what was skipped by kind, in words; kinds without any are left out."""
    kinds: dict[str, list[Skipped]] = {kind: [] for kind in _KINDS}
    for item in skipped:
        kinds["left out" if left_out(item) else item.kind].append(item)
    return [(_KINDS[kind], items) for kind, items in kinds.items() if items]


def reasons(items: Sequence[Skipped], most: int = 3) -> list[tuple[str, int]]:
    """Return the commonest reasons with their counts; the rest as one entry."""
    counts = Counter(item.reason for item in items).most_common()
    shown = counts[:most] if len(counts) > most + 1 else counts
    rest = sum(n for _, n in counts[len(shown) :])
    return [*shown, *([(f"{len(counts) - len(shown)} other reasons", rest)] if rest else [])]


def flow_sentence(results: Results) -> str:
    """Return found, used and skipped as a sentence."""
    data = results.data
    start = f"Of {counted(data.found, 'image')} or file{'s' * (data.found != 1)} found, "
    if not data.skipped:
        return f"{start}all were used."
    kinds = ", ".join(f"{len(items):,} {name}" for name, items in skipped_kinds(data.skipped))
    return f"{start}{data.used:,} were used and {len(data.skipped):,} were not ({kinds})."


def images_of(seen: Seen) -> str:
    """Return ``120 images from 40 patients (groups)``, or from patients who are not named."""
    images, patients = counted(seen.results.data.used, "image"), seen.patients
    if patients is None:
        return f"{images} from patients who are not named"
    return (
        f"{images} from {patients:,} {'patient (group)' if patients == 1 else 'patients (groups)'}"
    )


def by_class(seen: Seen) -> str:
    """Return how many images each class has."""
    results = seen.results
    return amounts(results.data, results.classes, results.kind)


def repeated(results: Results) -> str:
    """Return which repeats numbers are of; empty where there is one."""
    repeats = results.protocol.repeats
    if repeats < 2:
        return ""
    return (
        f"Values and differences are means over the {repeats} repeats; their intervals and the p "
        "of tests on these test images are those of the first repeat."
    )


def few(names: Sequence[str], most: int = _NAMED) -> str:
    """Return names as a sentence lists them, long lists cut.

    Examples
    --------
    >>> few(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    if len(names) <= most:
        return listed(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def were(count: int, noun: str) -> str:
    """Return a count with its noun and verb.

    Examples
    --------
    >>> were(1, "test"), were(2, "test")
    ('1 test was', '2 tests were')
    """
    return f"{counted(count, noun)} {'was' if count == 1 else 'were'}"
