"""MedMNIST's ``.npz`` files, with the names that a card gives to their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.layouts.found import Found, wrong_layout
from texturekit.data.npz import read_npz
from texturekit.errors import ManifestError

if TYPE_CHECKING:
    from texturekit.data.catalogue import SetCard
    from texturekit.data.layouts.found import Source


def find(source: Source, card: SetCard) -> Found:
    """Return the images of the set's one ``.npz`` file below a folder.

    Raises
    ------
    ManifestError
        If there is none or several, it is damaged, or holds a label that the card does not name.
    """
    own = source.given.suffix.lower() == ".npz"
    files = [source.given.name] if own else files_of(source, card)
    if len(files) != 1:
        known = ", ".join(file.name for file in card.files)
        wanted = f"one of {known}" if not files else f"one file, not {', '.join(files)}: name it"
        raise wrong_layout(source, card.id, wanted)
    data = read_npz(source.folder / files[0])
    below = files[0].rpartition("/")[0]
    found = Found([f"{below}/{path}" if below else path for path in data.paths])
    found.split = list(data.frame["split"])
    if data.kind == "multilabel":
        if len(data.classes) != len(card.labels):
            raise ManifestError(
                f"'{files[0]}' has {len(data.classes)} labels, but the card of {card.id} names "
                f"{len(card.labels)}."
            )
        values = np.asarray(data.labels).astype(int).astype(str).T.tolist()
        found.labels = {card.labels[k]: values[k] for k in range(len(values))}
        return found
    unknown = [name for name in data.classes if int(name) not in card.labels]
    if unknown:
        raise ManifestError(
            f"'{files[0]}' holds the label {unknown[0]}, which {card.id} does not have: "
            f"{card.labels}."
        )
    names = [card.labels[int(name)] for name in data.classes]
    found.label = [names[number] for number in np.asarray(data.labels).tolist()]
    return found


def files_of(source: Source, card: SetCard) -> list[str]:
    """Return the set's files in a folder: the one that was named, or all."""
    known = {file.name for file in card.files}
    if source.given.is_file():
        return [source.given.name] if source.given.name in known else []
    return [path for path in source.others if path.rpartition("/")[2] in known]
