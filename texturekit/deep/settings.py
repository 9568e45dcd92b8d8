"""How a network is trained, as plain values: what a recipe, a model file and a report hold.

Nothing here imports torch, so that a recipe can be read and checked at once.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from texturekit.records import Number, Record

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Augmentation(Record):
    """Random changes of training pictures; nothing outside is invented but black.

    Attributes
    ----------
    flip, flip_vertical : float
        Probability of mirroring left to right, upside down.
    rotation : float
        Largest turn, in degrees either way.
    shift : float
        Largest shift, as a share of the side.
    scale : tuple of float
        Least and largest share of the area that a random crop keeps; it is resized to the whole.
    brightness, contrast, saturation, hue : float
        Largest relative change (0.2: 0.8 to 1.2), for the hue as a share of the colour circle.
        Saturation and hue leave grey pictures alone.
    """

    flip: Share = 0.5
    flip_vertical: Share = 0.0
    rotation: Annotated[float, Field(ge=0, le=180)] = 10.0
    shift: Share = 0.05
    scale: tuple[Annotated[float, Field(gt=0, le=1)], Annotated[float, Field(gt=0, le=1)]] = (
        1.0,
        1.0,
    )
    brightness: Share = 0.2
    contrast: Share = 0.2
    saturation: Share = 0.0
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0


#: Training pictures as they are.
AS_THEY_ARE = Augmentation(flip=0, rotation=0, shift=0, brightness=0, contrast=0)


class Head(Record):
    """What stands behind a backbone's last feature map.

    Attributes
    ----------
    pooling : {"average", "flatten"}
        The mean of each channel, or every number of the map, which ties the net to one size.
    hidden : tuple of int
        Widths of hidden layers, each with ReLU and dropout.
    dropout : float
        In front of the last layer and behind each hidden one.
    """

    pooling: Literal["average", "flatten"] = "average"
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = ()
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2


class Settings(Record):
    """How a network is trained.

    Attributes
    ----------
    epochs, batch : int
        Passes over the pictures at most, and pictures a step.
    optimiser : {"adamw", "adam", "sgd"}
    learning_rate : float or None
        Highest rate of the body; None for 1e-4 from pretrained weights, 1e-3 from random ones, or
        3e-4 if the backbone has no batch normalisation.
    head_factor : float or None
        How many times faster the head learns; None for 10 from pretrained weights, else 1.
    layer_decay : float
        Each stage of the body, from the last to the first, learns so many times slower than the
        one behind it; 1 for one rate.
    weight_decay, momentum : float
        Momentum is for SGD only.
    schedule : {"cosine", "step", "constant"}
        How the rate falls: to 0 along a cosine, step by step over all steps of training; by
        ``step_factor`` after every ``step_epochs`` epochs; not at all.
    warm_up : float
        Share of all steps in which the rate rises from 0.
    step_epochs, step_factor, lowest_rate :
        Of the step schedule; whatever the schedule, no rate falls below the lowest.
    label_smoothing : float
        How far targets are drawn towards an even spread; validation is judged without.
    balance : {"weights", "sampling", "none"}
        How classes of unlike size come to count the same: in the loss, by drawing, or not at all.
    clip : float or None
        Longest gradient.
    patience : int or None
        Epochs without progress of the validation loss before training stops.
    min_delta : float
        How much lower the validation loss has to be to count as progress.
    keep : {"best", "last"}
        The weights of which epoch are kept, by validation loss.
    frozen : bool
        The body keeps its weights (and its batch statistics): only the head learns. Where
        pictures do not change, what the body makes of them is computed once.
    augmentation : Augmentation
    head : Head
    precision : {"auto", "float32", "bfloat16", "float16"}
        auto: bfloat16 on a GPU that has it, else float32.
    workers : int or None
        Processes that decode pictures which do not fit in memory; None for up to 8 beside a GPU
        and none beside a CPU, 0 for threads of this process.
    seed : int
        Of new weights, order, augmentation and dropout.
    """

    epochs: Annotated[int, Field(ge=1)] = 5
    batch: Annotated[int, Field(ge=2)] = 16
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: Annotated[Number, Field(gt=0)] | None = None
    head_factor: Annotated[Number, Field(gt=0)] | None = None
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    weight_decay: Amount = 0.01
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    schedule: Literal["cosine", "step", "constant"] = "cosine"
    warm_up: Annotated[float, Field(ge=0, lt=1)] = 0.1
    step_epochs: Annotated[int, Field(ge=1)] = 10
    step_factor: Annotated[float, Field(gt=0, le=1)] = 0.1
    lowest_rate: Amount = 0.0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    balance: Literal["weights", "sampling", "none"] = "weights"
    clip: Annotated[Number, Field(gt=0)] | None = 1.0
    patience: Annotated[int, Field(ge=1)] | None = 3
    min_delta: Amount = 0.0
    keep: Literal["best", "last"] = "best"
    frozen: bool = False
    augmentation: Augmentation = Augmentation()
    head: Head = Head()
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    workers: Annotated[int, Field(ge=0)] | None = None
    seed: int = 0


def usual_rate(*, random: bool, batch_norm: bool) -> float:
    """Return the body's highest rate where the settings name none.

    Examples
    --------
    >>> usual_rate(random=False, batch_norm=True)
    0.0001
    """
    return 1e-4 if not random else 1e-3 if batch_norm else 3e-4
