"""Axes of any kind of setting - numbers, evenly or on a log scale, and words - and their marks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    Setting = float | int | str | bool | None

_ROOM = 0.04  # of an axis, beyond the outermost values
_FEW = 6


@dataclass(frozen=True)
class Scale:
    """Where the values of one setting stand on an axis, from 0 to 1.

    Attributes
    ----------
    name : str
        What the axis is called.
    low, high : float
        Its ends; logarithms where ``log``.
    log : bool
    ticks : tuple of (value, text)
        Marks; values as they are, not logarithms.
    words : tuple of str
        Of an axis without an order; empty for numbers.

    Examples
    --------
    >>> rate = Scale.of("learning rate", [1e-4, 1e-2], log=True)
    >>> rate.at(1e-3), [text for _, text in rate.ticks]
    (0.5, ['1e-4', '1e-3', '0.01'])
    """

    name: str
    low: float
    high: float
    log: bool = False
    ticks: tuple[tuple[float, str], ...] = ()
    words: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, name: str, values: Sequence[Setting], *, log: bool | None = None, each: bool = False
    ) -> Scale:
        """Return an axis that holds values.

        Parameters
        ----------
        name : str
        values : sequence
            At least one; words, or anything beside numbers, make an axis of words.
        log : bool, optional
            By default where the largest number is ten times the smallest or more.
        each : bool, default False
            Mark every value, if they are few.
        """
        numbers = [float(v) for v in values if is_number(v)]  # type: ignore[arg-type]  # numbers
        if len(numbers) < len(values):
            words = tuple(dict.fromkeys(str(v).lower() if v is None else str(v) for v in values))
            marks = tuple((float(k), word) for k, word in enumerate(words))
            return cls(name, -0.5, len(words) - 0.5, ticks=marks, words=words)
        low, high = min(numbers), max(numbers)
        if log is None:
            log = low > 0 and high / low >= 10
        different = sorted(set(numbers))
        if each and len(different) <= _FEW:
            marks = tuple((v, written(v)) for v in different)
        else:
            marks = tuple((v, written(v)) for v in (_decades if log else _round)(low, high))
        ends = (math.log10(low), math.log10(high)) if log else (low, high)
        room = _ROOM * (ends[1] - ends[0]) or 0.5
        return cls(name, ends[0] - room, ends[1] + room, log, marks)

    def at(self, value: Setting) -> float:
        """Return where a value stands."""
        if self.words:
            number = float(self.words.index(str(value).lower() if value is None else str(value)))
        else:
            number = float(value or 0)
            number = math.log10(number) if self.log else number
        return (number - self.low) / (self.high - self.low)

    @property
    def marks(self) -> list[tuple[float, str]]:
        """Where marks stand, from 0 to 1, and what stands beside them."""
        places = [(float(v), text) for v, text in self.ticks]
        if self.words:
            ends = self.high - self.low
            return [((v - self.low) / ends, text) for v, text in places]
        return [(self.at(v), text) for v, text in places if -1e-9 <= self.at(v) <= 1 + 1e-9]


def is_number(value: Setting) -> bool:
    """Tell whether a value is a number, which True is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def written(value: float) -> str:
    """Return a number for an axis: three digits, small ones as powers of ten.

    Examples
    --------
    >>> [written(v) for v in (0.0005, 0.25, 16.0, 1500)]
    ['5e-4', '0.25', '16', '1500']
    """
    if value and abs(value) < 0.005:
        digits, _, power = f"{value:.2e}".partition("e")
        return f"{float(digits):g}e{int(power)}"
    return f"{value:.4g}"


def _round(low: float, high: float) -> list[float]:
    """Return about five round numbers from one to another."""
    if high <= low:
        return [low]
    raw = (high - low) / 4
    step = 10 ** math.floor(math.log10(raw))
    step *= next(k for k in (1, 2, 5, 10) if k * step >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)] or [low, high]


def _decades(low: float, high: float) -> list[float]:
    """Return powers of ten from one number to another, and between them if they are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inside = [10.0**p for p in powers if low * 0.999 <= 10.0**p <= high * 1.001]
    if len(inside) >= 2:
        return inside[:: 1 + len(inside) // 8]
    steps = [k * 10.0**p for p in powers for k in (1, 2, 5)]
    return [v for v in steps if low * 0.999 <= v <= high * 1.001] or [low, high]
