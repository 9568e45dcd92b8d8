"""Ways to damage a file, each determined by a random generator."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

_HEADER = 160
_ODD = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def damaged(seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """Return one of the files, damaged in one to three ways; PNG sums are mended half the time.

    A wrong checksum would hide everything behind it from the decoder.
    """
    content = seeds[rng.integers(len(seeds))]
    for _ in range(rng.integers(1, 4)):
        content = _WAYS[rng.integers(len(_WAYS))](content, seeds, rng)
    return _sums_mended(content) if rng.integers(2) else content


def damaged_inside(seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """Return a sound ZIP file with one damaged member, whose checksum is right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(seeds[rng.integers(len(seeds))])) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = list(members)[rng.integers(len(members))]
    members[name] = damaged([*members.values()], rng)
    with zipfile.ZipFile(stream, "w") as archive:
        for member, content in members.items():
            archive.writestr(zipfile.ZipInfo(member), content)
    return stream.getvalue()


def _flip(content: bytes, seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for place in rng.integers(0, max(1, len(content)), rng.integers(1, 20)):
        if place < len(changed):
            changed[place] ^= 1 << rng.integers(8)
    return bytes(changed)


def _overwrite(content: bytes, seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    start = _place(content, rng)
    noise = rng.bytes(int(rng.integers(1, 40)))
    return content[:start] + noise + content[start + len(noise) :]


def _cut(content: bytes, seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    return content[: _place(content, rng)]


def _cut_out(content: bytes, seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    start = _place(content, rng)
    return content[:start] + content[start + int(rng.integers(1, 64)) :]


def _insert(content: bytes, seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    start = _place(content, rng)
    return content[:start] + rng.bytes(int(rng.integers(1, 64))) + content[start:]


def _repeat(content: bytes, seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    start = _place(content, rng)
    piece = content[start : start + int(rng.integers(1, 200))]
    return content[:start] + piece * int(rng.integers(2, 9)) + content[start:]


def _field(content: bytes, seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """Write a number at the edge of its range into the header, in either byte order."""
    start = int(rng.integers(0, max(1, min(len(content), _HEADER))))
    form = "<>"[rng.integers(2)] + "BHI"[rng.integers(3)]
    most = 2 ** (8 * struct.calcsize(form)) - 1
    value = struct.pack(form, _ODD[rng.integers(len(_ODD))] & most)
    return content[:start] + value + content[start + len(value) :]


def _splice(content: bytes, seeds: Sequence[bytes], rng: np.random.Generator) -> bytes:
    other = seeds[rng.integers(len(seeds))]
    return content[: _place(content, rng)] + other[_place(other, rng) :]


def _place(content: bytes, rng: np.random.Generator) -> int:
    """Return a place, in the header half of the time."""
    end = len(content) if rng.integers(2) else min(len(content), _HEADER)
    return int(rng.integers(0, max(1, end)))


_WAYS: tuple[Callable[[bytes, Sequence[bytes], np.random.Generator], bytes], ...] = (
    _flip, _overwrite, _cut, _cut_out, _insert, _repeat, _field, _field, _splice,
)  # fmt: skip


def _sums_mended(content: bytes) -> bytes:
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return content
    parts, place = [content[:8]], 8
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        body = content[place + 4 : place + 8 + length]
        if place + 12 + length > len(content):
            break
        parts += [content[place : place + 4], body, struct.pack(">I", zlib.crc32(body))]
        place += 12 + length
    return b"".join(parts) + content[place:]
