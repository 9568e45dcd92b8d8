"""Sets with a folder for every class, perhaps below train, val and test."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from texturekit.data.folders import SPLIT_NAMES
from texturekit.data.layouts.found import Found, wrong_layout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from texturekit.data.catalogue import SetCard
    from texturekit.data.layouts.found import Source


def find(source: Source, card: SetCard) -> Found:
    """Return the images in the folders that the card names; folders around them do not matter.

    Raises
    ------
    ManifestError
        If a class has no folder with an image.
    """
    found = Found(label=[])
    split: list[str | None] = []
    part: list[str] = []
    optional = 0
    rules = [(re.compile(rule), label) for rule, label in card.folders.items()]
    for path in source.tree.files:
        levels = path.split("/")[:-1]
        label = next(filter(None, (_class_of(name, rules) for name in reversed(levels))), None)
        extra = card.optional_part is not None and any(
            name.lower().startswith(card.optional_part) for name in levels
        )
        if label is None:
            found.skip(path, "in no folder of a class", ignored=True)
        elif card.only is not None and not re.search(card.only, path):
            found.skip(path, f"not in the part of the set that counts ({card.only})", ignored=True)
        elif extra and not source.additional:
            optional += 1
            found.skip(path, "in the set's optional part", ignored=True)
        else:
            found.paths.append(path)
            found.label.append(label)  # type: ignore[union-attr]
            split.append(_split_of(levels))
            part.append(str(card.optional_part) if extra else "")
    _check_classes(source, card, found)
    if len({name for name in split if name}) > 1:
        found.split = split
    if any(part):
        found.extra["part"] = part
    if optional:
        found.notes.append(
            f"{optional:,} images of the part '{card.optional_part}' are left out; --additional "
            "takes them."
        )
    _leave_copies_out(source.folder, found)
    return found


def matches(source: Source, card: SetCard) -> bool:
    """Tell whether a folder looks like a set: every class, and the names that tell the patient."""
    rules = [(re.compile(rule), label) for rule, label in card.folders.items()]
    names = {name for path in source.tree.files for name in path.split("/")[:-1]}
    classes = {_class_of(name, rules) for name in names}
    return all(
        [
            set(card.folders.values()) <= classes,
            card.only is None or any(re.search(card.only, p) for p in source.tree.files),
            card.group_rule is None
            or any(re.search(card.group_rule, path) for path in source.tree.files),
        ]
    )


def _class_of(name: str, rules: Sequence[tuple[re.Pattern[str], str]]) -> str | None:
    return next((label for rule, label in rules if rule.fullmatch(name)), None)


def _split_of(levels: Sequence[str]) -> str | None:
    known = [SPLIT_NAMES.get(name.strip().lower()) for name in reversed(levels)]
    return next(filter(None, known), None)


def _check_classes(source: Source, card: SetCard, found: Found) -> None:
    missing = sorted(set(card.folders.values()) - set(found.label or []))
    if missing:
        wanted = "a folder with images for every class: " + ", ".join(card.folders)
        raise wrong_layout(source, card.id, f"{wanted} (none of {', '.join(missing)})")


def _leave_copies_out(folder: Path, found: Found) -> None:
    """Take a tree that an archive holds twice once: same split, class, name and bytes."""
    same: dict[tuple[str | None, str, str], list[int]] = defaultdict(list)
    labels, splits = found.label or [], found.split or [None] * len(found.paths)
    for place, path in enumerate(found.paths):
        same[splits[place], labels[place], path.rpartition("/")[2]].append(place)
    surplus: dict[int, str] = {}
    for places in same.values():
        first: dict[str, str] = {}
        ordered = sorted(places, key=lambda i: (found.paths[i].count("/"), found.paths[i]))
        for place in ordered if len(places) > 1 else []:
            path = found.paths[place]
            other = first.setdefault(_sha256(folder / path), path)
            if other != path:
                surplus[place] = other
    if not surplus:
        return
    for place, other in surplus.items():
        found.skip(found.paths[place], f"the same file as {other}", ignored=True)
    keep = [place for place in range(len(found.paths)) if place not in surplus]
    found.notes.append(f"{len(surplus):,} files stand in the folder twice and are taken once.")
    found.paths = [found.paths[i] for i in keep]
    found.label = [labels[i] for i in keep]
    found.split = None if found.split is None else [splits[i] for i in keep]
    found.extra = {name: [column[i] for i in keep] for name, column in found.extra.items()}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
