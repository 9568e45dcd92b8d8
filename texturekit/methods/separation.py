"""Folds that keep copies of an image on one side, or say where they do not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from texturekit.data.copies import LEVELS, contradictions, crossings, linked, without
from texturekit.data.duplicates import find_duplicates
from texturekit.errors import LeakageError, SplitError, printable
from texturekit.methods.folding import are_drawn, make_folds
from texturekit.records import Crossing, Repeats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.data.copies import Crossed
    from texturekit.data.duplicates import Duplicates, Groups
    from texturekit.data.manifest import Manifest
    from texturekit.data.splits import Fold
    from texturekit.methods.planning import Job, Options
    from texturekit.records import Protocol

_LARGEST = 0.25  # of all images that copies may bind together
_SHOWN = 3
Kept = Literal["possible", "near", "exact", "none"]


@dataclass(frozen=True)
class Separation:
    """What is trained and tested on.

    Attributes
    ----------
    manifest : Manifest
        The images; copies of one another share a group.
    folds : list of Fold
    protocol : Protocol
    repeats : Repeats or None
        What was found; None where nothing was looked for.
    notes : list of str
        What the reader has to know; leakage first.
    """

    manifest: Manifest
    folds: list[Fold]
    protocol: Protocol
    repeats: Repeats | None = None
    notes: tuple[str, ...] = ()
    crossing: tuple[str, ...] = ()


def without_contradictions(job: Job) -> tuple[Job, Duplicates | None]:
    """Look for copies, and leave out images that stand under two labels."""
    if job.manifest.synthetic:  # drawn one by one
        return job, None
    found = find_duplicates(job.manifest, jobs=job.options.jobs)
    wrong = contradictions(job.manifest, found.exact)
    if not wrong:
        return job, found
    kept = [row for row in range(len(job.manifest)) if row not in wrong]
    return replace(job, manifest=without(job.manifest, wrong)), found.among(kept)


def together(manifest: Manifest, found: Duplicates | None) -> Manifest:
    """Return the images with copies of one another in one group, as patients are.

    Possible copies, too; the least certain are left apart where they would bind too many images.
    """
    return manifest if found is None else _bound(manifest, found)[0]


def as_one_test(manifest: Manifest, found: Duplicates) -> tuple[Manifest, Repeats, tuple[str, ...]]:
    """Return test images with copies of one another in one group, what was found, and notes."""
    joined, level, groups, reason = _bound(manifest, found)
    return joined, _repeats(found, groups, level, reason), _notes(manifest, found)


def _bound(manifest: Manifest, found: Duplicates) -> tuple[Manifest, Kept, Groups, str | None]:
    """Return the images with copies in one group, down to which level, and why no further."""
    reason: str | None = None
    for level in reversed(LEVELS):
        joined = linked(manifest, found.level(level))
        try:
            _check_size(manifest, joined)
        except SplitError as error:
            reason = reason or str(error)
            continue
        return joined, level, found.level(level), reason
    return manifest, "none", (), reason


def separate(options: Options, manifest: Manifest, found: Duplicates | None) -> Separation:
    """Draw folds, or take the given ones, with copies of an image on one side of each.

    Folds that are drawn keep possible copies together, too. Where that leaves too few groups it is
    given up for the least certain copies first, which is said. Given splits stay as they are.

    Parameters
    ----------
    options : Options
    manifest : Manifest
    found : Duplicates or None
        Of these images.

    Returns
    -------
    Separation

    Raises
    ------
    SplitError
        As `make_folds`.
    LeakageError
        If exact copies, or images of one group, stand in two parts of given splits, and that is
        not allowed.
    """
    folds, protocol = make_folds(options, manifest)
    if found is None:
        return Separation(manifest, folds, protocol)
    if are_drawn(manifest, protocol):
        return _drawn(options, manifest, found, Separation(manifest, folds, protocol))
    return _given(options, manifest, found, folds, protocol)


def _drawn(
    options: Options, manifest: Manifest, found: Duplicates, plain: Separation
) -> Separation:
    reason: str | None = None
    for level in reversed(LEVELS):
        groups = found.level(level)
        joined = linked(manifest, groups)
        try:
            _check_size(manifest, joined)
            folds, protocol = make_folds(options, joined)
        except SplitError as error:
            reason = reason or f"{level} copies cannot all be kept together: {error}"
            continue
        repeats = _repeats(found, groups, level, reason)
        protocol = _told(plain.protocol, protocol, groups)
        return Separation(
            joined, folds, protocol, repeats, _notes(manifest, found), _given_up(repeats)
        )
    repeats = _repeats(found, (), "none", reason)
    return Separation(
        plain.manifest, plain.folds, plain.protocol, repeats, _notes(manifest, found),
        _given_up(repeats),
    )  # fmt: skip


def _check_size(manifest: Manifest, joined: Manifest) -> None:
    """Refuse copies that bind so many images together that folds would become uneven."""
    if joined is manifest or joined.groups is None:
        return
    before = 1 if manifest.groups is None else Counter(manifest.groups).most_common(1)[0][1]
    name, size = Counter(joined.groups).most_common(1)[0]
    if size > max(before, _LARGEST * len(manifest), 2):
        raise SplitError(f"{size} of {len(manifest)} images would be one group ({name})")


def _told(plain: Protocol, drawn: Protocol, groups: Groups) -> Protocol:
    """Return the protocol of the folds, with the grouping in the words of the patients."""
    copies = sum(map(len, groups))
    if copies == 0:
        return plain
    more = f"; {copies} images that repeat one another stay together ({len(groups)} groups)"
    return drawn.model_copy(update={"grouping": plain.grouping + more})


def _given(
    options: Options,
    manifest: Manifest,
    found: Duplicates,
    folds: list[Fold],
    protocol: Protocol,
) -> Separation:
    joined, repeats, crossing, notes = as_given(options, manifest, found, folds)
    return Separation(joined, folds, protocol, repeats, notes, crossing)


def as_given(
    options: Options, manifest: Manifest, found: Duplicates, folds: Sequence[Fold]
) -> tuple[Manifest, Repeats, tuple[str, ...], tuple[str, ...]]:
    """Return the images with copies in one group, where given parts do not tear them.

    Beside them what was found, sentences on what stands in two parts, and other notes.

    Raises
    ------
    LeakageError
        If exact copies stand in two parts, and that is not allowed.
    """
    crossed = crossings(found, folds, len(manifest))
    exact = [one for one in crossed if one.kind == "exact"]
    if exact and not options.allow_leakage:
        raise LeakageError(
            f"{_pairs_of(exact)} in two parts of the given splits of {manifest.source}: "
            f"{_listed(manifest, exact)}; take one of each out, or pass allow_leakage=True "
            "(--allow-leakage), which the result then says."
        )
    apart = {row for one in crossed for row in (one.a, one.b)}
    groups = tuple(g for g in found.possible if not apart & set(g))
    repeats = _repeats(found, groups, "none" if crossed else "possible", None).model_copy(
        update={"crossing": [_crossing(manifest, one) for one in crossed]}
    )
    crossing = tuple(_crossing_notes(manifest, crossed))
    return linked(manifest, groups), repeats, crossing, _notes(manifest, found)


def _repeats(
    found: Duplicates,
    groups: Groups,
    level: Kept,
    reason: str | None,
) -> Repeats:
    return Repeats(
        exact=len(found.exact),
        near=len(found.near),
        possible=len(found.possible),
        images=sum(map(len, groups)),
        kept_together=level,
        reason=None if reason is None else printable(reason),
    )


def _crossing(manifest: Manifest, one: Crossed) -> Crossing:
    a, b = printable(manifest.paths[one.a]), printable(manifest.paths[one.b])
    return Crossing(a=a, b=b, kind=one.kind, parts=one.parts)


def _crossing_notes(manifest: Manifest, crossed: Sequence[Crossed]) -> list[str]:
    notes = []
    by_kind = {kind: [one for one in crossed if one.kind == kind] for kind in LEVELS}
    if by_kind["exact"]:
        notes.append(
            f"Leakage: {_pairs_of(by_kind['exact'])} in two parts of the given splits: "
            f"{_listed(manifest, by_kind['exact'])}; allowed, as asked. The numbers are too good."
        )
    if by_kind["near"]:
        notes.append(
            f"Leakage: {_pairs_of(by_kind['near'])} in two parts of the given splits: "
            f"{_listed(manifest, by_kind['near'])}. The numbers may be too good."
        )
    if by_kind["possible"]:
        notes.append(
            f"{_pairs_of(by_kind['possible'])} in two parts of the given splits: "
            f"{_listed(manifest, by_kind['possible'])}. Look at them (texturekit data audit)."
        )
    return notes


def _pairs_of(crossed: Sequence[Crossed]) -> str:
    one = len(crossed) == 1
    return f"{len(crossed)} pair{'' if one else 's'} of {crossed[0].kind} copies stand{'s' * one}"


def _listed(manifest: Manifest, crossed: Sequence[Crossed]) -> str:
    shown = [
        f"{manifest.paths[one.a]} = {manifest.paths[one.b]} ({one.parts})"
        for one in crossed[:_SHOWN]
    ]
    more = [f"and {len(crossed) - _SHOWN} more"] if len(crossed) > _SHOWN else []
    return printable(", ".join([*shown, *more]))


def _given_up(repeats: Repeats) -> tuple[str, ...]:
    if repeats.reason is None:
        return ()
    return (f"Copies of images could stand on both sides of a fold: {repeats.reason}",)


def _notes(manifest: Manifest, found: Duplicates) -> tuple[str, ...]:
    notes = []
    torn = [group for group in found.near if len({manifest.label_name(row) for row in group}) > 1]
    if torn:
        a, b = _two_labels(manifest, torn[0])
        notes.append(
            f"{len(torn)} group{'s' * (len(torn) > 1)} of near copies carry two labels, the first: "
            f"{printable(manifest.paths[a])} ({manifest.label_name(a) or 'none'}) and "
            f"{printable(manifest.paths[b])} ({manifest.label_name(b) or 'none'}). Look at them."
        )
    return tuple(notes)


def _two_labels(manifest: Manifest, group: Sequence[int]) -> tuple[int, int]:
    first = group[0]
    return first, next(r for r in group if manifest.label_name(r) != manifest.label_name(first))
