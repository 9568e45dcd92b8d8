"""From pictures to maps of a network, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.errors import ImageError
from texturekit.methods.nets import chooser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from texturekit.data.pictures import Pictures
    from texturekit.deep.gradcam import Choice, Maps
    from texturekit.methods.nets import Net


@dataclass(frozen=True)
class Outcome:
    """The maps of a batch in which a picture stands at ``place``, or why there are none."""

    row: int
    maps: Maps | ImageError
    place: int = 0


class Looker:
    """A network on its device, a method, and the outputs that are explained.

    Parameters
    ----------
    net : Net
    classes : str, sequence of str or None
        See `texturekit.methods.nets.chooser`.
    method : {"gradcam", "gradcam++", "occlusion"}
    device : {"auto", "cpu", "cuda"}
    """

    def __init__(
        self, net: Net, classes: str | Sequence[str] | None, method: str, device: str
    ) -> None:
        from texturekit.deep.gradcam import check_method
        from texturekit.deep.loading import choose_device

        self.net, self.method = net, check_method(method)
        self.choose, self.place = chooser(net, classes), choose_device(device)
        self.module = net.module.eval().to(self.place)

    def maps(self, pictures: Pictures, order: Sequence[int], batch: int = 8) -> Iterator[Outcome]:
        """Yield one outcome a picture, in order."""
        from texturekit.deep.loading import decoded

        rows: list[int] = []
        block: list[NDArray[Any]] = []
        failed: list[Outcome] = []
        for row, picture in decoded(pictures, order, self.net.card):
            if isinstance(picture, ImageError):
                failed.append(Outcome(row, picture))
                continue
            rows.append(row)
            block.append(picture)
            if len(rows) == batch:
                yield from self._in_order(rows, block, failed)
                rows, block, failed = [], [], []
        yield from self._in_order(rows, block, failed)

    def _in_order(
        self, rows: list[int], block: list[NDArray[Any]], failed: list[Outcome]
    ) -> Iterator[Outcome]:
        done = failed
        if rows:
            maps = self.explained(self.module, np.stack(block), self.choose)
            done = done + [Outcome(row, maps, place) for place, row in enumerate(rows)]
        yield from sorted(done, key=lambda outcome: outcome.row)

    def explained(
        self, module: Any, block: NDArray[Any], choose: Choice, *, signed: bool = False
    ) -> Maps:
        """Return the maps of (n, S, S, C) pictures; in halves where a GPU's memory is too small."""
        import torch

        try:
            return self._explained(module, block, choose, signed=signed)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if len(block) == 1:
                raise
        events.warn(
            "explaining images",
            f"the GPU's memory is too small for {len(block)} pictures at once; fewer are tried.",
        )
        half = len(block) // 2
        return _joined(
            self.explained(module, block[:half], choose, signed=signed),
            self.explained(module, block[half:], choose, signed=signed),
        )

    def _explained(self, module: Any, block: NDArray[Any], choose: Choice, *, signed: bool) -> Maps:
        import torch

        from texturekit.deep.gradcam import gradient_maps
        from texturekit.deep.loading import normalised
        from texturekit.deep.occlusion import occlusion_maps

        inputs = normalised(torch.from_numpy(block), self.net.card, self.place)
        if self.method == "occlusion":
            return occlusion_maps(module, inputs, choose)
        return gradient_maps(module, inputs, choose, method=self.method, signed=signed)

    def enlarged(self, cells: NDArray[np.float32], side: int) -> NDArray[np.float32]:
        """Return (side, side) from (h, w)."""
        from texturekit.deep.gradcam import enlarged

        grown: NDArray[np.float32] = enlarged(cells[None, None], (side, side))[0, 0]
        return grown


def _joined(a: Maps, b: Maps) -> Maps:
    from texturekit.deep.gradcam import Maps

    return Maps(
        np.concatenate([a.logits, b.logits]),
        np.concatenate([a.chosen, b.chosen]),
        np.concatenate([a.values, b.values]),
    )
