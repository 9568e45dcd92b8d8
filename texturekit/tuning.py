"""The one search engine: candidates out of a declared space, and the path to the chosen one.

It knows nothing of methods or images; whoever asks says how a candidate is judged.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from texturekit.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Value = float | int | str | bool | None
Candidate = dict[str, Value]
_EQUAL = 1e-9  # scores that differ by less do so by rounding


@dataclass(frozen=True)
class Range:
    """Numbers between two ends.

    Attributes
    ----------
    low, high : float
        Both ends belong to it.
    default : float
        What is taken without a search.
    log : bool, default False
        Spread evenly on a log scale.
    whole : bool, default False
        Whole numbers only.

    Examples
    --------
    >>> costs = Range(0.001, 10, default=0.1, log=True)
    >>> costs.at(0.5), costs.place(0.1), str(costs)
    (0.1, 0.5, '0.001 to 10 (log)')
    """

    low: float
    high: float
    default: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.default <= self.high or (self.log and self.low <= 0):
            raise ParameterError(
                f"the range {self.low:g} to {self.high:g} with the default {self.default:g} is "
                "none; give low <= default <= high, and on a log scale low above 0."
            )

    @property
    def size(self) -> float:
        """How many values it holds."""
        return self.high - self.low + 1 if self.whole else math.inf

    def at(self, share: float) -> float:
        """Return the value at a share of the way from one end to the other, to three digits."""
        low, high = self._ends()
        value = low + share * (high - low)
        value = math.exp(value) if self.log else value
        value = float(round(value)) if self.whole else float(f"{value:.3g}")
        value = min(max(value, self.low), self.high)
        return int(value) if self.whole else value

    def place(self, value: Value) -> float:
        """Return the share of the way at which a value lies."""
        low, high = self._ends()
        number = float(value or 0)
        way = (math.log(number) if self.log else number) - low
        return way / (high - low) if high > low else 0.0

    def steps(self, count: int) -> list[Value]:
        """Return so many values from end to end, different ones."""
        if self.whole and count >= self.size:
            return list(range(int(self.low), int(self.high) + 1))
        shares = np.linspace(0, 1, count) if count > 1 else [self.place(self.default)]
        return list(dict.fromkeys(self.at(share) for share in shares))

    def _ends(self) -> tuple[float, float]:
        ends = (self.low, self.high)
        return (math.log(ends[0]), math.log(ends[1])) if self.log else ends

    def __str__(self) -> str:
        scale = " (log)" if self.log else ""
        return f"{self.low:g} to {self.high:g}{', whole' if self.whole else ''}{scale}"


@dataclass(frozen=True)
class Choice:
    """A few values without an order.

    Attributes
    ----------
    values : tuple
    default : str, number or None
        One of them.

    Examples
    --------
    >>> str(Choice(("uniform", "distance"), default="distance"))
    'uniform, distance'
    """

    values: tuple[Value, ...]
    default: Value

    def __post_init__(self) -> None:
        if self.default not in self.values:
            raise ParameterError(f"the default {self.default!r} is none of {self.values}; add it.")

    @property
    def size(self) -> float:
        """How many values it holds."""
        return len(self.values)

    def at(self, share: float) -> Value:
        """Return the value at a share of the way through the list."""
        return self.values[min(int(share * len(self.values)), len(self.values) - 1)]

    def place(self, value: Value) -> float:
        """Return 0 for the default and 1 for all others, which are equally far from it."""
        return float(value != self.default)

    def steps(self, count: int) -> list[Value]:
        """Return all values."""
        return list(self.values)

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


Space = dict[str, Range | Choice]


def scalar(text: str) -> Value:
    """Return what a word of the command line stands for.

    Examples
    --------
    >>> [scalar(text) for text in ("8", "1e-3", "true", "none", "sqrt")]
    [8, 0.001, True, None, 'sqrt']
    """
    word = text.strip()
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    for kind in (int, float):
        try:
            value = kind(word)
        except ValueError:
            continue
        if not math.isfinite(value):
            raise ParameterError(f"{word!r} is not a finite number; give one.")
        return value
    return word


_WORDS: dict[str, Value] = {"true": True, "false": False, "none": None}


def defaults(space: Mapping[str, Range | Choice]) -> Candidate:
    """Return the candidate that is taken without a search."""
    return {name: part.default for name, part in space.items()}


def sample(space: Mapping[str, Range | Choice], count: int, *, seed: int = 0) -> list[Candidate]:
    """Return different candidates that fill a space evenly; the first is the defaults.

    Parameters
    ----------
    space : mapping of Range or Choice
        By name; empty where there is nothing to choose.
    count : int
        From 1. A space with fewer candidates gives all it has.
    seed : int, default 0
        The same seed gives the same candidates on every platform, and a larger count adds to those
        of a smaller one.

    Returns
    -------
    list of dict
        The others by their distance from the defaults, the closest first: where scores are equal
        the earlier one wins.

    Notes
    -----
    Points of Sobol's sequence (1967, doi:10.1016/0041-5553(67)90144-9), moved round the unit cube
    by a random shift (Cranley and Patterson 1976, doi:10.1137/0713071).

    Examples
    --------
    >>> [one["C"] for one in sample({"C": Range(0.001, 10, default=0.1, log=True)}, 5)]
    [0.1, 0.0353, 0.353, 0.00353, 3.53]
    """
    if count < 1:
        raise ParameterError(f"a search wants at least one candidate, but got {count}.")
    wanted = int(min(count, math.prod(part.size for part in space.values())))
    first = defaults(space)
    found = {_key(first): first}
    if wanted == math.prod(part.size for part in space.values()):
        found |= {_key(one): one for one in grid(space, steps=wanted)}
    for point in _points(len(space), seed):
        if len(found) >= wanted:
            break
        one = {name: space[name].at(share) for name, share in zip(space, point, strict=True)}
        found.setdefault(_key(one), one)
    return sorted(found.values(), key=lambda one: _distance(one, space))[:wanted]


def grid(space: Mapping[str, Range | Choice], *, steps: int = 3) -> list[Candidate]:
    """Return every combination: all values of a choice, so many of a range.

    Parameters
    ----------
    space : mapping of Range or Choice
    steps : int, default 3
        Values of each range, from end to end.

    Returns
    -------
    list of dict
        The last name changes fastest.

    Examples
    --------
    >>> grid({"batch": Choice((8, 16), 16), "rate": Range(1e-4, 1e-2, 1e-3, log=True)}, steps=2)
    [{'batch': 8, 'rate': 0.0001}, {'batch': 8, 'rate': 0.01},
     {'batch': 16, 'rate': 0.0001}, {'batch': 16, 'rate': 0.01}]
    """
    values = [part.steps(steps) for part in space.values()]
    return [dict(zip(space, one, strict=True)) for one in itertools.product(*values)]


@dataclass(frozen=True)
class Tried:
    """A candidate, its score, and why it has none."""

    candidate: Candidate
    score: float | None
    reason: str | None = None


@dataclass(frozen=True)
class Search:
    """The path of a search.

    Attributes
    ----------
    trials : tuple of Tried
        In the order of the candidates.
    best : int
        The chosen one; the first where none has a score.
    """

    trials: tuple[Tried, ...]
    best: int

    @property
    def chosen(self) -> Tried:
        """The trial that won."""
        return self.trials[self.best]


def search(
    candidates: Sequence[Candidate],
    evaluate: Callable[[Candidate], float],
    *,
    largest: bool = True,
) -> Search:
    """Judge every candidate and choose the best one.

    Parameters
    ----------
    candidates : sequence of dict
        From the one that is preferred at equal scores to the one that is least: see `sample`.
    evaluate : callable
        Gives a candidate's score. If it fails, or gives no finite number, that trial has no score
        but a reason, and the search goes on.
    largest : bool, default True
        Whether the largest score is the best.

    Returns
    -------
    Search

    Examples
    --------
    >>> path = search([{"C": 1.0}, {"C": 0.0}, {"C": 4.0}], lambda one: 1 / one["C"])
    >>> path.chosen.candidate, path.trials[1].reason
    ({'C': 1.0}, 'ZeroDivisionError: float division by zero')
    """
    if not candidates:
        raise ParameterError("there is no candidate to try; give at least one.")
    trials = tuple(_try(dict(one), evaluate) for one in candidates)
    best = 0
    for number, trial in enumerate(trials):
        if trial.score is None:
            continue
        leader = trials[best].score
        if leader is None or (trial.score - leader) * (1 if largest else -1) > _EQUAL:
            best = number
    return Search(trials, best)


def _try(candidate: Candidate, evaluate: Callable[[Candidate], float]) -> Tried:
    try:
        score = float(evaluate(candidate))
    except Exception as error:  # one candidate must not cost the others
        return Tried(candidate, None, f"{type(error).__name__}: {error}")
    if not math.isfinite(score):
        return Tried(candidate, None, f"the score is {score}")
    return Tried(candidate, score)


def _key(candidate: Candidate) -> tuple[Value, ...]:
    return tuple(candidate.values())


def _points(width: int, seed: int) -> list[list[float]]:
    """Return as many points as a search may need, at most a few thousand."""
    if not width:
        return []
    from scipy.stats import qmc

    shift = np.random.default_rng(seed).random(width)
    even = qmc.Sobol(width, scramble=False).random_base2(12)
    points: list[list[float]] = ((even + shift) % 1).tolist()
    return points


def _distance(candidate: Candidate, space: Mapping[str, Range | Choice]) -> float:
    """Return how far a candidate lies from the defaults, the sides of the space being 1."""
    ways = [part.place(candidate[name]) - part.place(part.default) for name, part in space.items()]
    return math.hypot(*ways)
