"""Small pictures of the images, for the report."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING

from texturekit.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from texturekit.data.pictures import Pictures

INDEX = "assets.json"


def thumbnails(pictures: Pictures, indices: Iterable[int], *, side: int = 160) -> dict[str, bytes]:
    """Return PNG pictures by file name, and the index that maps ids to them.

    Parameters
    ----------
    pictures : Pictures
        Images as the methods saw them.
    indices : iterable of int
        Which ones.
    side : int, default 160
        Long side in pixels.

    Returns
    -------
    dict of bytes
        ``<sha>.png`` for each distinct picture, and ``assets.json``: ``{id: {file, label}}``.
    """
    manifest = pictures.manifest
    files: dict[str, bytes] = {}
    index: dict[str, dict[str, str]] = {}
    for i in indices:
        content = thumbnail(pictures, i, side=side)
        name = f"{hashlib.sha256(content).hexdigest()[:16]}.png"
        files[name] = content
        index[printable(manifest.ids[i])] = {"file": name, "label": manifest.label_name(i)}
    text = json.dumps(index, sort_keys=True, ensure_ascii=False, indent=1)
    return {**files, INDEX: text.encode("utf-8", "backslashreplace")}


def thumbnail(pictures: Pictures, i: int, *, side: int = 160) -> bytes:
    """Return picture ``i`` as a small PNG whose long side is ``side``."""
    return _png(pictures.view(i, side))


def _png(picture: np.ndarray) -> bytes:
    from PIL import Image

    grey = (picture[..., 0] == picture[..., 1]).all() and (picture[..., 1] == picture[..., 2]).all()
    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if grey else picture).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
