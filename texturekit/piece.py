"""What was measured of a few images, and the same as bytes: for pipes and for files."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from texturekit.features.registry import GreyLevels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from texturekit.data.notes import Note

_LENGTH = struct.Struct("<I")
_LEVELS = 4  # low, high, count, occupied


@dataclass(frozen=True)
class Lost:
    """Why an image is not used: it cannot be read, or cannot be measured."""

    error: str
    kind: Literal["unreadable", "failed"]


@dataclass(frozen=True)
class Piece:
    """What was measured of some images.

    Attributes
    ----------
    rows : (n,) int64
        Their rows in the manifest.
    values : (n, d) float64
        The columns of all parts side by side; NaN where the image is lost.
    lost : dict of Lost
        Why images could not be used, by row.
    levels : dict of (n, 4) float64
        How images were reduced to grey levels (low, high, count, occupied), by part and variant;
        NaN where they were not.
    contents : tuple of str
        Hash of each image's bytes, and of its mask's; empty where nobody asked.
    seconds : dict of float
        What each part took; ``"reading"`` for decoding and resizing.
    notes : dict of Note
        What is worth saying of an image, by row; most have nothing.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float64]
    lost: dict[int, Lost] = field(default_factory=dict)
    levels: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    contents: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    notes: dict[int, Note] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def grey_levels(self) -> Iterator[tuple[str, int, GreyLevels]]:
        """Give name, row and grey levels of what was reduced to some."""
        for name, found in self.levels.items():
            for row, (low, high, count, occupied) in zip(self.rows, found, strict=True):
                if count == count:  # NaN where the image was not reduced
                    yield name, int(row), GreyLevels(low, high, int(count), int(occupied))

    def to_bytes(self) -> bytes:
        """Return everything as bytes; `from_bytes` reads them."""
        head = {
            "rows": self.rows.tolist(),
            "columns": self.values.shape[1],
            "levels": list(self.levels),
            "lost": {row: [lost.error, lost.kind] for row, lost in self.lost.items()},
            "contents": self.contents,
            "seconds": self.seconds,
            "notes": self.notes,
        }
        # Escapes hold even names that are no Unicode.
        text = json.dumps(head, ensure_ascii=True).encode()
        arrays = [self.values, *self.levels.values()]
        return b"".join([_LENGTH.pack(len(text)), text, *(a.tobytes() for a in arrays)])

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Piece:
        """Read what `to_bytes` wrote.

        Raises
        ------
        ValueError
            If the bytes are something else.
        """
        if len(data) < _LENGTH.size:
            raise ValueError(f"{len(data)} bytes are no piece; they are too few.")
        start = _LENGTH.size + _LENGTH.unpack_from(data)[0]
        head = json.loads(bytes(data[_LENGTH.size : start]))
        rows = np.array(head["rows"], dtype=np.int64)
        numbers = np.frombuffer(data[start:], dtype=np.float64)
        width = head["columns"]
        values = numbers[: len(rows) * width].reshape(len(rows), width)
        rest = numbers[len(rows) * width :].reshape(len(head["levels"]), len(rows), _LEVELS)
        lost = {int(row): Lost(*why) for row, why in head["lost"].items()}
        notes = {int(row): (tuple(traits), share) for row, (traits, share) in head["notes"].items()}
        return cls(
            rows, values, lost, dict(zip(head["levels"], rest, strict=True)),
            tuple(head["contents"]), head["seconds"], notes,
        )  # fmt: skip


def levels_array(found: list[GreyLevels | None]) -> NDArray[np.float64]:
    """Return grey levels, one an image, as numbers; see `Piece.levels`."""
    result = np.full((len(found), _LEVELS), np.nan)
    for place, one in enumerate(found):
        if one is not None:
            result[place] = one.low, one.high, one.count, one.occupied
    return result
