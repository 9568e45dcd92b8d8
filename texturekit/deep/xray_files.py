"""torchxrayvision's published files, which hold pickled modules, made into plain numbers once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from texturekit.deep.backbones import find_backbone
from texturekit.deep.bodies import random_body
from texturekit.deep.converted import CONVERTED
from texturekit.deep.inert import read_module
from texturekit.deep.networks import fill
from texturekit.deep.weights import cached_path
from texturekit.errors import ParameterError, WeightsFileError
from texturekit.outputs import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from texturekit.deep.backbones import Backbone


def convert_weights(
    backbone: str | Backbone, path: Path, out: Path | None = None, *, overwrite: bool = False
) -> Path:
    """Make one of torchxrayvision's published files into a safetensors file.

    Nothing of the file is run, and torchxrayvision is not needed; see `texturekit.deep.inert`.

    Parameters
    ----------
    backbone : str or Backbone
        Which network the file is of, such as ``"densenet121-res224-mimic_nb"``.
    path : Path
        The published ``.pt`` file: a pickled module, in torch's zip format or the older one.
        A plain state dict is taken, too.
    out : Path, optional
        ``.safetensors`` file to write; by default the one that ``weights="pretrained"`` reads.
    overwrite : bool, default False
        Whether it may be replaced.

    Returns
    -------
    Path
        What was written. Its metadata hold the backbone, the address and the sha256 of the
        published file, and the labels and operating points of the outputs.

    Raises
    ------
    ParameterError
        If the backbone's published file needs no conversion.
    WeightsFileError
        If the file is missing or damaged, names anything but the modules of that network, is of
        another network, or holds numbers that are not finite.
    OutputError
        If ``out`` exists or cannot be written.
    """
    from safetensors.torch import save_file

    card = find_backbone(backbone)
    if not card.converted:
        raise ParameterError(
            f"the weights of {card.name} are published as plain numbers and need no conversion; "
            "use --weights pretrained."
        )
    out = cached_path(card) if out is None else out
    if out.suffix != ".safetensors":
        raise ParameterError(f"cannot write {str(out)!r}; give a name that ends with .safetensors.")
    values, attributes = _read(path)
    _check_labels(card, attributes.get("pathologies"), path)
    net = nn.Sequential()
    net.add_module("features", random_body(card).get_submodule("features"))
    net.add_module("classifier", nn.Linear(card.width, len(card.outputs)))
    fill(net, values, str(path))
    content = path.read_bytes()
    facts = {
        "backbone": card.name,
        "source": card.url,
        "file": path.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "labels": [output.label if output.trained else None for output in card.outputs],
        "thresholds": [output.threshold for output in card.outputs],
    }
    state = {name: value.contiguous() for name, value in net.state_dict().items()}
    with replacing(out, overwrite=overwrite) as partial:
        save_file(state, partial, metadata={CONVERTED: json.dumps(facts)})
    return out


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    if not path.is_file():
        raise WeightsFileError(f"there is no file {str(path)!r}; check the path.")
    try:
        values, attributes = read_module(path)
    except Exception as error:  # damage has as many kinds of error as a file has parts
        said = " ".join(str(error).split())[:160] or type(error).__name__
        raise WeightsFileError(
            f"{str(path)!r} is not one of torchxrayvision's files: {said}. Nothing of it was run; "
            "download the published file again."
        ) from error
    tensors = {name: torch.from_numpy(value.copy()) for name, value in values.items()}
    tensors.pop("op_threshs", None)  # the card has them
    return tensors, attributes


def _check_labels(card: Backbone, labels: object, path: Path) -> None:
    ours = [output.label if output.trained else "" for output in card.outputs]
    every = [output.label for output in card.outputs]  # what files of before 2020 hold
    if isinstance(labels, list) and labels not in (ours, every):
        named = [label[:40] for label in labels[:20] if isinstance(label, str) and label]
        raise WeightsFileError(
            f"{str(path)!r} names other outputs ({', '.join(named)}) than "
            f"{card.name} ({', '.join(card.trained)}); give the name of its own network."
        )
