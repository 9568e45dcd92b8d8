"""Where a network looked: overlays of the images that a report shows, made fold by fold."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.data.colouring import coloured
from texturekit.data.placing import Box, seen
from texturekit.errors import ImageError
from texturekit.methods.deciding import Decision
from texturekit.methods.heads import HeadLearner, plain
from texturekit.methods.mapping import Looker
from texturekit.methods.model import Preprocessing
from texturekit.methods.nets import net_in
from texturekit.metrics.showcase import shown

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.data.pictures import Pictures
    from texturekit.methods.learners import Inputs
    from texturekit.methods.nets import Net

MOST = 24  # overlays of a fold: all that a page shows of two classes
SIDE = 160  # pixels of the long side, as thumbnails have them
_BATCH = 8
_TONES = 128  # colours of a picture: no eye sees fewer, and the file is a third of the size


@dataclass(frozen=True)
class Shower:
    """Makes overlays of images that a network has just been tested on.

    Attributes
    ----------
    manifest : Manifest
        All images.
    inputs : Inputs
        With their pictures.
    positive : str or None
        The positive class of two.
    device : str
    """

    manifest: Manifest
    inputs: Inputs
    positive: str | None
    device: str

    def wanted(self, frame: pd.DataFrame) -> list[str]:
        """Return the ids of images that a page shows of one method."""
        return shown(
            frame, kind=self.manifest.kind or "multiclass", classes=self.manifest.classes,
            positive=self.positive,
        )  # fmt: skip

    def overlays(
        self, fitted: object, frame: pd.DataFrame, rows: NDArray[np.intp]
    ) -> dict[str, bytes]:
        """Return pictures with what spoke for the class that was called, where it lay.

        Grad-CAM, in the geometry of the thumbnails. Of several labels the called one with the
        highest probability is shown, or the most probable where none was called; of a network with
        a single output always that.

        Parameters
        ----------
        fitted : object
            A learner; without a network there is nothing to show.
        frame : pandas.DataFrame
            What it predicted for the test images of a fold.
        rows : (n,) intp
            Which images these are, in the same order.

        Returns
        -------
        dict of bytes
            PNG by id, at most `MOST`. What fails is left out, and said once.
        """
        net = self._net(fitted)
        if net is None:
            return {}
        place = {name: k for k, name in enumerate(frame["id"])}
        told: list[Any] = frame.to_dict("records")
        chosen = [place[name] for name in self.wanted(frame)[:MOST]]
        outputs = _outputs(net, self.manifest.classes)
        called = {int(rows[k]): _called(told[k], outputs) for k in chosen}
        names = {int(rows[k]): str(told[k]["id"]) for k in chosen}
        found = self._drawn(fitted, net, called)
        return {names[row]: picture for row, picture in found}

    def _net(self, fitted: object) -> Net | None:
        given = self.inputs.pictures
        if given is None:
            return None
        how = Preprocessing(given.size or Preprocessing.size, given.roi, window=given.window.rule)
        return net_in(fitted, self.manifest.classes, self.positive, how, Decision())

    def _drawn(
        self, fitted: object, net: Net, called: Mapping[int, int]
    ) -> Iterator[tuple[int, bytes]]:
        """Yield rows with their overlays."""
        given = self.inputs.pictures
        assert given is not None
        own = fitted.shown(self.inputs) if isinstance(fitted, HeadLearner) else given
        own = own.seen_as(net.card.view)
        looker, order = Looker(net, None, "gradcam", self.device), list(called)
        for start in range(0, len(order), _BATCH):
            some = order[start : start + _BATCH]
            try:
                cells = _cells(looker, own, some, [called[row] for row in some])
                drawn = [_overlay(given, own, looker, row, cells[row]) for row in cells]
                yield from zip(cells, drawn, strict=True)
            except Exception as error:  # a picture must not cost what was fitted
                events.warn(f"running {net.name}", f"no map of where it looked: {error}")


def _outputs(net: Net, classes: Sequence[str]) -> dict[str, int]:
    """Return the trained outputs of a network by the task's own names of its classes."""
    own = {name: k for k, name in enumerate(net.classes) if net.trained[k]}
    alike = {plain(name): k for name, k in own.items()}
    found = {name: own.get(name, alike.get(plain(name))) for name in classes}
    return {name: k for name, k in found.items() if k is not None}


def _called(row: Mapping[Hashable, Any], outputs: Mapping[str, int]) -> int:
    """Return the output of the class that was called, or of the most probable one."""
    said = {str(row["predicted"]), *str(row["predicted"]).split("|")}
    names = [name for name in outputs if name in said] or list(outputs)
    return outputs[max(names, key=lambda name: float(np.nan_to_num(row[f"p.{name}"], nan=-1.0)))]


def _cells(
    looker: Looker, pictures: Pictures, rows: Sequence[int], called: Sequence[int]
) -> dict[int, NDArray[np.float32]]:
    """Return the maps of a few pictures, on the network's own grid."""
    from texturekit.deep.loading import decoded

    kept, block, outputs = [], [], []
    for (row, picture), output in zip(
        decoded(pictures, rows, looker.net.card), called, strict=True
    ):
        if isinstance(picture, ImageError):
            raise picture
        kept.append(row)
        block.append(picture)
        outputs.append([output])
    wanted = np.array(outputs, dtype=np.intp)
    maps = looker.explained(looker.module, np.stack(block), lambda logits: wanted)
    return {row: maps.values[place, 0] for place, row in enumerate(kept)}


def _overlay(
    given: Pictures, own: Pictures, looker: Looker, row: int, cells: NDArray[np.float32]
) -> bytes:
    """Return a thumbnail with a map over it; what the network did not see is dark."""
    view, part = given.view(row, SIDE), seen(own, row)
    whole = part.box if own.look == given.look else seen(given, row).box
    down, across = view.shape[0] / whole.height, view.shape[1] / whole.width
    box = Box(
        round((part.box.top - whole.top) * down), round((part.box.left - whole.left) * across),
        round((part.box.bottom - whole.top) * down), round((part.box.right - whole.left) * across),
    )  # fmt: skip
    values = replace(part, picture=view, box=box).back(looker.enlarged(cells, part.side))
    return _png(coloured(view, values, box))


def _png(picture: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    few = Image.fromarray(picture).quantize(_TONES, dither=Image.Dither.NONE)
    few.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
