"""Compare methods on the same images and folds: the one question texturekit answers."""

from __future__ import annotations

import traceback
from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from texturekit import environment, events
from texturekit.data.choices import class_counts, group_counts, representatives
from texturekit.data.thumbnails import thumbnails
from texturekit.errors import ManifestError, ParameterError, missing_extra, printable
from texturekit.methods.folding import make_folds
from texturekit.methods.following import marked
from texturekit.methods.model import prepare
from texturekit.methods.outcomes import importance_frame, score
from texturekit.methods.planning import Job, Options, settle
from texturekit.methods.runnable import check_networks
from texturekit.methods.running import run_method
from texturekit.methods.separation import separate, without_contradictions
from texturekit.methods.shortcuts import shortcut_notes
from texturekit.metrics.curves import roc_curves
from texturekit.metrics.verdicts import compare_methods
from texturekit.records import Comparison, Data, MethodResult, Results, Skipped, Study

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from texturekit.data.manifest import Manifest
    from texturekit.data.splits import Fold
    from texturekit.extraction import Representations
    from texturekit.methods.grammar import Method
    from texturekit.methods.learners import Inputs
    from texturekit.methods.running import Run
    from texturekit.methods.separation import Separation
    from texturekit.records import Protocol, Repeats


def compare(
    task: str | Path | None = None,
    data: Manifest | str | Path | None = None,
    *,
    methods: Sequence[str] | str | None = None,
    preset: str = "quick",
    recipe: str | None = None,
    folds: int | str | Path | None = None,
    repeats: int = 1,
    seed: int = 0,
    labels: Sequence[str] | None = None,
    positive: str | None = None,
    group: str | None = "group",
    masks: str | Path | None = None,
    mask_label: int | None = None,
    frames: str | int | None = None,
    roi: str = "crop",
    window: str = "auto",
    size: int | None = None,
    reference: str | None = None,
    weights: str = "auto",
    device: str = "auto",
    jobs: int = 1,
    epochs: int | None = None,
    limit: int | None = None,
    images: bool = True,
    allow_leakage: bool = False,
) -> Study:
    """Compare methods on the same images, folds and patients.

    Parameters
    ----------
    task : str or Path, optional
        A task's name (``"breast"``) or an own YAML card; without it classes come from the data.
    data : Manifest, str or Path, optional
        Manifest, folder tree or MedMNIST ``.npz``; without it the task's embedded sample.
    methods : list of str, optional
        Method strings, ``"glcm+lbp/forest"``; by default those of ``preset``.
    preset : {"quick", "full"}, default "quick"
    recipe : {"seed"}, optional
        Follow the write-up that the task's card tells of: its methods, size, weights, split and
        training. What is given here beside it wins, and the study says so.
    folds : int or path, optional
        Number of folds, or a CSV of ``path|id, repeat, fold``. By default the manifest's splits,
        else at most 5, as many as the smallest class has groups.
    repeats : int, default 1
        How often the folds are drawn anew.
    seed : int, default 0
    labels : list of str, optional
        Columns of a multi-label manifest.
    positive : str, optional
        The positive class of two.
    group : str or None, default "group"
        The manifest's column of patients; ``None`` counts every image as its own patient.
    masks : str or Path, optional
        Folder of masks.
    mask_label : int, optional
        The value in the masks that is the region; by default everything that is not black.
    frames : str or int, optional
        Which picture of files that hold several: ``"first"``, ``"middle"``, a number from 0,
        ``"all"``, for volumes with the direction (``"axial:middle"``); by default they are skipped.
    roi : {"crop", "mask", "none"}, default "crop"
        What masks do, for all methods alike.
    window : str, default "auto"
        Which values nets see as black and white; see `texturekit.windows.Window`.
    size : int, optional
        Long side in pixels for all methods; the card's by default.
    reference : str, optional
        The method all others are tested against; by default the simplest texture method.
    weights : str, default "auto"
        ``"auto"``, ``"pretrained"``, ``"none"`` or the path of a weight file.
    device : {"auto", "cpu", "cuda"}, default "auto"
    jobs : int, default 1
        Threads.
    epochs : int, optional
        Longest training of a network.
    limit : int, optional
        Use at most so many images, whole patients; the study says so.
    images : bool, default True
        Whether the study carries thumbnails.
    allow_leakage : bool, default False
        Go on when a patient or an image stands on both sides of given splits; the study says so.

    Returns
    -------
    Study
        See `texturekit.write_report`.

    Raises
    ------
    TexturekitError
        If task, data, methods or folds cannot be used; nothing has been computed by then. A method
        that fails while it runs is a row with status "failed".

    Examples
    --------
    >>> study = tk.compare("textures", methods=["majority/dummy", "first_order/logistic"],
    ...                    folds=2, limit=60, size=32, images=False)
    >>> study.summary("roc_auc")["method"].tolist()
    ['first_order/logistic', 'majority/dummy']
    """
    options = Options(
        methods=methods, preset=preset, recipe=recipe, folds=folds, repeats=repeats, seed=seed,
        labels=labels, positive=positive, group=group, masks=masks, mask_label=mask_label,
        frames=frames, roi=roi, window=window, size=size, reference=reference, weights=weights,
        device=device, jobs=jobs, epochs=epochs, limit=limit, images=images,
        allow_leakage=allow_leakage,
    )  # fmt: skip
    job = settle(task, data, options)
    options = job.options
    make_folds(options, job.manifest)  # refuse what cannot work before any image is read
    job = check_networks(job)
    job, repeated = without_contradictions(job)
    separate(options, job.manifest, repeated)  # leakage is cheaper to find now than after hours
    inputs, found = prepare(job.manifest, job.methods, job.preprocessing, jobs=jobs, device=device)
    used = _usable(job.manifest, found)
    apart = separate(options, used, None if repeated is None else repeated.among(found.usable))
    runs, results, warnings = _run_all(job, apart.manifest, inputs, apart.folds, found)
    return _study(job, used, inputs, found, apart, runs, results, warnings)


