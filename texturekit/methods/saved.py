"""A model by its name: a folder, or a backbone whose own trained outputs serve as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from texturekit.deep.backbones import BACKBONES
from texturekit.methods.persistence import load
from texturekit.methods.predicting import model_of

if TYPE_CHECKING:
    from texturekit.methods.model import Model


def saved_model(name: str | Path, *, weights: str | None = None, device: str = "auto") -> Model:
    """Return the model in a folder, or that of a backbone with a head of its own.

    Parameters
    ----------
    name : str or Path
        A model folder, or ``"densenet121-res224-mimic_nb"``; a folder of that name wins.
    weights : str, optional
        Where the weights of a backbone's head are.
    device : {"auto", "cpu", "cuda"}, default "auto"

    Raises
    ------
    ModelError, ParameterError, WeightsError
        If there is no such model, or it cannot be read.
    """
    if str(name).removesuffix("/head") in BACKBONES and not Path(name).exists():
        return model_of(str(name), weights=weights or "auto", device=device)
    return load(name)
