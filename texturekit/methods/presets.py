"""The method lists that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.features import FEATURES
from texturekit.features.grammar import split_outside
from texturekit.methods.grammar import Method, parse_method

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: The smallest of the nets: it embeds and fine-tunes on a laptop.
_SMALL = "squeezenet1_1"
_QUICK = (
    "majority/dummy",
    "geometry/forest",
    "metadata/forest",
    "texture/logistic",
    "texture/xgboost",
    "texture/vote",
    f"{_SMALL}/logistic",
    f"{_SMALL}/vote",
    f"texture+{_SMALL}/logistic",
    f"texture+{_SMALL}/fusion",
    f"{_SMALL}/finetune",
)
PRESETS = ("quick", "full")


def preset(name: str, backbones: Sequence[str] = ()) -> list[str]:
    """Return the method strings of a preset.

    Parameters
    ----------
    name : {"quick", "full"}
        ``quick``: baselines; texture, an embedding and their hybrid, each simple and at its best; a
        short fine-tuning.
        ``full``: these, each texture family alone, every classifier on texture, and the task's
        backbones as embedding and fine-tuned.
    backbones : sequence of str
        The task's backbones, for ``full``.

    Raises
    ------
    UnknownNameError
        If there is no such preset.

    Examples
    --------
    >>> preset("quick")[0]
    'majority/dummy'
    """
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    if name == "quick":
        return list(_QUICK)
    return [
        *_QUICK,
        *(f"{family}/logistic" for family in FEATURES),
        *(f"texture/{classifier}" for classifier in ("svm", "forest", "knn")),
        *(f"{net}/{way}" for net in backbones for way in ("logistic", "finetune")),
    ]


def parse_methods(methods: str | Iterable[str]) -> list[Method]:
    """Read method strings, or one string of them joined by commas; repeated ones count once.

    Raises
    ------
    ParameterError
        If there is none.
    """
    texts = split_outside(methods, ",") if isinstance(methods, str) else list(methods)
    parsed = dict.fromkeys(parse_method(text) for text in texts if text.strip())
    if not parsed:
        raise ParameterError(
            f"no method in {methods!r}; give one or more: glcm+lbp/forest,resnet18/logistic."
        )
    return list(parsed)
