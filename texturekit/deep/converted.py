"""Which published file a converted one was made from; nothing here imports torch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from texturekit.errors import WeightsFileError

if TYPE_CHECKING:
    from pathlib import Path

    from texturekit.deep.backbones import Backbone

#: Where a converted file's metadata say what it was made from.
CONVERTED = "texturekit.converted"


def origin(path: Path) -> dict[str, Any]:
    """Return what a converted file says of the file that it was made from.

    Parameters
    ----------
    path : Path
        What ``texturekit convert-weights`` wrote.

    Returns
    -------
    dict
        ``backbone, source, file, bytes, sha256, labels, thresholds``.

    Raises
    ------
    WeightsFileError
        If it is damaged, or was not made by that command.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})[CONVERTED])
        return {**facts, "backbone": str(facts["backbone"]), "sha256": str(facts["sha256"])}
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise WeightsFileError(
            f"{str(path)!r} is damaged, or was not made by texturekit convert-weights ({error})."
        ) from error


def check_origin(path: Path, backbone: Backbone) -> dict[str, Any]:
    """See that a converted file is this network's: those of torchxrayvision have equal shapes.

    Raises
    ------
    WeightsFileError
        If it was made for another network, or not by ``texturekit convert-weights``.
    """
    facts = origin(path)
    if facts["backbone"] != backbone.name:
        raise WeightsFileError(
            f"{str(path)!r} holds the weights of {facts['backbone']}, not of {backbone.name}: the "
            f"shapes are equal, the outputs are not; use {facts['backbone']}, or its own file."
        )
    return facts
