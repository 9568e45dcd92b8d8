"""Can labels without meaning be predicted? A check for leaks that nobody knows of."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit import events
from texturekit.data.choices import some_rows
from texturekit.data.folds import Fold
from texturekit.data.group_counts import group_numbers
from texturekit.errors import ParameterError
from texturekit.methods.grammar import CLASSIFIERS, Method
from texturekit.methods.learners import Inputs, TableLearner
from texturekit.metrics.cases import Cases
from texturekit.metrics.fold_areas import area_of, rankable
from texturekit.records import Estimate, Permutation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.methods.learners import Settings

MOST_IMAGES = 2000
#: Classifiers that are refitted as they are; for all others k nearest neighbours take their place,
#: which know their training images by heart as these do, and cost next to nothing.
_QUICK = ("logistic", "knn")


def cheapest(methods: Sequence[Method]) -> Method | None:
    """Return the texture method with the fewest columns, by a classifier that is quick to fit.

    Examples
    --------
    >>> from texturekit.methods.grammar import parse_method
    >>> str(cheapest([parse_method("texture/xgboost"), parse_method("first_order/vote")]))
    'first_order/knn'
    >>> str(cheapest([parse_method("texture/vote")]))
    'texture_full/knn'
    """
    texture = [method for method in methods if method.family == "texture"]
    if not texture:
        return None

    def cost(method: Method) -> tuple[int, int]:
        return sum(map(len, method.blocks.values())), CLASSIFIERS.index(method.classifier)

    found = min(texture, key=cost)
    # What a vote reads is written out: its plain names stand for less beside other classifiers.
    return found if found.classifier in _QUICK else Method(found.reads, "knn")


def permuted_labels(
    methods: Sequence[Method],
    manifest: Manifest,
    inputs: Inputs,
    folds: Sequence[Fold],
    *,
    positive: str | None,
    settings: Settings,
    refits: int = 20,
) -> Permutation | None:
    """Refit the cheapest texture method to shuffled labels, on the folds of the comparison.

    Whole groups (patients) get the labels of another group; a group with several images keeps
    what its images have in common. Groups change places only with groups that are tested in the
    same fold, so that the labels of a test fold say nothing of those that were learnt from, and the
    expected AUC is one half. Groups that stand in several folds, which is a leak, change places
    among themselves, and keep their new label on both sides: that is what gives them away.

    Parameters
    ----------
    methods : sequence of Method
        Those that were compared.
    manifest : Manifest
        Labelled images with the groups that the folds keep together.
    inputs : Inputs
        Their representations.
    folds : sequence of Fold
        The first repeat is used.
    positive : str or None
        The positive class of two.
    settings : Settings
    refits : int, default 20

    Returns
    -------
    Permutation or None
        None without a texture method, or if nothing is asked for.
    """
    method = cheapest(methods)
    if method is None or refits < 1:
        return None
    inputs = Inputs(inputs.count, {name: inputs.blocks[name] for name in method.blocks})
    chosen, inputs, folds = _capped(manifest, inputs, folds, settings.seed)
    group = group_numbers(chosen.groups, len(chosen))
    places = _places(group, folds, len(chosen))
    rng = np.random.default_rng(settings.seed)
    values: list[float] = []
    for number in range(refits):
        events.progress("checking permuted labels", number, refits)
        labels = shuffled(np.asarray(chosen.labels), group, places, rng)
        with events.keeping_warnings():  # a fit to noise has every reason not to converge
            area = _refitted(method, chosen, labels, inputs, folds, positive, settings)
        if area is not None:
            values.append(area)
    events.progress("checking permuted labels", refits, refits)
    return Permutation(
        method=method.name,
        how="whole groups change labels with groups of the same fold; AUC within folds",
        refits=refits,
        images=len(chosen),
        values=values,
        roc_auc=mean_of(values),
    )


def mean_of(values: Sequence[float]) -> Estimate:
    """Return the mean of the refits with Student's interval of the mean.

    Examples
    --------
    >>> found = mean_of([0.4, 0.5, 0.6])
    >>> found.value, found.low, found.high
    (0.5, 0.2516, 0.7484)
    """
    how = f"mean of {len(values)} refits, Student's t"
    if not values:
        return Estimate(value=None, how=how, reason="no shuffle left two classes to learn from")
    mean = float(np.mean(values))
    if len(values) < 2:
        return Estimate(value=mean, how=how, reason="one refit has no interval")
    from scipy.stats import t

    reach = float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1)) / len(values) ** 0.5
    return Estimate(value=mean, low=max(mean - reach, 0.0), high=min(mean + reach, 1.0), how=how)


def shuffled(
    labels: NDArray[Any],
    group: NDArray[np.int64],
    places: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[Any]:
    """Return labels after groups changed them with other groups of the same place.

    A group of several labels gives its rows in any order, as often as they are needed.

    Parameters
    ----------
    labels : (n,) or (n, L) array
    group : (n,) int64
        The group of every image, numbers from 0.
    places : (G,) int64
        Where each group is tested.
    rng : numpy.random.Generator

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> group, labels = np.array([0, 0, 1, 2, 2, 2]), np.array([1, 1, 0, 0, 0, 0])
    >>> shuffled(labels, group, np.zeros(3, dtype=int), rng)
    array([0, 0, 1, 0, 0, 0])
    """
    order = np.argsort(group, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(group))[:-1])
    result = labels.copy()
    for place in np.unique(places):
        own = np.flatnonzero(places == place)
        for taker, giver in zip(own, rng.permutation(own), strict=True):
            given = rng.permutation(rows[giver])
            result[rows[taker]] = labels[np.resize(given, len(rows[taker]))]
    return result


def _places(group: NDArray[np.int64], folds: Sequence[Fold], n: int) -> NDArray[np.int64]:
    """Return where each group is tested; groups in several places share one more."""
    tested = np.full(n, -1)
    for number, fold in enumerate(folds):
        tested[fold.test] = number
        if len(folds) == 1:
            tested[fold.val] = 1  # images that are never learnt from, nor tested
    seen: dict[int, set[int]] = defaultdict(set)
    for one, place in zip(group.tolist(), tested.tolist(), strict=True):
        seen[one].add(place)
    several = len(folds) + 1
    return np.array([min(p) if len(p) == 1 else several for _, p in sorted(seen.items())])


def _capped(
    manifest: Manifest, inputs: Inputs, folds: Sequence[Fold], seed: int
) -> tuple[Manifest, Inputs, list[Fold]]:
    """Return the first repeat of at most `MOST_IMAGES` images, whole groups."""
    first = [fold for fold in folds if fold.repeat == folds[0].repeat]
    if len(manifest) <= MOST_IMAGES:
        return manifest, inputs, first
    rows = some_rows(manifest, MOST_IMAGES, seed=seed)
    place = np.full(len(manifest), -1)
    place[rows] = np.arange(len(rows))
    fewer = [
        Fold(
            f.repeat, f.fold, *(place[part][place[part] >= 0] for part in (f.train, f.test, f.val))
        )
        for f in first
    ]
    return manifest.subset(rows), inputs.subset(rows), fewer


def _refitted(
    method: Method,
    manifest: Manifest,
    labels: NDArray[Any],
    inputs: Inputs,
    folds: Sequence[Fold],
    positive: str | None,
    settings: Settings,
) -> float | None:
    """Return the AUC within folds of a method that learnt these labels, tested on them."""
    told = np.full((len(manifest), len(manifest.classes)), np.nan)
    fold_of = np.full(len(manifest), -1)
    groups = manifest.groups
    for number, fold in enumerate(folds):
        if not len(fold.train) or not len(fold.test):  # all of it was thinned out
            continue
        learner = TableLearner(method, str(manifest.kind), len(manifest.classes), settings)
        known = None if groups is None else groups[fold.train]
        try:
            learner.fit(inputs.subset(fold.train), labels[fold.train], known)
            told[fold.test] = learner.predict_proba(inputs.subset(fold.test))
        except ParameterError:  # shuffling left one class to learn from
            continue
        fold_of[fold.test] = number
    tested = np.flatnonzero(fold_of >= 0)
    if not len(tested):
        return None
    cases = cases_of(
        manifest.subset(tested), labels[tested], told[tested], fold_of[tested], positive
    )
    return area_of(cases, rankable(cases)).value


def cases_of(
    manifest: Manifest,
    labels: NDArray[Any],
    told: NDArray[np.float64],
    fold: NDArray[np.int64],
    positive: str | None,
    *,
    graded: bool = False,
) -> Cases:
    """Return test images with labels and predictions that no table of predictions holds.

    Parameters
    ----------
    manifest : Manifest
        The n images.
    labels : (n,) int64, or (n, L) float64
    told : (n, k) float64
    fold : (n,) int64
    positive : str or None
        The positive class of two.
    graded : bool, default False
        See `texturekit.metrics.cases.Cases`.

    Returns
    -------
    Cases
        Of one repeat; its decisions are not to be looked at.
    """
    if manifest.kind == "multilabel":
        truth, known = labels == 1, ~np.isnan(labels) & ~np.isnan(told)
    else:
        truth = labels[:, None] == np.arange(len(manifest.classes))
        known = np.ones_like(truth)
    return Cases(
        kind=manifest.kind or "multiclass",
        classes=manifest.classes,
        positive=None if positive is None else manifest.classes.index(positive),
        ids=tuple(manifest.ids),
        truth=truth & known,
        predicted=truth & known,  # decisions are not looked at
        known=known,
        probability=told,
        fold=np.unique(fold, return_inverse=True)[1].astype(np.int64),
        group=group_numbers(manifest.groups, len(manifest)),
        graded=graded,
    )
