"""A network that is ready to look at pictures: what it is shown, and what is read off it."""

from __future__ import annotations

import copy
import json
import threading
from contextlib import ExitStack, closing, contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from texturekit import events
from texturekit.deep.backbones import Backbone, find_backbone
from texturekit.deep.kept import Kept, code_version
from texturekit.deep.loading import choose_device, normalised
from texturekit.deep.memory import Memory, decoded_by
from texturekit.deep.networks import build_body
from texturekit.deep.stages import Reading, Stage, stages_of
from texturekit.deep.streams import streamed, threads_inside
from texturekit.deep.weights import Weights, resolve_weights
from texturekit.errors import ImageError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.deep.memory import Row, Shown
    from texturekit.deep.seeing import Picture

#: Pictures a forward pass. Small on purpose: on a CPU large maps lose time in page faults.
BATCH, GPU_BATCH = 8, 64


class Embedder:
    """A network that is ready to look at pictures, built once.

    Parameters
    ----------
    backbone, weights, device, seed :
        See `texturekit.deep.embed`.
    reading : Reading, optional
        What is read off it; default the averaged last map.
    batch : int, optional
        Pictures a forward pass; default 8 on a CPU, 64 on a GPU.
    kept : Path, optional
        Folder where embeddings are kept between runs.
    """

    def __init__(
        self,
        backbone: str | Backbone,
        *,
        weights: str | Path | Weights = "auto",
        device: str = "auto",
        seed: int = 0,
        reading: Reading | None = None,
        batch: int | None = None,
        kept: Path | None = None,
    ) -> None:
        self.card, self.place = find_backbone(backbone), choose_device(device)
        self.weights = resolve_weights(self.card, weights, seed=seed)
        self.reading = Reading.of(self.card, {}) if reading is None else reading
        usual = BATCH if self.place.type == "cpu" else GPU_BATCH
        self.batch, self.seed = usual if batch is None else batch, seed
        # nobody knows what a file without a checksum holds
        unknown = not self.weights.random and self.weights.sha256 is None
        self.kept = None if kept is None or unknown else Kept(kept)
        self._body = _built(self.card, self.weights, seed, str(self.place))
        self._own_body = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the numbers."""
        return self.reading.columns(self.card)

    # -- the network

    def __call__(self, block: Picture) -> NDArray[np.float64]:
        """Return (n, width) float64 from (n, S, S, 3) uint8.

        Where the GPU's memory is too small, smaller batches are tried, and at last the CPU.
        """
        with self._hooked() as maps:
            return self._tried(block, maps)

    def _tried(self, block: Picture, maps: Maps) -> NDArray[np.float64]:
        if maps.body is not self._body:
            return self._on_the_cpu(block)
        try:
            return self._values(block, maps)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
        events.warn(
            f"embedding with {self.card.name}",
            f"the GPU's memory is too small for {len(block)} pictures at once; "
            + ("fewer are tried." if len(block) > 1 else "the CPU takes over."),
        )
        if len(block) > 1:
            half = len(block) // 2
            return np.concatenate(
                [self._tried(part, maps) for part in (block[:half], block[half:])]
            )
        return self._on_the_cpu(block)

    def _on_the_cpu(self, block: Picture) -> NDArray[np.float64]:
        self.place = torch.device("cpu")
        if not self._own_body:  # others use the one on the GPU
            self._body, self._own_body = copy.deepcopy(self._body).to(self.place), True
        with self._hooked() as maps:
            return self._values(block, maps)

    def _values(self, block: Picture, maps: Maps) -> NDArray[np.float64]:
        half = self.reading.dtype == "bfloat16"
        with torch.inference_mode(), torch.autocast(self.place.type, torch.bfloat16, enabled=half):
            shown = self._tensor(block)
            values = maps.read(self._body, shown)
            if self.reading.flip:
                mirrored = shown.flip(3).contiguous(memory_format=torch.channels_last)
                values = (values + maps.read(self._body, mirrored)) / 2
            found: NDArray[np.float64] = values.cpu().numpy().astype(np.float64)
        return found

    def _tensor(self, block: Picture) -> torch.Tensor:
        """Return what the network takes, in as few passes over the memory as there can be."""
        pictures = torch.from_numpy(block)
        if self.place.type == "cuda":
            pictures = pictures.pin_memory().to(self.place, non_blocking=True)
        if block.dtype != np.uint8 or self.card.channels != block.shape[3]:
            return normalised(pictures, self.card, self.place)
        count, height, width, channels = pictures.shape
        mean, std = torch.tensor([self.card.mean, self.card.std], device=self.place) * 255
        values = pictures.to(torch.float32).view(count, height, width * channels)
        values.sub_(mean.repeat(width)).div_(std.repeat(width))  # whole rows fill the vectors
        return values.view(pictures.shape).permute(0, 3, 1, 2)

    @contextmanager
    def _hooked(self) -> Iterator[Maps]:
        """Read the wanted stages while the network is at them; afterwards nothing is left on it."""
        maps = Maps(self.reading, stages_of(self.card), self._body)
        with ExitStack() as hooks:
            for stage in maps.hooked:
                module = self._body.get_submodule(stage.path)
                hooks.callback(module.register_forward_hook(maps.hook(stage)).remove)
            yield maps

    # -- many pictures

    def rows(
        self, source: Shown, order: Sequence[int], *, workers: int = 0
    ) -> Iterator[dict[int, Row | ImageError]]:
        """Give the numbers of some pictures at a time, to the bit whatever is asked beside them.

        A pass always takes ``batch`` pictures: black ones fill the rest. What was kept by an
        earlier run is not computed again.

        Parameters
        ----------
        source : Shown
        order : sequence of int
            Which pictures, in this order; they are decoded a little ahead.
        workers : int, default 0
            Processes that decode; 0 decodes in threads.

        Yields
        ------
        dict of int to (width,) float64 or ImageError
            By picture; one that cannot be used comes with the reason.

        Raises
        ------
        ParameterError
            If the network gives numbers that are not finite.
        """
        memory = Memory(self.kept, source, self._fingerprint() if self.kept else "")
        portions = memory.portions(order, self.batch)
        with self._hooked() as maps:
            work = streamed(
                decoded_by(workers, portions, source) if workers else portions,
                source.pictures_of,
                lambda pictures: self._computed(pictures, maps),
                self.place,
            )
            with closing(work), closing(memory):
                for portion, found in work:
                    memory.keep(found)
                    yield {**portion.known, **found}

    def _computed(
        self, pictures: dict[int, Picture | ImageError], maps: Maps
    ) -> dict[int, Row | ImageError]:
        found: dict[int, Row | ImageError] = {
            index: one for index, one in pictures.items() if isinstance(one, ImageError)
        }
        shapes = {one.shape for one in pictures.values() if not isinstance(one, ImageError)}
        for shape in sorted(shapes):
            alike = {
                k: p
                for k, p in pictures.items()
                if not isinstance(p, ImageError) and p.shape == shape
            }
            dtype = next(iter(alike.values())).dtype
            block = np.zeros((max(self.batch, len(alike)), *shape), dtype)
            for place, picture in enumerate(alike.values()):
                block[place] = picture
            values = self._tried(block, maps)[: len(alike)]
            for index, row in zip(alike, values, strict=True):
                if not np.isfinite(row).all():
                    raise self._not_finite(index)
                found[index] = row
        return found

    def _not_finite(self, index: int) -> ParameterError:
        return ParameterError(
            f"{self.card.name} with weights {self.weights.label!r} gives numbers that are not "
            f"finite for picture {index}; use other weights."
        )

    def _fingerprint(self) -> str:
        """Say what the numbers depend on beside the picture."""
        weights = self.weights
        gpu = torch.cuda.get_device_name() if self.place.type == "cuda" else None
        return json.dumps([
            code_version(), self.card.name, str(self.card),
            ["random", self.seed] if weights.random else weights.sha256,
            self.reading.taken, self.reading.flip, self.reading.dtype, self.batch,
            self.place.type, gpu, torch.version.cuda,
            torch.backends.cpu.get_cpu_capability(), threads_inside(self.place),
            torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32,
        ])  # fmt: skip


class Maps:
    """What is read off a network during one pass; each thread reads its own."""

    def __init__(self, reading: Reading, stages: tuple[Stage, ...], body: torch.nn.Module) -> None:
        self.taken, self.body = reading.taken, body
        self.pools: dict[int, list[str]] = {}
        for stage, pool in reading.taken:
            self.pools.setdefault(stage, []).append(pool)
        self.hooked = [stage for stage in stages if stage.path and stage.number in self.pools]
        self.last = stages[-1].number
        self._local = threading.local()

    def hook(self, stage: Stage) -> Callable[[Any, Any, torch.Tensor], None]:
        """Return a forward hook that pools a stage's map at once: the next layer may change it."""

        def read(_module: Any, _arguments: Any, output: torch.Tensor) -> None:
            found = getattr(self._local, "found", None)
            if found is not None:
                found[stage.number] = self._pooled(stage.number, output)

        return read

    def read(self, body: torch.nn.Module, shown: torch.Tensor) -> torch.Tensor:
        """Return (n, columns) float32."""
        found: dict[int, dict[str, torch.Tensor]] = {}
        self._local.found = found
        try:
            output = body(shown)
        finally:
            self._local.found = None
        if self.last in self.pools:
            found[self.last] = self._pooled(self.last, output)
        return torch.cat([found[stage][pool] for stage, pool in self.taken], dim=1)

    def _pooled(self, stage: int, output: torch.Tensor) -> dict[str, torch.Tensor]:
        if output.ndim == 3:  # tokens of a transformer, the class token first
            output = output[:, 1:].transpose(1, 2).unsqueeze(3)
        return {pool: _POOLED[pool](output.float()) for pool in self.pools[stage]}


_POOLED: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "mean": lambda maps: maps.mean(dim=(2, 3)),
    "max": lambda maps: maps.amax(dim=(2, 3)),
    "std": lambda maps: maps.std(dim=(2, 3), correction=0),
}


def _built(card: Backbone, weights: Weights, seed: int, place: str) -> torch.nn.Sequential:
    """Return a body that looks only; runs one after the other share it."""
    if weights.path is not None and weights.sha256 is None:
        return _new(card, weights, seed, place)
    return _shared(card, weights, seed, place)


def _new(card: Backbone, weights: Weights, seed: int, place: str) -> torch.nn.Sequential:
    return build_body(card, weights, seed=seed).eval().to(torch.device(place))


_shared = lru_cache(maxsize=2)(_new)
