"""What becomes of one picture while it is measured, and how nets are shown those of a task."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.memory import Shown, States, file_states
from texturekit.deep.stages import Reading
from texturekit.errors import ImageError
from texturekit.parts import reading_of
from texturekit.piece import Lost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from texturekit.data.manifest import Manifest
    from texturekit.data.pictures import Pictures
    from texturekit.deep.backbones import Backbone
    from texturekit.deep.seeing import Picture
    from texturekit.features.grammar import Part
    from texturekit.features.registry import GreyLevels

_CHANGED = "the file changed while it was read; run again when nobody writes to it"


@dataclass
class Outcome:
    """What became of one picture, apart from the values themselves."""

    place: int
    content: str = ""
    states: States = ()
    lost: Lost | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    levels: dict[str, GreyLevels] = field(default_factory=dict)

    def lap(self, name: str, start: float) -> float:
        """Note what a step took since ``start``; return the time it ended."""
        now = time.perf_counter()
        self.seconds[name] = now - start
        return now


@dataclass(frozen=True)
class Pass:
    """What one pass through a net gives: several parts may be read off it at once."""

    net: str
    reading: Reading
    parts: tuple[str, ...]


def passes_of(parts: tuple[Part, ...]) -> Iterator[Pass]:
    """Give the passes through nets that parts take, one a net, mirroring and precision."""
    together: dict[tuple[str, bool, str], list[tuple[str, Reading]]] = {}
    for part in parts:
        if part.name in BACKBONES:
            reading = reading_of(part)
            key = part.name, reading.flip, reading.dtype
            together.setdefault(key, []).append((str(part), reading))
    for (net, flip, dtype), found in together.items():
        taken = tuple(one for _, reading in found for one in reading.taken)
        yield Pass(net, Reading(taken, flip, dtype), tuple(name for name, _ in found))


@contextmanager
def watched(manifest: Manifest, found: Outcome, *, hashed: bool) -> Iterator[None]:
    """Note what the bytes of a picture are before it is read, and see that they stay.

    Raises
    ------
    ImageError
        If they changed meanwhile.
    """
    if not hashed:
        yield
        return
    if not found.content:
        read_contents(manifest, found)
    yield
    if file_states(manifest, found.place) != found.states:
        found.content = "changed while it was read"
        raise ImageError(f"{manifest.paths[found.place]}: {_CHANGED}.")


def read_contents(manifest: Manifest, found: Outcome) -> None:
    """Note the hash of a picture's bytes, and in what state its files were just before."""
    found.states = file_states(manifest, found.place)
    try:
        found.content = manifest.contents(found.place)
    except ImageError as error:
        found.content = f"unreadable: {type(error).__name__}"


class Task(Protocol):
    """A handful of pictures that are measured together."""

    manifest: Manifest
    pictures: Pictures

    def squares(self) -> Pictures:
        """Return the pictures as nets see them."""


class Squares(Shown):
    """The pictures of a task as a net sees them; where nobody else has read them, as a first."""

    def __init__(
        self, task: Task, outcomes: dict[int, Outcome], card: Backbone, *, alone: bool, hashed: bool
    ) -> None:
        squares = task.squares()
        squares.counted = alone
        super().__init__(squares, card)
        self.task, self.outcomes = task, outcomes
        self.alone, self.hashed = alone, hashed

    def contents(self, index: int) -> tuple[str, States]:
        """Return the hash of a picture's files, and their state just before they were hashed."""
        found = self.outcomes[index]
        if not found.content:
            read_contents(self.task.manifest, found)
        return found.content, found.states

    def picture(self, index: int) -> Picture | ImageError:
        """Return a picture; where it cannot be read at all, its outcome says so."""
        found = self.outcomes[index]
        if not self.alone:
            return super().picture(index)
        try:
            with watched(self.task.manifest, found, hashed=self.hashed):
                picture = super().picture(index)
        except (ImageError, OSError) as error:
            found.lost = Lost(str(error), "unreadable")
            return ImageError(str(error))
        except MemoryError:
            return too_large()
        if isinstance(picture, ImageError):
            self._tell_apart(found)
        return picture

    def _tell_apart(self, found: Outcome) -> None:
        """Say whether a picture cannot be read, or only not be shown to this net."""
        try:
            self.task.pictures.region(found.place)
        except (ImageError, OSError) as error:
            found.lost = Lost(str(error), "unreadable")


def too_large() -> ImageError:
    """Return what is said of a picture that the memory is too small for."""
    return ImageError(
        "there is not enough memory to measure it; give more, or measure it smaller (--resize)."
    )
