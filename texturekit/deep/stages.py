"""What may be read off a backbone: which stages, pooled how, and what the columns are called.

Nothing here imports torch, so that methods can be checked and named at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from texturekit.errors import ParameterError, UnknownNameError

if TYPE_CHECKING:
    from texturekit.deep.backbones import Backbone

POOLS = ("mean", "max", "std")
DTYPES = ("float32", "bfloat16")
_KEYS = ("layers", "pool", "flip", "dtype")

#: Stages before the last one: where a map is read, and its channels. The last is the whole body.
_EARLIER: dict[str, tuple[tuple[str, int], ...]] = {
    "resnet18": (("layer1", 64), ("layer2", 128), ("layer3", 256)),
    "resnet50": (("layer1", 256), ("layer2", 512), ("layer3", 1024)),
    "vgg11": tuple((f"features.{k}", n) for k, n in ((2, 64), (5, 128), (10, 256), (15, 512))),
    "vgg16": tuple((f"features.{k}", n) for k, n in ((4, 64), (9, 128), (16, 256), (23, 512))),
    "densenet121": tuple(
        (f"features.denseblock{k}", n) for k, n in ((1, 256), (2, 512), (3, 1024))
    ),
    "squeezenet1_1": (("features.1", 64), ("features.4", 128), ("features.7", 256)),
    "mobilenet_v3_small": (("features.1", 16), ("features.3", 24), ("features.8", 48)),
    "efficientnet_b0": (("features.2", 24), ("features.3", 40), ("features.5", 112)),
    "convnext_tiny": (("features.1", 96), ("features.3", 192), ("features.5", 384)),
    "vit_b_16": tuple((f"encoder.layers.encoder_layer_{k}", 768) for k in (2, 5, 8)),
}


@dataclass(frozen=True)
class Stage:
    """A place in a backbone where a feature map can be read.

    Attributes
    ----------
    number : int
        From 1, in the order of computing.
    path : str
        The module whose output it is; empty for the whole body.
    width : int
        Channels.
    """

    number: int
    path: str
    width: int


def stages_of(card: Backbone) -> tuple[Stage, ...]:
    """Return the stages of a backbone; the last one is its last feature map.

    Examples
    --------
    >>> from texturekit.deep import BACKBONES
    >>> [(stage.path, stage.width) for stage in stages_of(BACKBONES["resnet18"])]
    [('layer1', 64), ('layer2', 128), ('layer3', 256), ('', 512)]
    """
    earlier = _EARLIER.get(getattr(card, "architecture", card.name), ())
    found = (*earlier, ("", card.width))
    return tuple(Stage(number, *where) for number, where in enumerate(found, start=1))


@dataclass(frozen=True)
class Reading:
    """What is read off a backbone in one pass.

    Attributes
    ----------
    taken : tuple of (int, str)
        Stage and pooling (mean, max, or std over the places of the map), in the order of columns.
    flip : bool
        Whether every number is the average over the picture and its mirror image.
    dtype : {"float32", "bfloat16"}
        What the network computes in.
    """

    taken: tuple[tuple[int, str], ...]
    flip: bool = False
    dtype: str = "float32"

    @classmethod
    def of(cls, card: Backbone, parameters: dict[str, Any]) -> Reading:
        """Read the parameters ``layers``, ``pool``, ``flip`` and ``dtype`` of a backbone.

        Raises
        ------
        UnknownNameError
            If another parameter is given.
        ParameterError
            If one has a value that it cannot have.

        Examples
        --------
        >>> from texturekit.deep import BACKBONES
        >>> Reading.of(BACKBONES["resnet18"], {"layers": (4, 2), "pool": "std"}).taken
        ((2, 'std'), (4, 'std'))
        """
        for key in parameters:
            if key not in _KEYS:
                raise UnknownNameError(f"parameter of {card.name}", key, _KEYS)
        last = len(stages_of(card))
        layers = _listed(parameters.get("layers", last))
        pools = _listed(parameters.get("pool", "mean"))
        flip, dtype = parameters.get("flip", False), parameters.get("dtype", DTYPES[0])
        numbers = [k for k in layers if type(k) is int and 1 <= k <= last]
        if not layers or len(numbers) < len(layers):
            raise ParameterError(
                f"{card.name} has stages 1 to {last}, but got layers={_written(layers)}; "
                f"write for example layers={last} or layers=1-{last}."
            )
        if not pools or not set(pools) <= set(POOLS):
            raise ParameterError(
                f"{card.name} got pool={_written(pools)}; it may be mean, max, std, or several of "
                "them joined by '-'."
            )
        if not isinstance(flip, bool):
            raise ParameterError(f"{card.name} got flip={flip}; it may be true or false.")
        if dtype not in DTYPES:
            raise ParameterError(f"{card.name} got dtype={dtype}; it may be {' or '.join(DTYPES)}.")
        taken = [(k, p) for k in sorted(set(numbers)) for p in POOLS if p in pools]
        return cls(tuple(taken), flip, dtype)

    def parameters(self, card: Backbone) -> tuple[tuple[str, Any], ...]:
        """Return what `of` reads, as short as it can be written, sorted."""
        last = len(stages_of(card))
        layers = tuple(sorted({stage for stage, _ in self.taken}))
        pools = tuple(pool for pool in POOLS if any(pool == p for _, p in self.taken))
        written: dict[str, Any] = {}
        if self.dtype != DTYPES[0]:
            written["dtype"] = self.dtype
        if self.flip:
            written["flip"] = True
        if layers != (last,):
            written["layers"] = layers if len(layers) > 1 else layers[0]
        if pools != ("mean",):
            written["pool"] = pools if len(pools) > 1 else pools[0]
        return tuple(sorted(written.items()))

    def singly(self) -> tuple[Reading, ...]:
        """Return one reading a stage and pooling: each is a block of columns of its own."""
        return tuple(Reading((one,), self.flip, self.dtype) for one in self.taken)

    def widths(self, card: Backbone) -> tuple[int, ...]:
        """Return the number of columns of each stage and pooling."""
        stages = stages_of(card)
        return tuple(stages[stage - 1].width for stage, _ in self.taken)

    def columns(self, card: Backbone) -> tuple[str, ...]:
        """Return the columns' names.

        The averaged last map is ``resnet18.0017``; whatever else is read says so:
        ``resnet18.s3.std.0017``, ``resnet18.s4.mean.flip.0017``.

        Examples
        --------
        >>> from texturekit.deep import BACKBONES
        >>> card = BACKBONES["resnet18"]
        >>> Reading.of(card, {"layers": (3, 4)}).columns(card)[255:257]
        ('resnet18.s3.mean.0255', 'resnet18.0000')
        """
        last = len(stages_of(card))
        more = [
            word for word, on in (("flip", self.flip), (self.dtype, self.dtype != DTYPES[0])) if on
        ]
        names: list[str] = []
        for (stage, pool), width in zip(self.taken, self.widths(card), strict=True):
            plain = (stage, pool) == (last, "mean") and not more
            words = [card.name] if plain else [card.name, f"s{stage}", pool, *more]
            names += [f"{'.'.join(words)}.{index:04d}" for index in range(width)]
        return tuple(names)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (tuple, list)) else [value]


def _written(values: list[Any]) -> str:
    return "-".join(map(str, values)) or "nothing"
