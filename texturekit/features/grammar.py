"""How a representation is written: ``glcm(levels=64)+lbp``.

::

    rep   = part {"+" part}
    part  = name ["(" key "=" value {"," key "=" value} ")"]
    value = word | number | list of these joined by "-"
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from texturekit.errors import ParameterError

_PART = re.compile(r"(?P<name>[A-Za-z][\w-]*)(?:\((?P<arguments>[^()]*)\))?")
_NAME = re.compile(r"[A-Za-z][\w-]*")


@dataclass(frozen=True)
class Part:
    """One name with its parameters, as written.

    Examples
    --------
    >>> str(Part("glcm", (("levels", 64), ("distances", (1, 2)))))
    'glcm(distances=1-2,levels=64)'
    """

    name: str
    parameters: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        if not self.parameters:
            return self.name
        written = (f"{key}={_write(value)}" for key, value in sorted(self.parameters))
        return f"{self.name}({','.join(written)})"


def parse_parts(text: str) -> tuple[Part, ...]:
    """Read a representation.

    Parameters
    ----------
    text : str
        Such as ``"glcm(levels=64,distances=1-2)+lbp"``.

    Returns
    -------
    tuple of Part
        In the order written; names are not looked up here.

    Raises
    ------
    ParameterError
        If the text does not follow the grammar, or a parameter stands twice.

    Examples
    --------
    >>> [str(part) for part in parse_parts("lbp+glcm(levels=64)")]
    ['lbp', 'glcm(levels=64)']
    """
    return tuple(_parse_part(piece.strip(), text) for piece in split_outside(text, "+"))


def _parse_part(piece: str, whole: str) -> Part:
    match = _PART.fullmatch(piece)
    if match is None:
        raise ParameterError(
            f"cannot read {piece!r} in {whole!r}; write names joined by '+', "
            "each with optional parameters: glcm(levels=64)+lbp."
        )
    arguments = match["arguments"]
    pairs = [] if arguments is None else [_parse_pair(p, whole) for p in arguments.split(",")]
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ParameterError(f"{key!r} stands twice in {piece!r}; give it once.")
    return Part(match["name"], tuple(sorted(pairs)))


def _parse_pair(pair: str, whole: str) -> tuple[str, Any]:
    key, equals, value = (word.strip() for word in pair.partition("="))
    if not (equals and value and _NAME.fullmatch(key)):
        raise ParameterError(
            f"cannot read {pair!r} in {whole!r}; write key=value, and join the values of a list "
            "by '-': distances=1-2."
        )
    found = _parse_value(value)
    for piece in found if isinstance(found, tuple) else (found,):
        if piece == "" or (isinstance(piece, float) and not math.isfinite(piece)):
            raise ParameterError(
                f"cannot read the value of {pair!r} in {whole!r}; write a word, a finite number "
                "or a list of these joined by '-'."
            )
    return key, found


def _parse_value(text: str) -> Any:
    pieces = re.split(r"(?<![0-9]e)(?<=[^-])-", text)  # 1e-9 is one number, and so is -1000
    if len(pieces) == 1:
        return _parse_scalar(text)
    return tuple(_parse_scalar(piece) for piece in pieces)


def _parse_scalar(text: str) -> bool | int | float | str:
    if text in ("true", "false"):
        return text == "true"
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _write(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(_write(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def split_outside(text: str, separator: str) -> list[str]:
    """Split at separators that stand outside parentheses."""
    pieces, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == separator and depth == 0:
            pieces.append(text[start:position])
            start = position + 1
    return [*pieces, text[start:]]