def _usable(manifest: Manifest, found: Representations) -> Manifest:
    """Return the images that every method can use; each class has to have some."""
    used = manifest.subset(found.usable)
    before, after = class_counts(manifest), class_counts(used)
    for name in manifest.classes:
        if before[name] and not after[name]:
            first = next(iter(found.lost.values()))
            raise ManifestError(
                f"class {name!r} has 0 usable images of {before[name]}; mend them, or take the "
                f"class out. The first that cannot be used: {first.error}"
            )
    return used


def _run_all(
    job: Job, used: Manifest, inputs: Inputs, folds: list[Fold], found: Representations
) -> tuple[dict[str, Run], list[MethodResult], list[str]]:
    """Return the runs, a result for every method, and what was warned of while they ran."""
    runs: dict[str, Run] = {}
    results: list[MethodResult] = []
    warnings: list[str] = []
    for method, reason in job.failed.items():
        events.warn("comparing", f"{method.name} failed: {reason}")
        results.append(_failed(job, method, reason))
    for method in job.methods:
        try:
            with events.keeping_warnings() as said:
                run = run_method(
                    method, used, inputs, folds, positive=job.positive, settings=job.settings
                )
            warnings += _counted(method.name, said, len(folds) if run.head is None else 0)
            row = score(method, run, found, **_described(job))
            results.append(marked(row, method, job.followed, job.shortened))
            runs[method.name] = run
        except Exception as error:  # one method must not cost the others hours of work
            events.warn("comparing", f"{method.name} failed: {error}")
            events.note("comparing", traceback.format_exc())
            results.append(_failed(job, method, _reason(error)))
    if not runs:
        raise ParameterError(f"every method failed; the first: {results[0].reason}")
    return runs, results, warnings


def _failed(job: Job, method: Method, reason: str) -> MethodResult:
    row = MethodResult(name=method.name, family=method.family, status="failed", reason=reason)
    return marked(row, method, job.followed, job.shortened)


def _reason(error: Exception) -> str:
    known = missing_extra(error) if isinstance(error, ImportError) else error
    return f"{type(known).__name__}: {known}"


def _counted(name: str, said: list[str], folds: int) -> list[str]:
    """Return each warning of a method once, with how often it was given in how many folds."""
    counts = Counter(" ".join(message.split()) for message in said)
    if folds < 2:
        return [f"{name}: {text}" for text in counts]
    times = {text: "once" if n == 1 else f"{n} times" for text, n in counts.items()}
    return [f"{name}: {text} ({often} in {folds} folds)" for text, often in times.items()]


