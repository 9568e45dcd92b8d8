"""The drawings of a sweep's page: which settings are axes, and what colour each method has."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from texturekit import draw
from texturekit.draw.scales import Scale, is_number, written
from texturekit.report.tables import COLOURS, OTHERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.records.sweep import Sweep, SweepTrial

LOSS = "Validation log loss"
_NAMES = {
    "method": "Method",
    "finetune.batch": "Batch size",
    "finetune.learning_rate": "Learning rate",
    "finetune.weight_decay": "Weight decay",
    "finetune.epochs": "Epochs",
    "finetune.optimiser": "Optimiser",
}
_FIRST = ("finetune.batch", "finetune.learning_rate")
_LINES = 8  # values of a setting that are told apart by colour


def named(name: str) -> str:
    """Return what a setting is called in print.

    Examples
    --------
    >>> named("finetune.batch"), named("svm.C")
    ('Batch size', 'svm.C')
    """
    return _NAMES.get(name, name)


def lowered(name: str) -> str:
    """Return what a setting is called inside a sentence."""
    return _NAMES[name].lower() if name in _NAMES else name


def figures(found: Sweep) -> dict[str, Any]:
    """Return the drawings of a page; None or empty where there is nothing to draw."""
    shown = [trial for trial in found.trials if trial.value is not None]
    if not shown:
        return {"cloud": None, "cloud_key": [], "panels": [], "panel_key": [], "keys": [],
                "axes": None, "threads": None, "history": None}  # fmt: skip
    colours = _colours(found)
    pair = _pair(shown, found)
    low_first = Scale.of(LOSS, [trial.value for trial in shown])
    panels, key = _panels(shown, pair, found, low_first)
    drawn = {base(trial, found) for trial in shown if set(pair) <= set(trial.parameters)}
    return {
        "cloud": _cloud(shown, pair, found, colours, low_first),
        "cloud_key": [(name, colours[name]) for name in found.methods if name in drawn],
        "panels": panels,
        "panel_key": key,
        "keys": [(name, colours[name]) for name in found.methods],
        "axes": " and ".join(lowered(name) for name in reversed(pair)),
        "threads": _threads(shown, found, colours, low_first),
        "history": _history(shown, found, colours, low_first),
    }


def base(trial: SweepTrial, found: Sweep) -> str:
    """Return the method that was asked for: a trial's may have other parameters of features."""
    if trial.method in found.methods or len(found.methods) == 1:
        return trial.method if trial.method in found.methods else found.methods[0]
    start, _, classifier = trial.method.rpartition("/")
    families = [part.partition("(")[0] for part in start.split("+")]
    for name in found.methods:
        own, _, other = name.rpartition("/")
        if other == classifier and [p.partition("(")[0] for p in own.split("+")] == families:
            return name
    return found.methods[0]


def _colours(found: Sweep) -> dict[str, str]:
    return {name: f"var(--m{k})" if k < COLOURS else OTHERS for k, name in enumerate(found.methods)}


def _pair(shown: Sequence[SweepTrial], found: Sweep) -> list[str]:
    """Return up to two settings that are numbers and were varied, which become axes.

    Two only if they were varied together: the settings of one method are not those of another.
    """
    names = sorted(
        (name for name in found.space if name != "method"),
        key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST),
    )
    varied = [name for name in names if len(_numbers(shown, name)) > 1]
    for x, y in itertools.combinations(varied, 2):
        both = [trial for trial in shown if x in trial.parameters and y in trial.parameters]
        if len(_numbers(both, x)) > 1 and len(_numbers(both, y)) > 1:
            return [x, y]
    return varied[:1]


def _numbers(shown: Sequence[SweepTrial], name: str) -> set[float]:
    values = [trial.parameters[name] for trial in shown if name in trial.parameters]
    return {float(v) for v in values if is_number(v)} if all(map(is_number, values)) else set()  # type: ignore[arg-type]


def _words(trial: SweepTrial) -> str:
    settings = ", ".join(f"{named(n)} {v}" for n, v in trial.parameters.items())
    ended = "" if trial.state == "complete" else ", stopped early"
    return f"Trial {trial.number}: {trial.method}, {settings}: {trial.value:.4f}{ended}"


