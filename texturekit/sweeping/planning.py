"""Settle what a sweep will try on which images, and refuse what cannot work."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from texturekit import __version__, events
from texturekit.data.choices import class_counts
from texturekit.deep.backbones import BACKBONES
from texturekit.deep.settings import Settings, usual_rate
from texturekit.errors import ParameterError, SplitError
from texturekit.methods.budgets import NOTHING
from texturekit.methods.courses import Course
from texturekit.methods.dividing import divided
from texturekit.methods.planning import settle
from texturekit.methods.runnable import check_networks
from texturekit.methods.separation import without_contradictions
from texturekit.sweeping.spaces import BATCH, RATE, Searched, Values, read_values, searched
from texturekit.tuning import Choice, Range, grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from texturekit.data.manifest import Manifest
    from texturekit.deep.weights import Weights
    from texturekit.methods.grammar import Method
    from texturekit.methods.planning import Job, Options
    from texturekit.tuning import Candidate

_TRIALS = 20
_MOST = 10_000
METHOD = "method"


@dataclass(frozen=True)
class Plan:
    """A sweep that can be run.

    Attributes
    ----------
    course : Course
        Images and their parts, the same for all trials.
    methods : list of Searched
    points : list of dict or None
        Every combination of a grid, with its ``method``; None where settings are drawn.
    trials : int
        How many there are in all.
    prune : bool
        Whether trainings that fall behind are stopped.
    weights : dict of str
        What each network starts from.
    asked : Options
        What was asked for, before a recipe and a card added theirs.
    asked_task, asked_data : str or None
    params, every, wanted
        What is tried, whether all of it, and how many trials were asked for.
    notes : tuple of str
    """

    course: Course
    methods: list[Searched]
    points: list[Candidate] | None
    trials: int
    prune: bool
    weights: dict[str, str]
    asked: Options
    asked_task: str | None
    asked_data: str | None
    params: Mapping[str, str]
    every: bool
    wanted: int
    notes: tuple[str, ...] = ()

    @property
    def job(self) -> Job:
        """Images, classes and options."""
        return self.course.job

    def of(self, name: str) -> Searched:
        """Return what is tried of a method, by its name."""
        return next(one for one in self.methods if one.method.name == name)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Images of each class, by part."""
        parts = self.course.parts
        return {name: class_counts(self.job.manifest.subset(rows)) for name, rows in parts.items()}

    @property
    def space(self) -> dict[str, str]:
        """Limits of each setting, by name."""
        found: dict[str, str] = {}
        if len(self.methods) > 1:
            found[METHOD] = ", ".join(one.method.name for one in self.methods)
        for one in self.methods:
            parts = one.space if self.points is None else one.listed
            found |= {name: str(part) for name, part in parts.items()}
        return found

    @property
    def fixed(self) -> Candidate:
        """Settings that were given one value."""
        return {name: value for one in self.methods for name, value in one.fixed.items()}

    @property
    def fingerprint(self) -> dict[str, Any]:
        """All that the numbers of the trials hang on, as JSON."""
        job, options = self.job, self.job.options
        return {
            "texturekit": __version__,
            "data": self.course.manifest.sha256,
            "images": {name: len(rows) for name, rows in self.course.parts.items()},
            "classes": list(job.manifest.classes),
            "methods": [one.method.name for one in self.methods],
            "space": self.space,
            "fixed": self.fixed,
            "grid": self.points is not None,
            "trials": self.trials,
            "prune": self.prune,
            "seed": options.seed,
            "size": job.size,
            "roi": options.roi,
            "window": options.window,
            "weights": self.weights,
            "epochs": options.epochs,
            "recipe": options.recipe,
        }


def plan_sweep(
    task: str | Path | None,
    data: Manifest | str | Path | None,
    options: Options,
    *,
    params: Mapping[str, str] | None = None,
    every: bool = False,
    trials: int | None = None,
    prune: bool | None = None,
) -> Plan:
    """Settle what is tried, on which images, and refuse what cannot work.

    Parameters
    ----------
    task, data, options
        As for `texturekit.compare`; the methods stand in the options.
    params : mapping of str, optional
        What is tried, by name: ``{"finetune.batch": "8,16", "finetune.learning_rate":
        "1e-4:1e-2", "svm.C": "0.1:10", "glcm.levels": "16,32"}``. Of networks batch size and rate
        are tried anyway, of other methods what ``--tune`` searches; one value fixes a setting.
    every : bool, default False
        Try every combination, ranges in three steps unless they say how many.
    trials : int, optional
        How many settings are drawn; 20 by default. A grid has as many as it has.
    prune : bool, optional
        Stop trainings that fall behind; by default not in a grid.

    Raises
    ------
    TexturekitError
        If something does not go together; the message says what to do.
    """
    job = settle(task, data, options)
    methods, notes = _choosable(job)
    job = replace(job, methods=methods, followed=replace(job.followed, lenient=False))
    asked = {
        name: read_values(text, log=True if name == RATE else None)
        for name, text in (params or {}).items()
    }
    weights = _weights(job)
    tried = searched(methods, asked, _usual(job, weights))
    points = _points(tried) if every else None
    points, amount, more = _amount(tried, points, trials)
    job, found = without_contradictions(check_networks(job))
    manifest, parts, leaks = divided(job, Settings(seed=options.seed), found)
    if not len(parts["val"]):
        raise SplitError(
            f"no patient of {job.manifest.source} can be spared for validation, so that settings "
            "cannot be judged; give more patients in each class."
        )
    course = Course(replace(job, manifest=manifest), methods[0], parts, None, leaks)
    return Plan(
        course=course,
        methods=tried,
        points=points,
        trials=amount,
        prune=not every if prune is None else prune,
        weights={name: one.label for name, one in weights.items()},
        asked=options,
        asked_task=job.asked_task,
        asked_data=job.asked_data,
        params=dict(params or {}),
        every=every,
        wanted=_TRIALS if trials is None else trials,
        notes=(*notes, *more, *_thin(course)),
    )


