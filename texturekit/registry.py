"""A mapping of names that helps when a name is misspelt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from texturekit.errors import UnknownNameError

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Look things up by name, in the order they were added.

    Parameters
    ----------
    kind : str
        What is registered, in the singular, for messages: ``"feature"``.

    Raises
    ------
    UnknownNameError
        On a look-up of a name that is not there; it suggests the closest one.
    ValueError
        On adding a name twice.

    Examples
    --------
    >>> nets = Registry[int]("backbone")
    >>> nets.add("resnet18", 18)
    >>> nets["resnet81"]
    Traceback (most recent call last):
    texturekit.errors.UnknownNameError: ... Did you mean 'resnet18'? Known: resnet18.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> None:
        """Register an item under a name that is still free."""
        if name in self._items:
            raise ValueError(f"{self.kind} {name!r} is registered already; choose another name.")
        self._items[name] = item

    def __getitem__(self, name: str) -> T:
        if name not in self._items:
            raise UnknownNameError(self.kind, name, self._items)
        return self._items[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the item, or ``default`` where there is none."""
        return self._items.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
