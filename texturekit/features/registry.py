"""What a feature is, and the list of all of them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, wraps
from itertools import chain
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np

from texturekit.errors import GreyLevelWarning, ImageError, ParameterError, UnknownNameError
from texturekit.features.variants import VARIANTS, endings, variants
from texturekit.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_LEVELS, MOST_LEVELS = 8, 256


@dataclass(frozen=True)
class GreyLevels:
    """How the grey values of a region became levels.

    Attributes
    ----------
    low, high : float
        Outer edges of the lowest and the highest level, in grey values.
    count : int
        Levels between them, equally wide.
    occupied : int
        Levels that the region holds at least one pixel of.
    """

    low: float
    high: float
    count: int
    occupied: int

    @property
    def usual(self) -> bool:
        """Whether texture is usually measured on so many levels: 8 to 256."""
        return FEWEST_LEVELS <= self.occupied <= MOST_LEVELS


@dataclass(frozen=True)
class Measured:
    """What a family gives of one image.

    Attributes
    ----------
    names : tuple of str
        Its columns, which depend on the parameters only: the same tuple for every image.
    values : (n,) float64
        Finite values in the order of the names.
    levels : dict of GreyLevels
        Of families that reduce the image to grey levels: how, by the qualifier that the columns
        of a variant end with (``""`` for the image itself).
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    levels: dict[str, GreyLevels] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, float], levels: GreyLevels | None = None) -> Measured:
        """Take values by name."""
        numbers = np.fromiter(values.values(), np.float64, len(values))
        return cls(tuple(values), numbers, {} if levels is None else {"": levels})

    def named(self) -> dict[str, float]:
        """Return the values by name, and warn of too few or too many grey levels."""
        found: dict[str, float] = {}
        self.add_to(found, depth=4)
        return found

    def add_to(self, values: dict[str, float], *, depth: int = 3) -> None:
        """Add the values by name; see `named`. Warnings point ``depth`` frames up."""
        for found in self.levels.values():
            if not found.usual:
                warnings.warn(describe_levels(found), GreyLevelWarning, stacklevel=depth)
        values.update(zip(self.names, self.values.tolist(), strict=True))


def describe_levels(found: GreyLevels) -> str:
    """Say that a region holds too few or too many grey levels to be trusted."""
    kind, advice = ("only", "more levels or a smaller bin width")
    if found.occupied > MOST_LEVELS:
        kind, advice = "as many as", "fewer levels or a larger bin width"
    return (
        f"the region occupies {kind} {found.occupied} of {found.count} grey levels between "
        f"{found.low:g} and {found.high:g}; texture is usually measured on {FEWEST_LEVELS} to "
        f"{MOST_LEVELS}: use {advice}, or look at the region."
    )


Measurement = Callable[..., Measured]
P = ParamSpec("P")


@dataclass(frozen=True)
class Feature:
    """A family of texture columns: a function from an image to named values.

    Attributes
    ----------
    name : str
        The family, which starts every column: ``"glcm"``.
    function : callable
        ``function(image, *, mask=None, **parameters) -> Measured``. The names and the number of
        its columns depend on the parameters only, never on the image.
    colour : bool
        Whether it looks at colour; the others are given the grey image.
    """

    name: str
    function: Measurement
    colour: bool = False

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The parameters and their default values, those that every family has last."""
        parameters = inspect.signature(self.function).parameters.values()
        own = {p.name: p.default for p in parameters if p.name not in ("image", "mask")}
        return own | VARIANTS

    @property
    def summary(self) -> str:
        """The first line of the function's documentation."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def __call__(
        self, image: NDArray[Any], *, mask: NDArray[np.bool_] | None = None, **parameters: Any
    ) -> dict[str, float]:
        """Measure one image."""
        self.check(parameters)
        return self.measure(image, mask, parameters).named()

    def measure(
        self, image: NDArray[Any], mask: NDArray[np.bool_] | None, parameters: Mapping[str, Any]
    ) -> Measured:
        """Measure one image, and its variants, with parameters that have been checked."""
        try:
            if parameters.keys().isdisjoint(VARIANTS):
                return self.function(image, mask=mask, **parameters)
            own = {name: value for name, value in parameters.items() if name not in VARIANTS}
            shared = {name: value for name, value in parameters.items() if name in VARIANTS}
            found = {
                ending: self.function(piece, mask=part, **own)
                for ending, piece, part in variants(image, mask, **shared)
            }
        except ImageError as error:
            raise ImageError(f"{self.name}: {error}") from error
        return _joined(found)

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise if a parameter is not one of this family's, or its value is of another kind."""
        known = self.defaults
        for name in parameters:
            if name not in known:
                raise UnknownNameError(f"parameter of {self.name}", name, known)
            if not _fits(parameters[name], known[name]):
                raise ParameterError(
                    f"{self.name}({name}={parameters[name]}): {name} is a "
                    f"{_kind(known[name])}, such as {known[name]}; give one."
                )

    def columns(self, **parameters: Any) -> tuple[str, ...]:
        """Return the column names that these parameters give."""
        self.check(parameters)
        items = ((k, tuple(v) if isinstance(v, list) else v) for k, v in parameters.items())
        return _columns(self, tuple(items))


