"""What is wrong with this installation, and the cure.

Only the standard library is imported here: an installation in which anything else is broken still
has a doctor. Heavy libraries are loaded by processes of their own, which may die of them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from texturekit.doctor.found import LEVELS, Diagnosis
from texturekit.doctor.libraries import LIBRARIES
from texturekit.doctor.machine import MACHINE
from texturekit.doctor.packages import PACKAGES
from texturekit.doctor.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Check = Callable[[Surroundings], Iterable[Diagnosis]]

__all__ = ["CHECKS", "LEVELS", "Diagnosis", "Surroundings", "diagnose"]

#: Every check by its name; each looks for a few known traps.
CHECKS: Mapping[str, Check] = {**PACKAGES, **LIBRARIES, **MACHINE}


def diagnose(
    around: Surroundings | None = None, *, checks: Mapping[str, Check] = CHECKS
) -> list[Diagnosis]:
    """Look for the known traps of an installation.

    Parameters
    ----------
    around : Surroundings, optional
        Where to look; by default this process and this machine.
    checks : mapping of str to callable, default `CHECKS`
        What to look for.

    Returns
    -------
    list of Diagnosis
        The gravest first, then in the order of the checks. A check that fails is a warning that
        says so, and the others go on. Nothing is changed, and the network is not asked.

    Examples
    --------
    >>> diagnose(checks={"moon": lambda around: [Diagnosis("moon", "ok", "full")]})
    [Diagnosis(check='moon', level='ok', found='full', cure=None)]
    """
    around = Surroundings() if around is None else around
    with ThreadPoolExecutor(max_workers=4) as pool:
        # The slow ones first; they wait for processes.
        order = sorted(checks, key=lambda name: name not in LIBRARIES)
        running = {name: pool.submit(_examined, name, checks[name], around) for name in order}
    found = [one for name in checks for one in running[name].result()]
    return sorted(found, key=lambda one: LEVELS.index(one.level))


def _examined(name: str, check: Check, around: Surroundings) -> list[Diagnosis]:
    try:
        return list(check(around))
    except Exception as error:  # a doctor that dies of a disease is none
        said = f"this could not be looked at: {type(error).__name__}: {error}"
        return [Diagnosis(name, "warning", said, "report it as a defect of texturekit, please")]
