"""What only the authors of a study know, and no program can find in the images."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from texturekit.errors import ParameterError, UnknownNameError, printable

STATEMENTS = {
    "intended_use": "what the methods are meant for, for whom, and where in care",
    "data_source": "where the images come from: institutions, scanners, a public data set",
    "licence": "the licence or permission under which the data were used",
    "ethics": "ethical approval and consent",
    "dates": "when the images were taken",
    "inclusion": "which patients and images were taken, which were left out, and why",
    "reference_standard": "how the true class of an image was established",
    "annotators": "who labelled the images, with what experience",
    "label_noise": "how sure the labels are, and how far readers agreed",
    "prespecified": "what was fixed before any result was seen",
    "sample_size": "how the number of images was chosen",
    "intended_prevalence": "how often the condition is found where the methods are to be used",
    "availability": "where data and code can be had",
    "limitations": "what else limits the study",
}


def read_statements(given: Mapping[str, Any] | None, where: str) -> dict[str, str]:
    """Return statements as texts, in the order of `STATEMENTS`.

    Parameters
    ----------
    given : mapping or None
        Texts (or numbers, or dates) by key; those that are None are passed over.
    where : str
        Where they stand, for messages.

    Returns
    -------
    dict of str

    Raises
    ------
    UnknownNameError
        If a key is none of `STATEMENTS`; it suggests the closest one.
    ParameterError
        If they are no mapping, or one of them is no text.

    Examples
    --------
    >>> read_statements({"dates": 2019, "intended_use": "triage "}, "here")
    {'intended_use': 'triage', 'dates': '2019'}
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ParameterError(
            f"the statements of {where} are a {type(given).__name__}; write one 'key: text' a line."
        )
    found = {}
    for key, value in given.items():
        if key not in STATEMENTS:
            raise UnknownNameError(f"statement in {where}", str(key), STATEMENTS)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, str | int | float | date):
            raise ParameterError(
                f"the statement {key} of {where} is {value!r}; write it as text, in quotes."
            )
        text = " ".join(printable(str(value)).split())
        if not text:
            raise ParameterError(f"the statement {key} of {where} is empty; write it, or leave it.")
        found[str(key)] = text
    return {key: found[key] for key in STATEMENTS if key in found}
