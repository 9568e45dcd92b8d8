"""Networks as other programs run them: from the picture to probabilities, or to columns."""

from __future__ import annotations

import io
import json
import warnings
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import nn

from texturekit.deep.embedder import Maps
from texturekit.deep.loading import normalised
from texturekit.deep.networks import build_body
from texturekit.deep.stages import stages_of
from texturekit.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from texturekit.deep.backbones import Backbone
    from texturekit.deep.stages import Reading
    from texturekit.deep.weights import Weights

METADATA = "texturekit.json"
_TRACED = 2  # pictures; 1 would be taken for a number that never changes


class Line(Protocol):
    """A rising line through knots."""

    x: tuple[float, ...]
    y: tuple[float, ...]


class Bend(Protocol):
    """``softmax(slope * decision / spread + bias)``."""

    slope: float
    spread: float
    bias: tuple[float, ...]


class Judging(nn.Module):
    """A trained network from the picture to the calibrated probabilities of the classes.

    Parameters
    ----------
    module : torch.nn.Module
        Gives logits.
    card : Backbone
        How pictures are normalised.
    kind : {"binary", "multiclass", "multilabel"}
        Of the model.
    matrix : (outputs, classes) float64
        What becomes of each output's probability.
    offset : (classes,) float64
        Added to it; NaN for a class that the network says nothing about.
    bends, lines : sequence
        The calibration; see `texturekit.methods.calibrators.Calibrator`.
    edge : float
        What a calibration keeps probabilities away from 0 and 1.
    sigmoid : bool
        Whether the outputs do not exclude each other.
    """

    def __init__(
        self, module: nn.Module, card: Backbone, kind: str, matrix: NDArray[np.float64],
        offset: NDArray[np.float64], bends: Sequence[Bend | None], lines: Sequence[Line | None],
        *, edge: float, sigmoid: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.module, self.card, self.kind, self.sigmoid = module, card, kind, sigmoid
        self.bends, self.lines, self.edge = bends, lines, edge
        self.register_buffer("matrix", torch.from_numpy(matrix))
        self.register_buffer("offset", torch.from_numpy(offset))

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return probabilities and logits, float64, from (n, S, S, C) pictures."""
        logits = self.module(normalised(picture, self.card)).double()
        told = logits.sigmoid() if self.sigmoid else logits.softmax(dim=1)
        told = told @ self.get_buffer("matrix") + self.get_buffer("offset")
        return self._calibrated(told), logits

    def _calibrated(self, told: torch.Tensor) -> torch.Tensor:
        parts = self.bends or self.lines
        if not parts:
            return told
        if self.kind == "multilabel":
            return torch.stack([self._label(told[:, k], p) for k, p in enumerate(parts)], dim=1)
        if self.bends:
            return self._bent(told, self.bends[0])
        if told.shape[1] == 2:
            second = _raised(told[:, 1], self.lines[0])
            return torch.stack([1 - second, second], dim=1)
        raised = torch.stack([_raised(told[:, k], p) for k, p in enumerate(self.lines)], dim=1)
        total = raised.sum(dim=1, keepdim=True)
        even = torch.full_like(raised, 1 / raised.shape[1])
        return torch.where(total > 0, raised / total, even)

    def _label(self, told: torch.Tensor, part: Any) -> torch.Tensor:
        if part is None:
            return told
        if self.lines:
            return _raised(told, part)
        return self._bent(torch.stack([1 - told, told], dim=1), part)[:, 1]

    def _bent(self, told: torch.Tensor, bend: Any) -> torch.Tensor:
        logs = torch.log(self.edge + (1 - 2 * self.edge) * told)
        if told.shape[1] == 2:
            odds = logs[:, 1] - logs[:, 0]
            logs = torch.stack([-odds, odds], dim=1) / 2
        bias = torch.tensor(bend.bias, dtype=torch.float64)
        bent: torch.Tensor = bend.slope * logs / bend.spread + bias
        return bent.softmax(dim=1)


def _raised(told: torch.Tensor, line: Any) -> torch.Tensor:
    """Return a line's height: the sum of what each of its pieces has risen by then."""
    x, y = (torch.tensor(values, dtype=torch.float64) for values in (line.x, line.y))
    share = ((told[:, None] - x[:-1]) / x.diff()).clamp(0, 1)
    return y[0] + (share * y.diff()).sum(dim=1) + 0 * told


class Columns(nn.Module):
    """Backbones from the picture to the columns of a table, as `Embedder` gives them.

    Parameters
    ----------
    passes : sequence of (Backbone, Weights, Reading)
        Their columns stand side by side, in this order.
    seed : int
        Of random weights.
    """

    def __init__(self, passes: Sequence[tuple[Backbone, Weights, Reading]], *, seed: int) -> None:
        super().__init__()
        self.bodies = nn.ModuleList(
            build_body(card, weights, seed=seed).eval() for card, weights, _ in passes
        )
        self.cards = [card for card, _, _ in passes]
        self.flips = [reading.flip for _, _, reading in passes]
        self.maps = []
        for body, (card, _, reading) in zip(self.bodies, passes, strict=True):
            maps = Maps(reading, stages_of(card), body)
            for stage in maps.hooked:
                body.get_submodule(stage.path).register_forward_hook(maps.hook(stage))
            self.maps.append(maps)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Return (n, columns) float64."""
        read = []
        for body, card, maps, flip in zip(
            self.bodies, self.cards, self.maps, self.flips, strict=True
        ):
            shown = normalised(picture, card)
            values = maps.read(body, shown)
            if flip:
                values = (values + maps.read(body, shown.flip(3))) / 2
            read.append(values.double())
        return torch.cat(read, dim=1)


def example(card: Backbone, size: int, count: int = _TRACED) -> torch.Tensor:
    """Return pictures of the shape and type that a network is shown."""
    grey = card.view == "xray"
    dtype = torch.float32 if grey else torch.uint8
    return torch.zeros((count, size, size, 1 if grey else 3), dtype=dtype)


def as_onnx(module: nn.Module, shown: torch.Tensor, outputs: Sequence[str]) -> Any:
    """Return a network as an ``onnx.ModelProto`` with a free number of pictures.

    Parameters
    ----------
    module : torch.nn.Module
    shown : Tensor
        See `example`.
    outputs : sequence of str
        Names of what it gives.

    Raises
    ------
    ModelError
        If torch cannot write it.
    """
    import onnx  # noqa: F401  absent, it is named as what is missing
    import onnxscript  # noqa: F401

    with warnings.catch_warnings(), torch.inference_mode(mode=False), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter's, of its own deprecations
        try:
            program = torch.onnx.export(
                module.eval(), (shown,), dynamo=True, verbose=False, external_data=False,
                input_names=["picture"], output_names=list(outputs),
                dynamic_shapes={"picture": {0: torch.export.Dim.DYNAMIC}},
            )  # fmt: skip
        except torch.onnx.errors.OnnxExporterError as error:
            first = str(error).strip().partition("\n")[0]
            raise ModelError(
                f"torch cannot write this network as ONNX ({first}); use texturekit predict."
            ) from error
    assert program is not None
    return program.model_proto


def save_torchscript(
    module: nn.Module, shown: torch.Tensor, path: Path, metadata: dict[str, Any]
) -> None:
    """Write a network as TorchScript, which torch runs without anything of ours."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch calls TorchScript deprecated
        traced = torch.jit.trace(module.eval(), (shown,), check_trace=False)  # type: ignore[no-untyped-call]
        frozen = torch.jit.freeze(traced)
        text = json.dumps(metadata, ensure_ascii=False, allow_nan=False)
        torch.jit.save(frozen, str(path), _extra_files={METADATA: text})


def run_torchscript(path: Path, shown: NDArray[Any]) -> list[NDArray[np.float64]]:
    """Return what a saved network gives."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        module = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
        return [value.numpy() for value in module(torch.from_numpy(shown))]


def torchscript_metadata(path: Path) -> dict[str, Any]:
    """Return what a saved network says of itself.

    Raises
    ------
    ValueError, RuntimeError
        If it is none of ours.
    """
    extra = {METADATA: ""}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = io.BytesIO(path.read_bytes())
        torch.jit.load(content, map_location="cpu", _extra_files=extra)  # type: ignore[no-untyped-call]
    found: dict[str, Any] = json.loads(extra[METADATA])
    return found
