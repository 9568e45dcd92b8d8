"""Networks of others by torchvision's names: what stands inside another module, or beside it.

People build their classifiers around torchvision's networks: ``self.resnet = resnet18()``, or
``self.conv1 = net.conv1`` and so on, or ``nn.Sequential(*list(net.children())[:-1])``, with a last
layer of any name. The names in the file then differ, the numbers do not. Here a body is found by
all of its names at once, or not at all; what is left has to be the last layers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from texturekit.deep.networks import _counters
from texturekit.errors import WeightsFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch

    from texturekit.deep.backbones import Backbone

    Values = dict[str, torch.Tensor]

#: The children of a ResNet by number: 2 and 3 are ReLU and pooling, which hold no numbers.
_CHILDREN = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
_PARTS = ("weight", "bias")
_STEP = re.compile(r"(.*)\.(\d+)")


@dataclass(frozen=True)
class Found:
    """A body by torchvision's names, and the linear layers behind it.

    Attributes
    ----------
    body : dict of Tensor
    layers : tuple of (str, Tensor, Tensor)
        Name in the file, weight and bias of each, in order.
    """

    body: Values
    layers: tuple[tuple[str, torch.Tensor, torch.Tensor], ...]


def find(card: Backbone, wanted: list[str], values: Values, where: str) -> Found:
    """Find a network in a file.

    Parameters
    ----------
    card : Backbone
        A ResNet or a VGG.
    wanted : list of str
        Torchvision's names of the body.
    values : dict of Tensor
        What the file holds.
    where : str
        The file, for messages.

    Raises
    ------
    WeightsFileError
        If the body is not there, or twice, or what is left does not say how it is put together.
    """
    names = [name for name in wanted if name not in _counters(wanted)]
    matches = list(_matches(card, names, values))
    if not matches:
        plain = without_root(values, names[0])
        missing = [name for name in names if name not in plain]
        raise WeightsFileError(
            f"{where!r} belongs to another network than {card.name}: {len(missing)} of "
            f"{len(names)} weights are missing ({missing[0]!r}...), under torchvision's names and "
            "behind others; choose the backbone that it was made for, and the plain state dict."
        )
    if len(matches) > 1:
        raise WeightsFileError(
            f"{where!r} holds the body of {card.name} {len(matches)} times, and nobody says which "
            "is meant; save the state dict of one network."
        )
    spelt = matches[0]
    taken = {name: spelt(name) for name in wanted if spelt(name) in values}
    rest = {name: value for name, value in values.items() if name not in taken.values()}
    body = {name: values[own] for name, own in taken.items()}
    return Found(body, _layers(card, rest, where))


def without_root(values: Values, first: str) -> Values:
    """Take away what stands before every name, where one of them then is ``first``.

    Examples
    --------
    >>> without_root({"net.fc.bias": 1, "net.conv1.weight": 2}, "conv1.weight")
    {'fc.bias': 1, 'conv1.weight': 2}
    """
    for key in values:
        root = key.removesuffix(first)
        if root.endswith(".") and key != root and all(name.startswith(root) for name in values):
            return {name.removeprefix(root): value for name, value in values.items()}
    return values


def _matches(
    card: Backbone, names: list[str], values: Mapping[str, torch.Tensor]
) -> list[Callable[[str], str]]:
    """Return how the body's names may be spelt so that all of them are there."""
    forms: list[Callable[[str], str]] = [str]
    if card.architecture.startswith("resnet"):
        forms.append(_as_child)
    else:
        forms.append(lambda name: name.replace("features.", "0.", 1))
    found: list[Callable[[str], str]] = []
    for form in forms:
        first = form(names[0])
        ends = [key for key in values if key == first or key.endswith(f".{first}")]
        roots = [key[: len(key) - len(first)] for key in ends]
        found += [
            partial(_spelt, root, form)
            for root in roots
            if all(root + form(name) in values for name in names)
        ]
    return found


def _spelt(root: str, form: Callable[[str], str], name: str) -> str:
    return root + form(name)


def _as_child(name: str) -> str:
    child, _, rest = name.partition(".")
    return f"{_CHILDREN[child]}.{rest}"


def _layers(
    card: Backbone, rest: Values, where: str
) -> tuple[tuple[str, torch.Tensor, torch.Tensor], ...]:
    stems = list(dict.fromkeys(name.rpartition(".")[0] for name in rest))
    for stem in stems:
        parts = {name.rpartition(".")[2]: v for name, v in rest.items() if _stem(name) == stem}
        if set(parts) != set(_PARTS) or parts["weight"].ndim != 2:
            named = sorted(f"{stem}.{part}" if stem else part for part in parts)
            raise WeightsFileError(
                f"{where!r} holds {', '.join(named[:4])} beside the body of {card.name}, which is "
                "no linear layer with a bias; it is not known what it does there."
            )
    if not stems:
        raise WeightsFileError(
            f"{where!r} holds the body of {card.name} without a trained head; load it as weights "
            f"(--weights FILE) and train {card.name}/finetune."
        )
    ordered = _in_order(card, stems, where) if len(stems) > 1 else stems
    return tuple((stem, rest[f"{stem}.weight"], rest[f"{stem}.bias"]) for stem in ordered)


def _stem(name: str) -> str:
    return name.rpartition(".")[0]


def _in_order(card: Backbone, stems: list[str], where: str) -> list[str]:
    """Return the layers of one ``nn.Sequential`` with something between each two, as VGG has."""
    steps = [_STEP.fullmatch(stem) for stem in stems]
    places = sorted(int(step[2]) for step in steps if step)
    gaps = [b - a for a, b in pairwise(places)]
    together = None not in steps and len({step[1] for step in steps if step}) == 1
    if card.architecture.startswith("vgg") and together and min(gaps) > 1:
        (name,) = {step[1] for step in steps if step}
        return [f"{name}.{place}" for place in places]
    raise WeightsFileError(
        f"{where!r} holds {len(stems)} linear layers behind the body of {card.name} "
        f"({', '.join(sorted(stems))}), and a state dict does not say what is done between them; "
        + (
            "only those of one nn.Sequential with a ReLU between each two are taken over."
            if card.architecture.startswith("vgg")
            else "only a single layer is taken over."
        )
    )
