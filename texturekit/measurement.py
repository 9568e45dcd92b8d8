"""Measure pictures: texture, file facts and embeddings, a few at a time."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.data.pictures import Pictures
from texturekit.errors import ImageError
from texturekit.features import FEATURES
from texturekit.features.measuring import Subject
from texturekit.parts import FACTS, part_columns
from texturekit.passes import Outcome, Pass, Squares, passes_of, too_large, watched
from texturekit.piece import Lost, Piece, levels_array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.deep.embedder import Embedder
    from texturekit.deep.weights import Weights
    from texturekit.features.grammar import Part
    from texturekit.features.registry import Feature
    from texturekit.images import ImageFacts


#: Modes in a fixed order, so that a mode is a number; anything else counts as the last.
MODES = ("1", "L", "P", "I;16", "RGB", "RGBA", "CMYK", "other")
_CHUNK, _NET_CHUNK = 16, 64
_HELD = 2**20  # bytes of pictures that are read before they are measured
_NET_SIZE = 224


@dataclass(frozen=True)
class Work:
    """What is wanted of every picture.

    Attributes
    ----------
    parts : tuple of Part
        Families, baselines and backbones, each once: the order of the columns.
    size : int or None
        Long side in pixels; None measures texture at native resolution and gives nets 224.
    roi : {"mask", "crop", "none"}
        See `texturekit.data.pictures.Pictures`.
    weights : dict of Weights
        What each backbone starts from.
    device, seed :
        For backbones.
    hashed : bool
        Whether the bytes of images and masks are to be hashed.
    window : str
        What nets see; see `texturekit.data.pictures.Pictures`.
    kept : str or None
        Folder where embeddings are kept between runs.
    """

    parts: tuple[Part, ...]
    size: int | None = None
    roi: str = "mask"
    weights: dict[str, Weights] = field(default_factory=dict)
    device: str = "auto"
    seed: int = 0
    hashed: bool = False
    window: str = "auto"
    kept: str | None = None

    @property
    def columns(self) -> dict[str, slice]:
        """Where each part's columns stand in `Piece.values`."""
        ends = np.cumsum([0, *(len(part_columns(part)) for part in self.parts)]).tolist()
        return {str(p): slice(*ends[k : k + 2]) for k, p in enumerate(self.parts)}

    def chunks(self, total: int) -> list[slice]:
        """Cut so many pictures into handfuls that are measured together."""
        step = _NET_CHUNK if self.weights else _CHUNK
        return [slice(start, min(start + step, total)) for start in range(0, total, step)]


def _unwatched(start: int, stop: int) -> None:
    """Nobody looks whether a picture takes too long."""


class Measurer:
    """Everything about some work that is settled once; threads may share it."""

    def __init__(self, work: Work) -> None:
        parts = work.parts
        self.work, self.slices = work, work.columns
        self.width = max((s.stop for s in self.slices.values()), default=0)
        self.families: tuple[tuple[str, Feature, dict[str, Any]], ...] = tuple(
            (str(p), FEATURES[p.name], dict(p.parameters)) for p in parts if p.name in FEATURES
        )
        self.facts = tuple((str(p), FACTS[p.name]) for p in parts if p.name in FACTS)
        self.passes = tuple(passes_of(parts))
        self.nets_alone = bool(self.passes) and not self.families and not self.facts
        self._built: dict[Pass, Embedder] = {}
        self._one_net = threading.Lock()  # a net uses all cores by itself

    def measure(
        self,
        manifest: Manifest,
        chunk: slice,
        rows: NDArray[np.int64],
        step: Callable[[int, int], None] = _unwatched,
    ) -> Piece:
        """Measure the images of a manifest in ``chunk``; none is ever the reason for an error.

        Parameters
        ----------
        manifest : Manifest
        chunk : slice
            Which of its images.
        rows : (n,) int64
            What each image of the manifest is called in the result.
        step : callable
            Told which images, from and to, the next step looks at.
        """
        task = _Task(self, manifest, chunk, rows, step)
        if self.nets_alone:  # the first one's pictures are read on the way
            outcomes = [Outcome(place) for place in range(chunk.start, chunk.stop)]
        else:
            outcomes = task.textures()
        for one in self.passes:
            task.embed(one, [found for found in outcomes if found.lost is None])
        return task.piece(outcomes)

    def embedder(self, one: Pass) -> Embedder:
        """Return a net, built when it is first wanted."""
        if one not in self._built:
            from texturekit.deep.embedder import Embedder

            work = self.work
            self._built[one] = Embedder(
                one.net, weights=work.weights[one.net], device=work.device, seed=work.seed,
                reading=one.reading, kept=None if work.kept is None else Path(work.kept),
            )  # fmt: skip
        return self._built[one]


