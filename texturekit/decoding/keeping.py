"""Keep a few large things that are asked for again and again; threads make each once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by key, the least used ones dropped when they take too many bytes.

    Parameters
    ----------
    most : int
        Bytes that may be kept.
    weigh : callable
        Bytes of a value.
    """

    def __init__(self, most: int, weigh: Callable[[T], int]) -> None:
        self._most, self._weigh = most, weigh
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key; made by the first thread that asks, the others wait."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    return self._values[key]
            try:
                value = make()
            except BaseException:
                with self._lock:
                    self._making.pop(key, None)
                raise
            with self._lock:
                self._values[key] = value
                self._making.pop(key, None)
                self._drop()
            return value

    def _drop(self) -> None:
        held = sum(map(self._weigh, self._values.values()))
        while held > self._most and len(self._values) > 1:
            _, gone = self._values.popitem(last=False)
            held -= self._weigh(gone)

    def __getstate__(self) -> dict[str, Any]:  # what is kept is not worth sending to a process
        return {"_most": self._most, "_weigh": self._weigh}
