"""Rows 7, 8 and 10 of the checklist: methods, thresholds, and what they are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.deep.settings import Settings
from texturekit.methods.budgets import NOTHING, unequal_budgets
from texturekit.report.protocol.said import Said
from texturekit.report.protocol.words import few
from texturekit.report.wording import FAMILIES, counted, listed, number

if TYPE_CHECKING:
    from texturekit.report.protocol.seen import Seen

_SIZES = ("geometry/forest", "metadata/forest")


def models(seen: Seen) -> Said:
    """Row 7: what was trained, from what, and for how long."""
    said = Said()
    if not seen.done:
        said.lack("methods: none finished")
        return said
    said.tell(f"{counted(len(seen.done), 'method')} finished: {families(seen)}.")
    version = seen.study.environment.get("texturekit")
    said.either(
        f"What a name, a search or a recipe leaves open is the default of texturekit {version}."
        if version
        else "",
        "the version whose defaults hold where a name leaves a parameter out",
    )
    _weights(seen, said)
    if seen.results.evaluated is not None:
        said.lack("how the model was trained and its settings chosen (its folder tells)")
        return said
    said.tell(search(seen))
    said.either("" if _trained_blind(seen) else training(seen), "how networks were trained")
    failed = [m.name for m in seen.results.methods if m.status != "ok"]
    if failed:
        said.tell(f"Failed or skipped, so without numbers: {few(failed)}.")
    return said


def families(seen: Seen) -> str:
    """Return the methods that finished by family, as a list."""
    groups: dict[str, list[str]] = {}
    for one in seen.done:
        groups.setdefault(FAMILIES[one.family], []).append(one.name)
    return "; ".join(f"{family}: {', '.join(names)}" for family, names in groups.items())


def _weights(seen: Seen, said: Said) -> None:
    weights: dict[str, list[str]] = {}
    for one in seen.nets:
        if one.weights:
            weights.setdefault(one.weights, []).append(one.name)
    for text, names in weights.items():
        said.tell(f"First weights of {listed(names)}: {text}.")
    unknown = [one.name for one in seen.nets if not one.weights]
    if unknown:
        said.lack(f"the first weights of {listed(unknown)}")
    if not seen.nets:
        said.tell("No method holds a network.")


def search(seen: Seen) -> str:
    """Return how settings were searched, and whether all methods had the same chance."""
    budgets = {
        one.name: 0 if one.tuning is None else one.tuning.budget
        for one in seen.done
        if one.name.rpartition("/")[2] not in NOTHING
    }
    if not budgets or not any(budgets.values()):
        return "No settings were searched."
    uneven = unequal_budgets(seen.results.methods)
    if uneven:
        told = ", ".join(f"{name} {n}" for name, n in uneven.items())
        return f"The settings tried in a fold were not the same for all: {told}."
    most = max(budgets.values())
    return (
        "Every method with settings to choose had the same search budget: "
        f"{counted(most, 'setting')} inside the training part of every fold."
    )


def _trained_blind(seen: Seen) -> bool:
    """Tell whether networks were trained in a way that the run does not tell."""
    trained = any(one.family == "finetuned" for one in seen.done)
    return trained and seen.study.training is None and not seen.facts.get("recipe")


def training(seen: Seen) -> str:
    """Return how networks were trained; empty where the run does not tell."""
    if not any(one.family == "finetuned" for one in seen.done):
        return "No network was trained."
    parts = []
    recipe = seen.facts.get("recipe")
    if recipe:
        settings = recipe.get("settings") or {}
        names = ("optimiser", "learning_rate", "batch", "epochs", "patience")
        told = ", ".join(f"{n.replace('_', ' ')} {settings[n]}" for n in names if n in settings)
        parts.append(f"Networks were trained by the recipe of the {recipe.get('source')}: {told}.")
    else:
        parts.append(_by_default(seen))
    frame = seen.study.training
    if frame is not None and len(frame):
        lengths = frame.groupby(["method", "repeat", "fold"])["epoch"].max()
        low, high = int(lengths.min()), int(lengths.max())
        span = f"{low}" if low == high else f"{low} to {high}"
        parts.append(f"They ran for {span} epochs a fold.")
    return " ".join(parts)


def _by_default(seen: Seen) -> str:
    version = seen.study.environment.get("texturekit")
    of = f" of texturekit {version}" if version else ""
    text = f"Networks were trained with the default settings{of}"
    if seen.card.get("augmentation"):
        text += ", pictures changed at random as the task's card says"
    epochs = seen.study.config.get("epochs")
    return f"{text}, for at most {counted(epochs, 'epoch')}." if epochs else f"{text}."


def balance(seen: Seen) -> str:
    """Return how networks that were trained made up for classes of unlike size."""
    recipe = seen.facts.get("recipe") or {}
    found: str = (recipe.get("settings") or {}).get("balance", Settings().balance)
    return found


def weighing(seen: Seen) -> str:
    """Return which methods learnt with classes at equal weight; empty where none did."""
    alike: list[str] = []
    others: list[str] = []
    for one in seen.done:
        kind = one.name.rpartition("/")[2].partition("(")[0]
        if kind in NOTHING or one.family == "head":
            continue  # it learns nothing that could be weighed
        plain = kind == "knn" or (one.family == "finetuned" and balance(seen) != "weights")
        (others if plain else alike).append(one.name)
    if not alike:
        return ""
    but = f" (but for {few(others)})" if others else ""
    if seen.results.kind == "multilabel":
        told = "images with a label and those without it had, taken together, the same weight"
        return f"In fitting, {told}{but}."
    return f"In fitting, all classes had the same weight, whatever their size{but}."


def thresholds(seen: Seen) -> Said:
    """Row 8: how decisions were made."""
    said, results = Said(), seen.results
    rules = decisions(seen)
    for text in rules:
        said.tell(text)
    if not rules:
        said.lack("the rule of the threshold")
    if results.evaluated is not None:
        said.tell("Model and threshold were frozen before: nothing was chosen on these images.")
        said.ask(seen, "prespecified")
        return said
    reference = seen.study.config.get("reference")
    said.tell(
        "No method was chosen by the run: all are shown. The method that leads was found on the "
        "test images, not beforehand."
        if len(seen.done) > 1
        else ""
    )
    if reference:
        said.tell(f"{reference} was declared as reference before the run.")
    elif seen.facts.get("reference") and len(results.methods) > 1:
        said.tell(
            f"No reference was declared; by rule {seen.facts['reference']} was taken, before any "
            "result was seen."
        )
    said.ask(seen, "prespecified")
    return said


def decisions(seen: Seen) -> list[str]:
    """Return every rule of decision with where it was chosen, its value and its methods."""
    rules: dict[tuple[str, str], list[tuple[str, float | None]]] = {}
    for one in seen.done:
        if one.threshold is not None:
            key = one.threshold.rule, one.threshold.chosen_on
            rules.setdefault(key, []).append((one.name, one.threshold.median))
    texts = []
    for (rule, chosen_on), found in rules.items():
        values = [value for _, value in found if value is not None]
        low, high = (min(values), max(values)) if values else (None, None)
        cut = "" if low is None or "at least" in rule else f", median {number(low, 3)}"
        if cut and high is not None and high > (low or 0.0):
            cut = f", medians {number(low, 3)} to {number(high, 3)}"
        names = [name for name, _ in found]
        texts.append(f"Rule: {rule}{cut}; chosen on {chosen_on} ({few(names)}).")
    return texts


def baselines(seen: Seen) -> Said:
    """Row 10: what a number has to be better than."""
    said = Said()
    names = {one.name for one in seen.done}
    majority = "majority/dummy knows the shares of the classes only: they are its scores."
    said.either(
        majority if "majority/dummy" in names else "", "the majority and its share as score"
    )
    sizes = [name for name in _SIZES if name in names]
    said.either(
        f"{listed(sizes)} {'sees' if len(sizes) == 1 else 'see'} facts of the files and no texture."
        if sizes
        else "",
        "a baseline of metadata only (geometry/forest, metadata/forest)",
    )
    if seen.results.evaluated is not None:
        said.lack("a simpler method that was trained on the same images")
        return said
    texture = [one.name for one in seen.done if one.family == "texture"]
    reference = seen.facts.get("reference")
    simple = reference if reference in texture else texture[0] if len(texture) == 1 else ""
    if simple:
        said.tell(f"The texture method that the others are held against is {simple}.")
    elif texture:
        said.tell(f"Texture methods: {few(texture)}.")
    else:
        said.lack("a texture method")
    published = seen.results.reported
    if published:
        said.tell(
            f"Published by others, not reproduced here, and not tested against: "
            f"{counted(len(published), 'result')}. Whether they hold for the same images is not "
            "checked."
        )
    return said
