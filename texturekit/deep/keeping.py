"""The state of a training run on disk, so that a run that was killed goes on as if it had not been.

One safetensors file, replaced whole after every epoch; all that is no tensor stands in its header
as JSON. Random numbers are drawn anew from the seed and the epoch, so that no state of theirs is
needed.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from texturekit.deep.trained import Epoch
from texturekit.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

_FILE = "training.safetensors"
_HEADER = "texturekit.training"
_FORMAT = 1


@dataclass
class Progress:
    """How far training has come.

    Attributes
    ----------
    history : list of Epoch
    best : int
        The epoch whose weights are kept; 0 before the first.
    lowest : float
        Its validation loss.
    kept : dict of Tensor or None
        Those weights; None if the last ones are to be kept.
    pieces : int
        In how many pieces a batch is computed, since memory ran out.
    ended : bool
        Whether training stopped before its last epoch.
    """

    history: list[Epoch] = field(default_factory=list)
    best: int = 0
    lowest: float = math.inf
    kept: dict[str, torch.Tensor] | None = None
    pieces: int = 1
    ended: bool = False


@dataclass(frozen=True)
class Keeper:
    """Where the state is kept, and of what it is.

    Attributes
    ----------
    folder : Path
        Made when it is needed.
    stamp : dict
        Settings and data, as JSON: a state of others is refused.
    """

    folder: Path
    stamp: dict[str, Any]

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / _FILE

    def write(
        self,
        progress: Progress,
        module: nn.Module,
        optimiser: torch.optim.Optimizer,
        scaler: torch.amp.GradScaler,
    ) -> None:
        """Replace the file, whole or not at all, and see that it is on the disk."""
        from safetensors.torch import save_file

        tensors = {f"net.{name}": value for name, value in module.state_dict().items()}
        present = progress.best == len(progress.history)
        if progress.kept is not None and not present:
            tensors |= {f"kept.{name}": value for name, value in progress.kept.items()}
        for name, parameter in _learning(module):
            for key, value in optimiser.state.get(parameter, {}).items():
                if value is not None:
                    tensors[f"optimiser.{key}.{name}"] = value
        header = {
            "format": _FORMAT,
            "stamp": self.stamp,
            "history": [epoch.model_dump() for epoch in progress.history],
            "best": progress.best,
            "lowest": progress.lowest if math.isfinite(progress.lowest) else None,
            "kept_is_present": present and progress.kept is not None,
            "pieces": progress.pieces,
            "ended": progress.ended,
            "scaler": scaler.state_dict(),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(_FILE + ".partial")
        save_file(
            {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()},
            partial,
            metadata={_HEADER: json.dumps(header)},
        )
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(self.path)

    def read(
        self,
        module: nn.Module,
        optimiser: torch.optim.Optimizer,
        scaler: torch.amp.GradScaler,
    ) -> Progress | None:
        """Put network and optimiser where they were; None if there is no state yet.

        Raises
        ------
        ModelError
            If the state is of other settings or data, or damaged.
        """
        from safetensors import SafetensorError, safe_open

        if not self.path.is_file():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                header = json.loads((file.metadata() or {})[_HEADER])
                _check_types(header)
                self._check(header)
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
            _check_finite(tensors)
            module.load_state_dict(_named(tensors, "net."))
            kept = _named(tensors, "net." if header["kept_is_present"] else "kept.")
            _restore_optimiser(module, optimiser, tensors)
            if header["scaler"]:
                scaler.load_state_dict(header["scaler"])
            return Progress(
                history=[Epoch.model_validate(epoch) for epoch in header["history"]],
                best=header["best"],
                lowest=math.inf if header["lowest"] is None else header["lowest"],
                kept=kept or None,
                pieces=header["pieces"],
                ended=header["ended"],
            )
        except (SafetensorError, KeyError, ValueError, RuntimeError, OSError) as error:
            if isinstance(error, ModelError):
                raise
            said = " ".join(str(error).split())[:200]
            raise ModelError(
                f"the training state {str(self.path)!r} is damaged ({said}); delete it to train "
                "from the start."
            ) from error

    def _check(self, header: dict[str, Any]) -> None:
        if header["format"] != _FORMAT:
            raise ModelError(
                f"the training state {str(self.path)!r} is of format {header['format']}, this "
                f"texturekit reads {_FORMAT}; delete it to train from the start."
            )
        differing = [
            f"{name} was {there!r} and is now {here!r}"
            for name, there, here in _differences(header["stamp"], self.stamp)
        ]
        if differing:
            raise ModelError(
                f"the training state in {str(self.folder)!r} is of another run: "
                f"{'; '.join(differing)}. Repeat that run's settings, or choose another folder."
            )


def _check_types(header: Any) -> None:
    """Raise ValueError for a header that no run wrote."""
    if not isinstance(header, dict):
        raise ValueError("its header is no set of facts")
    for name, kind in _TYPES.items():
        if not isinstance(header[name], kind):
            raise ValueError(f"{name} is {str(header[name])[:40]!r}")
    if not 0 <= header["best"] <= len(header["history"]) or header["pieces"] < 1:
        raise ValueError("its epochs do not add up")


_TYPES: dict[str, Any] = {
    "history": list, "best": int, "lowest": float | int | None, "kept_is_present": bool,
    "pieces": int, "ended": bool, "scaler": dict,
}  # fmt: skip


def _check_finite(tensors: dict[str, torch.Tensor]) -> None:
    for name, value in tensors.items():
        if name.startswith(("net.", "kept.")) and not bool(torch.isfinite(value).all()):
            raise ValueError(f"{name.partition('.')[2]} holds values that are not finite")


def _learning(module: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, value) for name, value in module.named_parameters() if value.requires_grad]


def _named(tensors: dict[str, torch.Tensor], start: str) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)
    }


def _restore_optimiser(
    module: nn.Module, optimiser: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]
) -> None:
    """Fill in the optimiser's tensors, each laid out in memory as its parameter is."""
    keys = sorted({name.split(".")[1] for name in tensors if name.startswith("optimiser.")})
    for name, parameter in _learning(module):
        for key in keys:
            value = tensors[f"optimiser.{key}.{name}"]
            alike = value.shape == parameter.shape
            if not alike and value.ndim:
                raise ValueError(f"{key} of {name} has shape {tuple(value.shape)}")
            own = (
                torch.empty_like(parameter)
                if alike
                else torch.empty_like(value, device=parameter.device)
            )
            optimiser.state[parameter][key] = own.detach().copy_(value)


def _differences(there: Any, here: Any, name: str = "") -> list[tuple[str, Any, Any]]:
    """List (name, value there, value here) of what differs in two trees of JSON."""
    if isinstance(there, dict) and isinstance(here, dict):
        found = []
        for key in sorted({*there, *here}):
            inner = f"{name}.{key}" if name else key
            found += _differences(there.get(key), here.get(key), inner)
        return found
    return [] if there == here else [(name, there, here)]
