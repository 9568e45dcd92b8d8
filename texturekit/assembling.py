"""The study of what was run: every number computed, everything said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from texturekit import environment, events, showing
from texturekit.checks import check
from texturekit.data.choices import class_counts, group_counts, mixed_groups
from texturekit.data.split_parts import split_parts
from texturekit.data.splits import leaked_groups
from texturekit.data.subgrouping import AUTO, subgroup_values, value_order
from texturekit.errors import ParameterError, printable
from texturekit.methods.alikeness import family_correlation
from texturekit.methods.geometry import varying_facts
from texturekit.methods.outcomes import importance_frame
from texturekit.methods.permuted import cheapest, permuted_labels
from texturekit.methods.protocols import protocol_notes
from texturekit.methods.refitting import collected
from texturekit.methods.watching import training_frame
from texturekit.metrics.bands import NO_BANDS
from texturekit.metrics.curves import bands_left_out, study_curves
from texturekit.metrics.fold_scores import fold_scores
from texturekit.metrics.leading import leader
from texturekit.metrics.pairs import all_pairs
from texturekit.metrics.published import reported
from texturekit.metrics.subgroups import subgroups
from texturekit.metrics.verdicts import compare_methods
from texturekit.parts import part_kind
from texturekit.records import Comparison, Data, MethodResult, Results, Skipped, Study
from texturekit.steadiness import stability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.data.manifest import Manifest
    from texturekit.extraction import Representations
    from texturekit.methods.grammar import Method
    from texturekit.methods.learners import Inputs
    from texturekit.methods.planning import Job
    from texturekit.methods.running import Run
    from texturekit.methods.separation import Separation
    from texturekit.records import CurvePoint, Protocol, Stability, Subgroup


@dataclass
class Done:
    """What the methods gave.

    Attributes
    ----------
    runs : dict of Run
        Of the methods that did not fail.
    results : list of MethodResult
        A row for every method.
    warnings : list of str
        What was warned of while they ran.
    curve : list of CurvePoint
    refits : list of pandas.DataFrame
        Predictions with other seeds, and with less to learn from.
    """

    runs: dict[str, Run] = field(default_factory=dict)
    results: list[MethodResult] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    curve: list[CurvePoint] = field(default_factory=list)
    refits: list[pd.DataFrame] = field(default_factory=list)


def assemble(
    job: Job,
    used: Manifest,
    inputs: Inputs,
    found: Representations,
    apart: Separation,
    done: Done,
) -> Study:
    """Return the study of what was run; every number in it comes from the predictions."""
    runs, results = done.runs, done.results
    predictions = pd.concat(
        [run.predictions for run in runs.values()], ignore_index=True
    ).sort_values(["method", "repeat", "fold", "split", "id"], ignore_index=True, kind="stable")
    data = _data(job, used, inputs, found, apart)
    permutation = permuted_labels(
        _done(job, runs), apart.manifest, inputs, apart.folds, positive=job.positive,
        settings=job.settings, refits=job.options.permutations,
    )  # fmt: skip
    comparisons = _comparisons(job, predictions, list(runs))
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
        methods=[_with_folds(job, row, runs) for row in results],
        comparisons=comparisons,
        findings=[],
        notes=[
            *apart.notes,
            *job.notes,
            *_notes(job, apart.protocol, results, runs),
            *_file_notes(found, inputs),
            *protocol_notes(job, apart, done.curve),
            *done.warnings,
            *_band_notes(job, predictions),
        ],
        permutation=permutation,
        learning_curve=done.curve,
        stability=_stability(job, used),
        reported=reported(job.card),
        splits=split_parts(used, apart.folds),
        statements=job.statements,
        pairs=all_pairs(predictions, list(runs), comparisons, **described(job)),
        subgroups=subgroup_rows(
            used, predictions, job.subgroups, auto=job.options.subgroups == AUTO, **described(job)
        ),
        family_correlation=family_correlation(_done(job, runs), inputs),
    )
    findings = check(outcome, predictions, declared=_declared(job))
    assets: dict[str, bytes] = {}
    if job.options.images and inputs.pictures is not None:
        cams = {name: run.cams for name, run in runs.items() if run.cams}
        best = leader(outcome)
        first = None if best is None else best.name
        assets = showing.assets(
            inputs.pictures, predictions, **described(job), first=first, cams=cams
        )
    return Study(
        results=outcome.model_copy(update={"findings": findings}),
        predictions=predictions,
        curves=study_curves(predictions, **described(job)),
        importance=importance_frame(runs),
        config=job.config,
        environment=environment.describe(seed=job.options.seed, data_sha256=data.sha256),
        assets=assets,
        refits=collected(done.refits),
        training=training_frame(runs),
    )


def _done(job: Job, runs: dict[str, Run]) -> list[Method]:
    return [method for method in job.methods if method.name in runs]


def _declared(job: Job) -> str | None:
    """Return the method that was asked for as reference, before any result was seen."""
    return None if job.options.reference is None else job.reference.name


def _file_notes(found: Representations, inputs: Inputs) -> list[str]:
    """Say what is odd about the files, and what networks do not see of them."""
    seen = [] if inputs.pictures is None else inputs.pictures.notes.sentences()
    texts = dict.fromkeys([*found.notes, *(text for text, _ in seen)])
    return [f"{text[0].upper()}{text[1:]}" for text in texts]


def _comparisons(job: Job, predictions: pd.DataFrame, names: list[str]) -> list[Comparison]:
    if len(names) < 2:
        return []
    reference = job.reference.name if job.reference.name in names else names[0]
    every = job.options.pairs == "all"
    return compare_methods(predictions, names, reference=reference, every=every, **described(job))


def _band_notes(job: Job, predictions: pd.DataFrame) -> list[str]:
    left_out = bands_left_out(predictions, kind=job.kind, classes=job.manifest.classes)
    return [NO_BANDS] if left_out else []


def _with_folds(job: Job, row: MethodResult, runs: dict[str, Run]) -> MethodResult:
    if row.name not in runs:
        return row
    return row.model_copy(
        update={"folds": fold_scores(runs[row.name].predictions, **described(job))}
    )


def subgroup_rows(
    used: Manifest, predictions: pd.DataFrame, asked: Sequence[str], *, auto: bool, **described: Any
) -> list[Subgroup]:
    """Return what methods reach by the values of the columns asked for, among tested images.

    Where nobody named the columns (``auto``), those with a single value are left out.
    """
    tested = set(predictions.loc[predictions["split"] == "test", "id"])
    rows = [row for row, name in enumerate(used.ids) if name in tested]
    names = [used.ids[row] for row in rows]
    columns, values = {}, {}
    for column in asked:
        found = subgroup_values([used.frame[column].iloc[row] for row in rows])
        order = value_order(found)
        if len(order) > 1 or not auto:
            columns[column] = dict(zip(names, found, strict=True))
            values[column] = order
    patients = None if used.groups is None else dict(zip(used.ids, used.groups, strict=True))
    return subgroups(predictions, columns, values, patients=patients, **described)


def _stability(job: Job, used: Manifest) -> Stability | None:
    """Measure the texture columns of all methods on changed images, if that was asked for."""
    parts = {
        part: None
        for method in job.methods
        if method.blocks
        for part in method.reads
        if part_kind(part) == "texture"
    }
    if not job.options.stability:
        return None
    if not parts:
        events.warn("comparing", "stability was asked for, but no method measures texture")
        return None
    options = job.options
    try:
        return stability(
            used, parts, jobs=options.jobs, size=job.size, roi=options.roi, seed=options.seed
        )
    except ParameterError as error:  # too few patients must not cost what was compared
        events.warn("comparing", f"stability was not measured: {error}")
        return None


def described(job: Job) -> dict[str, Any]:
    """Return what every score has to know of the labels: kind, classes, positive."""
    return {"kind": job.kind, "classes": job.manifest.classes, "positive": job.positive}


def _data(
    job: Job, used: Manifest, inputs: Inputs, found: Representations, apart: Separation
) -> Data:
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
        duplicates=apart.repeats,
        groups_over_parts=_torn(used, apart),
        groups_with_two_labels=mixed_groups(used),
        varying=varying_facts(used, inputs),
        sources=[] if job.external is None else job.external.parts(used),
    )


def _torn(used: Manifest, apart: Separation) -> dict[str, int]:
    """Return how many groups stand in two parts of a fold, by the names of the parts."""
    torn: dict[str, set[str]] = {}
    for fold in apart.folds:
        for name, one, other in (
            ("training and test", fold.train, fold.test),
            ("validation and test", fold.val, fold.test),
            ("training and validation", fold.train, fold.val),
        ):
            torn.setdefault(name, set()).update(leaked_groups(used, one, other))
    return {name: len(groups) for name, groups in torn.items() if groups}


def _notes(
    job: Job, protocol: Protocol, results: list[MethodResult], runs: dict[str, Run]
) -> list[str]:
    notes = []
    if not job.options.permutations:
        notes.append("Permuted labels: not checked, as asked.")
    elif cheapest(_done(job, runs)) is None:
        notes.append("Permuted labels: not checked, as no texture method ran.")
    if job.reference.name in [r.name for r in results if r.status != "ok"]:
        notes.append(f"The reference {job.reference} failed; the first method took its place.")
    if protocol.type not in ("holdout", "external test"):
        notes.append(
            "Intervals, and the first p of every test, count the chance in the test images only. "
            "Better needs a second p, too, which counts that other training images would have "
            "given other models."
        )
    return notes
