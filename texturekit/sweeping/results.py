"""What a sweep found, as a record: every trial, the best one, and which settings matter."""

from __future__ import annotations

import shlex
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal

from texturekit.methods.planning import Options
from texturekit.records.sweep import ParameterImportance, Sweep, SweepTrial
from texturekit.sweeping.planning import METHOD
from texturekit.tuning import Choice, Range

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

    from texturekit.sweeping.planning import Plan
    from texturekit.sweeping.spaces import Searched
    from texturekit.tuning import Value

SLOT, OUTCOME = "slot", "outcome"
#: With fewer complete trials nothing is said of which settings matter.
FEWEST = 10
_STATES: dict[str, Literal["complete", "pruned", "failed"]] = {
    "COMPLETE": "complete",
    "PRUNED": "pruned",
    "FAIL": "failed",
}
_HOW = (
    "share of the variance of the loss that a forest of regression trees, fitted to the complete "
    "trials, gives to each setting alone (fANOVA, Hutter, Hoos and Leyton-Brown 2014); settings "
    "that not all trials have are left out, and what settings do together counts for none alone"
)


def plain(value: Value, part: Range | Choice) -> Value:
    """Return a drawn number with three digits, which is what is tried."""
    if isinstance(part, Choice) or part.whole:
        return value
    return min(max(float(f"{float(value or 0):.3g}"), part.low), part.high)


def settled_trials(study: Study) -> dict[int, FrozenTrial]:
    """Return the trials that came to something, by their place in the plan.

    One that failed without a reason was lost with its process, and does not count; nor does one
    whose process was ended after it had kept what it found and before it had said so.
    """
    found = {}
    for trial in study.get_trials(deepcopy=False):
        facts = trial.user_attrs.get(OUTCOME)
        if facts is None or not trial.state.is_finished():
            continue
        if trial.state.name == "FAIL" and facts["method"] is not None:
            continue  # what fails by itself is kept without a method
        found[int(trial.user_attrs[SLOT])] = trial
    return found


def summary(plan: Plan, study: Study) -> Sweep:
    """Return what a finished sweep found."""
    done = settled_trials(study)
    trials = [_trial(slot, done[slot], plan) for slot in sorted(done)]
    complete = [one for one in trials if one.state == "complete"]
    best = min(complete, key=lambda one: (one.value, one.number), default=None)
    matters, reason = _importance(study, plan, len(complete))
    job, options = plan.job, plan.job.options
    return Sweep(
        title=job.title,
        task=job.task,
        kind=job.kind,
        classes=list(job.manifest.classes),
        positive=job.positive,
        synthetic=job.manifest.synthetic,
        recipe=options.recipe,
        methods=[one.method.name for one in plan.methods],
        space=plan.space,
        fixed=plan.fixed,
        sampler=_sampler(plan),
        pruner=_pruner(plan),
        seed=options.seed,
        metric="log_loss",
        images={name: len(rows) for name, rows in plan.course.parts.items()},
        counts=plan.counts,
        groups=job.manifest.group_count,
        data_sha256=plan.course.manifest.sha256,
        weights=plan.weights,
        trials=trials,
        best=None if best is None else best.number,
        importance=matters,
        importance_how=_HOW,
        importance_reason=reason,
        command=None if best is None else command(plan, best),
        notes=[*plan.course.notes, *plan.notes],
    )


def _trial(slot: int, trial: FrozenTrial, plan: Plan) -> SweepTrial:
    facts = trial.user_attrs[OUTCOME]
    chosen = dict(trial.params)
    one = plan.of(str(chosen.pop(METHOD, plan.methods[0].method.name)))
    space = one.space if plan.points is None else one.listed
    return SweepTrial(
        number=slot,
        method=facts["method"] or one.method.name,
        parameters={name: plain(value, space[name]) for name, value in chosen.items()},
        state=_STATES[trial.state.name],
        value=facts["value"],
        best_epoch=facts["best_epoch"],
        epochs=len(facts["curve"]) or None,
        curve=facts["curve"],
        seconds=facts["seconds"],
        reason=facts["reason"],
    )


