"""What a paired test says, as a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from texturekit.records import Difference, Verdict

ENOUGH_REPEATS = 5
HERE = ", for the models trained here"
WORDS = {"roc_auc": "AUC", "accuracy": "accuracy"}


@dataclass(frozen=True)
class PairedTest:
    """The tests of two methods on one metric.

    Attributes
    ----------
    a, b, metric : str
        The methods, and what they are compared on.
    first : Difference
        On the test images of the first repeat.
    values : list of float
        The difference in every repeat.
    general : Difference or None
        With the chance in the training images, see `texturekit.metrics.training_chance`.
    """

    a: str
    b: str
    metric: str
    first: Difference
    values: list[float]
    general: Difference | None = None


def sentence(
    test: PairedTest,
    verdicts: tuple[Verdict, Verdict],
    value: float | None,
    p_values: tuple[float | None, float | None],
    agreeing: int,
) -> str:
    """Return the sentence of one test, the better method first.

    Parameters
    ----------
    test : PairedTest
    verdicts : tuple of two Verdict
        What the test images show, and what holds with the chance in the training images.
    value : float or None
        The mean difference over repeats.
    p_values : tuple of two (float or None)
        Adjusted: on the test images, and in general.
    agreeing : int
        Repeats whose difference has the sign of the mean.

    Returns
    -------
    str
    """
    (shown, verdict), (p_holm, p_general) = verdicts, p_values
    metric, low, high = WORDS[test.metric], test.first.low, test.first.high
    if verdict == "not_testable" or value is None or low is None or high is None or p_holm is None:
        why = test.first.reason or "there is no interval"
        return f"Not testable: {test.a} against {test.b} on {metric}, because {why}."
    turned = value < 0  # the better one first
    a, b = (test.b, test.a) if turned else (test.a, test.b)
    digits = 3 if high - low < 0.02 else 2
    found = f"{metric} {signed(abs(value), digits)} {_span(low, high, digits, turned=turned)}, "
    found += f"p (Holm) {_p_words(p_holm)}"
    if shown in ("a_better", "b_better"):
        found += _further(test, p_general, digits, turned=turned, holds=verdict == shown)
    repeats = len(test.values)
    if repeats >= ENOUGH_REPEATS:
        found += f", same sign in {agreeing} of {repeats} repeats"
    else:
        found += f", {sets_of_splits(repeats)}"
    if verdict == "no_difference_shown":
        return f"No difference shown between {a} and {b}: {found}."
    return f"{a} is better than {b}: {found}."


def _further(
    test: PairedTest, p_general: float | None, digits: int, *, turned: bool, holds: bool
) -> str:
    """Return what holds beyond the models that were trained, in words."""
    general = test.general
    if general is None:
        return HERE
    start = "; with" if holds else " on these test images, but with"
    if p_general is None or general.low is None or general.high is None:
        return f"{start} other training images not testable"
    span = _span(general.low, general.high, digits, turned=turned)
    return f"{start} other training images {span}, p (Holm) {_p_words(p_general)}"


def _span(low: float, high: float, digits: int, *, turned: bool) -> str:
    ends = (-high, -low) if turned else (low, high)
    left, right = (signed(x, digits).removeprefix("+") for x in ends)
    return f"[{left}, {right}]"


def sets_of_splits(repeats: int) -> str:
    """Return on how many splits of the images a result stands, in words.

    Examples
    --------
    >>> sets_of_splits(1), sets_of_splits(3)
    ('one set of splits', '3 sets of splits')
    """
    return "one set of splits" if repeats == 1 else f"{repeats} sets of splits"


def of_saved(text: str) -> str:
    """Return a sentence on a single training set for models that were saved before.

    Examples
    --------
    >>> of_saved("a is better than b: AUC +0.1, for the models trained here, one set of splits.")
    'a is better than b: AUC +0.1.'
    """
    return text.replace(HERE, "").replace(f", {sets_of_splits(1)}.", ".")


def signed(value: float, digits: int) -> str:
    """Return a number with its sign, a true minus; no minus before a printed zero."""
    text = f"{value + 0.0:+.{digits}f}"
    return text.replace("-", "+" if float(text) == 0 else "\N{MINUS SIGN}")


def _p_words(p: float) -> str:
    if p < 0.001:
        return "< .001"
    return "= 1" if p > 0.9995 else "= " + f"{p:.3f}".removeprefix("0")
