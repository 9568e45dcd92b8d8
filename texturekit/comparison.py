"""Compare methods on the same images and folds: the one question texturekit answers."""

from __future__ import annotations

import traceback
from collections import Counter
from typing import TYPE_CHECKING

from texturekit import events
from texturekit.assembling import Done, assemble, described
from texturekit.data.choices import class_counts
from texturekit.errors import ManifestError, ParameterError, missing_extra
from texturekit.methods.folding import make_folds
from texturekit.methods.following import marked
from texturekit.methods.model import prepare
from texturekit.methods.outcomes import score
from texturekit.methods.planning import Job, Options, settle
from texturekit.methods.refitting import refit
from texturekit.methods.runnable import check_networks
from texturekit.methods.running import run_method
from texturekit.methods.separation import separate, without_contradictions
from texturekit.methods.side_by_side import told
from texturekit.methods.watching import Looks
from texturekit.records import MethodResult, Study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from texturekit.data.manifest import Manifest
    from texturekit.data.splits import Fold
    from texturekit.extraction import Representations
    from texturekit.methods.grammar import Method
    from texturekit.methods.learners import Inputs


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
    test: Manifest | str | Path | None = None,
    leave_out: str | None = None,
    seeds: int = 1,
    fractions: Sequence[float] = (),
    threshold: str = "fixed",
    calibrate: str = "none",
    tune: int = 0,
    permutations: int = 20,
    stability: bool = False,
    statements: Mapping[str, str] | None = None,
    pairs: str = "declared",
    subgroups: Sequence[str] | str = "auto",
    importance: int = 5,
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
    test : Manifest, str or Path, optional
        Images of another origin: all of ``data`` is learnt from, but for what it names ``val``, and
        these are tested on. Same classes; labels, masks, patients and frames are read alike.
    leave_out : str, optional
        A column of the manifest (a site, a scanner): each of its values is tested in turn by what
        learnt from the others.
    seeds : int, default 1
        How often every method is fitted on the same folds, each time with another seed; tables and
        tests show the first.
    fractions : sequence of float, optional
        Shares of the training groups, for a learning curve: every method is fitted to each.
    threshold : str, default "fixed"
        How decisions are made: ``"fixed"`` (0.5), ``"youden"``, ``"sensitivity=0.95"``,
        ``"specificity=0.9"`` or ``"cost=5"`` (a miss costs as much as five false alarms); chosen
        inside the training part of each fold.
    calibrate : {"none", "sigmoid", "isotonic", "temperature"}, default "none"
        How probabilities are calibrated, inside the training part of each fold.
    tune : int, default 0
        How many settings of each method are tried inside the training part of each fold.
    permutations : int, default 20
        How often the cheapest texture method is fitted to shuffled labels, as a check; 0 for never.
    stability : bool, default False
        Measure how stable every texture column is under small changes of the images.
    statements : dict of str, optional
        What only the authors know, such as ``reference_standard``, for the report's checklist; keys
        are those of `texturekit.records.STATEMENTS`. They win over the card's.
    pairs : {"declared", "all"}, default "declared"
        Which pairs of methods are tested: every method against the reference, and the leader
        against all; or all pairs, with Holm's correction over all of them.
    subgroups : str or list of str, default "auto"
        Columns of the manifest by whose values results are shown: ``"auto"`` (sex, age, site,
        scanner and the like; see docs/subgroups.md), ``"none"``, or names.
    importance : int, default 5
        How often the columns of each family are shuffled over the test images, to tell what the
        family adds; 0 for never.

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
        allow_leakage=allow_leakage, test=test, leave_out=leave_out, seeds=seeds,
        fractions=tuple(fractions), threshold=threshold, calibrate=calibrate, tune=tune,
        permutations=permutations, stability=stability, statements=statements, pairs=pairs,
        subgroups=subgroups if isinstance(subgroups, str) else tuple(subgroups),
        importance=importance,
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
    done = _run_all(job, apart.manifest, inputs, apart.folds, found)
    return assemble(job, used, inputs, found, apart, done)


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
) -> Done:
    """Run every method; one that fails is a row."""
    done = Done()
    known = described(job)
    looks = Looks(training=True, shuffles=job.options.importance, cams=job.options.images)
    for method, reason in job.failed.items():
        events.warn("comparing", f"{method.name} failed: {reason}")
        done.results.append(_failed(job, method, reason))
    for method in job.methods:
        try:
            with events.keeping_warnings() as said:
                run = run_method(
                    method, used, inputs, folds, positive=job.positive, settings=job.settings,
                    wanted=job.wanted, looks=looks,
                )  # fmt: skip
            done.warnings += _counted(method.name, said, len(folds) if run.head is None else 0)
            row = marked(score(method, run, found, **known), method, job.followed, job.shortened)
            again = refit(method, run, row, job, used, inputs, folds, **known)
            done.warnings += _counted(f"{method.name}, refitted", again.warnings, 0)
            done.results.append(told(row, run, again, job, used, folds, **known))
            done.runs[method.name] = run
            done.curve += again.curve
            done.refits += again.frames
        except Exception as error:  # one method must not cost the others hours of work
            events.warn("comparing", f"{method.name} failed: {error}")
            events.note("comparing", traceback.format_exc())
            done.results.append(_failed(job, method, _reason(error)))
    if not done.runs:
        raise ParameterError(f"every method failed; the first: {done.results[0].reason}")
    return done


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
