"""What is to be known of a family: its page, its parameters and its columns, as text."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from texturekit.features.registry import FEATURES

_VARIANTS = """\
  scales=1-2-4 measures at half and quarter size too (columns ending with .s2, .s4),
  pyramid=1-2 in 2 x 2 cells too (.g2r0c0, .g2r0c1, ...).
"""
_PICTURE = re.compile(r"(?m)^!\[.*\n\n?")


def family_page(name: str) -> str:
    """Return the page of a family, Markdown: definition, columns, source, what it is good for.

    Parameters
    ----------
    name : str
        A family of `texturekit.features.FEATURES`.

    Raises
    ------
    UnknownNameError
        If there is no such family.

    Examples
    --------
    >>> family_page("glcm").splitlines()[0]
    '# glcm: which grey levels are neighbours'
    """
    page = files("texturekit.features") / "pages" / f"{FEATURES[name].name}.md"
    return page.read_text(encoding="utf-8")


def describe_family(name: str) -> str:
    """Return what ``texturekit info`` prints of a family: its page, parameters and columns.

    Examples
    --------
    >>> describe_family("lbp").splitlines()[-1].strip()
    'lbp.p8r1.uniform.mean, .variance, .median, .entropy'
    """
    family = FEATURES[name]
    page = _PICTURE.sub("", family_page(name)).rstrip()
    parameters = ", ".join(f"{key}={write(value)}" for key, value in family.defaults.items())
    columns = family.columns()
    lines = "\n".join(f"  {line}" for line in shorten(columns))
    return (
        f"{page}\n\nParameters and defaults\n  {parameters}\n{_VARIANTS}\n"
        f"The {len(columns)} columns of {name}\n{lines}"
    )


def write(value: Any) -> str:
    """Write a parameter's default as the grammar has it; nothing where it has none."""
    if isinstance(value, (tuple, list)):
        return "-".join(map(write, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def shorten(columns: tuple[str, ...]) -> list[str]:
    """Write column names in a few lines: runs of numbers as ``.00 to .31``, one line a prefix.

    Examples
    --------
    >>> shorten(("lbp.00", "lbp.01", "lbp.02", "lbp.mean", "lbp.entropy"))
    ['lbp.00 to .02', 'lbp.mean, .entropy']
    """
    lines: list[str] = []
    groups: list[tuple[str, bool, list[str]]] = []
    for column in columns:
        prefix, _, last = column.rpartition(".")
        numbered = re.fullmatch(r"[a-z]?\d+", last) is not None
        if not groups or groups[-1][:2] != (prefix, numbered):
            groups.append((prefix, numbered, []))
        groups[-1][2].append(last)
    for prefix, numbered, lasts in groups:
        if numbered and len(lasts) > 2:
            lines.append(f"{prefix}.{lasts[0]} to .{lasts[-1]}")
        else:
            lines.append(f"{prefix}." + ", .".join(lasts))
    return lines
