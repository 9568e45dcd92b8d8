"""What a comparison takes from a recipe, and where it leaves it: explicit settings win."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.methods.folding import names_test
from texturekit.methods.presets import parse_methods
from texturekit.methods.recipes import SEED, Recipe, Training, read_augmentation, read_recipe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.data.card import Card
    from texturekit.data.manifest import Manifest
    from texturekit.methods.grammar import Method
    from texturekit.methods.planning import Options
    from texturekit.records import MethodResult


@dataclass(frozen=True)
class Followed:
    """The settings of a comparison after a recipe was asked.

    Attributes
    ----------
    options : Options
        What was asked for, and the recipe's own where nothing was.
    training : Training
        How networks are trained.
    recipe : Recipe or None
    differs : tuple of str
        Where explicit settings leave the recipe.
    weights : str or None
        How explicit weights leave it, which is of concern to networks only.
    lenient : bool
        Whether the methods are the recipe's own: one that cannot be run is a failed row, while
        one that was asked for by name is refused.
    """

    options: Options
    training: Training
    recipe: Recipe | None = None
    differs: tuple[str, ...] = ()
    weights: str | None = None
    lenient: bool = False


def follow(options: Options, card: Card | None) -> Followed:
    """Fill in what a recipe says, and list where explicit settings leave it.

    Raises
    ------
    ParameterError
        If there is no task, or its card has no recipe that can be followed.
    UnknownNameError
        If the recipe has another name.
    """
    if options.recipe is None:
        training = Training(augmentation=read_augmentation(card), epochs=options.epochs)
        return Followed(options, training)
    if options.recipe != SEED:
        raise UnknownNameError("recipe", options.recipe, [SEED])
    if card is None:
        raise ParameterError(
            "a recipe belongs to a task, but none is given; name one (--task breast)."
        )
    recipe = read_recipe(card)
    own = recipe.weights == "none" and options.weights == "auto"
    filled = replace(
        options,
        methods=recipe.methods if options.methods is None else options.methods,
        size=options.size or recipe.size,
        weights="none" if own else options.weights,
        shares=recipe.shares,
    )
    training = replace(recipe.training, epochs=options.epochs)
    differs = tuple(_differences(filled, recipe))
    lenient = options.methods is None or _same(options.methods, recipe)
    return Followed(filled, training, recipe, differs, _other_weights(filled, recipe), lenient)


def _same(methods: Sequence[str] | str, recipe: Recipe) -> bool:
    """Tell whether methods are the recipe's, as in the configuration of a run before."""
    return set(parse_methods(methods)) == set(recipe.parsed())


def _differences(options: Options, recipe: Recipe) -> list[str]:
    found = []
    if options.size != recipe.size:
        found.append(f"{options.size} pixels instead of {recipe.size}")
    folds = options.folds
    if options.test is not None or options.leave_out is not None:
        folds = "of another source" if options.leave_out is None else f"by {options.leave_out}"
    if folds is not None:
        shares = f"shares {recipe.shares}" if recipe.shares else "the usual folds"
        found.append(f"folds {folds} instead of {shares}")
    if options.epochs is not None and options.epochs > recipe.settings.epochs:
        found.append(f"{options.epochs} epochs instead of {recipe.settings.epochs}")
    return found


def _other_weights(options: Options, recipe: Recipe) -> str | None:
    fits = {"pretrained": ("auto", "pretrained"), "none": ("none",)}[recipe.weights]
    if options.weights in fits:
        return None
    meant = "random" if recipe.weights == "none" else "pretrained"
    return f"weights {options.weights!r} instead of {meant} ones"


def recipe_notes(followed: Followed, methods: list[Method], manifest: Manifest) -> list[str]:
    """Say what is the recipe's, what is not, and what the write-up left open."""
    recipe = followed.recipe
    if recipe is None:
        return []
    weights = [] if followed.weights is None else [followed.weights]
    differs = [*followed.differs, *weights, *_other_methods(recipe, methods)]
    shares = recipe.shares
    asked = followed.options
    given = asked.folds is not None or asked.leave_out is not None or asked.test is not None
    if not given and shares is not None and names_test(manifest):
        differs.append(f"the parts that the data name instead of shares {shares}")
    notes = [f"Recipe of the {recipe.source}."]
    if differs:
        notes.append(f"This run differs from the recipe: {'; '.join(differs)}.")
    notes += [f"Not stated in the write-up, chosen here: {text}." for text in recipe.chosen]
    notes += [f"Other than in the write-up: {text}." for text in recipe.differs]
    return notes


def _other_methods(recipe: Recipe, methods: list[Method]) -> list[str]:
    own = recipe.parsed()
    more = [method.name for method in methods if method not in own]
    less = [method.name for method in own if method not in methods]
    return [f"with {name}" for name in more] + [f"without {name}" for name in less]


def marked(
    result: MethodResult, method: Method, followed: Followed, shortened: str | None
) -> MethodResult:
    """Return a row of the table with what sets it apart from the recipe's."""
    marks = [] if shortened is None else [shortened]
    recipe = followed.recipe
    if recipe is not None and method not in recipe.parsed():
        marks.append("not in the recipe")
    elif recipe is not None:
        differs = [*followed.differs, *_weights_differ(result, followed, recipe)]
        marks += [f"differs from the recipe: {'; '.join(differs)}"] if differs else []
    return result.model_copy(update={"marks": marks})


def _weights_differ(result: MethodResult, followed: Followed, recipe: Recipe) -> list[str]:
    if result.family not in ("finetuned", "head", "embedding", "hybrid"):
        return []
    if followed.weights is not None:
        return [followed.weights]
    missed = recipe.weights == "pretrained" and "random" in (result.weights or "")
    return ["random weights, as pretrained ones could not be had"] if missed else []


def shortening(options: Options, followed: Followed, before: int, after: int) -> str | None:
    """Return how a comparison was shortened, in the words of a row; None if it was not."""
    said = []
    if after < before:
        said.append(f"{after} of {before} images")
    recipe = followed.recipe
    trains = recipe is not None and any(m.classifier == "finetune" for m in recipe.parsed())
    full = recipe.settings.epochs if recipe is not None and trains else 0
    if options.epochs is not None and options.epochs < full:
        said.append(f"at most {options.epochs} of {full} epochs")
    return f"shortened: {', '.join(said)}" if said else None


def told(followed: Followed) -> dict[str, Any] | None:
    """Return the recipe that was followed, for the run's configuration."""
    return None if followed.recipe is None else followed.recipe.model_dump(mode="json")
