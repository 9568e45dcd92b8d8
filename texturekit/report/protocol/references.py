"""Which papers the intervals and tests of a run rest on, by what the run says of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from texturekit.report.tables import position
from texturekit.report.wording import listed, metric_name

if TYPE_CHECKING:
    from texturekit.report.protocol.seen import Seen

#: What ``how`` says, the name of the method in a sentence, and the papers; the first that fits.
_INTERVALS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("equal scores", "", ()),
    ("score interval", "a score interval for areas near 1", ("newcombe",)),
    ("Obuchowski", "Obuchowski's method for clustered data", ("obuchowski",)),
    ("DeLong", "DeLong's method", ("delong", "sun")),
    ("reaches added", "adding the squares of Wilson's reaches", ("wilson",)),
    ("effective sample size", "Wilson's score method with the effective sample size", ("wilson",)),
    ("Wilson", "Wilson's score method", ("wilson",)),
    ("jackknife", "the infinitesimal jackknife", ()),
    ("bootstrap's standard error", "the normal approximation with the bootstrap's error", ()),
    ("patient-cluster bootstrap", "the percentile bootstrap of whole {unit}s", ()),
    ("bootstrap", "the percentile bootstrap", ()),
    ("normal, clustered", "the normal approximation, clustered by {unit}", ()),
    ("normal", "the normal approximation", ()),
    ("logistic regression", "the normal approximation with a sandwich variance", ()),
)
PAPERS = {
    "delong": "DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845",
    "sun": "Sun X, Xu W. IEEE Signal Processing Letters 2014;21:1389-1393",
    "obuchowski": "Obuchowski NA. Biometrics 1997;53:567-578",
    "newcombe": "Newcombe RG. Statistics in Medicine 2006;25:559-573",
    "wilson": "Wilson EB. Journal of the American Statistical Association 1927;22:209-212",
    "mcnemar": "McNemar Q. Psychometrika 1947;12:153-157",
    "holm": "Holm S. Scandinavian Journal of Statistics 1979;6:65-70",
    "nadeau": "Nadeau C, Bengio Y. Machine Learning 2003;52:239-281",
}


def interval_sentence(seen: Seen) -> tuple[str, list[str]]:
    """Return how intervals were made, and the keys of the papers behind it.

    Returns
    -------
    sentence : str
        Empty where no number has an interval.
    papers : list of str
        Keys of `PAPERS`.
    """
    served: dict[str, list[str]] = {}
    papers: list[str] = []
    found = sorted(seen.estimates, key=lambda one: position(one[1]))
    for _, metric, one in found:
        if one.low is None or one.value is None:
            continue
        name, behind = _behind(one.how, _unit(seen))
        if not name:
            continue
        names = served.setdefault(name, [])
        if metric_name(metric) not in names:
            names.append(metric_name(metric))
        papers += [key for key in behind if key not in papers]
    if not served:
        return "", []
    told = [
        f"by {name} for {listed([_inside(n) for n in names])}" for name, names in served.items()
    ]
    return f"95% intervals were computed {'; '.join(told)}.", papers


def _unit(seen: Seen) -> str:
    """Return what is clustered: without patients it is copies of an image that make groups."""
    return "patient" if seen.patients is not None else "group"


def _behind(how: str, unit: str) -> tuple[str, tuple[str, ...]]:
    for words, name, papers in _INTERVALS:
        if words in how:
            return name.replace("{unit}", unit), papers
    return ("the method named in the report", ()) if how else ("", ())


def _inside(name: str) -> str:
    """Return a metric's name inside a sentence: abbreviations stay as they are.

    Examples
    --------
    >>> _inside("Accuracy"), _inside("AUC"), _inside("Brier score"), _inside("F1, weighted")
    ('accuracy', 'AUC', 'Brier score', 'F1 (weighted)')
    """
    first, comma, rest = name.partition(", ")
    name = f"{first} ({rest})" if comma else first
    kept = name[:2].isupper() or name[:1] + name[1:2] == "F1" or name.startswith("Brier")
    return name if kept else name[0].lower() + name[1:]


def tested_sentences(seen: Seen) -> tuple[list[str], list[str]]:
    """Return how methods were tested against one another, and the keys of the papers behind it."""
    made = [one for one in seen.results.comparisons if one.p is not None]
    if not made:
        return ["No paired test was made."], []
    hows = [one.how for one in made]
    areas = [one.how for one in made if one.metric == "roc_auc"]
    shares = [one.how for one in made if one.metric == "accuracy"]
    ways, papers, unit = [], [], _unit(seen)
    if areas:
        clustered = any("Obuchowski" in how for how in areas)
        ways.append("AUCs by the paired DeLong test" + f" (clustered by {unit})" * clustered)
        papers += ["delong", "sun", *["obuchowski"] * clustered]
    if shares:
        permuted = any("permutation" in how for how in shares)
        exact = any("permutation" not in how for how in shares)
        names = ["McNemar's exact test"] * exact + [f"a permutation of {unit}s"] * permuted
        ways.append(f"accuracies by {listed(names)}")
        papers += ["mcnemar"] * exact
    count = "One paired test was" if len(made) == 1 else f"{len(made)} paired tests were"
    told = [f"{count} made on the same images: {listed(ways)}."]
    if len(made) > 1:
        told.append(f"Their p values were corrected by Holm's method over all {len(made)} of them.")
        papers.append("holm")
    rule = "A method is called better if the corrected p is below .05 and the interval leaves out 0"
    if any("Nadeau-Bengio" in how for how in hows):
        rule += ", and both again with a variance that counts other training images (Nadeau-Bengio)"
        papers.append("nadeau")
    elif any(one.general is not None and one.general.p is not None for one in made):
        rule += ", and both again with a variance that counts other training images"
    told.append(f"{rule}.")
    return told, papers


def cited(keys: list[str]) -> list[str]:
    """Return the papers of some keys in the order of `PAPERS`, each once."""
    return [PAPERS[key] for key in PAPERS if key in keys]