def _choosable(job: Job) -> tuple[list[Method], list[str]]:
    """Leave out methods of a recipe or preset that have nothing to choose."""
    if job.options.recipe is None or not job.followed.lenient:
        return job.methods, []
    kept = [method for method in job.methods if method.classifier not in NOTHING]
    gone = [method.name for method in job.methods if method not in kept]
    return kept, [f"Left out, with nothing to choose: {', '.join(gone)}."] if gone else []


def _weights(job: Job) -> dict[str, Weights]:
    """Return what every backbone starts from."""
    names = dict.fromkeys(p.name for m in job.methods for p in m.parts if p.name in BACKBONES)
    if not names:
        return {}
    from texturekit.deep.weights import resolve_weights

    options = job.options
    return {n: resolve_weights(n, options.weights, seed=options.seed) for n in names}


def _usual(job: Job, weights: Mapping[str, Weights]) -> dict[str, Values]:
    """Return batch sizes and rates where none are asked for: around the usual ones.

    The same for all networks, so that what they need can be compared.
    """
    rates, batches = [], []
    for method in job.methods:
        if method.classifier == "finetune":
            name = method.parts[0].name
            random = weights[name].random
            how = job.followed.training.of(name, random=random, seed=job.options.seed)
            usual = usual_rate(random=random, batch_norm=BACKBONES[name].batch_norm)
            rates.append(how.learning_rate or usual)
            batches.append(how.batch)
    if not rates:
        return {}
    sizes = sorted({max(2, b // 2) for b in batches} | {*batches} | {2 * b for b in batches})
    spread = Range(min(rates) / 10, max(rates) * 10, rates[0], log=True)
    return {BATCH: Values(Choice(tuple(sizes), batches[0])), RATE: Values(spread)}


def _points(methods: Sequence[Searched]) -> list[Candidate]:
    sizes = [math.prod(int(part.size) for part in one.listed.values()) for one in methods]
    if sum(sizes) > _MOST:
        raise ParameterError(
            f"the grid has {sum(sizes):,} combinations; at most {_MOST:,} are tried. Give fewer "
            "values, or leave --grid out and say how many are drawn (--trials)."
        )
    points = [[{METHOD: one.method.name, **p} for p in grid(one.listed)] for one in methods]
    return list(itertools.chain.from_iterable(points))


def _amount(
    methods: Sequence[Searched], points: list[Candidate] | None, trials: int | None
) -> tuple[list[Candidate] | None, int, list[str]]:
    """Return how many trials there are; a space that they would exhaust becomes a grid."""
    if points is not None:
        if trials is not None and trials != len(points):
            raise ParameterError(
                f"trials={trials}, but the grid has {len(points)} combinations; leave one out."
            )
        return points, len(points), []
    trials = _TRIALS if trials is None else trials
    if not 1 <= trials <= _MOST:
        raise ParameterError(f"trials is {trials}; give 1 to {_MOST:,}.")
    size = sum(math.prod(part.size for part in one.space.values()) for one in methods)
    if size > trials:
        return None, trials, []
    said = f"There are {int(size)} combinations only; each was tried once."
    events.note("sweep", said)
    points = _points(methods)
    return points, len(points), [said]


def _thin(course: Course) -> list[str]:
    """Say what is wrong with the validation part."""
    job, rows = course.job, course.parts["val"]
    counts = class_counts(job.manifest.subset(rows))
    missing = [name for name in job.manifest.classes if not counts.get(name)]
    notes = [f"No validation image shows {', '.join(missing)}."] if missing else []
    if lost := [skip for skip in job.manifest.skipped if skip.kind != "ignored"]:
        notes.append(
            f"{len(lost)} files were left out, the first: {lost[0].path}: {lost[0].reason}."
        )
    if not len(course.parts["test"]):
        notes.append(
            "No test images are named in these data: all of them chose settings here, so that none "
            "of them can tell how good the chosen model is."
        )
    return notes
