"""What each column and family adds to the answer of a method on columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from texturekit import events
from texturekit.data.manifest import Manifest, load_source
from texturekit.data.pictures import Pictures
from texturekit.data.placing import region_of
from texturekit.errors import ImageError, ParameterError, printable
from texturekit.features import FEATURES
from texturekit.features.map_pictures import sight
from texturekit.images import resize_mask
from texturekit.methods.adding import Adder, ColumnPart, Part
from texturekit.methods.model import Model
from texturekit.methods.nets import chooser
from texturekit.methods.persistence import load
from texturekit.methods.predicting import answered
from texturekit.table import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.methods.background import Background
    from texturekit.methods.predicting import Answer

    Pixels = NDArray[np.uint8]

__all__ = ["ColumnPart", "Contribution", "Contributions", "Part", "contributions"]

NOTICE = "Not a diagnosis. What moved the method's answer, not why, and not whether it is right."
SEES = "Maps show what a family sees in the image, not where the answer comes from."
SIDE = 320  # pixels of the long side of pictures and maps
_STAGE = "explaining images"


@dataclass(frozen=True, eq=False)
class Contribution:
    """Why a method on columns gives one class of one image its probability.

    Attributes
    ----------
    id, path : str
        Of the image, as in the manifest.
    label : str
        The class or label that is explained.
    probability : float
        What the model gives it, as `predict` reports it.
    base : float
        The weighted mean of what it gives the background.
    families : list of Part
        They sum to ``probability - base``; in the order in which the method reads them.
    columns : list of ColumnPart
        Those that add or take the most, of the families that do; of backbones none, as their
        columns have no meaning by themselves.
    picture : (H, W, 3) uint8
        What texture is measured on: the region, its long side 320 pixels.
    maps : dict of (h, w, 3) uint8
        What the families see that speak most; not where the answer comes from.
    titles : dict of str
        What each map shows.
    region : str
        What of the image that is, in words.
    """

    id: str
    path: str
    label: str
    probability: float
    base: float
    families: list[Part]
    columns: list[ColumnPart]
    picture: Pixels
    maps: dict[str, Pixels]
    titles: dict[str, str] = field(default_factory=dict)
    region: str = ""

    @property
    def leading(self) -> list[Part]:
        """The families, what moves the answer most first."""
        return sorted(self.families, key=lambda part: -abs(part.value))


@dataclass(frozen=True)
class _Asked:
    """The classes of a model that can be asked for."""

    name: str
    classes: tuple[str, ...]
    positive: str | None
    trained: NDArray[np.bool_]


@dataclass
class Contributions:
    """Contributions one by one, as they are asked for; what could not be explained is kept.

    Attributes
    ----------
    model : Model
    manifest : Manifest
    how, how_columns : str
        How the values were computed; known after the first image.
    failures : list of Failure
        Images that could not be used, so far; with ``on_error="skip"``.
    """

    model: Model
    manifest: Manifest
    classes: str | Sequence[str] | None = None
    jobs: int = 1
    device: str = "auto"
    weights: str | None = None
    on_error: Literal["raise", "skip"] = "raise"
    columns: int = 10
    maps: int = 3
    how: str = ""
    how_columns: str = ""
    failures: list[Failure] = field(default_factory=list)

    def __post_init__(self) -> None:
        model = self.model
        self._adder = Adder(model)
        trained = np.asarray(np.isfinite(self._adder.typical).all(axis=0))
        asked = _Asked(model.method.name, model.classes, model.positive, trained)
        self._choose = chooser(asked, self.classes)

    @property
    def background(self) -> Background:
        """What the images are compared with."""
        return self._adder.background

    def __iter__(self) -> Iterator[Contribution]:
        """Yield by image, then by class."""
        self.failures.clear()
        own, done = self.model.preprocessing, 0
        pictures = Pictures(self.manifest, size=own.size, roi=own.roi, window=own.window)
        answers = answered(
            self.model, self.manifest, jobs=self.jobs, device=self.device, weights=self.weights
        )
        for answer in answers:
            for place, row in enumerate(answer.used.tolist()):
                if row < 0:  # the manifest had to skip it, and says so
                    continue
                try:
                    yield from self._of_image(answer, place, pictures)
                except ImageError as error:
                    self._lose(row, error)
                done += 1
                events.progress(_STAGE, done, len(self.manifest), failed=len(self.failures))

    def _of_image(self, answer: Answer, place: int, pictures: Pictures) -> Iterator[Contribution]:
        said, row = answer.rows.iloc[place], int(answer.used[place])
        if said["status"] != "ok" or answer.features is None:
            raise ImageError(str(said["error"]))
        told = np.array([said[f"p.{name}"] for name in self.model.classes], dtype=np.float64)
        chosen = self._choose(told[None])[0]
        found = self._adder.added(answer.features[place], told, chosen, columns=self.columns)
        self.how, self.how_columns = found.how, found.how_columns
        shown = self._shown(pictures, row, found.loudest)
        for k, output in enumerate(chosen.tolist()):
            yield Contribution(
                self.manifest.ids[row], self.manifest.paths[row], self.model.classes[output],
                float(told[output]), float(found.base[k]), found.families[k], found.columns[k],
                *shown,
            )  # fmt: skip

    def _shown(
        self, pictures: Pictures, row: int, families: list[str]
    ) -> tuple[Pixels, dict[str, Pixels], dict[str, str], str]:
        """Return the region as a picture, the maps of families with their titles, and words."""
        picture = pictures.view(row, SIDE)
        image, mask = pictures.region(row)
        if mask is not None:
            picture = np.where(resize_mask(mask, SIDE)[:, :, None], picture, picture // 3)
        made: dict[str, Pixels] = {}
        titles: dict[str, str] = {}
        for family in families:
            found = None
            if len(made) < self.maps and family in FEATURES:
                found = sight(self._adder.blocks[family][0], image, mask, side=SIDE)
            if found is not None:
                titles[family], made[family] = found
        return picture, made, titles, region_of(pictures, row)

    def _lose(self, row: int, error: ImageError) -> None:
        if self.on_error == "raise":
            raise error
        path = self.manifest.paths[row]
        self.failures.append(Failure(self.manifest.ids[row], path, printable(str(error))))


def contributions(
    model: Model | str | Path,
    source: Manifest | str | Path | Sequence[str | Path],
    classes: str | Sequence[str] | None = None,
    *,
    jobs: int = 1,
    device: str = "auto",
    weights: str | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    columns: int = 10,
    maps: int = 3,
) -> Contributions:
    """Say what each family of columns adds to what a method says of images.

    Families share the difference between the probability of the image and the mean probability of
    the background (typical training images) by their Shapley values: what a family changes when
    its columns become the image's, mean over all orders in which families can do so. Columns share
    what their family has by their Owen values, which are estimates. None of it says why, nor that
    the answer is right; see docs/explain.md.

    Parameters
    ----------
    model : Model or path
        A fitted method on columns, with its background, or its folder.
    source : Manifest, path or paths
        Images, as `texturekit.load_source` takes them; labels are not needed.
    classes : str, sequence of str or None
        What to explain: names, or ``"all"``; None for the positive class of two, else for each
        image the class that is most probable.
    jobs : int, default 1
        Threads that measure images.
    device : {"auto", "cpu", "cuda"}, default "auto"
        For backbones.
    weights : str, optional
        Where backbones' weights are, instead of where they were at fitting.
    on_error : {"raise", "skip"}, default "raise"
        What an image that cannot be used costs.
    columns : int, default 10
        The most columns that are told of each image and class; 0 saves their time.
    maps : int, default 3
        The most maps of each image.

    Returns
    -------
    Contributions
        To be iterated; nothing of an image is computed before. The same to the bit however many
        images there are.

    Raises
    ------
    ModelError
        If the method looks at no columns, or the model has no background.
    UnknownNameError, ParameterError
        If a class is not known or was never trained.
    ImageError
        While iterating: if an image cannot be used, and ``on_error="raise"``.

    References
    ----------
    Lundberg and Lee (2017), arXiv:1705.07874; Strumbelj and Kononenko (2014),
    doi:10.1007/s10115-013-0679-x; Owen (1977), doi:10.1007/978-3-642-45494-3_7.

    Examples
    --------
    >>> data = tk.load_task("breast")
    >>> contributions(tk.fit("majority/dummy", data), data)
    Traceback (most recent call last):
    texturekit.errors.ModelError: majority/dummy gives every image the same probabilities...
    """
    if columns < 0 or maps < 0:
        raise ParameterError(f"columns={columns}, maps={maps}: give 0 for none, or more.")
    model = model if isinstance(model, Model) else load(model)
    manifest = source if isinstance(source, Manifest) else load_source(_named(source))
    return Contributions(
        model, manifest, classes, jobs, device, weights, on_error, columns, maps
    )  # fmt: skip


def _named(source: Any) -> Any:
    return source if isinstance(source, str) or not hasattr(source, "__iter__") else list(source)
