"""A saved model on labelled images: a study like that of a comparison, with nothing fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from texturekit import environment, events, showing
from texturekit.assembling import subgroup_rows
from texturekit.checks import check
from texturekit.data.choices import class_counts, group_counts, limited, mixed_groups
from texturekit.data.copies import contradictions, without
from texturekit.data.duplicates import find_duplicates
from texturekit.data.expansion import without_patients
from texturekit.data.external import short_name
from texturekit.data.folds import Fold
from texturekit.data.manifest import Manifest, load_source
from texturekit.data.pictures import Pictures
from texturekit.data.second_source import Labelling, aligned, check_labelled, labels_of
from texturekit.data.split_parts import split_parts
from texturekit.data.subgrouping import subgroup_columns, written
from texturekit.errors import ManifestError, ParameterError, printable
from texturekit.methods.answering import (
    BASELINE,
    ask,
    baseline_of,
    outside_of,
    row_of,
    run_of,
)
from texturekit.methods.folding import grouping
from texturekit.methods.geometry import varying_facts
from texturekit.methods.grammar import parse_method
from texturekit.methods.learners import Inputs
from texturekit.methods.learnt import seen_before
from texturekit.methods.outcomes import importance_frame
from texturekit.methods.saved import saved_model
from texturekit.methods.separation import as_one_test
from texturekit.metrics.bands import NO_BANDS
from texturekit.metrics.curves import bands_left_out, study_curves
from texturekit.metrics.sentences import of_saved
from texturekit.metrics.verdicts import compare_methods
from texturekit.records import (
    Data,
    Evaluated,
    Protocol,
    Results,
    Skipped,
    Study,
    read_statements,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.methods.answering import Answers
    from texturekit.methods.model import Model
    from texturekit.methods.running import Run
    from texturekit.records import Comparison, Kind, Repeats

_TASK = "evaluation"


@dataclass(frozen=True)
class _Test:
    """A model, the images it is tested on, and how they were asked for."""

    model: Model
    name: str | None
    manifest: Manifest
    asked: dict[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def described(self) -> dict[str, Any]:
        """What every score has to know of the labels."""
        model = self.model
        return {"kind": model.kind, "classes": model.classes, "positive": model.positive}


def evaluate(
    model: Model | str | Path,
    data: Manifest | str | Path,
    *,
    labels: Sequence[str] | None = None,
    positive: str | None = None,
    group: str | None = "group",
    masks: str | Path | None = None,
    mask_label: int | None = None,
    frames: str | int | None = None,
    weights: str | None = None,
    device: str = "auto",
    jobs: int = 1,
    limit: int | None = None,
    images: bool = True,
    subgroups: Sequence[str] | str = "auto",
    statements: Mapping[str, str] | None = None,
) -> Study:
    """Test a saved model on labelled images: nothing is fitted, and nothing is chosen anew.

    Images are prepared as at training, and thresholds are the model's. Beside the model stands what
    the class shares of its training images say, as a floor.

    Parameters
    ----------
    model : Model, str or Path
        A model, its folder, or a pretrained backbone with a head of its own.
    data : Manifest, str or Path
        Labelled images: manifest, folder tree or MedMNIST ``.npz``. Their classes are told by name
        and may lack some of the model's; of images with splits those named ``test`` are taken.
    labels : list of str, optional
        Labels of a multi-label model that are tested; by default all that the data have.
    positive : str, optional
        The positive class of two, which has to be the model's.
    group : str or None, default "group"
        The manifest's column of patients; ``None`` counts every image as its own patient.
    masks, mask_label, frames
        As in `texturekit.compare`; what is not given is as at training.
    weights : str, optional
        Where backbones' weights are, instead of where they were at fitting.
    device : {"auto", "cpu", "cuda"}, default "auto"
    jobs : int, default 1
        Threads.
    limit : int, optional
        Use at most so many images, whole patients; the study says so.
    images : bool, default True
        Whether the study carries thumbnails.
    subgroups : str or list of str, default "auto"
        Columns by whose values results are shown; see `texturekit.compare`.
    statements : dict of str, optional
        What only the authors know; see `texturekit.compare`.

    Returns
    -------
    Study
        ``results.evaluated`` tells of the model; see `texturekit.write_report`. Probabilities are
        those of ``texturekit predict``, to the bit.

    Raises
    ------
    ManifestError
        If there are no labels, an image is of a class that the model does not know, or no image
        can be judged.
    ParameterError
        If the positive class is another than the model's.
    ModelError, WeightsError
        If the model cannot be read, or a backbone's weights are others than at fitting.

    Examples
    --------
    >>> data = tk.load_task("textures").subset(range(0, 192, 6))
    >>> model = tk.fit("first_order/logistic", data)
    >>> study = tk.evaluate(model, data, images=False)
    >>> study.results.evaluated.learnt, study.results.findings[0].code
    (32, 'TK025')
    """
    statements = read_statements(statements, "this evaluation")
    known = _known(model, weights, device)
    if positive is not None and positive != known.positive:
        raise ParameterError(
            f"positive={positive!r}, but the model's is {known.positive!r}: it was trained so; "
            "leave it out."
        )
    manifest = _read(
        known, data, labels=labels, group=group, masks=masks, mask_label=mask_label, frames=frames
    )
    columns = subgroup_columns(manifest, subgroups)
    manifest, notes = _taken(manifest, limit)
    asked = {
        "labels": None if labels is None else list(labels), "positive": positive,
        "group": group or "none", "masks": _text(masks), "mask-label": mask_label,
        "frames": frames, "weights": weights, "device": device, "jobs": jobs, "limit": limit,
        "no-images": not images, "subgroups": written(subgroups), "statements": statements or None,
        "facts": {
            "model": _text(model), "data": _text(data), "reference": BASELINE,
            "positive": known.positive, "size": known.preprocessing.size,
            "window": known.preprocessing.window, "source": manifest.source,
        },
    }  # fmt: skip
    test = _Test(known, _text(model), manifest, asked, tuple(notes))
    return _study(
        test, columns, statements, images=images, jobs=jobs, device=device, weights=weights
    )


def _known(model: Model | str | Path, weights: str | None, device: str) -> Model:
    if isinstance(model, (str, Path)):
        return saved_model(model, weights=weights, device=device)
    return model


def _text(source: Any) -> str | None:
    return str(source) if isinstance(source, (str, Path)) else None


def _read(
    model: Model, data: Manifest | str | Path, *, labels: Sequence[str] | None, group: str | None,
    masks: str | Path | None, mask_label: int | None, frames: str | int | None,
) -> Manifest:  # fmt: skip
    """Read the images as the model's training images were read, with the model's classes."""
    wanted = Labelling(model.kind, model.classes, f"the model ({model.method})")
    unknown = [name for name in labels or () if name not in model.classes]
    if unknown:
        raise ParameterError(
            f"labels={', '.join(labels or ())}: the model does not know {', '.join(unknown)}; it "
            f"knows {', '.join(model.classes)}."
        )
    if isinstance(data, Manifest):
        for name, value in {
            "labels": labels, "masks": masks, "mask_label": mask_label, "frames": frames,
        }.items():  # fmt: skip
            if value is not None:
                raise ParameterError(
                    f"{name}={value!r} is for a source that is still to be read; give {name} to "
                    "read_manifest instead."
                )
        manifest = data if group is not None else without_patients(data)
    else:
        if mask_label is None and masks is not None:
            mask_label = model.training.get("mask_label")
        manifest = load_source(
            data, labels=list(labels) if labels else labels_of(data, wanted), masks=masks,
            group=group, frames=frames or model.training.get("frames") or "one",
            mask_label=mask_label,
        )  # fmt: skip
    check_labelled(manifest, wanted)
    found = aligned(manifest, wanted)
    order = sorted(range(len(found)), key=found.ids.__getitem__)
    return replace(found.subset(order), skipped=found.skipped)


def _taken(manifest: Manifest, limit: int | None) -> tuple[Manifest, list[str]]:
    """Return the images to test on: of those with splits the test images, and not too many."""
    notes = []
    if manifest.splits is not None and "test" in set(manifest.splits):
        tested = manifest.splits == "test"
        rest = np.flatnonzero(~tested)
        if len(rest):
            notes.append(
                f"{len(rest)} images that the data do not name as test were left out: a model may "
                "have learnt from them."
            )
        reason = "left out: the data do not name it as test"
        skipped = [
            Skipped(path=printable(manifest.paths[row]), reason=reason, kind="ignored")
            for row in rest
        ]
        manifest = replace(
            manifest.subset(np.flatnonzero(tested)), skipped=(*manifest.skipped, *skipped)
        )
    if limit is not None and limit < len(manifest):
        manifest = limited(manifest, limit)
        notes.append(f"Shortened: {len(manifest)} images were used (limit {limit}).")
    return manifest, notes


def _study(
    test: _Test, columns: list[str], statements: dict[str, str], *, images: bool, **how: Any
) -> Study:
    """Ask the model, and put together what its answers are worth."""
    model, described = test.model, test.described
    manifest, repeated = test.manifest, None
    if not manifest.synthetic:  # those are drawn one by one
        repeated = find_duplicates(manifest, jobs=how["jobs"])
        if wrong := contradictions(manifest, repeated.exact):
            repeated = repeated.among([row for row in range(len(manifest)) if row not in wrong])
            manifest = without(manifest, wrong)
    with events.keeping_warnings() as said:
        answers = ask(model, manifest.subset(range(len(manifest))), **how)
    used = _usable(manifest, answers)
    fold = Fold(0, 0, np.zeros(0, dtype=np.int64), np.arange(len(used)))
    joined, repeats = used, None
    notes: tuple[str, ...] = ()
    if repeated is not None:
        found = repeated.among(answers.usable)
        joined, repeats, notes = as_one_test(used, found)
    runs = {model.method.name: run_of(model, joined, answers, cams=images, device=how["device"])}
    floor = baseline_of(model, joined)
    if floor is not None:
        runs[BASELINE] = floor
    predictions = pd.concat(
        [run.predictions for run in runs.values()], ignore_index=True
    ).sort_values(["method", "repeat", "fold", "split", "id"], ignore_index=True, kind="stable")
    comparisons = _comparisons(predictions, list(runs), described)
    results = Results(
        task=_TASK,
        title=f"{model.method} on {short_name(used.source)}",
        kind=cast("Kind", model.kind),
        classes=list(model.classes),
        positive=model.positive,
        positive_from=None if model.positive is None else "the model",
        synthetic=used.synthetic,
        recipe=None,
        protocol=_protocol(used, test.asked["group"], fold),
        data=_data(test, manifest, used, answers, repeats),
        methods=[row_of(run, parse_method(name), **described) for name, run in runs.items()],
        comparisons=comparisons,
        findings=[],
        notes=[
            *test.notes,
            *_gaps(used),
            *notes,
            *dict.fromkeys(said),
            *_band_notes(predictions, model),
        ],
        splits=split_parts(used, [fold]),
        statements=statements,
        subgroups=subgroup_rows(
            used, predictions, columns, auto=test.asked["subgroups"] == "auto", **described
        ),
        evaluated=_evaluated(test, joined, used, answers),
    )
    results = results.model_copy(update={"findings": check(results, predictions)})
    return Study(
        results=results,
        predictions=predictions,
        curves=study_curves(predictions, **described),
        importance=importance_frame({}),
        config=test.asked,
        environment=environment.describe(seed=0, data_sha256=results.data.sha256),
        assets=_assets(test, joined, predictions, runs) if images else {},
    )


def _comparisons(
    predictions: pd.DataFrame, names: list[str], described: dict[str, Any]
) -> list[Comparison]:
    if len(names) < 2:
        return []
    tests = compare_methods(predictions, names, reference=BASELINE, **described)
    return [one.model_copy(update={"sentence": of_saved(one.sentence)}) for one in tests]


def _usable(manifest: Manifest, answers: Answers) -> Manifest:
    if len(answers.usable):
        return manifest.subset(answers.usable)
    first = next(iter(answers.lost.values()), None)
    why = "it holds no image" if first is None else f"the first: {first.error}"
    raise ManifestError(
        f"none of {len(manifest)} images of {manifest.source} can be used, {why}.{manifest.losses}"
    )


def _protocol(used: Manifest, group: str, fold: Fold) -> Protocol:
    name = short_name(used.source)
    return Protocol(
        type="external test",
        folds=1,
        repeats=1,
        seed=0,
        test=f"{name}: {len(used)} images",
        grouping=grouping(used, None if group == "none" else group, [fold], apart=""),
        external=name,
    )


def _data(
    test: _Test, manifest: Manifest, used: Manifest, answers: Answers, repeats: Repeats | None
) -> Data:
    lost = [
        Skipped(path=printable(manifest.paths[row]), reason=printable(one.error), kind=one.kind)
        for row, one in sorted(answers.lost.items())
    ]
    named = set(_labelled(used))
    counts, patients = class_counts(used), group_counts(used)
    known = [Skipped(path=s.path, reason=s.reason, kind=s.kind) for s in manifest.skipped]
    own = test.model.preprocessing
    return Data(
        found=len(used) + len(known) + len(lost),
        used=len(used),
        skipped=[*known, *lost],
        groups=used.group_count,
        sha256=used.sha256,
        source=printable(used.source),
        counts={name: counts[name] for name in used.classes if name in named},
        group_counts=None
        if patients is None
        else {name: patients[name] for name in used.classes if name in named},
        size=own.size,
        frames=str(used.frames),
        mask_label=used.mask_label,
        window=own.window,
        duplicates=repeats,
        groups_with_two_labels=mixed_groups(used),
        varying=varying_facts(used, Inputs(len(used), {})),
    )


def _labelled(used: Manifest) -> list[str]:
    """Return the classes; of several labels those that are known for some image."""
    if used.kind != "multilabel" or used.labels is None:
        return list(used.classes)
    known = ~np.isnan(used.labels).all(axis=0)
    return [name for name, one in zip(used.classes, known, strict=True) if one]


def _gaps(used: Manifest) -> list[str]:
    """Say which labels of the model cannot be tested, as nobody knows them."""
    named = _labelled(used)
    missing = [name for name in used.classes if name not in named]
    if not missing:
        return []
    return [
        f"The data have no label {', '.join(missing)}: what the model says of "
        f"{'it' if len(missing) == 1 else 'them'} was not tested, and means over labels are those "
        f"of {', '.join(named)}."
    ]


def _evaluated(test: _Test, joined: Manifest, used: Manifest, answers: Answers) -> Evaluated:
    model = test.model
    known = model.training
    learnt = seen_before(known, used)
    return Evaluated(
        method=model.method.name,
        model=None if test.name is None else printable(test.name),
        images=known.get("images"),
        groups=known.get("groups"),
        sha256=known.get("sha256"),
        learnt=None if learnt is None else int(learnt.sum()),
        outside=outside_of(model, joined, answers, **test.described),
        blind=model.ood.reason if model.ood.detector is None else "",
        tested=model.tested,
    )


def _band_notes(predictions: pd.DataFrame, model: Model) -> list[str]:
    left_out = bands_left_out(predictions, kind=cast("Kind", model.kind), classes=model.classes)
    return [NO_BANDS] if left_out else []


def _assets(
    test: _Test, used: Manifest, predictions: pd.DataFrame, runs: dict[str, Run]
) -> dict[str, bytes]:
    own = test.model.preprocessing
    pictures = Pictures(used, size=own.size, roi=own.roi, window=own.window)
    cams = {name: run.cams for name, run in runs.items() if run.cams}
    first = test.model.method.name
    return showing.assets(pictures, predictions, **test.described, first=first, cams=cams)
