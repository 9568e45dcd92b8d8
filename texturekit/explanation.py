"""Which part of a picture moved a network's output: maps in the picture's own geometry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from texturekit import events
from texturekit.data.colouring import coloured
from texturekit.data.manifest import Manifest, load_source
from texturekit.data.placing import Box, seen
from texturekit.errors import ImageError, ParameterError, printable
from texturekit.methods.mapping import Looker
from texturekit.methods.nets import Net, net_of
from texturekit.table import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from texturekit.data.pictures import Pictures
    from texturekit.deep.gradcam import Maps
    from texturekit.methods.model import Model

NOTICE = "Not a diagnosis. Where the net looked, not why, and not whether it is right."


@dataclass(frozen=True, eq=False)
class Explanation:
    """What speaks for one class in one picture.

    Attributes
    ----------
    id, path : str
        Of the image, as in the manifest.
    label : str
        The class or label that is explained.
    probability : float
        What the network gives it.
    method : {"gradcam", "gradcam++", "occlusion"}
    map : (H, W) float32
        In the image's own geometry; 0 where the network saw nothing. For Grad-CAM in its own unit,
        never below 0; for occlusion the logit that is lost where the picture is covered, below 0
        where covering helps the class.
    cells : (h, w) float32
        The same on the network's own grid, over its square picture, before it was enlarged.
    picture : (H, W, 3) uint8
        The image with black and white where the network has them.
    box : Box
        What of it the network saw.
    mask : (H, W) bool or None
        The region, where there is one.
    region : str
        What was shown to the network, in words.
    side : int
        Pixels a side of the square picture that the network saw.
    """

    id: str
    path: str
    label: str
    probability: float
    method: str
    map: NDArray[np.float32]
    cells: NDArray[np.float32]
    picture: NDArray[np.uint8]
    box: Box
    mask: NDArray[np.bool_] | None
    region: str
    side: int

    @property
    def peak(self) -> float:
        """The map's largest value."""
        return float(self.map.max())

    @property
    def empty(self) -> bool:
        """Whether nothing in the picture speaks for the class: a map to say, not to draw."""
        return not self.peak > 0

    @property
    def note(self) -> str:
        """What has to be said of an empty map; nothing of others."""
        if not self.empty:
            return ""
        return (
            f"nothing that the net saw speaks for {self.label!r} by {self.method}: the map is zero "
            "everywhere"
        )

    @property
    def overlay(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8: the picture, coloured where the map is high; see `coloured`."""
        return coloured(self.picture, self.map, self.box)


@dataclass
class Explanations:
    """Explanations one by one, as they are asked for; what could not be explained is kept.

    Attributes
    ----------
    net : Net
        The network that is explained.
    manifest : Manifest
        The images.
    method : str
    failures : list of Failure
        Images that could not be used, so far; with ``on_error="skip"``.
    """

    net: Net
    manifest: Manifest
    method: str
    looker: Looker
    batch: int = 8
    on_error: Literal["raise", "skip"] = "raise"
    failures: list[Failure] = field(default_factory=list)

    def __iter__(self) -> Iterator[Explanation]:
        """Yield by image, then by class."""
        self.failures.clear()
        pictures = self.net.pictures(self.manifest)
        for outcome in self.looker.maps(pictures, range(len(pictures)), self.batch):
            try:
                if isinstance(outcome.maps, ImageError):
                    raise outcome.maps
                yield from self._explained(pictures, outcome.row, outcome.maps, outcome.place)
            except ImageError as error:
                self._lose(outcome.row, error)
            events.progress(
                "explaining images", outcome.row + 1, len(pictures), failed=len(self.failures)
            )
        for sentence, warning in pictures.notes.sentences():
            (events.warn if warning else events.note)("explaining images", sentence)

    def _explained(
        self, pictures: Pictures, row: int, maps: Maps, place: int
    ) -> Iterator[Explanation]:
        """Yield the explanations of the picture at one place of a batch."""
        shown = seen(pictures, row)
        probabilities = self.net.probabilities(maps.logits[place : place + 1])[0]
        for output, cells in zip(maps.chosen[place], maps.values[place], strict=True):
            square = self.looker.enlarged(cells, shown.side)
            yield Explanation(
                self.manifest.ids[row], self.manifest.paths[row], self.net.classes[output],
                float(probabilities[output]), self.method, shown.back(square), cells,
                shown.picture, shown.box, shown.mask, shown.region, shown.side,
            )  # fmt: skip

    def _lose(self, row: int, error: ImageError) -> None:
        if self.on_error == "raise":
            raise error
        path = self.manifest.paths[row]
        self.failures.append(Failure(self.manifest.ids[row], path, printable(str(error))))


def explain(
    model: Model | str | Path | Net,
    source: Manifest | str | Path | Sequence[str | Path],
    classes: str | Sequence[str] | None = None,
    method: str = "gradcam",
    *,
    weights: str = "auto",
    device: str = "auto",
    batch: int = 8,
    seed: int = 0,
    on_error: Literal["raise", "skip"] = "raise",
) -> Explanations:
    """Show which parts of pictures speak for a class, as a network sees it.

    A map says where the network looked. It does not say that it looked for the right reason, nor
    that its answer is right; see `texturekit.randomisation.sanity`, and docs/explain.md.

    Parameters
    ----------
    model : Model, path or name
        A fine-tuned model, its folder, or a backbone with trained outputs of its own.
    source : Manifest, path or paths
        Images, as `texturekit.load_source` takes them; labels are not needed.
    classes : str, sequence of str or None
        What to explain: names, or ``"all"``; None for the positive class of two, else for each
        picture the class that is most probable.
    method : {"gradcam", "gradcam++", "occlusion"}, default "gradcam"
    weights : str, default "auto"
        For a backbone's name.
    device : {"auto", "cpu", "cuda"}, default "auto"
    batch : int, default 8
        Pictures a pass; the maps do not depend on it beyond rounding.
    seed : int, default 0
    on_error : {"raise", "skip"}, default "raise"
        What a picture that cannot be used costs.

    Returns
    -------
    Explanations
        To be iterated; nothing is computed before. Every pass computes anew, and holds one batch.

    Raises
    ------
    ModelError
        If the model is no network.
    UnknownNameError, ParameterError
        If a class is not known or was never trained, or the method is another one.
    ImageError
        While iterating: if a picture cannot be used, and ``on_error="raise"``.

    Examples
    --------
    >>> data = tk.load_task("breast")
    >>> model = tk.fit("majority/dummy", data)
    >>> explain(model, data)
    Traceback (most recent call last):
    texturekit.errors.ModelError: majority/dummy does not look at pictures through a network...
    """
    if batch < 1:
        raise ParameterError(f"batch is {batch}; it wants at least 1 picture.")
    net = model if isinstance(model, Net) else net_of(model, weights=weights, seed=seed)
    looker = Looker(net, classes, method, device)
    manifest = source if isinstance(source, Manifest) else load_source(_named(source))
    return Explanations(net, manifest, method, looker, batch, on_error)


def _named(source: Any) -> Any:
    return source if isinstance(source, str) or not hasattr(source, "__iter__") else list(source)
