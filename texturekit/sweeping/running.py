"""Run a sweep: trials are dealt out to all processes that share its folder, each one once."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.errors import TexturekitError
from texturekit.methods.planning import Options
from texturekit.sweeping.judging import Judge, Outcome, Stopped
from texturekit.sweeping.planning import METHOD, plan_sweep
from texturekit.sweeping.results import OUTCOME, SLOT, plain, settled_trials, summary
from texturekit.sweeping.sharing import PLAN, GoneError, Shared, quiet
from texturekit.tuning import Choice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna import Study, Trial
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

    from texturekit.data.manifest import Manifest
    from texturekit.records.sweep import Sweep
    from texturekit.sweeping.planning import Plan
    from texturekit.tuning import Candidate, Range

_OWNER = "owner"
_STAGE = "sweep"
_PAUSE = 0.2  # seconds between two looks at what other processes do
#: Trainings that have to be complete before one is stopped, and the first epoch to be stopped at.
FEWEST, FIRST = 4, 3
#: Trials that are drawn at random before others are drawn by what these gave.
RANDOM = 10


def sweep(
    task: str | Path | None = None,
    data: Manifest | str | Path | None = None,
    *,
    methods: Sequence[str] | str | None = None,
    folder: str | Path,
    params: Mapping[str, str] | None = None,
    every: bool = False,
    trials: int | None = None,
    prune: bool | None = None,
    overwrite: bool = False,
    **settings: Any,
) -> Sweep:
    """Try settings of methods on validation images; test images are never looked at.

    Parameters
    ----------
    task : str or Path, optional
        A task's name or card; as for `texturekit.compare`.
    data : Manifest, str or Path, optional
        Labelled images; by default the task's drawn sample.
    methods : sequence of str or str, optional
        Such as ``["resnet18/finetune", "glcm+lbp/svm"]``; by default those of a recipe.
    folder : str or Path
        Where the journal of the trials is kept. Several processes may share it, and a sweep that
        was ended goes on there.
    params : mapping of str, optional
        What is tried, by name; see `texturekit.sweeping.plan_sweep`.
    every : bool, default False
        Try every combination; else settings are drawn (TPE, seeded).
    trials : int, optional
        How many, of all processes together; 20 by default.
    prune : bool, optional
        Stop trainings that fall behind; by default not with ``every``.
    overwrite : bool, default False
        Start anew where the folder holds another sweep.
    **settings
        Fields of `texturekit.methods.planning.Options`: ``seed``, ``size``, ``weights``, ...

    Returns
    -------
    Sweep
        Every trial, the best of them, and which settings matter.

    Raises
    ------
    TexturekitError
        If something does not go together; OutputError if the folder holds another sweep.

    References
    ----------
    Bergstra et al. (2011), Algorithms for hyper-parameter optimization, NeurIPS 24 (TPE).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = sweep("textures", methods="first_order/logistic", folder=f"{folder}/sweep",
    ...                   params={"logistic.C": "0.01,1"}, every=True, limit=60, size=32)
    >>> [trial.parameters for trial in found.trials], found.best
    ([{'logistic.C': 0.01}, {'logistic.C': 1}], 1)
    """
    options = Options(methods=methods, **settings)
    plan = plan_sweep(task, data, options, params=params, every=every, trials=trials, prune=prune)
    found = run_sweep(plan, Path(folder), overwrite=overwrite)
    if found is None:
        raise TexturekitError(f"{folder} was removed while the sweep ran; start it again.")
    return found


def run_sweep(plan: Plan, folder: Path, *, overwrite: bool = False) -> Sweep | None:
    """Do the trials of a plan that no other process does, and wait for those of others.

    Returns
    -------
    Sweep or None
        None if another process finished and removed the folder.
    """
    with quiet():
        try:
            with Shared(folder, plan.fingerprint, overwrite=overwrite) as shared:
                return _run(plan, shared)
        except (GoneError, FileNotFoundError):
            if (folder / PLAN).exists():
                raise
            return None


def _run(plan: Plan, shared: Shared) -> Sweep:
    judge = Judge(plan.course)
    with shared.alone():
        study = shared.study(_pruner(plan))
    _tell(study, plan)
    while True:
        with shared.alone():
            trial = _next(study, plan, shared)
            running = trial is None and _running(study)
        if trial is not None:
            _do(trial, study, plan, judge)
            _tell(study, plan)
        elif running:
            time.sleep(_PAUSE)
        else:
            return summary(plan, study)


def _pruner(plan: Plan) -> BasePruner:
    import optuna

    if not plan.prune:
        return optuna.pruners.NopPruner()
    return optuna.pruners.MedianPruner(n_startup_trials=FEWEST, n_warmup_steps=FIRST)


def _next(study: Study, plan: Plan, shared: Shared) -> Trial | None:
    """Take the first trial of the plan that is neither done nor being done by a living process.

    The lock has to be held, so that nobody else takes it.
    """
    import optuna

    for other in _running(study):
        if not shared.is_alive(other.user_attrs.get(_OWNER)):
            study.tell(other.number, state=optuna.trial.TrialState.FAIL)  # without a reason: lost
    there = {*settled_trials(study), *(trial.user_attrs[SLOT] for trial in _running(study))}
    slot = next((slot for slot in range(plan.trials) if slot not in there), None)
    if slot is None:
        return None
    waiting = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.WAITING,))
    if waiting:  # a process was ended between the next two lines
        slot = int(waiting[0].user_attrs[SLOT])
    else:
        point = {} if plan.points is None else plan.points[slot]
        study.enqueue_trial(_fixed(plan, point), user_attrs={SLOT: slot})
    study.sampler = _sampler(plan, slot)
    trial = study.ask()
    trial.set_user_attr(_OWNER, shared.name)
    return trial


def _running(study: Study) -> list[FrozenTrial]:
    import optuna

    return study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))


def _sampler(plan: Plan, slot: int) -> BaseSampler:
    """Seed anew for every trial: what is drawn hangs on the trials before, not on the process."""
    import optuna

    state = np.random.SeedSequence([plan.job.options.seed, slot]).generate_state(1)
    return optuna.samplers.TPESampler(
        seed=int(state[0]),
        n_startup_trials=min(RANDOM, max(3, plan.trials // 3)),
        constant_liar=True,
    )


def _fixed(plan: Plan, point: Candidate) -> Candidate:
    """Return what of a grid's point optuna is told: the method only if there are several."""
    return {n: v for n, v in point.items() if n != METHOD or len(plan.methods) > 1}


