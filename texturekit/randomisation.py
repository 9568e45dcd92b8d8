"""Whether maps depend on what a network learnt: they have to change when it forgets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from texturekit import events
from texturekit.data.manifest import Manifest, load_source
from texturekit.data.placing import seen
from texturekit.errors import ImageError, ParameterError
from texturekit.methods.mapping import Looker
from texturekit.methods.nets import Net, net_of
from texturekit.records import Number, Record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.placing import Seen
    from texturekit.deep.gradcam import Maps
    from texturekit.methods.model import Model

LIMIT = 0.5
_FEWEST_CELLS = 9
_SOURCE = "Adebayo et al. (2018), arXiv:1810.03292"


class Stage(Record):
    """How maps changed when some layers forgot what they had learnt.

    Attributes
    ----------
    layers : str
        Which, from the head down; each stage holds the one before.
    spearman : float or None
        Mean rank correlation of the maps before and after, over images, classes and draws.
    magnitude : float or None
        Mean of its absolute value: a map that is turned round has not moved.
    maps : int
        Pairs of maps that could be compared; flat ones cannot.
    """

    layers: str
    spearman: Annotated[Number, Field(ge=-1.001, le=1.001)] | None
    magnitude: Annotated[Number, Field(ge=0, le=1.001)] | None
    maps: int


class Sanity(Record):
    """What became of the maps when the network's weights were drawn anew.

    Attributes
    ----------
    method, images, draws : str, int, int
    stages : tuple of Stage
        Cascading: the head first, all layers last.
    verdict : {"changes", "barely_changes", "not_testable"}
        By the magnitude with all layers random, below or above ``limit``.
    limit : float
    sentence : str
        The verdict for a reader.
    source : str
    """

    method: str
    images: int
    draws: int
    stages: tuple[Stage, ...]
    verdict: Literal["changes", "barely_changes", "not_testable"]
    limit: float
    sentence: str
    source: str = _SOURCE


def sanity(
    model: Model | str | Path | Net,
    source: Manifest | str | Path | Sequence[str | Path],
    classes: str | Sequence[str] | None = None,
    method: str = "gradcam",
    *,
    images: int = 4,
    draws: int = 3,
    weights: str = "auto",
    device: str = "auto",
    seed: int = 0,
) -> Sanity:
    """Compare maps with those of the same network after it forgot what it learnt.

    The network's layers are drawn anew from the head down. Maps are compared before what speaks
    against the class is cut off, pixel by pixel in the part of the picture that the network saw.

    Parameters
    ----------
    model, source, classes, method, weights, device :
        As in `texturekit.explain`.
    images : int, default 4
        The first so many that can be used.
    draws : int, default 3
        Random networks a stage.
    seed : int, default 0

    Returns
    -------
    Sanity

    Raises
    ------
    ParameterError
        If ``images`` or ``draws`` is below 1, or no image can be used.

    References
    ----------
    Adebayo et al. (2018), arXiv:1810.03292, section 3: the model parameter randomisation test.
    """
    from texturekit.deep.randomising import randomised, stages

    if min(images, draws) < 1:
        raise ParameterError(f"images={images}, draws={draws}; both want 1 or more.")
    net = model if isinstance(model, Net) else net_of(model, weights=weights, seed=seed)
    manifest = source if isinstance(source, Manifest) else load_source(source)
    looker = Looker(net, classes, method, device)
    block, places = _first(net, manifest, images)
    known = looker.explained(looker.module, block, looker.choose, signed=True)
    before = _shown(known, places, looker)
    found, steps = [], stages(net.module)
    for number, (name, layers) in enumerate(steps.items()):
        numbers = []
        for draw in range(draws):
            anew = randomised(looker.module, layers, seed=seed + draw)
            maps = looker.explained(anew, block, lambda _: known.chosen, signed=True)
            numbers += [
                _rank_correlation(a, b)
                for a, b in zip(before, _shown(maps, places, looker), strict=True)
            ]
        found.append(_stage(name, numbers))
        events.progress("checking the maps", number + 1, len(steps))
    verdict, sentence = _verdict(found[-1], known.values.shape[2:], method)
    return Sanity(
        method=method, images=len(block), draws=draws, stages=tuple(found), verdict=verdict,
        limit=LIMIT, sentence=sentence,
    )  # fmt: skip


def _first(net: Net, manifest: Manifest, count: int) -> tuple[NDArray[np.generic], list[Seen]]:
    """Return the first pictures that can be used, and where they lie in their images."""
    pictures, block, places = net.pictures(manifest), [], []
    for row in range(len(pictures)):
        try:
            picture, place = pictures[row], seen(pictures, row)
        except ImageError:
            continue
        block.append(picture)
        places.append(place)
        if len(block) == count:
            break
    if not block:
        raise ParameterError(f"none of the {len(pictures)} images can be used; look at them first.")
    return np.stack(block), places


def _shown(maps: Maps, places: list[Seen], looker: Looker) -> list[NDArray[np.float32]]:
    """Return every map in the part of its picture that is no padding."""
    return [
        looker.enlarged(cells, place.side)[place.inner.slices]
        for place, some in zip(places, maps.values, strict=True)
        for cells in some
    ]


def _rank_correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float | None:
    from scipy.stats import rankdata

    ranks = np.stack([rankdata(one.astype(np.float64), axis=None) for one in (a, b)])
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    lengths = np.sqrt((centred**2).sum(axis=1))
    return None if not lengths.all() else float((centred[0] @ centred[1]) / lengths.prod())


def _stage(layers: str, numbers: list[float | None]) -> Stage:
    known = np.array([number for number in numbers if number is not None])
    if not known.size:
        return Stage(layers=layers, spearman=None, magnitude=None, maps=0)
    return Stage(
        layers=layers, spearman=float(known.mean()), magnitude=float(np.abs(known).mean()),
        maps=len(known),
    )  # fmt: skip


def _verdict(
    last: Stage, grid: tuple[int, ...], method: str
) -> tuple[Literal["changes", "barely_changes", "not_testable"], str]:
    cells = grid[0] * grid[1]
    if cells < _FEWEST_CELLS:
        return "not_testable", (
            f"the maps have only {grid[1]} x {grid[0]} cells, too few to say whether they depend "
            "on what was learnt; use larger pictures, or occlusion."
        )
    if last.magnitude is None or last.spearman is None:
        return "not_testable", (
            "the maps are flat before or after, so that nothing can be said of what they depend on."
        )
    pairs = "1 pair" if last.maps == 1 else f"{last.maps} pairs"
    numbers = (
        f"rank correlation {last.spearman:+.2f} (without its sign {last.magnitude:.2f}) with the "
        f"maps of a network whose weights are random, {pairs}"
    )
    if last.magnitude > LIMIT:
        return "barely_changes", (
            f"the {method} maps barely depend on what was learnt: {numbers}. Do not read them as "
            "what the network knows."
        )
    return "changes", f"the {method} maps change when the network forgets: {numbers}."
