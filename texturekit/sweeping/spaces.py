"""Which settings of which method are searched, and what a choice of them is in practice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from texturekit.errors import ParameterError, UnknownNameError
from texturekit.features.grammar import Part
from texturekit.methods.budgets import NOTHING
from texturekit.methods.grammar import parse_method
from texturekit.methods.spaces import checked_candidate, space_of
from texturekit.tuning import Choice, Range, scalar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.methods.grammar import Method
    from texturekit.tuning import Candidate, Space, Value

BATCH, RATE = "finetune.batch", "finetune.learning_rate"
_STEPS = 3  # values of a range in a grid, unless it says how many


@dataclass(frozen=True)
class Values:
    """What is tried of one setting: a range or a list, and how many values of it a grid has."""

    part: Range | Choice
    steps: int = _STEPS

    @property
    def listed(self) -> Choice:
        """The values of a grid."""
        values = tuple(self.part.steps(self.steps))
        return Choice(values, values[0])


def read_values(text: str, *, log: bool | None = None) -> Values:
    """Read ``8,16,25`` as a list, ``1e-4:1e-2`` as a range, ``1e-4:1e-2:5`` as one of five steps.

    Parameters
    ----------
    text : str
    log : bool, optional
        Whether a range is spread on a log scale; by default if its ends are a factor of ten apart.

    Raises
    ------
    ParameterError
        If it is neither.

    Examples
    --------
    >>> str(read_values("8,16,25").part), str(read_values("1e-4:1e-2").part)
    ('8, 16, 25', '0.0001 to 0.01 (log)')
    >>> read_values("1e-4:1e-2:5").listed.values
    (0.0001, 0.000316, 0.001, 0.00316, 0.01)
    """
    if ":" not in text:
        words = [word.strip() for word in text.split(",")]
        if not all(words):
            raise ParameterError(f"{text!r} has an empty value; write 8,16,25 or 1e-4:1e-2.")
        values = tuple(dict.fromkeys(scalar(word) for word in words))
        return Values(Choice(values, values[0]))
    low, high, *more = [scalar(word) for word in text.split(":")]
    steps = more[0] if more else _STEPS
    wanted = len(more) < 2 and _is_number(low) and _is_number(high) and type(steps) is int
    if not wanted or not float(low or 0) < float(high or 0) or int(steps or 0) < 2:
        raise ParameterError(
            f"{text!r} is no range; write low:high, or low:high:steps with 2 steps or more: "
            "1e-4:1e-2:5."
        )
    start, end = float(low or 0), float(high or 0)
    if log is None:
        log = start > 0 and end / start >= 10
    if log and start <= 0:
        raise ParameterError(f"{text!r} is spread on a log scale; start above 0.")
    whole = isinstance(low, int) and isinstance(high, int)
    return Values(Range(start, end, start, log, whole), int(steps or _STEPS))


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Searched:
    """A method and what is tried of it.

    Attributes
    ----------
    method : Method
    values : dict of Values
        By name: ``finetune.batch``, ``svm.C``, ``glcm.levels``.
    """

    method: Method
    values: dict[str, Values]

    @property
    def space(self) -> Space:
        """What is searched: settings of more than one value."""
        return {n: v.part for n, v in self.values.items() if v.part.size > 1}

    @property
    def fixed(self) -> Candidate:
        """Settings that were given one value."""
        return {n: v.part.at(0) for n, v in self.values.items() if v.part.size <= 1}

    @property
    def listed(self) -> Space:
        """The space of a grid."""
        return {n: v.listed for n, v in self.values.items() if v.part.size > 1}

    def settled(self, chosen: Mapping[str, Value]) -> tuple[Method, Candidate]:
        """Return the method and the settings that a choice stands for."""
        own = {**self.fixed, **chosen}
        start = f"{self.method.classifier}."
        candidate = {n.removeprefix(start): v for n, v in own.items() if n.startswith(start)}
        features = {n: v for n, v in own.items() if not n.startswith(start)}
        return _with_features(self.method, features), candidate


def _with_features(method: Method, chosen: Mapping[str, Value]) -> Method:
    if not chosen:
        return method
    parts = []
    for part in method.parts:
        start = f"{part.name}."
        own = {n.removeprefix(start): v for n, v in chosen.items() if n.startswith(start)}
        parts.append(replace(part, parameters=tuple({**dict(part.parameters), **own}.items())))
    written = "+".join(map(str, (Part(p.name, p.parameters) for p in parts)))
    return parse_method(f"{written}/{method.classifier}")


def searched(
    methods: Sequence[Method], asked: Mapping[str, Values], usual: Mapping[str, Values]
) -> list[Searched]:
    """Return what is tried of every method.

    Parameters
    ----------
    methods : sequence of Method
    asked : mapping of Values
        By name, as asked for: ``CLASSIFIER.SETTING`` or ``FAMILY.PARAMETER``.
    usual : mapping of Values
        Of networks, where nothing is asked for.

    Raises
    ------
    ParameterError
        If a method has nothing to choose, a setting belongs to none of them, or a value is wrong.
    UnknownNameError
        If there is no such setting.
    """
    found = [_of_method(method, asked, usual) for method in methods]
    for name in asked:
        if not any(name in one.values for one in found):
            raise ParameterError(
                f"{name!r} is a setting of none of {', '.join(map(str, methods))}; write "
                "CLASSIFIER.SETTING (svm.C, finetune.epochs) or FAMILY.PARAMETER (glcm.levels)."
            )
    return found


def _of_method(
    method: Method, asked: Mapping[str, Values], usual: Mapping[str, Values]
) -> Searched:
    if method.classifier in NOTHING:
        raise ParameterError(
            f"{method} has nothing to choose: {NOTHING[method.classifier]}; leave it out."
        )
    network = method.classifier == "finetune"
    start = f"{method.classifier}."
    own = dict(usual) if network else {
        f"{start}{name}": Values(part) for name, part in space_of(method).items()
    }  # fmt: skip
    names = {part.name for part in method.parts}
    own |= {name: values for name, values in asked.items() if name.startswith(start)}
    if not network:
        own |= {name: v for name, v in asked.items() if name.partition(".")[0] in names}
    one = Searched(method, own)
    _check(one)
    return one


def _check(one: Searched) -> None:
    """Refuse names and values that no trial could use, before any is begun."""
    for name, values in one.values.items():
        for value in values.listed.values:
            try:
                method, candidate = one.settled({name: value})
                checked_candidate(method, candidate)
            except UnknownNameError:
                raise
            except ParameterError as error:
                raise ParameterError(f"{name}={value}: {error}") from None