@dataclass
class _Task:
    """A handful of pictures, and where their values go."""

    plan: Measurer
    manifest: Manifest
    chunk: slice
    rows: NDArray[np.int64]
    step: Callable[[int, int], None]

    def __post_init__(self) -> None:
        work = self.plan.work
        self.pictures = Pictures(self.manifest, size=work.size, roi=work.roi, window=work.window)
        count = self.chunk.stop - self.chunk.start
        self.values = np.full((count, self.plan.width), np.nan)

    def textures(self) -> list[Outcome]:
        """Take the pictures through one family after the other: its code then stays in the cache.

        On small pictures this saves a tenth to a fifth of all time. Of large ones no more than one
        is held at a time.
        """
        outcomes, waiting, held = [], [], 0
        for place in range(self.chunk.start, self.chunk.stop):
            self.step(place, place + 1)
            found, subject = self._read(place)
            outcomes.append(found)
            if subject is None:
                continue
            waiting.append((found, subject))
            held += subject.image.nbytes
            if held >= _HELD:
                self._measure(waiting)
                waiting, held = [], 0
        self._measure(waiting)
        return outcomes

    def _read(self, place: int) -> tuple[Outcome, Subject | None]:
        found, start = Outcome(place), time.perf_counter()
        subject = None
        try:
            image, mask = self._region(found)
            facts = _numbers(self.manifest.facts(place)) if self.plan.facts else {}
        except (ImageError, OSError) as error:
            found.lost = Lost(str(error), "unreadable")
            return found, None
        except MemoryError:
            found.lost = self._failed(place, too_large())
            return found, None
        for name, wanted in self.plan.facts:
            self._row(place)[self.plan.slices[name]] = [facts[fact] for fact in wanted]
        if self.plan.families:  # file facts may be asked of pictures that have no texture
            try:
                subject = Subject(image, mask)
            except ImageError as error:
                found.lost = self._failed(place, error)
        found.lap("reading", start)
        return found, subject

    def _region(self, found: Outcome) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Decode a picture; every method sees the same rows, so even where only facts are asked."""
        with watched(self.manifest, found, hashed=self.plan.work.hashed):
            return self.pictures.region(found.place)

    def _measure(self, pictures: list[tuple[Outcome, Subject]]) -> None:
        if pictures:
            self.step(pictures[0][0].place, pictures[-1][0].place + 1)
        for name, family, parameters in self.plan.families:
            columns = self.plan.slices[name]
            start = time.perf_counter()
            for found, subject in pictures:
                if found.lost is not None:
                    continue
                try:
                    measured = subject.measure(family, parameters)
                except ImageError as error:
                    found.lost = self._failed(found.place, error)
                    continue
                except MemoryError:
                    found.lost = self._failed(found.place, too_large())
                    continue
                self._row(found.place)[columns] = measured.values
                for ending, levels in measured.levels.items():
                    found.levels[name + ending] = levels
                start = found.lap(name, start)

    def embed(self, one: Pass, outcomes: list[Outcome]) -> None:
        """Fill in what a net sees in the pictures that are not lost."""
        if not outcomes:
            return
        by_place = {found.place: found for found in outcomes}
        places = list(by_place)
        self.step(places[0], places[-1] + 1)
        with self.plan._one_net:
            net, start = self.plan.embedder(one), time.perf_counter()
            plan = self.plan
            source = Squares(
                self, by_place, net.card, alone=plan.nets_alone, hashed=plan.work.hashed
            )
            for found in net.rows(source, places):
                for place, values in found.items():
                    self._embedded(one, by_place[place], values)
            for name in one.parts:
                outcomes[0].seconds[name] = (time.perf_counter() - start) / len(one.parts)

    def _embedded(
        self, one: Pass, found: Outcome, values: NDArray[np.float64] | ImageError
    ) -> None:
        if isinstance(values, ImageError):
            found.lost = found.lost or self._failed(found.place, values)
            return
        start = 0
        for name in one.parts:
            columns = self.plan.slices[name]
            stop = start + columns.stop - columns.start
            self._row(found.place)[columns] = values[start:stop]
            start = stop

    def squares(self) -> Pictures:
        """Return the pictures as nets see them; what is noted of them comes to the same notes."""
        work = self.plan.work
        size = work.size or _NET_SIZE
        squares = Pictures(self.manifest, size=size, roi=work.roi, window=work.window)
        squares.notes = self.pictures.notes
        return squares

    def piece(self, outcomes: list[Outcome]) -> Piece:
        """Put together what was found."""
        lost = {int(self.rows[one.place]): one.lost for one in outcomes if one.lost is not None}
        for place, one in enumerate(outcomes):
            if one.lost is not None:
                self.values[place] = np.nan
        kept = [one.levels if one.lost is None else {} for one in outcomes]
        names = dict.fromkeys(name for levels in kept for name in levels)
        levels = {name: levels_array([one.get(name) for one in kept]) for name in names}
        seconds: dict[str, float] = {}
        for one in outcomes:
            for name, took in one.seconds.items():
                seconds[name] = seconds.get(name, 0.0) + took
        contents = tuple(one.content for one in outcomes) if self.plan.work.hashed else ()
        notes = {int(self.rows[k]): note for k, note in self.pictures.notes.rows.items()}
        return Piece(self.rows[self.chunk], self.values, lost, levels, contents, seconds, notes)

    def _row(self, place: int) -> NDArray[np.float64]:
        row: NDArray[np.float64] = self.values[place - self.chunk.start]
        return row

    def _failed(self, place: int, error: ImageError) -> Lost:
        return Lost(f"{self.manifest.paths[place]}: {error}", "failed")


def in_threads(
    measurer: Measurer, manifest: Manifest, rows: NDArray[np.int64], jobs: int
) -> Iterator[Piece]:
    """Measure all images of a manifest in this process, in order."""
    chunks = measurer.work.chunks(len(manifest))
    if jobs == 1:
        yield from (measurer.measure(manifest, chunk, rows) for chunk in chunks)
        return
    from joblib import Parallel, delayed

    # The kernels release the GIL, so threads share the work without a second start-up.
    run = Parallel(n_jobs=jobs, backend="threading", return_as="generator")
    yield from run(delayed(measurer.measure)(manifest, chunk, rows) for chunk in chunks)


def _numbers(facts: ImageFacts) -> dict[str, Any]:
    return {**vars(facts), "mode": MODES.index(facts.mode if facts.mode in MODES else "other")}
