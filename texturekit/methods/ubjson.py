"""The part of UBJSON (https://ubjson.org, draft 12) that XGBoost writes, read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBERS = {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
_WIDTHS = (("i", 1), ("I", 2), ("l", 4), ("L", 8))
_PLAIN: dict[str, bool | None] = {"T": True, "F": False, "Z": None}
_DEEPEST = 16  # levels of objects and lists; XGBoost writes 7


def read(content: bytes) -> Any:
    """Return what a file holds; typed arrays are arrays, big-endian.

    Raises
    ------
    ValueError
        If it is no such file, whole and alone.
    """
    reader = _Reader(content)
    told = reader.value(0)
    if reader.at != len(content):
        raise ValueError(f"it goes on for {len(content) - reader.at} bytes after its end")
    return told


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content, self.at = content, 0

    def _taken(self, count: int) -> bytes:
        if not 0 <= count <= len(self._content) - self.at:
            raise ValueError(f"it ends early: {count} bytes are wanted at byte {self.at}")
        self.at += count
        return self._content[self.at - count : self.at]

    def _mark(self) -> str:
        return self._taken(1).decode("latin-1")

    def _numbers(self, mark: str, count: int) -> NDArray[Any]:
        if mark not in _NUMBERS:
            raise ValueError(f"{mark!r} at byte {self.at - 1} is no type of numbers")
        kind = np.dtype(_NUMBERS[mark])
        return np.frombuffer(self._taken(count * kind.itemsize), kind)

    def _count(self) -> int:
        mark = self._mark()
        if mark in "dD":
            raise ValueError(f"the length before byte {self.at} is no integer")
        count = int(self._numbers(mark, 1)[0])
        if not 0 <= count <= len(self._content) - self.at:  # what is counted has a byte at least
            raise ValueError(f"there are no {count} values or bytes after byte {self.at}")
        return count

    def _text(self) -> str:
        return self._taken(self._count()).decode("utf-8")

    def value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} deep")
        mark = self._mark()
        if mark in _PLAIN:
            return _PLAIN[mark]
        if mark == "S":
            return self._text()
        if mark == "{":
            return self._object(depth)
        return self._list(depth) if mark == "[" else self._numbers(mark, 1)[0].item()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._content[self.at : self.at + 1] != b"}":
            name = self._text()
            if name in found:
                raise ValueError(f"it names {name!r} twice")
            found[name] = self.value(depth + 1)
        self.at += 1
        return found

    def _list(self, depth: int) -> Any:
        mark, kind = self._mark(), None
        if mark == "$":
            kind, mark = self._mark(), self._mark()
        if mark != "#":
            raise ValueError(f"the list at byte {self.at} does not tell its length")
        count = self._count()
        if kind is not None:
            return self._numbers(kind, count)
        return [self.value(depth + 1) for _ in range(count)]


def written(value: Any) -> bytes:
    """Write as XGBoost does: names in order, an integer in as few bytes as it needs."""
    if isinstance(value, dict):
        pairs = (_length(name) + written(one) for name, one in sorted(value.items()))
        return b"{" + b"".join(pairs) + b"}"
    if isinstance(value, str):
        return b"S" + _length(value)
    if isinstance(value, np.ndarray):
        mark = next(mark for mark, kind in _NUMBERS.items() if np.dtype(kind) == value.dtype)
        return b"[$" + mark.encode() + b"#L" + _wide(len(value)) + value.tobytes()
    if isinstance(value, list):
        return b"[#L" + _wide(len(value)) + b"".join(map(written, value))
    mark, width = next(one for one in _WIDTHS if -(256 ** one[1]) <= 2 * value < 256 ** one[1])
    return mark.encode() + int(value).to_bytes(width, "big", signed=True)


def _length(text: str) -> bytes:
    return b"L" + _wide(len(text.encode())) + text.encode()


def _wide(number: int) -> bytes:
    return number.to_bytes(8, "big")