FEATURES: Registry[Feature] = Registry("feature")


def feature(function: Callable[P, Measured]) -> Callable[P, dict[str, float]]:
    """Register a function as the family of its name, to be given grey images.

    Returns
    -------
    callable
        The same function, but giving the values by name.

    Raises
    ------
    ParameterError
        If the function has no documentation: its first line is what ``texturekit info`` shows.
    """
    return _register(function, colour=False)


def colour_feature(function: Callable[P, Measured]) -> Callable[P, dict[str, float]]:
    """Register a family that is given colour images as they are; see `feature`."""
    return _register(function, colour=True)


def _register(function: Callable[P, Measured], *, colour: bool) -> Callable[P, dict[str, float]]:
    if not inspect.getdoc(function):
        raise ParameterError(f"feature {function.__name__} has no docstring; say what it measures.")
    FEATURES.add(function.__name__, Feature(function.__name__, function, colour))

    @wraps(function)
    def named(*args: P.args, **kwargs: P.kwargs) -> dict[str, float]:
        return function(*args, **kwargs).named()

    return named


def _joined(found: dict[str, Measured]) -> Measured:
    names = tuple(_ended(one.names, ending) for ending, one in found.items())
    return Measured(
        _chained(names),
        np.concatenate([one.values for one in found.values()]),
        {ending + end: v for ending, one in found.items() for end, v in one.levels.items()},
    )


@lru_cache(maxsize=1024)
def _ended(names: tuple[str, ...], ending: str) -> tuple[str, ...]:
    return tuple(name + ending for name in names)


@lru_cache(maxsize=1024)
def _chained(names: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(names))


def _fits(value: Any, default: Any) -> bool:
    """Tell whether a value is of its default's kind; without a default the family decides."""
    if default is None:
        return True
    if isinstance(default, (tuple, list)):
        values = value if isinstance(value, (tuple, list)) else (value,)
        return all(_fits(one, default[0]) for one in values)
    if isinstance(value, (tuple, list)):  # "L2-Hys" and "mean-range" are read as lists of words
        return isinstance(default, str) and all(isinstance(one, str) for one in value)
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, (int, float)):
        return isinstance(value, (int, float, np.integer, np.floating))
    return isinstance(value, type(default))


def _kind(default: Any) -> str:
    if isinstance(default, (tuple, list)):
        return f"list of {_kind(default[0])}s"
    if isinstance(default, bool):
        return "yes or no (true, false)"
    return "number" if isinstance(default, (int, float)) else "word"


@lru_cache(maxsize=1024)
def _columns(family: Feature, parameters: tuple[tuple[str, Any], ...]) -> tuple[str, ...]:
    # Columns may not depend on the image, so any image large enough tells their names.
    shape = (160, 160, 3) if family.colour else (160, 160)
    probe = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    own = {name: value for name, value in parameters if name not in VARIANTS}
    shared = {name: value for name, value in parameters if name in VARIANTS}
    names = family.measure(probe, None, own).names
    return _chained(tuple(_ended(names, ending) for ending in endings(**shared)))
