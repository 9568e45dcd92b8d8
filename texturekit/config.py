"""Settings from a YAML file: ``--config FILE``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from texturekit.errors import ParameterError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable


#: Where a run's config.yaml keeps what it found out; settings only are read back.
_FACTS = "facts"


def read_config(path: str | Path, known: Iterable[str]) -> dict[str, Any]:
    """Read settings.

    Parameters
    ----------
    path : str or Path
        A YAML file with one mapping; its keys are option names: ``folds: 5``, ``no-images: true``.
    known : iterable of str
        The option names that are allowed, with dashes.

    Returns
    -------
    dict
        Values by option name, with dashes; null values and ``facts`` are passed over.

    Raises
    ------
    ParameterError
        If the file is missing, is no YAML, or holds no mapping.
    UnknownNameError
        If a key is no option; it suggests the closest one.
    """
    path, known = Path(path), list(known)
    settings = read_yaml(path)
    result = {}
    for key, value in settings.items():
        name = str(key).replace("_", "-")
        if value is None or name == _FACTS:
            continue
        if name not in known:
            raise UnknownNameError(f"setting in {path}", str(key), known)
        result[name] = value
    return result


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping.

    Raises
    ------
    ParameterError
        If the file is missing, is no YAML, or holds no mapping.
    """
    import yaml

    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"cannot read {path}: {error}; give a YAML file.") from error
    except yaml.YAMLError as error:
        raise ParameterError(f"{path} is no YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(content, dict):
        raise ParameterError(
            f"{path} holds a {type(content).__name__}; write one 'name: value' a line."
        )
    return content
