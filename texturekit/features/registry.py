"""What a feature is, and the list of all of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ParameterError, UnknownNameError
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
        return self.function(image, mask=mask, **parameters)

    def check(self, parameters: Mapping[str, Any]) -> None:
        """Raise if a parameter is not one of this family's."""
        known = self.defaults
        for name in parameters:
            if name not in known:
                raise UnknownNameError(f"parameter of {self.name}", name, known)

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


@cache
def _columns(family: Feature, parameters: tuple[tuple[str, Any], ...]) -> tuple[str, ...]:
    # Columns may not depend on the image, so any image large enough tells their names.
    probe = np.random.default_rng(0).integers(0, 256, (160, 160), dtype=np.uint8)
    return tuple(family.function(probe, mask=None, **dict(parameters)))
