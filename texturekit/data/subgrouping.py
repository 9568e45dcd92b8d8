"""Subgroups of images: by the columns of a manifest that tell of sex, age, site or scanner."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from texturekit.data.leaving import carried
from texturekit.errors import ParameterError, closest, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.data.listing import Manifest

#: Columns that ``auto`` takes, whatever their case, blanks and dashes; "patient" may stand before.
KNOWN = (
    "sex", "gender", "age", "agegroup", "ageband", "race", "ethnicity", "ethnicgroup",
    "site", "centre", "center", "hospital", "institution", "country",
    "scanner", "manufacturer", "vendor", "device", "model", "modelname", "manufacturermodelname",
    "manufacturersmodelname", "fieldstrength", "magneticfieldstrength", "modality",
    "view", "viewposition", "laterality", "side", "eye",
)  # fmt: skip
AUTO, NONE = "auto", "none"
NOT_STATED = "not stated"
MOST_NUMBERS, MOST_VALUES = 8, 12
_GAPS = ("na", "n/a", "nan", "none", "null")  # in a column of numbers; "NA" may be a country


def subgroup_columns(manifest: Manifest, asked: str | Sequence[str]) -> list[str]:
    """Return the columns by which results are shown.

    Parameters
    ----------
    manifest : Manifest
        The images.
    asked : str or sequence of str
        ``auto`` (well-known names with at least two values), ``none``, or names, joined by commas
        or in a list.

    Returns
    -------
    list of str

    Raises
    ------
    ParameterError
        If the manifest carries no such column along.

    Examples
    --------
    >>> import pandas as pd, pathlib
    >>> from texturekit.data.listing import Manifest
    >>> frame = pd.DataFrame({"id": list("ab"), "path": list("ab"), "Patient Sex": list("FM")})
    >>> data = Manifest(frame, np.array([0, 1]), ("no", "yes"), "binary", pathlib.Path(), "")
    >>> subgroup_columns(data, "auto")
    ['Patient Sex']
    """
    known = carried(manifest)
    words = [asked] if isinstance(asked, str) else list(asked)
    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    if [name.lower() for name in names] == [NONE]:
        return []
    if [name.lower() for name in names] == [AUTO]:
        return [name for name in known if _well_known(name) and _several(manifest, name)]
    for name in names:
        if name not in known:
            listed = f"It carries along: {', '.join(known)}." if known else "It carries none along."
            raise ParameterError(
                f"{manifest.source} has no column {name!r} to form subgroups by."
                f"{closest(name, known)} {listed}"
            )
    return list(dict.fromkeys(names))


def written(asked: str | Sequence[str]) -> str:
    """Return a choice of columns as the command line takes it."""
    return asked if isinstance(asked, str) else ",".join(asked)


def subgroup_values(cells: Sequence[object]) -> list[str]:
    """Return the subgroup of every image, in words.

    Numbers with more than 8 distinct values are cut at their tertiles; of more than 12 other values
    the 11 commonest stay, and the rest is put together. An image without a value is "not
    stated"; so is NA among numbers.

    Parameters
    ----------
    cells : sequence
        What the column holds for every image.

    Returns
    -------
    list of str

    Examples
    --------
    >>> subgroup_values(["31", "44", "52", "38", "60", "71", "47", "55", "66", ""])[:4]
    ['31 to 44', '31 to 44', '47 to 55', '31 to 44']
    >>> subgroup_values(["F", "M ", None])
    ['F', 'M', 'not stated']
    """
    texts = ["" if cell is None or cell != cell else str(cell).strip() for cell in cells]
    counts = Counter(text for text in texts if text)
    numbers = {text: _number(text) for text in counts if text.lower() not in _GAPS}
    if all(number is not None for number in numbers.values()):
        found = {text: number for text, number in numbers.items() if number is not None}
        if len(set(found.values())) > MOST_NUMBERS:
            names = _tertiles(found, counts)
            return [names.get(text, NOT_STATED) for text in texts]
    kept = _commonest(counts)
    rest = f"other ({len(counts) - len(kept)} values)"
    return [NOT_STATED if not text else printable(text) if text in kept else rest for text in texts]


def value_order(values: Sequence[str]) -> list[str]:
    """Return each value once: numbers by size, then words, what is put together, "not stated".

    Parameters
    ----------
    values : sequence of str
        From `subgroup_values`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> value_order(["not stated", "10", "9", "F", "9"])
    ['9', '10', 'F', 'not stated']
    """

    def key(value: str) -> tuple[bool, bool, float, str]:
        number = _number(value.partition(" to ")[0])
        size = math.inf if number is None else number
        return value == NOT_STATED, value.startswith("other ("), size, value

    return sorted(set(values), key=key)


def _well_known(name: str) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return plain in KNOWN or plain.removeprefix("patient") in KNOWN


def _several(manifest: Manifest, name: str) -> bool:
    return len(set(subgroup_values(list(manifest.frame[name]))) - {NOT_STATED}) > 1


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _tertiles(numbers: dict[str, float], counts: Counter[str]) -> dict[str, str]:
    """Return the third of the images that every number is in, named by its smallest and largest."""
    texts = sorted(numbers, key=lambda text: numbers[text])
    sizes = np.array([numbers[text] for text in texts])
    edges = np.quantile(np.repeat(sizes, [counts[text] for text in texts]), [1 / 3, 2 / 3])
    third = np.searchsorted(edges, sizes, side="left")
    names: dict[str, str] = {}
    for one in np.unique(third):
        inside = [text for text, place in zip(texts, third, strict=True) if place == one]
        low, high = inside[0], inside[-1]
        same = numbers[low] == numbers[high]
        names |= dict.fromkeys(inside, low if same else f"{low} to {high}")
    return names


def _commonest(counts: Counter[str]) -> set[str]:
    if len(counts) <= MOST_VALUES:
        return set(counts)
    order = sorted(counts, key=lambda text: (-counts[text], text))
    return set(order[: MOST_VALUES - 1])
