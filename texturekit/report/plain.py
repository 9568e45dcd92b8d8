"""Settings and facts as plain values that JSON and YAML can hold."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping


def yaml_text(config: Mapping[str, Any]) -> str:
    r"""Return settings as YAML, in their own order.

    Examples
    --------
    >>> yaml_text({"folds": 5, "task": "breast"})
    'folds: 5\ntask: breast\n'
    """
    import yaml

    content = plain(config, "config")
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100))


def facts(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a configuration led to: ``card, source, size, positive, reference``.

    Examples
    --------
    >>> facts({"folds": 5, "facts": {"size": 224}}), facts({})
    ({'size': 224}, {})
    """
    found = config.get("facts")
    return found if isinstance(found, dict) else {}


def plain(value: Any, where: str) -> Any:
    """Return a value with paths as text, tuples as lists and numpy's scalars as numbers.

    Raises
    ------
    ParameterError
        If something in it is not plain, or not finite.

    Examples
    --------
    >>> plain({"sizes": (1, 2), "root": Path("data")}, "config")
    {'sizes': [1, 2], 'root': 'data'}
    """
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [plain(item, where) for item in items]
    raise ParameterError(
        f"{where} is {value!r}, a {type(value).__name__}; use text, finite numbers, lists, dicts."
    )
