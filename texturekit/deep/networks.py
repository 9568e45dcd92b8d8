"""Building networks: a torchvision body that ends in its last feature map."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from texturekit import events
from texturekit.deep.backbones import find_backbone
from texturekit.deep.bodies import random_body
from texturekit.deep.converted import check_origin
from texturekit.deep.weights import resolve_weights
from texturekit.errors import WeightsError, WeightsFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.deep.backbones import Backbone
    from texturekit.deep.weights import Weights

_MOST_BYTES = 2 * 2**30  # that a file's arrays may take: four times the largest network here
_WRAPPINGS = ("state_dict", "model_state_dict", "model")
_AROUND = ("module.", "_orig_mod.")
_HEADS = ("fc.", "classifier.", "head.", "heads.")
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
        (n, channels, H, W) float32 to (n, width, h, w), in channels_last order.

    Raises
    ------
    WeightsError
        If the weights' file is damaged or belongs to another network.
    """
    with seeded(seed, torch.device("cpu")):
        body = random_body(backbone)
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
        if found.source == "file" and found.path is not None:
            if card.converted and found.path.suffix == ".safetensors":
                check_origin(found.path, card)
            build_body(card, found, seed=seed)
    except WeightsError as error:
        hint = f" Is it the published file? Run: texturekit convert-weights {card.name} FILE"
        pickled = card.converted and str(policy).endswith((".pt", ".pth"))
        raise type(error)(f"{backbone}: {error}{hint if pickled else ''}") from error
    return found


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read a file of named weights; nothing in it is executed.

    Parameters
    ----------
    path : Path
        ``.npz`` (arrays only), ``.safetensors``, or ``.pth``/``.pt`` with a state dict.

    Returns
    -------
    dict of str to Tensor
        As stored, less the wrappings ``state_dict``, ``model_state_dict``, ``model``, ``module.``
        and ``_orig_mod.``.

    Raises
    ------
    WeightsError
        If the file is damaged, holds pickled objects, or holds something else than weights.
    """
    return read_checkpoint(path)[0]


def read_checkpoint(
    path: Path, own_keys: frozenset[str] = frozenset()
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read named weights, and what else stands in their file beside them.

    Parameters
    ----------
    path : Path
        As for `read_state`.
    own_keys : set of str, optional
        Entries among the weights that are none, to be returned with the rest.

    Returns
    -------
    values : dict of str to Tensor
    rest : dict
        The entries around ``state_dict``, ``own_keys``, and the metadata of a safetensors file.

    Raises
    ------
    WeightsError
        If the file is damaged, holds pickled objects, or holds something else than weights.
    """
    try:
        raw, rest = _raw(path)
    except Exception as error:  # each of the four readers has its own kinds of error
        first = str(error).strip().partition("\n")[0][:160] or type(error).__name__
        raise WeightsFileError(
            f"{str(path)!r} cannot be read as named weights ({first}); save the plain state dict: "
            "torch.save(model.state_dict(), FILE)."
        ) from error
    _refuse_several(raw, path)
    for wrapping in _WRAPPINGS:
        if isinstance(raw, dict) and isinstance(raw.get(wrapping), dict):
            rest = {**rest, **{str(k): v for k, v in raw.items() if k != wrapping}}
            raw = raw[wrapping]
    if not isinstance(raw, dict) or not raw:
        raise WeightsFileError(
            f"{str(path)!r} holds {type(raw).__name__}, not named weights; save the state dict."
        )
    rest |= {str(name): value for name, value in raw.items() if name in own_keys}
    values: dict[str, torch.Tensor] = {}
    for name, value in raw.items():
        if name in own_keys:
            continue
        own = _own_name(str(name))
        if own in values:
            raise WeightsFileError(
                f"{str(path)!r} holds {own!r} twice, once with a wrapping's name before it; save "
                "the state dict of one network."
            )
        values[own] = _tensor(name, value, path)
    return values, rest


