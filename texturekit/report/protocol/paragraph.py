"""Methods and results as prose, ready for a paper; nothing in it that the run did not do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from texturekit.checks.of_methods import random_weights
from texturekit.report.protocol.of_data import apart, copies
from texturekit.report.protocol.of_models import search, training, weighing
from texturekit.report.protocol.references import cited, interval_sentence, tested_sentences
from texturekit.report.protocol.said import sentence
from texturekit.report.protocol.words import by_class, few, flow_sentence, images_of, repeated
from texturekit.report.verdict import answer
from texturekit.report.wording import counted, listed, with_interval

if TYPE_CHECKING:
    from texturekit.records import Evaluated, Protocol, Results
    from texturekit.report.protocol.seen import Seen

_FAMILIES = {
    "baseline": "baselines that see no texture",
    "texture": "hand-crafted texture features",
    "embedding": "embeddings of convolutional networks",
    "finetuned": "fine-tuned convolutional networks",
    "hybrid": "texture features and embeddings together",
    "head": "the trained outputs of networks",
}
_WINDOWS = {
    "auto": ", windowed as the file says, else from the image's own lowest to its highest value; "
    "8-bit images as they are",
    "full": " from the image's own lowest to its highest value",
    "dtype": " of the whole range that the pixels' type can hold",
}
_PACKAGES = {"numpy": "NumPy", "scipy": "SciPy", "scikit-learn": "scikit-learn"}


@dataclass(frozen=True)
class Prose:
    """Paragraphs with their headings, and the papers they rest on."""

    parts: list[tuple[str, str]]
    references: list[str]

    @property
    def text(self) -> str:
        """Everything as plain text, for a file or the clipboard."""
        blocks = [f"{heading}. {body}" for heading, body in self.parts]
        if self.references:
            blocks.append("References: " + "; ".join(self.references) + ".")
        return "\n\n".join(blocks) + "\n"


def prose(seen: Seen) -> Prose:
    """Return the methods and results of a study as paragraphs."""
    intervals, papers = interval_sentence(seen)
    tests, more = tested_sentences(seen)
    parts = [
        ("Images", _images(seen)),
        ("Training and test", _splits(seen)),
        ("Methods compared" if seen.results.evaluated is None else "The model", _methods(seen)),
        ("Statistics", " ".join([_metrics(seen), intervals, repeated(seen.results), *tests])),
        ("Software", _software(seen)),
        ("Results", _results(seen)),
    ]
    shown = [(heading, " ".join(body.split())) for heading, body in parts]
    return Prose([one for one in shown if one[1]], cited([*papers, *more]))


def _images(seen: Seen) -> str:
    results = seen.results
    data, said = results.data, results.statements
    classes = by_class(seen)
    told = [f"The task was: {sentence(results.title)}" if _named(results) else ""]
    what = "comparison" if results.evaluated is None else "test"
    told.append(f"The {what} used {images_of(seen)}{f': {classes}' if classes else ''}.")
    if results.synthetic:
        told.append("These images were drawn by a program and say nothing about patients.")
    if "data_source" in said:
        told.append(f"Source: {sentence(said['data_source'])}")
    told.append(flow_sentence(results))
    if results.positive is not None:
        told.append(f"The positive class was {results.positive}.")
    if not results.synthetic:
        standard = said.get("reference_standard", "[not stated]")
        told.append(f"Reference standard: {sentence(standard)}")
    if data.size is not None:
        told.append(f"Images were resized to {data.size} pixels on the longer side, aspect kept.")
    if seen.nets and data.window is not None:
        values = _WINDOWS.get(data.window, f" of the values {data.window}")
        told.append(f"Networks saw 8-bit pictures{values}.")
    if seen.study.config.get("masks"):
        told.append("Masks of the region were given.")
    return " ".join(told)


def _splits(seen: Seen) -> str:
    protocol = seen.results.protocol
    if seen.results.evaluated is not None:
        return _saved(seen.results.evaluated, protocol)
    told = [f"{_separated(protocol)}."]
    if seen.patients is None:
        told.append("Patients were not named, so they could not be kept in one part.")
    else:
        whole = "All images of a patient (group) were in one part of every fold."
        told.append(whole if apart(seen).startswith("No group") else apart(seen))
    told.append(_copies(seen))
    if protocol.fractions:
        shares = listed([f"{100 * share:g}%" for share in protocol.fractions])
        told.append(f"Methods were also fitted to {shares} of the training groups.")
    if protocol.seeds > 1:
        told.append(f"Every method was fitted with {protocol.seeds} seeds; the first is reported.")
    told.append(f"The random seed was {protocol.seed}.")
    return " ".join(told)


def _named(results: Results) -> bool:
    """Tell whether the study has a task of its own name."""
    return results.task != "own" and results.evaluated is None


def _saved(one: Evaluated, protocol: Protocol) -> str:
    """Return what a saved model learnt from and was tested on."""
    told = ["The model had been trained before; nothing was fitted or chosen on these images."]
    if one.images is not None:
        of = "" if one.groups is None else f" from {counted(one.groups, 'patient')} (groups)"
        told.append(f"It had learnt from {counted(one.images, 'image')}{of}.")
    told.append(f"It was tested on {protocol.test}.")
    if one.learnt is not None:
        told.append(
            f"{counted(one.learnt, 'test image')} {'was' if one.learnt == 1 else 'were'} among "
            "those that it had learnt from, told by the bytes of the files."
        )
    if one.outside is not None:
        told.append(
            f"{one.outside.outside:,} of {one.outside.judged:,} lay outside its training "
            "distribution."
        )
    return " ".join(told)


def _copies(seen: Seen) -> str:
    found = seen.results.data.duplicates
    if found is None:
        return ""
    if not found.possible:
        return "No image was found to be a copy of another."
    if found.kept_together == "possible" and not found.crossing:
        return (
            f"Copies of an image, exact, near or possible ({counted(found.possible, 'group')}), "
            "were kept in one part."
        )
    kinds = f"{found.near:,} of exact or near copies, {found.possible:,} with possible ones"
    if found.crossing:
        pairs = counted(len(found.crossing), "pair")
        return f"Some images show the same (groups: {kinds}); {pairs} of them stood in two parts."
    if found.kept_together == "near":
        return (
            f"Exact and near copies of an image ({counted(found.near, 'group')}) were kept in one "
            f"part; possible ones ({counted(found.possible, 'group')} with these) were not."
        )
    return copies(seen)


def _separated(protocol: Protocol) -> str:
    if protocol.type == "kfold":
        often = f", repeated {protocol.repeats} times" if protocol.repeats > 1 else ""
        return (
            f"Methods were trained and tested by {protocol.folds}-fold cross-validation{often}, "
            "folds drawn in proportion to the classes"
        )
    if protocol.type == "leave one out":
        values = counted(len(protocol.left_out_values), "value")
        return (
            f"Each {protocol.left_out} was tested in turn by what had learnt from all others "
            f"({values}); this is internal testing"
        )
    if protocol.type == "external test":
        return (
            "Methods were trained on one source of images and tested on another, "
            f"{protocol.external} (external testing)"
        )
    if protocol.type == "given folds":
        return f"Methods were trained and tested on {counted(protocol.folds, 'given fold')}"
    often = f", drawn {protocol.repeats} times" if protocol.repeats > 1 else ""
    return f"Methods were trained and tested on separate images ({protocol.test}){often}"


def _methods(seen: Seen) -> str:
    if not seen.done:
        return "No method finished."
    groups: dict[str, list[str]] = {}
    for one in seen.done:
        groups.setdefault(one.family, []).append(one.name)
    listing = "; ".join(f"{_FAMILIES[family]} ({', '.join(n)})" for family, n in groups.items())
    verb = "was" if len(seen.done) == 1 else "were"
    told = [f"{counted(len(seen.done), 'method')} {verb} compared: {listing}."]
    if seen.results.evaluated is not None:
        told = [f"The model and, as a floor, the class shares of its training images: {listing}."]
    random = random_weights(seen.results)
    if random:
        told.append(f"The networks of {listed(random)} started from random weights.")
    known: dict[str, list[str]] = {}
    for one in seen.nets:
        if one.weights and one.name not in random:
            known.setdefault(one.weights, []).append(one.name)
    told += [f"The weights of {listed(names)} were {text}." for text, names in known.items()]
    nets = any(one.family == "finetuned" for one in seen.done)
    if nets and seen.results.evaluated is None:
        told.append(training(seen))
    fitted = [] if seen.results.evaluated is not None else [search(seen), weighing(seen)]
    told += [*fitted, *_decided(seen)]
    failed = [one.name for one in seen.results.methods if one.status == "failed"]
    if failed:
        told.append(f"{few(failed)} failed and {'has' if len(failed) == 1 else 'have'} no results.")
    return " ".join(told)


def _decided(seen: Seen) -> list[str]:
    """Return how scores became decisions and, if so, how they were calibrated."""
    rules = {
        (one.threshold.rule, one.threshold.chosen_on): None
        for one in seen.done
        if one.threshold is not None and one.family != "baseline"
    }
    told = [
        f"Decisions were made by the rule \N{LEFT DOUBLE QUOTATION MARK}{rule}"
        f"\N{RIGHT DOUBLE QUOTATION MARK}, {_chosen(chosen)}."
        for rule, chosen in rules
    ]
    done = dict.fromkeys(one.calibration for one in seen.done if one.calibration is not None)
    return told + [f"Calibration of probabilities: {text}." for text in done]


def _chosen(where: str) -> str:
    """Return where a rule was chosen.

    Examples
    --------
    >>> _chosen("nothing: fixed beforehand"), _chosen("the validation images")
    ('fixed beforehand', 'chosen on the validation images')
    """
    fixed = where.removeprefix("nothing: ")
    return fixed if fixed.startswith("fixed") else f"chosen on {where}"


def _metrics(seen: Seen) -> str:
    kind = seen.results.kind
    if kind == "binary":
        return "The area under the ROC curve (AUC) was the main measure."
    each = "labels" if kind == "multilabel" else "classes, each against the rest,"
    return f"The mean area under the ROC curve (AUC) over {each} was the main measure."


def _software(seen: Seen) -> str:
    known = seen.study.environment
    packages = known.get("packages") or {}
    names = dict(_PACKAGES)
    if any(one.name.endswith("/xgboost") for one in seen.done):
        names["xgboost"] = "XGBoost"
    if seen.nets:
        names["torch"] = "PyTorch"
    used = [f"texturekit {known['texturekit']}"] if known.get("texturekit") else []
    used += [f"Python {known['python']}"] if known.get("python") else []
    used += [f"{name} {packages[key]}" for key, name in names.items() if packages.get(key)]
    return f"The analysis was done with {listed(used)}." if used else ""


def _results(seen: Seen) -> str:
    found = answer(seen.results, seen.study.config)
    told = [text for text in (found.main, found.evidence, found.verdict, *found.warnings) if text]
    if seen.first is not None and seen.results.kind == "binary":
        two = [
            f"{name} {with_interval(one, name)}"
            for name in ("sensitivity", "specificity")
            if (one := seen.first.metrics.get(name)) is not None and one.value is not None
        ]
        if two:
            told.insert(1, f"Its {listed(two)}.".replace("Its sensitivity", "Its sensitivity was"))
    return " ".join(told)
