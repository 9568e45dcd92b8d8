"""Findings: reasons why a result should not be believed as it stands.

Checks are pure: results and predictions go in, findings come out. docs/findings.md has the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.checks.found import Seen
from texturekit.checks.of_data import OF_DATA
from texturekit.checks.of_evaluations import OF_EVALUATIONS
from texturekit.checks.of_methods import OF_METHODS
from texturekit.checks.of_numbers import OF_NUMBERS
from texturekit.checks.of_shortcuts import OF_SHORTCUTS

if TYPE_CHECKING:
    import pandas as pd

    from texturekit.records import Finding, Results

__all__ = ["CODES", "check"]

_RULES = {**OF_DATA, **OF_NUMBERS, **OF_SHORTCUTS, **OF_METHODS, **OF_EVALUATIONS}
#: Every code, in order. A code keeps its meaning for ever; a new rule gets a new one.
CODES = tuple(sorted(_RULES))
_ORDER = ("error", "warning", "note")


def check(
    results: Results, predictions: pd.DataFrame, *, declared: str | None = None
) -> list[Finding]:
    """Return what speaks against believing a comparison, the gravest first.

    Parameters
    ----------
    results : Results
        All but their findings.
    predictions : pandas.DataFrame
        The rows of ``predictions.parquet``.
    declared : str, optional
        The method that was named before any result was seen (``--reference``).

    Returns
    -------
    list of Finding
        By severity (error, warning, note), then by code.

    Examples
    --------
    >>> study = tk.compare("textures", methods=["first_order/logistic"], folds=2, limit=60,
    ...                    size=32, images=False, permutations=0)
    >>> [found.code for found in check(study.results, study.predictions)]
    ['TK006', 'TK022', 'TK003']
    """
    seen = Seen(results, predictions, declared)
    found = [one for code in CODES for one in _RULES[code](seen)]
    return sorted(found, key=lambda one: (_ORDER.index(one.severity), one.code))
