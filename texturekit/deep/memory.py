"""Pictures as one backbone sees them, and what is known of them from earlier runs."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from texturekit.data.identity import picture_identity
from texturekit.data.pictures import Pictures
from texturekit.deep.seeing import seen, shown_to
from texturekit.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from texturekit.data.manifest import Manifest
    from texturekit.data.notes import Note
    from texturekit.deep.backbones import Backbone
    from texturekit.deep.kept import Kept
    from texturekit.deep.seeing import Picture, PictureSequence

Row = NDArray[np.float64]
States = tuple[tuple[int, ...] | None, ...]

_AT_ONCE = 64  # pictures that are looked up, and written down, together
_LENGTH = struct.Struct("<I")
_NOTHING: Note = ((), 0.0)


class Shown:
    """Pictures as one backbone sees them, and what identifies each.

    Parameters
    ----------
    pictures : sequence of pictures
    card : Backbone
    """

    def __init__(self, pictures: PictureSequence, card: Backbone) -> None:
        self.pictures, self.card = shown_to(pictures, card), card
        self._states: dict[int, States] = {}

    def identity(self, index: int) -> str | None:
        """Return what identifies a picture across runs, or None for arrays in memory."""
        pictures = self.pictures
        if not isinstance(pictures, Pictures) or pictures.size is None:
            return None
        contents, self._states[index] = self.contents(index)
        return picture_identity(pictures, index, contents)

    def contents(self, index: int) -> tuple[str, States]:
        """Return the hash of a picture's files, and their state just before they were hashed."""
        assert isinstance(self.pictures, Pictures)
        states = file_states(self.pictures.manifest, index)
        return self.pictures.manifest.contents(index), states

    def picture(self, index: int) -> Picture | ImageError:
        """Return a picture, or why it cannot be used."""
        return seen(self.pictures, index, self.card)

    def pictures_of(self, portion: Portion) -> dict[int, Picture | ImageError]:
        """Return the pictures of a portion, decoded now unless they are already."""
        ready = portion.pictures
        found = {k: self.picture(k) if ready is None else ready[k] for k in portion.missing}
        for index, picture in found.items():
            self.saw(index, picture)
        return found

    def saw(self, index: int, picture: Picture | ImageError) -> None:
        """Take note of a picture that was decoded."""

    def steady(self, index: int) -> bool:
        """Say whether a picture's files are still what they were when it was identified."""
        before = self._states.pop(index, None)
        return (
            isinstance(self.pictures, Pictures)
            and file_states(self.pictures.manifest, index) == before
        )

    def note(self, index: int) -> Note:
        """Return what is worth saying of a picture that was read."""
        pictures = self.pictures
        return (
            pictures.notes.rows.get(index, _NOTHING) if isinstance(pictures, Pictures) else _NOTHING
        )

    def remember(self, index: int, note: Note) -> None:
        """Say again what was said when the picture was read for the first time."""
        self._states.pop(index, None)
        if note != _NOTHING and isinstance(self.pictures, Pictures):
            self.pictures.notes.rows[index] = note


@dataclass
class Portion:
    """Pictures whose numbers are known, or pictures of one pass through the network."""

    missing: list[int] = field(default_factory=list)
    known: dict[int, Row | ImageError] = field(default_factory=dict)
    pictures: dict[int, Picture | ImageError] | None = None


class Memory:
    """What earlier runs found of some pictures, and what this one finds.

    Parameters
    ----------
    kept : Kept or None
        Where it is; None remembers nothing.
    source : Shown
        The pictures.
    network : str
        Everything else that their numbers depend on.
    """

    def __init__(self, kept: Kept | None, source: Shown, network: str) -> None:
        self.kept, self.source = kept, source
        self._network = blake2b(network.encode(), digest_size=32).digest()
        self._keys: dict[int, bytes] = {}
        self._fresh: dict[bytes, bytes] = {}

    def portions(self, order: Sequence[int], batch: int) -> Iterator[Portion]:
        """Give what is known, and the rest as many at a time as pass through the network."""
        missing: list[int] = []
        for start in range(0, len(order), _AT_ONCE):
            some = order[start : start + _AT_ONCE]
            known = self._known(some)
            if known:
                yield Portion(known=known)
            missing += [index for index in some if index not in known]
            while len(missing) >= batch:
                yield Portion(missing[:batch])
                missing = missing[batch:]
        if missing:
            yield Portion(missing)

    def _known(self, some: Sequence[int]) -> dict[int, Row | ImageError]:
        if self.kept is None:
            return {}
        keys = {}
        for index in some:
            identity = self.source.identity(index)
            if identity is not None:
                text = identity.encode("utf-8", "surrogateescape")
                keys[index] = blake2b(text, key=self._network, digest_size=32).digest()
        values = self.kept.get(list(dict.fromkeys(keys.values())))
        known: dict[int, Row | ImageError] = {}
        for index, key in keys.items():
            if key in values:
                known[index], note = _unpacked(values[key])
                self.source.remember(index, note)
            else:
                self._keys[index] = key
        return known

    def keep(self, found: Mapping[int, Row | ImageError]) -> None:
        """Take what was computed, to be written down with what follows."""
        for index, row in found.items():
            key = self._keys.pop(index, None)
            if key is not None and not isinstance(row, ImageError) and self.source.steady(index):
                self._fresh[key] = _packed(row, self.source.note(index))
        if len(self._fresh) >= _AT_ONCE:
            self.close()

    def close(self) -> None:
        """Write down what was computed."""
        if self.kept is not None and self._fresh:
            self.kept.put(self._fresh)
            self._fresh = {}


def decoded_by(workers: int, portions: Iterable[Portion], source: Shown) -> Iterator[Portion]:
    """Give portions whose pictures were decoded by so many processes."""
    from texturekit.deep.processes import Decoders

    planned = list(portions)
    missing = [portion.missing for portion in planned if portion.missing]
    decoders = Decoders(source.pictures, source.card, workers) if missing else None
    ready = iter(()) if decoders is None else decoders.portions(missing)
    for portion in planned:
        if portion.missing:
            rows, block = next(ready)
            found = block if isinstance(block, list) else list(block.numpy())
            portion.pictures = dict(zip(rows, found, strict=True))
        yield portion


def file_states(manifest: Manifest, index: int) -> States:
    """Return what changes whenever a file of a picture is written; None for what is not there."""
    return tuple(_state(path) for path in manifest.files(index))


def _state(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _packed(row: Row, note: Note) -> bytes:
    text = json.dumps(note).encode()
    return _LENGTH.pack(len(text)) + text + row.astype("<f4").tobytes()


def _unpacked(value: bytes) -> tuple[Row, Note]:
    end = _LENGTH.size + _LENGTH.unpack_from(value)[0]
    traits, share = json.loads(value[_LENGTH.size : end])
    return np.frombuffer(value[end:], "<f4").astype(np.float64), (tuple(traits), share)
