"""Recipes: a write-up's way to train, as a card states it, and the usual way without one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, Field, ValidationError, model_validator

from texturekit.data.card import TASKS, Card, load_card
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.settings import Augmentation, Head, Settings
from texturekit.errors import ParameterError, TexturekitError, closest
from texturekit.methods.presets import parse_methods
from texturekit.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.methods.grammar import Method

#: The name under which a card's recipe is asked for.
SEED = "seed"
#: Epochs from pretrained and from random weights: these start with nothing.
EPOCHS = {False: 5, True: 12}

M = TypeVar("M", bound=BaseModel)
Text = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Shares(Record):
    """How many of the images are for what; the parts are drawn by patient."""

    train: Annotated[float, Field(gt=0, lt=1)]
    val: Share
    test: Annotated[float, Field(gt=0, lt=1)]

    @model_validator(mode="after")
    def _whole(self) -> Shares:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train, val and test add up to {total:g}; make it 1")
        return self

    def __str__(self) -> str:
        parts = (self.train, self.val, self.test)
        return "/".join(f"{100 * share:g}" for share in parts if share)


class Recipe(Record):
    """What a write-up did, and what it left open.

    Attributes
    ----------
    source : str
        The write-up.
    methods : tuple of str
        The first is what ``texturekit train`` fits.
    size : int
        Long side of the pictures in pixels.
    weights : {"pretrained", "none"}
        What networks start from. Pretrained ones that cannot be had make room for random ones,
        and the result says so.
    shares : Shares or None
        Of training, validation and test images where the data name none; None for folds.
    settings : Settings
        How networks are trained.
    heads : dict of Head
        By backbone; ``settings.head`` for the others.
    chosen : tuple of str
        What the write-up does not state, and what is done here.
    differs : tuple of str
        What is done otherwise than in the write-up, and why.
    """

    source: Text
    methods: Annotated[tuple[Text, ...], Field(min_length=1)]
    size: Annotated[int, Field(ge=16, le=4096)] = 224
    weights: Literal["pretrained", "none"] = "pretrained"
    shares: Shares | None = None
    settings: Settings = Settings()
    heads: dict[str, Head] = Field(default_factory=dict)
    chosen: tuple[Text, ...] = ()
    differs: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _heads_have_a_backbone(self) -> Recipe:
        for name in self.heads:
            if name not in BACKBONES:
                raise ValueError(
                    f"heads: no backbone is called {name!r}.{closest(name, BACKBONES)}"
                )
        return self

    @property
    def training(self) -> Training:
        """How its networks are trained."""
        return Training(self.settings, self.heads)

    def parsed(self) -> list[Method]:
        """Return its methods."""
        return list(_parsed(self.methods))


@dataclass(frozen=True)
class Training:
    """How networks are trained, before it is known which one and from what.

    Attributes
    ----------
    settings : Settings or None
        None for the usual ones: 5 epochs from pretrained weights, 12 from random ones.
    heads : mapping of Head
        By backbone, instead of that in the settings.
    augmentation : Augmentation
        Of the usual settings.
    epochs : int or None
        Longest training, whatever the settings say.
    """

    settings: Settings | None = None
    heads: Mapping[str, Head] = field(default_factory=dict)
    augmentation: Augmentation = field(default_factory=Augmentation)
    epochs: int | None = None

    def of(self, backbone: str, *, random: bool, seed: int) -> Settings:
        """Return the settings of one network, from random weights or not.

        Examples
        --------
        >>> Training().of("resnet18", random=True, seed=0).epochs
        12
        """
        settings = self.settings or Settings(epochs=EPOCHS[random], augmentation=self.augmentation)
        changes: dict[str, Any] = {"seed": seed}
        if self.epochs is not None:
            changes["epochs"] = self.epochs
        if backbone in self.heads:
            changes["head"] = self.heads[backbone]
        return settings.model_copy(update=changes)


def read_recipe(card: Card) -> Recipe:
    """Return the recipe of a task.

    Raises
    ------
    ParameterError
        If the card has none, or one that cannot be followed; the message names card and field.

    Examples
    --------
    >>> read_recipe(load_card("oct")).settings.frozen
    True
    """
    if card.recipe is None:
        having = [name for name in TASKS if load_card(name).recipe is not None]
        raise ParameterError(
            f"task {card.name} has no recipe; tasks with one: {', '.join(having)}. "
            "A card of your own may have one under recipe: (docs/recipes.md)."
        )
    recipe = _validated(Recipe, card.recipe, card, "recipe")
    try:
        recipe.parsed()
    except TexturekitError as error:
        raise ParameterError(f"card {card.name}: recipe.methods: {error}") from error
    return recipe


def read_augmentation(card: Card | None) -> Augmentation:
    """Return the changes of training pictures that fit a task; without a card the general ones.

    Raises
    ------
    ParameterError
        If the card's cannot be used; the message names card and field.

    Examples
    --------
    >>> read_augmentation(load_card("chest")).flip
    0.0
    """
    if card is None or card.augmentation is None:
        return Augmentation()
    return _validated(Augmentation, card.augmentation, card, "augmentation")


@lru_cache(maxsize=32)
def _parsed(methods: tuple[str, ...]) -> tuple[Method, ...]:
    return tuple(parse_methods(methods))


def _validated(model: type[M], content: dict[str, Any], card: Card, field: str) -> M:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(_described(fault, model, field) for fault in error.errors())
        raise ParameterError(f"card {card.name}: {faults}.") from None


def _described(fault: Any, model: type[BaseModel], field: str) -> str:
    place = ".".join(map(str, (field, *fault["loc"])))
    if fault["type"] == "extra_forbidden":
        known = list(_part(model, fault["loc"][:-1]).model_fields)
        hint = closest(str(fault["loc"][-1]), known)
        return f"there is no field {place}.{hint} Fields: {', '.join(known)}"
    if fault["type"] == "missing":
        return f"the field {place} is missing; write it"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')} (got {fault['input']!r})"


def _part(model: type[BaseModel], place: Sequence[Any]) -> type[BaseModel]:
    """Return the record that stands at a place inside another one."""
    for step in place:
        if step not in model.model_fields:
            continue
        annotation = model.model_fields[step].annotation
        inside = [one for one in (annotation, *get_args(annotation)) if _is_model(one)]
        model = inside[0] if inside else model
    return model


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
