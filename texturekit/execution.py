"""Where images are measured: in threads here, in a process of its own, or on a cluster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from texturekit import events
from texturekit.data.notes import Summary
from texturekit.errors import ImageError, ParameterError
from texturekit.features.registry import GreyLevels, describe_levels
from texturekit.measurement import Measurer, in_threads
from texturekit.supervision import STAGE, supervised

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.measurement import Work
    from texturekit.piece import Piece

#: Fewer images than these are measured sooner than another process has started.
FEW = 200


@dataclass(frozen=True)
class How:
    """How images are measured; none of it changes a value.

    Attributes
    ----------
    jobs : int
        Threads.
    timeout : float
        Seconds that an image may take in a process of its own.
    fail_fast : bool
        Whether the first image that cannot be measured ends everything.
    scheduler : str or None
        Address of a Dask scheduler, or ``local:N``.
    own_process : bool
        Whether even a few images get a process of their own.
    """

    jobs: int = 1
    timeout: float = 60.0
    fail_fast: bool = False
    scheduler: str | None = None
    own_process: bool = False

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise ParameterError(
                f"jobs={self.jobs}, but it takes at least one thread; give 1 or more."
            )
        if not self.timeout > 0:
            raise ParameterError(
                f"timeout={self.timeout}, but seconds above 0 are wanted; the default is 60."
            )


@dataclass
class Tally:
    """What is told of many images when they are done."""

    odd: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, tuple[int, GreyLevels]] = field(default_factory=dict)
    notes: Summary = field(default_factory=Summary)

    def add(self, piece: Piece) -> None:
        """Count what was noted, and the images with an unusual number of grey levels."""
        for note in piece.notes.values():
            self.notes.add(note)
        for name, row, levels in piece.grey_levels():
            self.counts[name] = self.counts.get(name, 0) + 1
            if not levels.usual:
                self.odd[name] = self.odd.get(name, 0) + 1
                if name not in self.first or row < self.first[name][0]:
                    self.first[name] = row, levels

    def warn(self) -> None:
        """Say how many there were, and which was the first."""
        self.notes.tell(STAGE)
        for name, odd in self.odd.items():
            events.warn(
                STAGE,
                f"{name}: {odd} of {self.counts[name]} images have an unusual number of grey "
                f"levels; of the first, {describe_levels(self.first[name][1])}",
            )


def measured(
    manifest: Manifest, rows: NDArray[np.int64], work: Work, how: How, *, failed: int = 0
) -> Iterator[Piece]:
    """Measure some rows of a manifest, and tell how far it is.

    Parameters
    ----------
    manifest : Manifest
    rows : (n,) int64
        Which, rising.
    work, how :
        What is wanted of each, and how.
    failed : int
        Other rows of the manifest that are known to be lost, for the progress.

    Yields
    ------
    Piece
        In any order; with ``fail_fast`` in the order of the rows.

    Raises
    ------
    ImageError
        At the first image that cannot be used, with ``fail_fast``.
    """
    total = len(manifest)
    done = total - len(rows)
    chosen = manifest if len(rows) == total else manifest.subset(rows)
    for piece in _pieces(chosen, rows, work, how):
        if how.fail_fast and piece.lost:
            raise ImageError(piece.lost[min(piece.lost)].error)
        done, failed = done + len(piece), failed + len(piece.lost)
        events.progress(STAGE, done, total, failed=failed)
        yield piece


def _pieces(manifest: Manifest, rows: NDArray[np.int64], work: Work, how: How) -> Iterator[Piece]:
    if len(rows) == 0:
        return iter(())
    jobs = 1 if how.fail_fast else how.jobs
    if how.scheduler is not None:
        from texturekit.cluster import clustered

        return clustered(manifest, rows, work, how.scheduler, timeout=how.timeout)
    if how.own_process or len(rows) >= FEW:
        return supervised(manifest, rows, work, jobs=jobs, timeout=how.timeout)
    return in_threads(Measurer(work), manifest, rows, jobs)
