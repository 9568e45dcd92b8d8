"""One model out of one method: what will be learnt from, by which settings, and the learning."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.data.choices import class_counts
from texturekit.deep import launched
from texturekit.errors import OutputError, ParameterError
from texturekit.methods.dividing import divided
from texturekit.methods.fitting import fit
from texturekit.methods.following import recipe_notes
from texturekit.methods.learners import PictureLearner, learner
from texturekit.methods.planning import Job, Options, settle
from texturekit.methods.presets import parse_methods
from texturekit.methods.runnable import check_networks
from texturekit.methods.separation import without_contradictions
from texturekit.methods.spaces import checked_candidate, space_of, with_candidate

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.deep.settings import Settings
    from texturekit.methods.from_run import FromRun
    from texturekit.methods.grammar import Method
    from texturekit.methods.model import Model

_PLAN = "plan.json"


@dataclass(frozen=True)
class Course:
    """A model that can be trained.

    Attributes
    ----------
    job : Job
        Images, classes and options.
    method : Method
    parts : dict of (k,) intp
        Rows of the job's images by ``train``, ``val`` (where a network's stopping hangs on them)
        and ``test`` (left out).
    settings : Settings or None
        How the network is trained; None for a method on a table.
    leaks : tuple of str
        What stands on both sides of parts that the data name, and which copies look alike.
    run : FromRun or None
        The comparison that chose the method.
    """

    job: Job
    method: Method
    parts: dict[str, NDArray[np.intp]]
    settings: Settings | None
    leaks: tuple[str, ...] = ()
    run: FromRun | None = None

    @property
    def manifest(self) -> Manifest:
        """The images that are learnt from, with their parts as splits."""
        rows = np.concatenate([self.parts["train"], self.parts["val"]])
        names = ["train"] * len(self.parts["train"]) + ["val"] * len(self.parts["val"])
        learnt = self.job.manifest.subset(rows)
        return replace(learnt, frame=learnt.frame.assign(split=np.array(names, dtype=object)))

    @property
    def notes(self) -> list[str]:
        """What the reader of the model has to know."""
        job, recipe = self.job, self.job.followed.recipe
        notes = [] if recipe is None else recipe_notes(job.followed, recipe.parsed(), job.manifest)
        if recipe is not None and self.method not in recipe.parsed():
            notes.insert(1, f"{self.method} is not in the recipe; its settings were taken.")
        notes += [] if self.run is None else self.run.notes
        notes += self.leaks
        if job.shortened is not None:
            notes.append(f"{job.shortened[0].upper()}{job.shortened[1:]}.")
        if job.manifest.synthetic:
            notes.append("Synthetic data: this model knows nothing about patients.")
        if len(self.parts["test"]):
            notes.append(
                f"{len(self.parts['test'])} test images were left out; texturekit compare tells "
                "how good such a model is on them."
            )
        return notes


def plan_course(
    task: str | Path | None,
    data: Manifest | str | Path | None,
    options: Options,
    *,
    method: str | None = None,
    look: bool = True,
    run: FromRun | None = None,
) -> Course:
    """Settle what is trained by what, and refuse what cannot work.

    Parameters
    ----------
    task, data, options
        As for `texturekit.compare`; a recipe in the options gives settings, size and parts.
    method : str, optional
        By default the first of the recipe.
    look : bool, default True
        Look into the images for copies, which stay in one part. Without, the parts are those of
        images that are all different.
    run : FromRun, optional
        The comparison that chose the method; task, data and options are to be its own.

    Raises
    ------
    TexturekitError
        If something does not go together; the message says what to do.
    """
    if method is None and options.recipe is None:
        raise ParameterError("no method is given; name one (--method resnet18/finetune).")
    named = None if method is None else parse_methods([method])
    methods = None if options.recipe or method is None else [method]
    job = settle(task, data, replace(options, methods=methods))
    chosen = (named or [*job.failed, *job.methods])[0]
    learner(chosen, str(job.kind), job.manifest.classes, job.settings)
    _refuse_several(chosen, job.options.tune)
    checked_candidate(chosen, job.options.candidate, tune=job.options.tune)
    job = replace(job, methods=[chosen], followed=replace(job.followed, lenient=False))
    found = None
    if look:
        job = check_networks(job)
        job, found = without_contradictions(job)
    if run is not None:
        job, found = run.used(job, found, check=look)
    how = _settings(job, chosen)
    manifest, parts, leaks = divided(job, how, found)
    return Course(replace(job, manifest=manifest), chosen, parts, how, leaks, run)


def _refuse_several(method: Method, tune: int) -> None:
    """Refuse a search in processes that train together: a rounding error could part their ways."""
    if tune and method.classifier == "finetune" and launched.is_launched():
        raise ParameterError(
            f"tune={tune} searches in one process, but torchrun started several; leave it out, or "
            "train in one process."
        )


def _settings(job: Job, method: Method) -> Settings | None:
    if method.classifier != "finetune":
        return None
    return with_candidate(_usual(job, method), job.options.candidate)


def _usual(job: Job, method: Method) -> Settings:
    """Return how a network is trained where nothing else is asked for."""
    random = job.options.weights == "none"
    backbone = method.parts[0].name
    return job.followed.training.of(backbone, random=random, seed=job.options.seed)


def described(course: Course) -> dict[str, Any]:
    """Return what a course will do, as JSON; no picture is read and no weights are needed."""
    job, how = course.job, course.settings
    counts = {name: class_counts(job.manifest.subset(rows)) for name, rows in course.parts.items()}
    plan: dict[str, Any] = {
        "task": job.task,
        "method": course.method.name,
        "recipe": job.options.recipe,
        "kind": job.kind,
        "classes": list(job.manifest.classes),
        "positive": job.positive,
        "size": job.size,
        "weights": job.options.weights,
        "threshold": job.options.threshold,
        "calibrate": job.options.calibrate,
        "images": {name: len(rows) for name, rows in course.parts.items()},
        "counts": counts,
        "columns": sum(map(len, course.method.blocks.values())) or None,
        "steps_per_epoch": None,
        "settings": None,
        "parameters": None,
        "trainable_parameters": None,
        "head": None,
        "tuning": _search(course),
        "notes": course.notes,
    }
    if how is not None:
        from texturekit.deep.counting import count

        backbone, side = course.method.parts[0].name, (job.size, job.size)
        plan["steps_per_epoch"] = _steps(len(course.parts["train"]), how.batch)
        plan["settings"] = how.model_dump(mode="json")
        plan |= count(backbone, len(job.manifest.classes), how, side).model_dump(mode="json")
    return plan


def _search(course: Course) -> dict[str, Any] | None:
    """Return how many settings will be tried and between which limits; None without a search."""
    job = course.job
    if not job.options.tune:
        return None
    random = job.options.weights == "none"
    space = space_of(course.method, course.settings, random=random)
    limits = {name: str(part) for name, part in space.items()}
    return {"budget": job.options.tune if limits else 0, "space": limits}


def _steps(images: int, batch: int) -> int:
    """Count the batches of an epoch; a last one of a single picture is left out."""
    return images // batch + (images % batch > 1)


def run_course(course: Course, partial: Path, *, overwrite: bool = False, cases: int = 0) -> Model:
    """Train the model of a course.

    Parameters
    ----------
    course : Course
    partial : Path
        Folder where a network's training is kept after every epoch. One that is there already is
        gone on with if it is of the same course.
    overwrite : bool, default False
        Start anew where it is of another one.
    cases : int, default 0
        As for `texturekit.fit`.

    Returns
    -------
    Model
        The folder is left behind; it is not needed any more.

    Raises
    ------
    OutputError
        If the folder holds an unfinished training of another course.
    """
    job, manifest = course.job, course.manifest
    network = course.settings is not None
    first = launched.writes()
    if network and first:
        _claim(partial, _fingerprint(course, manifest), overwrite=overwrite)
    try:
        model = fit(
            course.method.name,
            manifest,
            seed=job.options.seed,
            positive=job.positive,
            preprocessing=job.preprocessing,
            jobs=job.options.jobs,
            device=job.options.device,
            epochs=job.options.epochs,
            threshold=job.options.threshold,
            calibrate=job.options.calibrate,
            settings=_usual(job, course.method)
            if network and job.followed.training.settings
            else None,
            resume=partial if network else None,
            tune=job.options.tune,
            cases=cases,
            candidate=job.options.candidate,
        )
    except Exception:
        if network and first and [file.name for file in partial.iterdir()] == [_PLAN]:
            shutil.rmtree(partial)
        raise
    if course.run is not None:
        model = replace(course.run.agreed(model), tested=course.run.tested)
    facts = {
        "parts": {name: len(rows) for name, rows in course.parts.items()},
        "recipe": job.options.recipe,
        "notes": [*course.notes, *_missed(course, model)],
    }
    return replace(model, training={**model.training, **facts})


def _missed(course: Course, model: Model) -> list[str]:
    """Say, and return, that a recipe's pretrained weights could not be had."""
    recipe = course.job.followed.recipe
    network = model.learner.network if isinstance(model.learner, PictureLearner) else None
    if recipe is None or network is None or course.job.options.weights != "auto":
        return []
    if recipe.weights == "none" or "random" not in network.facts.weights:
        return []
    note = "The recipe starts from pretrained weights, which could not be had: these are random."
    events.warn("training", note)
    return [note]


def _fingerprint(course: Course, manifest: Manifest) -> dict[str, Any]:
    plan = described(course)
    kept = ("method", "classes", "positive", "size", "weights", "images", "settings", "tuning")
    more = {"roi": course.job.options.roi, "window": course.job.options.window}
    return {name: plan[name] for name in kept} | more | {"sha256": manifest.sha256}


def _claim(partial: Path, plan: dict[str, Any], *, overwrite: bool) -> None:
    """Make the folder of an unfinished training, or see that it is of the same one."""
    file = partial / _PLAN
    if partial.exists():
        try:
            other = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            other = {}
        if other == plan:
            return
        if not overwrite:
            changed = [name for name, value in plan.items() if other.get(name) != value]
            raise OutputError(
                f"{partial} holds an unfinished training that differs in {', '.join(changed)}; "
                "take the same settings to go on with it, or say --overwrite (overwrite=True)."
            )
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    file.write_text(json.dumps(plan, indent=2, sort_keys=True), encoding="utf-8")