def _study(
    job: Job,
    used: Manifest,
    inputs: Inputs,
    found: Representations,
    apart: Separation,
    runs: dict[str, Run],
    results: list[MethodResult],
    warnings: list[str],
) -> Study:
    predictions = pd.concat(
        [run.predictions for run in runs.values()], ignore_index=True
    ).sort_values(["method", "repeat", "fold", "split", "id"], ignore_index=True, kind="stable")
    data = _data(job, used, found, apart.repeats)
    outcome = Results(
        task=job.task,
        title=job.title,
        kind=job.kind,
        classes=list(used.classes),
        positive=job.positive,
        positive_from=job.positive_from,
        synthetic=used.synthetic,
        recipe=job.options.recipe,
        protocol=apart.protocol,
        data=data,
        methods=results,
        comparisons=_comparisons(job, predictions, list(runs)),
        findings=[],
        notes=[
            *apart.notes,
            *job.notes,
            *_notes(job, apart.protocol, results),
            *_file_notes(found, inputs),
            *warnings,
        ],
    )
    assets: dict[str, bytes] = {}
    if job.options.images and inputs.pictures is not None:
        assets = thumbnails(inputs.pictures, representatives(used, predictions))
    return Study(
        results=outcome,
        predictions=predictions,
        curves=roc_curves(predictions, **_described(job)),
        importance=importance_frame(runs),
        config=job.config,
        environment=environment.describe(seed=job.options.seed, data_sha256=data.sha256),
        assets=assets,
    )


def _file_notes(found: Representations, inputs: Inputs) -> list[str]:
    """Say what is odd about the files, and what networks do not see of them."""
    seen = [] if inputs.pictures is None else inputs.pictures.notes.sentences()
    texts = dict.fromkeys([*found.notes, *(text for text, _ in seen)])
    return [f"{text[0].upper()}{text[1:]}" for text in texts]


def _comparisons(job: Job, predictions: pd.DataFrame, names: list[str]) -> list[Comparison]:
    if len(names) < 2:
        return []
    reference = job.reference.name if job.reference.name in names else names[0]
    return compare_methods(predictions, names, reference=reference, **_described(job))


def _described(job: Job) -> dict[str, Any]:
    """Return what every score has to know of the labels."""
    return {"kind": job.kind, "classes": job.manifest.classes, "positive": job.positive}


def _data(job: Job, used: Manifest, found: Representations, repeats: Repeats | None) -> Data:
    lost = [
        Skipped(path=printable(job.manifest.paths[row]), reason=printable(one.error), kind=one.kind)
        for row, one in sorted(found.lost.items())
    ]
    known = [Skipped(path=s.path, reason=s.reason, kind=s.kind) for s in job.manifest.skipped]
    return Data(
        found=len(used) + len(known) + len(lost),
        used=len(used),
        skipped=[*known, *lost],
        groups=used.group_count,
        sha256=used.sha256,
        source=printable(used.source),
        counts=class_counts(used),
        group_counts=group_counts(used),
        size=job.size,
        frames=str(used.frames),
        mask_label=used.mask_label,
        window=job.preprocessing.window,
        duplicates=repeats,
    )


def _notes(job: Job, protocol: Protocol, results: list[MethodResult]) -> list[str]:
    notes = []
    if "training and test" in protocol.grouping:
        notes.append(f"Leakage: {protocol.grouping}; allowed, as asked. The numbers are too good.")
    if "training and validation" in protocol.grouping:
        notes.append(
            f"Leakage: {protocol.grouping}; allowed, as asked. "
            "What was chosen on the validation part was chosen by images that are not new."
        )
    if job.manifest.synthetic:
        notes.append("Synthetic data: these numbers say nothing about patients.")
    random = [r.name for r in results if r.weights is not None and "random" in r.weights]
    if random:
        notes.append(
            f"Random weights: {', '.join(random)} started from random numbers. "
            "They say nothing about what the same nets do with pretrained weights."
        )
    notes += shortcut_notes(results)
    if job.positive_from == "last in sorted order":
        notes.append(f"The positive class {job.positive!r} was assumed: it sorts last.")
    if not protocol.grouping[0].isdigit() or "no group" in protocol.grouping:
        notes.append(f"Patient grouping: {protocol.grouping}.")
    if job.reference.name in [r.name for r in results if r.status != "ok"]:
        notes.append(f"The reference {job.reference} failed; the first method took its place.")
    if protocol.type != "holdout":
        notes.append(
            "Intervals and tests count the chance in the test images only, not that another "
            "training set gives another model: with small sets a difference is called real more "
            "often than 5% of the time when there is none. More repeats show the spread."
        )
    return notes
