"""Whether image size and file facts alone tell the classes apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from texturekit.errors import TexturekitError, printable
from texturekit.methods.grammar import parse_method
from texturekit.methods.learners import Settings
from texturekit.methods.model import Preprocessing, prepare
from texturekit.methods.outcomes import score
from texturekit.methods.planning import Options
from texturekit.methods.running import run_method
from texturekit.methods.separation import separate
from texturekit.records import Estimate, Shortcut

if TYPE_CHECKING:
    from texturekit.data.duplicates import Duplicates
    from texturekit.data.manifest import Manifest
    from texturekit.methods.running import Run
    from texturekit.records import Kind

GEOMETRY, METADATA, PERMUTED = "geometry/forest", "metadata/forest", "permuted labels"
#: The lower end of an interval above which a shortcut is named.
SUSPICIOUS = 0.6
_SIZE = 16  # the baselines look at the file only; decoding is all that costs


def shortcut_areas(
    data: Manifest, found: Duplicates, *, seed: int = 0, jobs: int = 1
) -> list[Shortcut]:
    """Return the AUC of baselines that see no texture, over folds that keep copies together.

    Last comes the second with its test labels permuted, whose interval has to cover 0.5.

    Parameters
    ----------
    data : Manifest
    found : Duplicates
        Of these images.
    seed : int, default 0
    jobs : int, default 1
        Threads.

    Returns
    -------
    list of Shortcut
        None without at least two classes; where there are too few images for folds, with the
        reason.
    """
    if data.labels is None or (data.kind != "multilabel" and len(data.classes) < 2):
        return []
    try:
        return _areas(data, found, seed, jobs)
    except TexturekitError as error:
        unknown = Estimate(value=None, how="", reason=printable(str(error)))
        text = "Could not be tested."
        return [Shortcut(name=name, roc_auc=unknown, text=text) for name in (GEOMETRY, METADATA)]


def _areas(data: Manifest, found: Duplicates, seed: int, jobs: int) -> list[Shortcut]:
    geometry, metadata = parse_method(GEOMETRY), parse_method(METADATA)
    preprocessing = Preprocessing(_SIZE, "none")
    inputs, measured = prepare(data, [geometry, metadata], preprocessing, jobs=jobs)
    options = Options(seed=seed, allow_leakage=True)
    apart = separate(options, data.subset(measured.usable), found.among(measured.usable))
    kind = cast("Kind", data.kind)
    positive = data.classes[-1] if kind == "binary" else None
    settings = Settings(seed, jobs, "none", "cpu")
    runs = {
        method.name: run_method(
            method, apart.manifest, inputs, apart.folds, positive=positive, settings=settings
        )
        for method in (geometry, metadata)
    }
    runs[PERMUTED] = permuted(runs[METADATA], seed=seed)
    listed = []
    for name, run in runs.items():
        method = geometry if name == GEOMETRY else metadata
        result = score(method, run, measured, kind=kind, classes=data.classes, positive=positive)
        area = result.metrics["roc_auc"]
        listed.append(Shortcut(name=name, roc_auc=area, text=meaning(name, area)))
    return listed


def permuted(run: Run, *, seed: int = 0) -> Run:
    """Return the same predictions beside test labels that were dealt anew within each fold.

    Not the training labels: a forest that is tested on what is left out of a small set does worse
    than chance on labels without meaning.
    """
    frame = run.predictions
    truth = [name for name in frame.columns if name == "label" or name.startswith("y.")]
    rng = np.random.default_rng(seed)
    order = np.arange(len(frame))
    for rows in frame.groupby(["repeat", "fold", "split"], sort=True).indices.values():
        order[rows] = rng.permutation(rows)
    dealt = {name: frame[name].to_numpy()[order] for name in truth}
    return replace(run, predictions=frame.assign(**dealt))


def meaning(name: str, area: Estimate) -> str:
    """Say what the AUC of a baseline means.

    Examples
    --------
    >>> from texturekit.records import Estimate
    >>> meaning(GEOMETRY, Estimate(value=0.55, low=0.45, high=0.65, how="DeLong"))
    'No strong shortcut seen.'
    """
    if area.value is None or area.low is None or area.high is None:
        return "Could not be tested."
    if name == PERMUTED:
        if area.low <= 0.5 <= area.high:
            return "As it should be: the interval covers 0.5."
        return "The interval should cover 0.5; by chance one of 20 does not. Look into it."
    if area.low <= SUSPICIOUS:
        return "No strong shortcut seen."
    if name == GEOMETRY:
        return (
            "Shortcut: size, mode and bit depth alone tell the classes apart; "
            "a method may read them instead of the tissue."
        )
    return (
        "Size and bytes of the file tell the classes apart. Bytes follow from content, too; "
        f"compare with {GEOMETRY}."
    )
