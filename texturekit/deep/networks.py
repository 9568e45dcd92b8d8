"""Building networks: a torchvision body that ends in its last feature map, and one kind of head."""

from __future__ import annotations

import re
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from texturekit import events
from texturekit.deep.backbones import find_backbone
from texturekit.deep.weights import resolve_weights
from texturekit.errors import WeightsError, WeightsFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from texturekit.deep.backbones import Backbone
    from texturekit.deep.weights import Weights

DROPOUT = 0.2

_HEADS = ("fc.", "classifier.", "head.")
# torchvision's DenseNet file still says norm.1 where its modules are called norm1.
_OLD_DENSENET = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$")


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw torch's random numbers from a seed inside the block; restore its state afterwards."""
    gpus = [torch.cuda.current_device()] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        if gpus:
            torch.cuda.manual_seed(seed)
        yield


def build_body(backbone: Backbone, weights: Weights, *, seed: int = 0) -> nn.Sequential:
    """Build a backbone whose output is its last feature map.

    The parameters have torchvision's names. Random ones follow torchvision's initialisation
    and depend on the seed alone; torch's global random state is left as it was.

    Parameters
    ----------
    backbone : Backbone
        The card.
    weights : Weights
        What to start from, see `texturekit.deep.resolve_weights`.
    seed : int, default 0
        For random weights.

    Returns
    -------
    torch.nn.Sequential
        (n, 3, H, W) float32 to (n, width, h, w), in channels_last order.

    Raises
    ------
    WeightsError
        If the weights' file is damaged or belongs to another network.
    """
    with seeded(seed, torch.device("cpu")):
        body = _vgg(backbone) if backbone.name.startswith("vgg") else _ends_in_a_map(backbone)
    if weights.path is not None:
        values = read_state(weights.path)
        fill(body, _without_head(values, body, weights.path), str(weights.path))
    return body.to(memory_format=torch.channels_last)


def check_weights(backbone: str, policy: str | Path | Weights, *, seed: int = 0) -> Weights:
    """Find a backbone's weights and, for a file of one's own, see that they fit it.

    Raises
    ------
    WeightsError
        If they cannot be had or belong to another network; it names the backbone.
    """
    card = find_backbone(backbone)
    try:
        found = resolve_weights(card, policy, seed=seed)
        if found.source == "file":
            build_body(card, found, seed=seed)
    except WeightsError as error:
        raise type(error)(f"{backbone}: {error}") from error
    return found


def with_head(body: nn.Sequential, backbone: Backbone, outputs: int, *, seed: int) -> nn.Sequential:
    """Put average pooling, dropout and one linear layer behind a body; the same for all bodies."""
    head = nn.Linear(backbone.width, outputs, device="meta").to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    nn.init.normal_(head.weight, std=0.01, generator=generator)
    nn.init.zeros_(head.bias)
    parts = {
        "body": body,
        "pool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "dropout": nn.Dropout(DROPOUT),
        "head": head,
    }
    return nn.Sequential(OrderedDict(parts))


def _ends_in_a_map(backbone: Backbone) -> nn.Sequential:
    import torchvision

    model = torchvision.models.get_model(backbone.name, weights=None)
    dropped = ("avgpool", "fc", "classifier")
    parts = {name: part for name, part in model.named_children() if name not in dropped}
    if backbone.name.startswith("densenet"):
        parts["relu"] = nn.ReLU()  # torchvision does it in place, behind every hook's back
    return nn.Sequential(OrderedDict(parts))


def _vgg(backbone: Backbone) -> nn.Sequential:
    """Build the convolutions only: the classifier would be 500 MB of numbers to throw away."""
    import torchvision

    with torch.device("meta"):
        features = torchvision.models.get_model(backbone.name, weights=None).features
    features.to_empty(device="cpu")
    for layer in features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return nn.Sequential(OrderedDict(features=features))


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read a file of named weights; nothing in it is executed.

    Parameters
    ----------
    path : Path
        ``.npz`` (arrays only), ``.safetensors``, or ``.pth``/``.pt`` with a state dict.

    Returns
    -------
    dict of str to Tensor
        As stored, less the wrappings ``state_dict`` and ``module.``.

    Raises
    ------
    WeightsError
        If the file is damaged, holds pickled objects, or holds something else than weights.
    """
    try:
        raw = _raw(path)
    except Exception as error:  # each of the four readers has its own kinds of error
        first = str(error).strip().partition("\n")[0][:160] or type(error).__name__
        raise WeightsFileError(
            f"{str(path)!r} cannot be read as named weights ({first}); save the plain state dict."
        ) from error
    for wrapping in ("state_dict", "model_state_dict"):
        if isinstance(raw, dict) and isinstance(raw.get(wrapping), dict):
            raw = raw[wrapping]
    if not isinstance(raw, dict) or not raw:
        raise WeightsFileError(
            f"{str(path)!r} holds {type(raw).__name__}, not named weights; save the state dict."
        )
    return {_own_name(str(name)): _tensor(name, value, path) for name, value in raw.items()}


def _raw(path: Path) -> Any:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    if suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def _own_name(name: str) -> str:
    name = name.removeprefix("module.").removeprefix("body.")
    match = _OLD_DENSENET.match(name)
    return match[1] + match[2] if match else name


def _tensor(name: object, value: object, path: Path) -> torch.Tensor:
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        return torch.from_numpy(value.astype(value.dtype.newbyteorder("=")))
    if isinstance(value, torch.Tensor):
        return value
    raise WeightsFileError(
        f"{str(path)!r}: {str(name)!r} is {type(value).__name__}, not an array of numbers; "
        "save the plain state dict."
    )


def _without_head(
    values: dict[str, torch.Tensor], body: nn.Sequential, path: Path
) -> dict[str, torch.Tensor]:
    """Leave out the classifier, and say so; give bare features their full names."""
    wanted = body.state_dict()
    if not any(name in wanted for name in values):
        values = {f"features.{name}": value for name, value in values.items()}
    head = [name for name in values if name.startswith(_HEADS)]
    if head:
        outputs = max((values[name].shape[0] for name in head if values[name].ndim == 1), default=0)
        events.note(
            "weights", f"{path.name}: its classifier of {outputs} outputs is left out, as always."
        )
    return {name: value for name, value in values.items() if name not in head}


def fill(
    net: nn.Module,
    values: Mapping[str, torch.Tensor],
    where: str,
    error: type[Exception] = WeightsFileError,
) -> None:
    """Load values into a network after checking every name, shape and number.

    Raises
    ------
    WeightsError
        Or another error type that was asked for: a name is missing or too many, a shape
        differs, or a number is not finite.
    """
    wanted = net.state_dict()
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    missing = [name for name in wanted if name not in values and name not in counters]
    foreign = [name for name in values if name not in wanted]
    if missing or foreign:
        raise error(
            f"{where!r} belongs to another network: {len(missing)} of {len(wanted)} weights are "
            f"missing{_example(missing)}, {len(foreign)} are not known{_example(foreign)}; "
            "choose the backbone that it was made for."
        )
    for name, value in values.items():
        if value.shape != wanted[name].shape:
            raise error(
                f"{where!r}: {name!r} has shape {tuple(value.shape)}, the network wants "
                f"{tuple(wanted[name].shape)}; choose the backbone and classes it was made for."
            )
        if name not in counters and not bool(torch.isfinite(value).all()):
            raise error(
                f"{where!r}: {name!r} holds values that are not finite; the file is spoilt."
            )
    net.load_state_dict({**{name: wanted[name] for name in counters}, **values})


def _example(names: list[str]) -> str:
    return f" ({names[0]!r}...)" if names else ""
