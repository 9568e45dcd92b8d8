"""What a feature is, and the list of all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.registry import Registry

if TYPE_CHECKING:
    from numpy.typing import NDArray

Measurement = Callable[..., dict[str, float]]


@dataclass(frozen=True)
class Feature:
    """A family of texture columns: a function from an image to named values.

    Attributes
    ----------
    name : str
        The family, which starts every column: ``"glcm"``.
    function : callable
        ``function(image, *, mask=None, **parameters) -> dict[str, float]``. The names and the
        number of its columns depend on the parameters only, never on the image.
    """

    name: str
    function: Measurement

    @property
    def defaults(self) -> dict[str, Any]:
        """The parameters and their default values."""
        parameters = inspect.signature(self.function).parameters.values()
        return {p.name: p.default for p in parameters if p.name not in ("image", "mask")}

    @property
    def summary(self) -> str:
        """The first line of the function's documentation."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    def __call__(
        self, image: NDArray[Any], *, mask: NDArray[np.bool_] | None = None, **parameters: Any
    ) -> dict[str, float]:
        """Measure one image."""
        self.check(parameters)
        try:
            return self.function(image, mask=mask, **parameters)
        except ImageError as error:
            raise ImageError(f"{self.name}: {error}") from error

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


def feature(function: Measurement) -> Measurement:
    """Register a function as the family of its name.

    Raises
    ------
    ParameterError
        If the function has no documentation: its first line is what ``texturekit info`` shows.
    """
    if not inspect.getdoc(function):
        raise ParameterError(f"feature {function.__name__} has no docstring; say what it measures.")
    FEATURES.add(function.__name__, Feature(function.__name__, function))
    return function


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


@cache
def _columns(family: Feature, parameters: tuple[tuple[str, Any], ...]) -> tuple[str, ...]:
    # Columns may not depend on the image, so any image large enough tells their names.
    probe = np.random.default_rng(0).integers(0, 256, (160, 160), dtype=np.uint8)
    return tuple(family.function(probe, mask=None, **dict(parameters)))
