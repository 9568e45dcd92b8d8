"""Whether all methods of a study were given the same number of tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records import MethodResult

#: Classifiers that have nothing to choose, and why.
NOTHING = {
    "dummy": "it knows the class shares only",
    "head": "its outputs were trained elsewhere",
}


def unequal_budgets(methods: Sequence[MethodResult]) -> dict[str, int]:
    """Return how many settings each method tried in a fold, if that is not the same for all.

    Methods that failed, and those with nothing to choose, are left out. A method that tried less
    than the budget because its space holds no more has tried everything.

    Examples
    --------
    >>> from texturekit.records import MethodResult
    >>> unequal_budgets([MethodResult(name="glcm/svm", family="texture", status="ok")])
    {}
    """
    tried = {}
    for one in methods:
        if one.status != "ok" or one.name.rpartition("/")[2] in NOTHING:
            continue
        path = one.tuning
        tried[one.name] = 0 if path is None else path.budget if path.exhausted else path.tried
    return tried if len(set(tried.values())) > 1 else {}