def _spot(trial: SweepTrial, found: Sweep, colour: str, x: Any, y: Any = None) -> draw.Spot:
    return draw.Spot(
        x, float(trial.value or 0), y, colour, _words(trial), trial.state == "pruned",
        trial.number == found.best,
    )  # fmt: skip


def _scale(name: str, shown: Sequence[SweepTrial], found: Sweep) -> Scale:
    values = [trial.parameters[name] for trial in shown if name in trial.parameters]
    log = name in _FIRST or None
    return Scale.of(named(name), values, log=log, each=" to " not in found.space[name])


def _cloud(
    shown: Sequence[SweepTrial],
    pair: Sequence[str],
    found: Sweep,
    colours: dict[str, str],
    loss: Scale,
) -> str | None:
    own = [trial for trial in shown if all(name in trial.parameters for name in pair)]
    if len(pair) < 2 or not own:
        return None
    x, y = pair
    spots = [
        _spot(t, found, colours[base(t, found)], t.parameters[x], t.parameters[y]) for t in own
    ]
    label = f"{LOSS} of {len(own)} trials over {named(x)} and {named(y)}; the table has the numbers"
    return draw.cloud(spots, _scale(x, own, found), _scale(y, own, found), loss, label=label)


def _panels(
    shown: Sequence[SweepTrial], pair: Sequence[str], found: Sweep, loss: Scale
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return a flat drawing a method, and the key of its colours: the values of a setting."""
    if not pair:
        return [], []
    x, other = pair[-1], pair[0] if len(pair) > 1 else None
    own = [trial for trial in shown if all(name in trial.parameters for name in pair)]
    values = sorted({t.parameters[other] for t in own}) if other else []  # type: ignore[type-var]
    told = {v: f"var(--m{k})" for k, v in enumerate(values)} if len(values) <= _LINES else {}
    scale = _scale(x, own, found)
    panels = []
    for name in found.methods:
        trials = [trial for trial in own if base(trial, found) == name]
        if not trials:
            continue
        spots = [
            _spot(t, found, told.get(t.parameters[other], OTHERS) if other else OTHERS,
                  t.parameters[x])
            for t in trials
        ]  # fmt: skip
        label = f"{name}: {LOSS} over {named(x)}"
        panels.append((name, draw.flat(spots, scale, loss, label=label, joined=bool(told))))
    key = [(f"{named(str(other))} {written(float(v))}", c) for v, c in told.items()]  # type: ignore[arg-type]
    return panels, key


def _threads(
    shown: Sequence[SweepTrial], found: Sweep, colours: dict[str, str], loss: Scale
) -> str | None:
    names = [
        name
        for name in found.space
        if name != "method" and any(name in trial.parameters for trial in shown)
    ]
    if len(found.space) < 2:
        return None
    axes = [Scale.of("Method", found.methods)] if len(found.methods) > 1 else []
    axes += [_scale(name, shown, found) for name in names]
    order = sorted(shown, key=lambda trial: -(trial.value or 0.0))
    threads = [
        draw.Thread(
            [
                *([base(t, found)] if len(found.methods) > 1 else []),
                *(t.parameters.get(name, ...) for name in names),
                t.value,
            ],
            colours[base(t, found)], _words(t), place / max(1, len(order) - 1),
            t.number == found.best,
        )
        for place, t in enumerate(order)
    ]  # fmt: skip
    label = f"Parallel coordinates of {len(shown)} trials; the table has the numbers"
    return draw.parallel(threads, [*axes, loss], label=label)


def _history(
    shown: Sequence[SweepTrial], found: Sweep, colours: dict[str, str], loss: Scale
) -> str:
    spots = [_spot(t, found, colours[base(t, found)], t.number) for t in shown]
    lowest: list[tuple[float, float]] = []
    for trial in shown:
        value = float(trial.value or 0)
        if trial.state == "complete" and (not lowest or value < lowest[-1][1]):
            lowest.append((trial.number, value))
    if lowest:
        lowest.append((shown[-1].number, lowest[-1][1]))
    x = Scale.of("Trial", [0, max(1, len(found.trials) - 1)], log=False)
    return draw.flat(
        spots, x, loss, label=f"{LOSS} of every trial in turn", joined=False, steps=lowest
    )
