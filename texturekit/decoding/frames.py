"""The frames rule: which picture of a file that holds several."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from texturekit.decoding.checks import shown
from texturekit.errors import ImageError, ParameterError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

AXES = ("axial", "coronal", "sagittal")
_RULE = re.compile(
    rf"(?:(?P<axis>{'|'.join(AXES)}):)?(?P<which>one|first|middle|all|\d+)(?:@(?P<volume>\d+))?"
)
_PLACE = re.compile(rf"(?s)(.+)#(frame|{'|'.join(AXES)})/(\d+)(?:@(\d+))?")


@dataclass(frozen=True)
class Frames:
    """Which picture of a file is meant.

    Attributes
    ----------
    which : int or {"one", "first", "middle", "all"}
        A number counts from 0. ``"one"`` refuses files with several pictures, ``"middle"`` is
        number ``n // 2``, ``"all"`` stands for one row a picture.
    axis : {"axial", "coronal", "sagittal"} or None
        The direction in which a volume is cut.
    volume : int or None
        Which volume, from 0, of a file that holds several.

    Examples
    --------
    >>> str(Frames.of("axial:middle")), Frames.of(3).which
    ('axial:middle', 3)
    """

    which: int | Literal["one", "first", "middle", "all"] = "one"
    axis: str | None = None
    volume: int | None = None

    @classmethod
    def of(cls, rule: Frames | str | int) -> Frames:
        """Read a rule: ``"first"``, ``"7"``, ``"axial:middle"``, ``"coronal:12@0"``, ``"all"``.

        Raises
        ------
        ParameterError
            If it is none.
        """
        if isinstance(rule, Frames):
            return rule
        match = _RULE.fullmatch(str(rule).strip().lower())
        if match is None or isinstance(rule, bool):
            raise ParameterError(
                f"frames={rule!r} is no rule; give one, first, middle, all or a number from 0, for "
                "volumes with the direction: axial:middle, coronal:12; a volume of several: "
                "axial:middle@0."
            )
        which, volume = match["which"], match["volume"]
        return cls(
            int(which) if which.isdigit() else which,  # type: ignore[arg-type]  # the pattern says which
            match["axis"],
            None if volume is None else int(volume),
        )

    def __str__(self) -> str:
        axis = "" if self.axis is None else f"{self.axis}:"
        volume = "" if self.volume is None else f"@{self.volume}"
        return f"{axis}{self.which}{volume}"


ONE = Frames()


def split_place(path: str) -> tuple[str, Frames | None]:
    """Return a file's path and the frame that the text names, if it names one.

    Examples
    --------
    >>> split_place("scan.dcm#frame/7"), split_place("scan.nii.gz#axial/2@1")[1].axis
    (('scan.dcm', Frames(which=7, axis=None, volume=None)), 'axial')
    """
    match = _PLACE.fullmatch(path) if "#" in path else None
    if match is None:
        return path, None
    file, axis, number, volume = match.groups()
    return file, Frames(
        int(number), None if axis == "frame" else axis, None if volume is None else int(volume)
    )


@dataclass(frozen=True)
class Place:
    """One picture of a file: its axis ("frame" where there is none), number and volume."""

    axis: str
    index: int
    volume: int = 0


@dataclass(frozen=True)
class Layout:
    """How many pictures a file holds.

    Attributes
    ----------
    counts : mapping
        Pictures by axis: ``{"frame": n}``, or one entry a direction of a volume.
    volumes : int
        How many volumes there are; each has as many pictures.
    what : str
        What they are called.
    """

    counts: Mapping[str, int] = field(default_factory=lambda: {"frame": 1})
    volumes: int = 1
    what: str = "frames"

    @property
    def alone(self) -> bool:
        """Whether the file holds one picture."""
        return self.volumes == 1 and list(self.counts.values()) == [1]

    def __str__(self) -> str:
        counts = [
            f"{n} {'' if axis == 'frame' else axis}".strip() for axis, n in self.counts.items()
        ]
        volumes = f" in {self.volumes} volumes" if self.volumes > 1 else ""
        return f"{', '.join(counts)} {self.what}{volumes}"

    def place(self, frames: Frames, path: str | os.PathLike[str]) -> Place:
        """Return the one picture that a rule means.

        Raises
        ------
        ImageError
            If the rule does not say which, or it is not there.
        """
        axis = self._axis(frames, path)
        count = self.counts[axis]
        if frames.which in ("one", "all") and count > 1:
            raise ImageError(self._several(axis, path))
        volume = self._volume(frames, axis, path)
        index = frames.which if isinstance(frames.which, int) else 0
        if frames.which == "middle":
            index = count // 2
        if index >= count:
            raise ImageError(
                f"{shown(path)} has {count} {self.what}, so number {index} is not there: they are "
                f"counted from 0 to {count - 1}."
            )
        return Place(axis, index, volume)

    def places(self, frames: Frames, path: str | os.PathLike[str]) -> Iterator[Place]:
        """Give every picture that ``all`` stands for, in order.

        Raises
        ------
        ImageError
            If the direction is not said.
        """
        axis = self._axis(frames, path)
        volumes = range(self.volumes)
        if frames.volume is not None:
            volumes = range(self._volume(frames, axis, path), frames.volume + 1)
        for volume in volumes:
            for index in range(self.counts[axis]):
                yield Place(axis, index, volume)

    def named(self, place: Place) -> str:
        """Return how a path names a picture: ``frame/7``, ``axial/2@1``; empty for the only one."""
        if self.alone:
            return ""
        volume = f"@{place.volume}" if self.volumes > 1 else ""
        return f"{place.axis}/{place.index}{volume}"

    def _axis(self, frames: Frames, path: str | os.PathLike[str]) -> str:
        if len(self.counts) == 1:
            (axis,) = self.counts
            if frames.axis in (None, axis) or self.counts[axis] == 1:
                return axis
            raise ImageError(
                f"{shown(path)} has {self.counts[axis]} {self.what} without directions; leave "
                f"'{frames.axis}:' out of the rule."
            )
        if frames.axis is not None:
            return frames.axis
        known = ", ".join(f"{count} {axis}" for axis, count in self.counts.items())
        raise ImageError(
            f"{shown(path)} is a volume of {known} slices; say which to take: "
            "frames='axial:middle' (--frames axial:middle), 'coronal:12', 'axial:all'."
        )

    def _several(self, axis: str, path: str | os.PathLike[str]) -> str:
        before = "" if axis == "frame" else f"{axis}:"
        return (
            f"{shown(path)} has {self.counts[axis]} {self.what}; say which to take: "
            f"frames='{before}first', '{before}middle', a number from 0, or '{before}all' for a "
            "row each (--frames)."
        )

    def _volume(self, frames: Frames, axis: str, path: str | os.PathLike[str]) -> int:
        if frames.volume is None and self.volumes > 1:
            before = "" if axis == "frame" else f"{axis}:"
            raise ImageError(
                f"{shown(path)} holds {self.volumes} volumes; say which, counted from 0: "
                f"frames='{before}middle@0'."
            )
        volume = frames.volume or 0
        if volume >= self.volumes:
            raise ImageError(
                f"{shown(path)} holds {self.volumes} volumes, so volume {volume} is not there: "
                "they are counted from 0."
            )
        return volume
