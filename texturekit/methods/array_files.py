"""Arrays in safetensors files: numbers, and nothing that could run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray


def write_arrays(arrays: Mapping[str, NDArray[Any]], file: Path) -> None:
    """Write arrays by name."""
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, file)


def read_arrays(file: Path, kinds: Mapping[str, str] | None = None) -> dict[str, NDArray[Any]]:
    """Read what `write_arrays` wrote.

    Parameters
    ----------
    file : Path
    kinds : dict of str, optional
        The arrays that have to be there, no more and no fewer, and the dtype of each.

    Raises
    ------
    ModelError
        If the file is damaged, holds other arrays, or numbers that are not finite.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(file)
    except (SafetensorError, ValueError, OSError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{file} cannot be read ({error}); save it anew.") from error
    if kinds is None:
        return dict(arrays)
    found = {name: array.dtype.name for name, array in arrays.items()}
    if found != dict(kinds):
        raise ModelError(f"{file} holds {_listed(found)}, not {_listed(kinds)}; save it anew.")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ModelError(f"{file}: {name} holds values that are not finite; save it anew.")
    return dict(arrays)


def _listed(kinds: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in sorted(kinds.items())) or "nothing"
