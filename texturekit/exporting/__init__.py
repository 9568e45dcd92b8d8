"""Saved models in formats that other programs run: ONNX and TorchScript."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from texturekit.errors import ModelError, UnknownNameError
from texturekit.exporting.checking import TOLERANCE, check, run, told
from texturekit.exporting.metadata import KEY, NOTICE, described, read_onnx
from texturekit.exporting.nets import judging, onnx_of, wants_of
from texturekit.outputs import replacing

if TYPE_CHECKING:
    from texturekit.exporting.nets import Wants
    from texturekit.measurement import Work
    from texturekit.methods.model import Model

__all__ = [
    "FORMATS",
    "TOLERANCE",
    "Exported",
    "export",
    "export_model",
    "read_metadata",
    "run",
    "told",
    "wants_of",
]

FORMATS = ("onnx", "torchscript")


@dataclass(frozen=True)
class Exported:
    """A file that was written and checked.

    Attributes
    ----------
    path : Path
    format : {"onnx", "torchscript"}
    metadata : dict
        What the file says of itself.
    difference : float
        The largest one from the model itself, on seeded inputs.
    bytes : int
    """

    path: Path
    format: str
    metadata: dict[str, Any]
    difference: float
    bytes: int


def export_model(
    model: Model,
    path: str | Path,
    format: str = "onnx",
    *,
    overwrite: bool = False,
    weights: str | None = None,
) -> Path:
    """Write a model as a file that other programs run, and see that it says the same.

    Parameters
    ----------
    model : Model
        See `texturekit.load`.
    path : str or Path
        The file to write: whole and checked, or not at all.
    format : {"onnx", "torchscript"}, default "onnx"
        TorchScript is for trained networks only (``finetune``, ``head``).
    overwrite : bool, default False
    weights : str, optional
        Where backbones' weights are, instead of where they were at fitting.

    Returns
    -------
    Path
        Of a file that takes ``picture`` (n, S, S, 3) uint8, ``columns`` (n, d) float64, or both,
        and gives ``probabilities`` (n, classes) float64. `read_metadata` says how to prepare them.

    Raises
    ------
    UnknownNameError
        If the format is another one.
    ModelError
        If the model cannot be exported so, or the file would not say the same.
    WeightsError
        If a backbone's weights cannot be had.
    OutputError
        If the file exists and ``overwrite`` is false, or it cannot be written.
    MissingExtraError
        If a library that the format needs is not installed.
    """
    return export(model, path, format, overwrite=overwrite, weights=weights).path


def export(
    model: Model,
    path: str | Path,
    format: str = "onnx",
    *,
    overwrite: bool = False,
    weights: str | None = None,
) -> Exported:
    """Do what `export_model` does, and say more of what was written."""
    check_format(model, format)
    path = Path(path)
    with replacing(path, overwrite=overwrite) as partial:
        work = model.work(device="cpu", weights=weights)
        wants = wants_of(model)
        metadata = described(model, wants)
        if format == "onnx":
            _write_onnx(model, wants, work, metadata, partial)
        else:
            _write_torchscript(model, wants, metadata, partial)
        difference = check(partial, format, model, wants, work)
        size = partial.stat().st_size
    return Exported(path, format, metadata, difference, size)


def check_format(model: Model, format: str) -> None:
    """Refuse a format that there is not, or that the model does not go into.

    Raises
    ------
    UnknownNameError, ModelError
    """
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    if format == "torchscript" and not model.method.learns_from_pictures:
        raise ModelError(
            f"{model.method} ends in a classifier on columns, which torch has no operations for; "
            "export it as onnx."
        )


def _write_onnx(
    model: Model, wants: Wants, work: Work, metadata: dict[str, Any], path: Path
) -> None:
    import onnxruntime  # noqa: F401  found to be missing before the work is done

    proto = onnx_of(model, wants, work)
    proto.producer_name, proto.producer_version = "texturekit", metadata["texturekit"]
    proto.doc_string = f"{metadata['method']}. {NOTICE}"
    entry = proto.metadata_props.add()
    entry.key, entry.value = KEY, json.dumps(metadata, ensure_ascii=False, allow_nan=False)
    path.write_bytes(proto.SerializeToString())


def _write_torchscript(model: Model, wants: Wants, metadata: dict[str, Any], path: Path) -> None:
    from texturekit.deep.exported import example, save_torchscript

    assert wants.card is not None
    save_torchscript(judging(model)[0], example(wants.card, wants.size), path, metadata)


def read_metadata(path: str | Path) -> dict[str, Any]:
    """Return what an exported file says of itself.

    Parameters
    ----------
    path : str or Path
        Of either format.

    Returns
    -------
    dict
        ``method, kind, classes, positive, inputs, outputs, decision, ...``; see docs/export.md.

    Raises
    ------
    ModelError
        If it is no file that `export_model` wrote.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            zipped = stream.read(2) == b"PK"
        if not zipped:
            return read_onnx(path)
        from texturekit.deep.exported import torchscript_metadata

        return torchscript_metadata(path)
    except ImportError:
        raise
    except Exception as error:  # each library has errors of its own for what it cannot read
        raise ModelError(
            f"{path} is no file that texturekit export wrote ({type(error).__name__}); check the "
            "path."
        ) from error