def _refuse_several(raw: Any, path: Path) -> None:
    """Refuse a file that holds a network twice, such as a running mean of it beside it."""
    if not isinstance(raw, dict):
        return
    sets = [
        str(name) for name, value in raw.items()
        if isinstance(value, dict) and any(isinstance(v, torch.Tensor) for v in value.values())
    ]  # fmt: skip
    if len(sets) > 1:
        raise WeightsFileError(
            f"{str(path)!r} holds {len(sets)} sets of weights ({', '.join(sets)}), and nobody says "
            "which is meant; save the plain state dict of one."
        )


def _raw(path: Path) -> tuple[Any, dict[str, Any]]:
    suffix = path.suffix.lower()
    _refuse_bomb(path, suffix)
    if suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}, {}
    if suffix == ".safetensors":
        from safetensors import safe_open
        from safetensors.torch import load_file

        with safe_open(path, framework="pt") as opened:
            metadata = dict(opened.metadata() or {})
        return load_file(path), metadata
    return _plain_pickle(path), {}


def _plain_pickle(path: Path) -> Any:
    """Read a file of torch's that holds tensors and plain values only."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the pickle's protocol; refused below
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # torch's own message recommends weights_only=False, which runs what the file asks for.
        raise WeightsFileError(
            "it is damaged, or holds other Python objects than weights; these are never loaded, "
            "and nothing of it was run"
        ) from error


def _refuse_bomb(path: Path, suffix: str) -> None:
    """Raise if an archive's entries are far larger than it is."""
    if suffix == ".safetensors" or not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    if suffix == ".npz" and total > _MOST_BYTES:
        raise ValueError(f"its arrays would take {total / 1e9:.1f} GB, more than any network")
    packed = [entry.filename for entry in entries if entry.file_size > entry.compress_size]
    if suffix != ".npz" and packed:
        raise ValueError(f"{packed[0][:60]} in it is compressed, which torch never does")


def _own_name(name: str) -> str:
    while name.startswith(_AROUND):  # DataParallel, torch.compile, one in the other
        name = name.partition(".")[2]
    name = name.removeprefix("body.")
    match = _OLD_DENSENET.match(name)
    return match[1] + match[2] if match else name


def _tensor(name: object, value: object, path: Path) -> torch.Tensor:
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.itemsize <= 8:
        return torch.from_numpy(value.astype(value.dtype.newbyteorder("=")))
    if isinstance(value, torch.Tensor) and _is_plain(value):
        return value
    raise WeightsFileError(
        f"{str(path)!r}: {str(name)!r} is {type(value).__name__}, not an array of plain "
        "real numbers; save the plain state dict."
    )


def _is_plain(value: torch.Tensor) -> bool:
    """Say whether every number of a tensor stands in the file, once, as itself."""
    if value.layout != torch.strided or value.device.type != "cpu" or value.is_quantized:
        return False
    real = value.dtype.is_floating_point or value.dtype in _WHOLE
    return real and value.numel() * value.element_size() <= value.untyped_storage().nbytes()


_WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


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


def state_of(net: nn.Module) -> dict[str, NDArray[Any]]:
    """Return a network's numbers by name, on the CPU."""
    return {
        name: value.detach().cpu().contiguous().numpy().copy()
        for name, value in net.state_dict().items()
    }


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
        Or another error type that was asked for; see `check_values`.
    """
    check_values(net, values, where, error)
    wanted = net.state_dict()
    net.load_state_dict({**{name: wanted[name] for name in _counters(wanted)}, **values})


def _counters(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.endswith("num_batches_tracked")}


def check_values(
    net: nn.Module,
    values: Mapping[str, torch.Tensor],
    where: str,
    error: type[Exception] = WeightsFileError,
) -> None:
    """See that values are a network's, which may be without numbers of its own (meta).

    Raises
    ------
    WeightsError
        Or another error type that was asked for: a name is missing or too many, a shape
        differs, or a number is not finite.
    """
    wanted = net.state_dict()
    counters = _counters(wanted)
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
        # As the network will hold it: what is finite in 64 bits may not be in 32.
        if name not in counters and not bool(torch.isfinite(value.to(wanted[name].dtype)).all()):
            raise error(
                f"{where!r}: {name!r} holds values that are not finite; the file is spoilt."
            )


def _example(names: list[str]) -> str:
    return f" ({names[0]!r}...)" if names else ""