def _importance(
    study: Study, plan: Plan, complete: int
) -> tuple[list[ParameterImportance], str | None]:
    """Return how much each setting matters, or why that cannot be said."""
    import optuna

    if len(plan.space) < 2:
        return [], "one setting only was searched"
    if complete < FEWEST:
        return [], f"{complete} complete trials are too few; it takes {FEWEST}"
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=plan.job.options.seed)
    try:
        found = evaluator.evaluate(study)  # get_param_importances would make them sum to 1
    except (ValueError, RuntimeError) as error:  # all trials alike
        return [], f"it cannot be computed ({error})"
    if len(found) < 2:
        return [], "the complete trials share fewer than two settings"
    return [ParameterImportance(name=name, value=value) for name, value in found.items()], None


def _sampler(plan: Plan) -> str:
    if plan.points is not None:
        return f"every combination ({len(plan.points)})"
    return (
        f"{plan.trials} trials: the first at random, the others where the trials before were best "
        f"(TPE, seed {plan.job.options.seed})"
    )


def _pruner(plan: Plan) -> str:
    if not plan.prune:
        return "no training was stopped but by its own rule"
    return (
        "a training was stopped where its lowest loss so far lay above the median of the others "
        "at the same epoch, from the third epoch and four complete trials on"
    )


def command(plan: Plan, trial: SweepTrial) -> str:
    """Return the command that trains a trial's method with its settings.

    Of a network the parts are the same, and so is the network; other methods then learn from the
    validation images as well.
    """
    one = next(one for one in plan.methods if _is_of(one, trial))
    method, candidate = one.settled(trial.parameters)
    words = ["texturekit", "train", *_asked(plan), "--method", method.name]
    for name, value in candidate.items():
        words += ["--set", f"{name}={_written(value)}"]
    return shlex.join([*words, "-o", f"models/{plan.job.task}"])


def _is_of(one: Searched, trial: SweepTrial) -> bool:
    own = set(trial.parameters) <= set(one.values)
    return own and one.settled(trial.parameters)[0].name == trial.method


def _written(value: Value) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


#: Options of ``train`` by field, in the order of its help page.
_FLAGS = {
    "recipe": "--recipe", "labels": "--labels", "positive": "--positive", "group": "--group",
    "masks": "--masks", "mask_label": "--mask-label", "frames": "--frames", "roi": "--roi",
    "window": "--window", "size": "--resize", "weights": "--weights", "seed": "--seed",
    "allow_leakage": "--allow-leakage", "limit": "--limit", "epochs": "--epochs",
}  # fmt: skip


def _asked(plan: Plan) -> list[str]:
    words = []
    for name, value in _given(plan).items():
        words += [name] if value is True else [name, str(value)]
    return words


def _given(plan: Plan) -> dict[str, Any]:
    """Return the options that were given and that ``train`` has, too, by flag."""
    found: dict[str, Any] = {"--task": plan.asked_task, "--data": plan.asked_data}
    found = {flag: value for flag, value in found.items() if value is not None}
    usual = {field.name: field.default for field in fields(Options)}
    for name, flag in _FLAGS.items():
        value: Any = getattr(plan.asked, name)
        if value != usual[name]:
            text = ",".join(value) if isinstance(value, list | tuple) else value
            found[flag] = "none" if text is None else text
    return found


def config(plan: Plan) -> dict[str, Any]:
    """Return the settings of a sweep by option, as ``--config`` reads them back."""
    given = {flag.removeprefix("--"): value for flag, value in _given(plan).items()}
    return {
        **{name: value if isinstance(value, bool | int) else str(value)
           for name, value in given.items()},
        "methods": [one.method.name for one in plan.methods],
        "param": [f"{name}={values}" for name, values in plan.params.items()],
        **({"grid": True} if plan.every else {"trials": plan.wanted}),
        "prune": plan.prune,
    }  # fmt: skip
