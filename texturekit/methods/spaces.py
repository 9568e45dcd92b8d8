"""What a search may change in each classifier, and between which limits: declared beforehand.

The first candidate of every search is the defaults, so the limits are drawn around them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from texturekit.deep.backbones import BACKBONES
from texturekit.deep.settings import Settings, usual_rate
from texturekit.errors import ParameterError, UnknownNameError
from texturekit.methods.budgets import NOTHING
from texturekit.methods.candidates import GAMMA, SHARE
from texturekit.methods.classifiers import (
    BUILDERS,
    EMBEDDING_SHARE,
)
from texturekit.tuning import Choice, Range, Space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from texturekit.methods.grammar import Method
    from texturekit.tuning import Value

_AUGMENTATION = "augmentation"
_MANY = 10**6  # rows, so that no default is cut to their number

# low, high, log, whole; or the values of a choice
_RANGES: dict[str, dict[str, tuple[float, float, bool, bool] | tuple[Value, ...]]] = {
    "logistic": {"C": (1e-3, 10, True, False)},
    "svm": {"C": (0.1, 100, True, False), GAMMA: (0.1, 10, True, False)},
    "forest": {
        "max_features": ("sqrt", "log2", 0.1, 0.3),
        "min_samples_leaf": (1, 10, True, True),
    },
    "knn": {"n_neighbors": (1, 50, True, True), "weights": ("uniform", "distance")},
    "xgboost": {
        "max_depth": (1, 6, False, True),
        "learning_rate": (0.02, 0.3, True, False),
        "n_estimators": (50, 500, True, True),
        "subsample": (0.5, 1, False, False),
        "colsample_bytree": (0.1, 1, False, False),
    },
}
# Of a vote's members fewer settings are searched: a few candidates say little of many.
_IN_VOTE = {"logistic": ("C",), "svm": ("C", GAMMA)}
_IN_FUSION = {"logistic": ("C",), "svm": ("C",)}


def space_of(method: Method, how: Settings | None = None, *, random: bool = False) -> Space:
    """Return what may be changed in a method.

    Parameters
    ----------
    method : Method
    how : Settings, optional
        Of a network that is trained.
    random : bool, default False
        Whether it starts from random weights.

    Returns
    -------
    dict of Range or Choice
        Empty where there is nothing to choose; see `texturekit.methods.budgets.NOTHING`.

    Examples
    --------
    >>> from texturekit.methods.grammar import parse_method
    >>> {name: str(part) for name, part in space_of(parse_method("glcm/logistic")).items()}
    {'C': '0.001 to 10 (log)'}
    """
    classifier = method.classifier
    if classifier == "finetune":
        return _network(method.parts[0].name, how or Settings(), random=random)
    if classifier == "fusion":
        share = Range(0.2, 0.9, default=EMBEDDING_SHARE)
        return {SHARE: share} | _members(_IN_FUSION)
    if classifier == "vote":
        return _members(_IN_VOTE)
    return {} if classifier in NOTHING else space_of_kind(classifier)


def space_of_kind(kind: str) -> Space:
    """Return what may be changed in one estimator, its own default always inside."""
    own = BUILDERS[kind](0, 1, _MANY).get_params()
    return {name: _part(limits, _default(name, own)) for name, limits in _RANGES[kind].items()}


def with_candidate(how: Settings, candidate: Mapping[str, Value]) -> Settings:
    """Return the settings of a network with those that a search has chosen."""
    changes: dict[str, Any] = dict(candidate)
    strength = changes.pop(_AUGMENTATION, 1)
    if strength != 1:
        before = how.augmentation
        stronger = {n: getattr(before, n) * strength for n in ("rotation", "shift")}
        stronger |= {n: getattr(before, n) * strength for n in ("brightness", "contrast")}
        changes["augmentation"] = before.model_copy(
            update={name: min(value, _MOST[name]) for name, value in stronger.items()}
        )
    return Settings.model_validate({**how.model_dump(), **changes}) if changes else how


def checked_candidate(
    method: Method, candidate: Mapping[str, Value], *, tune: int = 0
) -> dict[str, Value]:
    """Return settings that are asked for instead of a method's defaults, if they can be followed.

    Parameters
    ----------
    method : Method
    candidate : mapping
        Of a network any plain field of `texturekit.deep.settings.Settings` but the seed, and
        ``augmentation`` as a multiple of the usual strength; of other methods the names of
        `space_of`.
    tune : int, default 0
        A search chooses the settings itself, so that none can be given with it.

    Raises
    ------
    UnknownNameError
        If the method has no such setting.
    ParameterError
        If a value is outside its range.

    Examples
    --------
    >>> from texturekit.methods.grammar import parse_method
    >>> checked_candidate(parse_method("glcm/logistic"), {"C": 3.0})
    {'C': 3.0}
    """
    if candidate and tune:
        raise ParameterError(
            f"tune={tune} searches settings, but {', '.join(candidate)} are given; leave one out."
        )
    network = method.classifier == "finetune"
    known = [*SETTABLE, _AUGMENTATION] if network else list(space_of(method))
    for name in candidate:
        if name not in known:
            raise UnknownNameError(f"setting of {method}", name, known or ["none"])
    if network:
        try:
            with_candidate(Settings(), candidate)
        except ValidationError as error:
            faults = "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
            )
            raise ParameterError(f"settings of {method}: {faults}.") from None
    return dict(candidate)


#: The settings of a network that are one plain value.
SETTABLE = tuple(n for n in Settings.model_fields if n not in (_AUGMENTATION, "head", "seed"))
_MOST = {"rotation": 180.0, "shift": 1.0, "brightness": 1.0, "contrast": 1.0}


def _network(backbone: str, how: Settings, *, random: bool) -> Space:
    """Return the rate, ten times lower to ten times higher; weight decay; strength of changes."""
    rate = how.learning_rate or usual_rate(random=random, batch_norm=BACKBONES[backbone].batch_norm)
    decays: Range | Choice = Choice((0.0, 1e-4, 1e-3, 0.01, 0.1), default=0.0)  # no log of 0
    if decay := how.weight_decay:
        decays = Range(min(1e-4, decay), max(0.1, decay), default=decay, log=True)
    return {
        "learning_rate": Range(rate / 10, rate * 10, default=rate, log=True),
        "weight_decay": decays,
        _AUGMENTATION: Range(0, 2, default=1),
    }


def _members(names: Mapping[str, tuple[str, ...]]) -> Space:
    spaces = {kind: space_of_kind(kind) for kind in names}
    return {f"{k}.{name}": part for k, s in spaces.items() for name, part in s.items()
            if name in names[k]}  # fmt: skip


def _default(name: str, own: Mapping[str, Any]) -> Any:
    return 1 if name == GAMMA else own[name]


def _part(limits: tuple[Any, ...], default: Any) -> Range | Choice:
    if len(limits) == 4 and isinstance(limits[2], bool):
        low, high, log, whole = limits
        return Range(min(low, default), max(high, default), default, log, whole)
    return Choice(tuple(dict.fromkeys((*limits, default))), default)