def _do(trial: Trial, study: Study, plan: Plan, judge: Judge) -> None:
    """Do one trial; whatever it comes to is kept, and an interruption leaves it to be done."""
    import optuna

    state = optuna.trial.TrialState
    outcome = Outcome()

    def watch(epoch: int, loss: float) -> bool:
        trial.report(loss, epoch)
        return plan.prune and trial.should_prune()

    try:
        chosen = _suggested(trial, plan)
        method, candidate = plan.of(str(chosen.pop(METHOD))).settled(chosen)
        judge(method, candidate, watch, outcome)
        if not np.isfinite(outcome.value):
            raise TexturekitError(f"its loss is {outcome.value}")
        _keep(trial, outcome, method.name)
        study.tell(trial, outcome.value)
    except Stopped:
        reason = f"stopped after epoch {len(outcome.curve)}: worse than the median of the others"
        _keep(trial, outcome, method.name, reason)
        study.tell(trial, state=state.PRUNED)
    except Exception as error:  # one trial must not cost the others
        said = (
            str(error) if isinstance(error, TexturekitError) else f"{type(error).__name__}: {error}"
        )
        _keep(trial, outcome, None, said)
        study.tell(trial, state=state.FAIL)
    except BaseException:
        study.tell(trial, state=state.FAIL)  # without a reason: it is done again
        raise


def _suggested(trial: Trial, plan: Plan) -> Candidate:
    """Have the settings of a trial drawn, or taken from the grid."""
    names = [one.method.name for one in plan.methods]
    name = names[0] if len(names) == 1 else trial.suggest_categorical(METHOD, names)
    one = plan.of(str(name))
    space = one.space if plan.points is None else one.listed
    chosen = {key: plain(_drawn(trial, key, part), part) for key, part in space.items()}
    return {METHOD: name, **chosen}


def _drawn(trial: Trial, name: str, part: Range | Choice) -> Any:
    if isinstance(part, Choice):
        return trial.suggest_categorical(name, part.values)
    if part.whole:
        return trial.suggest_int(name, int(part.low), int(part.high), log=part.log)
    return trial.suggest_float(name, part.low, part.high, log=part.log)


def _keep(trial: Trial, outcome: Outcome, method: str | None, reason: str | None = None) -> None:
    """Write what a trial came to, in one line of the journal."""
    facts = {**asdict(outcome), "method": method, "reason": reason}
    if not np.isfinite(outcome.value):
        facts["value"] = None
    trial.set_user_attr(OUTCOME, json.loads(json.dumps(facts, allow_nan=False)))


def _tell(study: Study, plan: Plan) -> None:
    done = settled_trials(study)
    failed = sum(trial.state.name == "FAIL" for trial in done.values())
    events.progress(_STAGE, len(done), plan.trials, failed=failed)
