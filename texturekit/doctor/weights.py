"""Which pretrained weights are at hand."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from texturekit.doctor.found import Diagnosis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from texturekit.doctor.surroundings import Surroundings


def weights(around: Surroundings) -> Iterator[Diagnosis]:
    """Look into torch's cache folder; nothing is downloaded."""
    from texturekit.deep.backbones import BACKBONES
    from texturekit.deep.weights import URL_VARIABLE, cached_path

    paths = {card.name: cached_path(card) for card in BACKBONES.values()}
    there = {name: path for name, path in paths.items() if path.is_file()}
    for name, path in there.items():
        wanted = BACKBONES[name].sha256_prefix
        if wanted and not _sha256(path).startswith(wanted):
            found = f"the weights of {name} are damaged, or another file: {path}"
            yield Diagnosis("weights", "problem", found, f'rm "{path}"; they are downloaded again')
    folder = next(iter(paths.values())).parent
    place = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    if not os.access(place, os.W_OK):
        found = f"{folder} cannot be written: downloaded weights cannot be kept"
        yield Diagnosis("weights", "warning", found, "set TORCH_HOME to a folder of your own")
    if URL_VARIABLE in around.environ:
        found = f"weights are downloaded from {around.environ[URL_VARIABLE]} ({URL_VARIABLE})"
        yield Diagnosis("weights", "note", found)
    if there:
        said = f"{', '.join(there)} of {len(paths)} networks lie in {folder}"
        yield Diagnosis("weights", "ok", said)
    else:
        found = (
            f"no pretrained weights lie in {folder}: the first use downloads them, and without a "
            "network networks start from random numbers"
        )
        cure = "docs/weights.md says which file goes where; --weights PATH takes one of yours"
        yield Diagnosis("weights", "note", found, cure)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
