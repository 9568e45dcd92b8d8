"""The pictures of the page: each once, in the order of their weight, until a number of bytes."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from texturekit.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOM = 1_500_000  # bytes of all pictures; mail attachments stay small
_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST, _QUALITY = 2048, 80


@dataclass(frozen=True)
class Held:
    """What a run folder holds of an image: thumbnail, label, maps by name, overlays by method."""

    file: str
    label: str = ""
    maps: Mapping[str, str] = field(default_factory=dict)
    cams: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """A picture as it stands in the page.

    Attributes
    ----------
    key : str
        Its id in the page.
    source : str
        The ``data:`` URI.
    sharp : bool
        Whether its pixels are codes, which must not be blended.
    """

    key: str
    source: str
    sharp: bool


class Album:
    """The pictures of a study, put into the page once and shown by their keys as often as wanted.

    Parameters
    ----------
    assets : mapping
        Content by file name.
    room : int
        Most bytes of all pictures together, as they stand in the page.

    Attributes
    ----------
    pictures : list of Picture
        What was put in.
    """

    def __init__(self, assets: Mapping[str, bytes], room: int = ROOM) -> None:
        self.pictures: list[Picture] = []
        self._assets, self._left, self._keys = assets, room, dict[str, str | None]()

    def add(self, files: Iterable[str], room: int | None = None) -> None:
        """Put in files that are no longer than what is left, of ``room`` bytes if that is less."""
        left = self._left if room is None else min(room, self._left)
        for file in files:
            if self._keys.get(file) is None:
                found = compact(self._assets.get(file, b""))
                size = 0 if found is None else len(found[1])
                if found is None or size > left:
                    self._keys.setdefault(file, None)
                    continue
                self._keys[file] = key = f"pic{len(self.pictures)}"
                self.pictures.append(Picture(key, found[1], found[0]))
                left, self._left = left - size, self._left - size

    def key(self, file: str | None) -> str | None:
        """Return the key of a file; None when it is not in the page."""
        return None if file is None else self._keys.get(file)

    @property
    def left(self) -> int:
        """How many bytes more may be put in."""
        return self._left


@lru_cache(maxsize=512)
def compact(content: bytes) -> tuple[bool, str] | None:
    """Return whether pixels are codes, and a ``data:`` URI; None of what is no PNG picture.

    Grey and colour become WebP, a quarter of the bytes. Codes stay as they are.
    """
    from PIL import Image

    if not content.startswith(_PNG):
        return None
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if max(picture.size) > _LARGEST:
                return None
            picture.load()
            sharp = picture.mode not in ("L", "RGB")
            small = content if sharp else _webp(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    if small is not None and len(small) < len(content):
        return sharp, _uri("webp", small)
    return sharp, _uri("png", content)


def _webp(picture: Any) -> bytes | None:
    from PIL import features

    if not features.check("webp"):
        return None
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=_QUALITY, method=4)
    return buffer.getvalue()


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")


def index(assets: Mapping[str, bytes]) -> dict[str, Held]:
    """Return ``assets.json``: what is held by image id; empty without images.

    Raises
    ------
    ModelError
        If the file is no such mapping.

    Examples
    --------
    >>> index({"assets.json": b'{"a": {"file": "x.png", "label": "benign"}}'})["a"].label
    'benign'
    """
    if "assets.json" not in assets:
        return {}
    try:
        content = json.loads(assets["assets.json"])
        return {str(key): _held(item) for key, item in content.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"assets.json does not map image ids to file and label ({error!r}); compare again."
        ) from error


def _held(item: Mapping[str, Any]) -> Held:
    maps, cams = (
        {str(name): str(file) for name, file in item.get(part, {}).items()}
        for part in ("maps", "cams")
    )
    return Held(str(item["file"]), str(item.get("label", "")), maps, cams)
