"""Small pictures of the images, for the report."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from texturekit.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np

    from texturekit.data.pictures import Pictures

INDEX = "assets.json"
Draw = Callable[[Any, Any], dict[str, bytes]]


def thumbnails(
    pictures: Pictures,
    indices: Iterable[int],
    *,
    side: int = 160,
    cams: Mapping[str, Mapping[str, bytes]] | None = None,
    draw: Draw | None = None,
    drawn: int = 0,
) -> dict[str, bytes]:
    """Return PNG pictures by file name, and the index that maps ids to them.

    Parameters
    ----------
    pictures : Pictures
        Images as the methods saw them.
    indices : iterable of int
        Which ones, the most important ones first.
    side : int, default 160
        Long side in pixels.
    cams : mapping, optional
        By method and image id: a PNG of what spoke for its answer.
    draw : callable, optional
        Of an image and its mask as texture sees them: PNG by name of a map.
    drawn : int, default 0
        How many of the images get such maps.

    Returns
    -------
    dict of bytes
        ``<sha>.png`` for each distinct picture, and ``assets.json``: ``{id: {file, label}}``, with
        ``maps`` (name to file) and ``cams`` (method to file) where there are some.
    """
    manifest = pictures.manifest
    files: dict[str, bytes] = {}
    index: dict[str, dict[str, Any]] = {}
    for place, i in enumerate(indices):
        known = printable(manifest.ids[i])
        file = keep(files, thumbnail(pictures, i, side=side))
        index[known] = {"file": file, "label": manifest.label_name(i)}
        if draw is not None and place < drawn:
            made = draw(*pictures.region(i))
            index[known]["maps"] = {name: keep(files, png) for name, png in made.items()}
        over = {m: keep(files, found[known]) for m, found in (cams or {}).items() if known in found}
        if over:
            index[known]["cams"] = over
    return {**files, INDEX: as_json(index)}


def keep(files: dict[str, bytes], content: bytes) -> str:
    """Put a picture among files under the hash of its content; return its name."""
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.png"
    files[name] = content
    return name


def as_json(content: Any) -> bytes:
    """Return plain content as JSON; the same content gives the same bytes."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "backslashreplace")


def thumbnail(pictures: Pictures, i: int, *, side: int = 160) -> bytes:
    """Return picture ``i`` as a small PNG whose long side is ``side``."""
    return _png(pictures.view(i, side))


def _png(picture: np.ndarray) -> bytes:
    from PIL import Image

    grey = (picture[..., 0] == picture[..., 1]).all() and (picture[..., 1] == picture[..., 2]).all()
    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if grey else picture).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
