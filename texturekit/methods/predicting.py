"""Predict any number of images: a row an image, some rows at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from texturekit.data.known_rows import KnownRows
from texturekit.data.pictures import Pictures
from texturekit.deep.backbones import BACKBONES
from texturekit.execution import How, Tally, measured
from texturekit.methods.deciding import cuts_of, decide
from texturekit.methods.grammar import parse_method
from texturekit.methods.heads import HeadLearner
from texturekit.methods.judging import Judged, judge
from texturekit.methods.learners import Inputs, Settings
from texturekit.methods.model import Model, Preprocessing
from texturekit.methods.novelty import Novelty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest
    from texturekit.measurement import Work
    from texturekit.piece import Lost

    Floats = NDArray[np.float64]

_PART = 256  # rows that are given at a time
_LISTED = 20  # rows that failed and are told with their reasons


@dataclass
class Count:
    """What became of the images that were predicted.

    Attributes
    ----------
    predicted, failed, outside : int
        Rows that are ok; rows that are not; rows outside the training distribution.
    reasons : list of tuple of str
        Path and reason of the first rows that are not ok.
    """

    predicted: int = 0
    failed: int = 0
    outside: int = 0
    reasons: list[tuple[str, str]] = field(default_factory=list)

    def add(self, rows: pd.DataFrame) -> None:
        """Count some rows."""
        ok = rows["status"] == "ok"
        self.predicted += int(ok.sum())
        self.failed += int((~ok).sum())
        lost = rows.loc[~ok, ["path", "error"]].head(_LISTED - len(self.reasons))
        self.reasons += [(str(path), str(error)) for path, error in lost.to_numpy()]
        self.outside += sum(value is True for value in rows["outside"])


def predictions(
    model: Model,
    manifest: Manifest,
    *,
    jobs: int = 1,
    device: str = "auto",
    weights: str | None = None,
    timeout: float = 60.0,
) -> Iterator[pd.DataFrame]:
    """Predict every image of a manifest, in its order, some at a time.

    Parameters
    ----------
    model : Model
    manifest : Manifest
        The images; labels are not needed. Their masks say where to look if the model was fitted so.
    jobs : int, default 1
        Threads.
    device : {"auto", "cpu", "cuda"}, default "auto"
    weights : str, optional
        Where backbones' weights are, instead of where they were at fitting.
    timeout : float, default 60
        Seconds that an image may take; see `texturekit.extract`.

    Yields
    ------
    pandas.DataFrame
        ``id, path, p.<class>..., predicted, threshold, ood_score, ood_threshold, outside, status,
        error``: one row an image, those that cannot be used with ``status`` "failed", the reason in
        ``error`` and nulls. Probabilities are those of `Model.predict_proba`, to the bit.
        ``outside`` is null for a model without a detector. Labels with a threshold each, chosen
        or a network's own, have it in ``t.<label>``.

    Raises
    ------
    WeightsError, ModelError
        If a backbone's weights cannot be had, or are others than at fitting.
    """
    answers = answered(model, manifest, jobs=jobs, device=device, weights=weights, timeout=timeout)
    for answer in answers:
        yield answer.rows


@dataclass(frozen=True)
class Answer:
    """What a model says of some images, one after another.

    Attributes
    ----------
    rows : pandas.DataFrame
        As `predictions` yields them.
    used : (m,) int64
        For each row its place in the manifest; -1 where the manifest had to skip the image.
    features : (n, d) float64 or None
        For each row what a detector looks at; NaN where there is none.
    """

    rows: pd.DataFrame
    used: NDArray[np.int64]
    features: Floats | None


def answered(
    model: Model,
    manifest: Manifest,
    *,
    jobs: int = 1,
    device: str = "auto",
    weights: str | None = None,
    timeout: float = 60.0,
) -> Iterator[Answer]:
    """Yield what `predictions` yields, with what a detector looked at.

    Parameters and errors are those of `predictions`.
    """
    work = model.work(device=device, weights=weights)
    pictures = Pictures(manifest, size=work.size, roi=work.roi, window=work.window)
    known = KnownRows(manifest)
    tally = Tally()
    with_texture = _Measured(manifest, work, How(jobs=jobs, timeout=timeout), tally)
    for start in range(0, len(known), _PART):
        part = slice(start, min(start + _PART, len(known)))
        order = known.order[part]
        used = order[order >= 0]
        values, lost = with_texture.take(used)
        judged = _judged(model, work, pictures, used, values, lost, device)
        features = None
        if judged.features is not None:
            features = np.full((len(order), judged.features.shape[1]), np.nan)
            features[order >= 0] = judged.features
        yield Answer(_rows(model, known, part, judged), order, features)
    tally.warn()


@dataclass
class _Measured:
    """Measurements in the order of the manifest, though they come in any."""

    manifest: Manifest
    work: Work
    how: How
    tally: Tally
    waiting: dict[int, Floats | Lost] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = np.arange(len(self.manifest), dtype=np.int64)
        self._pieces = measured(self.manifest, rows, self.work, self.how)

    def take(self, rows: NDArray[np.int64]) -> tuple[Floats, dict[int, str]]:
        """Return the values of some rows, and by place why some of them have none."""
        wanted = rows.tolist()
        for row in wanted:
            while row not in self.waiting:
                piece = next(self._pieces)
                self.tally.add(piece)
                for place, found in enumerate(piece.rows.tolist()):
                    self.waiting[found] = piece.lost.get(found) or piece.values[place]
        found = [self.waiting.pop(row) for row in wanted]
        width = max((s.stop for s in self.work.columns.values()), default=0)
        values = np.full((len(wanted), width), np.nan)
        lost = {}
        for place, one in enumerate(found):
            if isinstance(one, np.ndarray):
                values[place] = one
            else:
                lost[place] = one.error
        return values, lost


def _judged(
    model: Model,
    work: Work,
    pictures: Pictures,
    rows: NDArray[np.int64],
    values: Floats,
    lost: dict[int, str],
    device: str,
) -> Judged:
    """Judge the rows that could be measured; the others keep NaN and their reason."""
    good = np.setdiff1d(np.arange(len(rows)), list(lost)).astype(np.intp)
    blocks = {name: values[good][:, columns] for name, columns in work.columns.items()}
    inputs = Inputs(len(good), blocks, pictures.subset(rows[good]))
    found = judge(model.learner, inputs, device=device, decision=model.decision)
    probabilities = np.full((len(rows), len(model.classes)), np.nan)
    probabilities[good] = found.probabilities
    features = None
    if found.features is not None:
        features = np.full((len(rows), found.features.shape[1]), np.nan)
        features[good] = found.features
    failures = lost | {int(good[k]): reason for k, reason in found.failures.items()}
    return Judged(probabilities, features, failures)


def column_names(model: Model) -> list[str]:
    """Return the columns of `predictions`."""
    shares = [f"p.{name}" for name in model.classes]
    cuts = [f"t.{name}" for name in _label_cuts(model)]
    return ["id", "path", *shares, *cuts, "predicted", "threshold", "ood_score", "ood_threshold",
            "outside", "status", "error"]  # fmt: skip


def _label_cuts(model: Model) -> dict[str, float]:
    """Return the thresholds that were chosen or published, one a label."""
    if model.kind != "multilabel":
        return {}
    cuts = cuts_of(model.learner, model.decision)
    return {name: cuts[name] for name in model.classes if name in cuts}


def model_of(backbone: str, *, weights: str = "auto", device: str = "auto") -> Model:
    """Return a backbone's own trained outputs as a model: nothing is fitted.

    Parameters
    ----------
    backbone : str
        ``"densenet121-res224-mimic_nb"``, with or without ``/head``.
    weights : str, default "auto"
        ``"pretrained"``, which ``"auto"`` means here, or the path of a weight file.
    device : {"auto", "cpu", "cuda"}, default "auto"

    Returns
    -------
    Model
        Multi-label, without a detector.

    Raises
    ------
    ParameterError
        If the backbone has no outputs but ImageNet's.
    WeightsError
        If its weights cannot be had.
    """
    method = parse_method(f"{backbone.removesuffix('/head')}/head")
    card = BACKBONES[method.parts[0].name]
    settings = Settings(weights=weights, device=device)
    learner = HeadLearner(method, "multilabel", tuple(card.trained), settings)
    reason = f"the images that {card.name} was trained on are not at hand"
    return Model(
        method, "multilabel", learner.classes, None,
        Preprocessing(size=card.size, weights=weights), learner.load(), {}, Novelty(reason=reason),
    )  # fmt: skip


def _rows(model: Model, known: KnownRows, part: slice, judged: Judged) -> pd.DataFrame:
    """Return predictions as rows, with those at their places that the manifest had to skip."""
    order = known.order[part]
    count = int((order >= 0).sum())
    errors = [judged.failures.get(place) for place in range(count)]
    rows = known.frame(part, errors)[["id", "path", "status", "error"]]
    ok = (rows["status"] == "ok").to_numpy()
    good = np.array([place for place in range(count) if errors[place] is None], dtype=np.intp)
    says = _said(model, judged, good)
    frame = rows[["id", "path"]].copy()
    for name, values in says.items():
        column = np.full(len(rows), None, dtype=object)
        column[ok] = values
        frame[name] = pd.Series(column, dtype=object)
    return frame.assign(status=rows["status"], error=rows["error"])


def _said(model: Model, judged: Judged, good: NDArray[np.intp]) -> dict[str, list[Any]]:
    """Return the cells of the good rows, by column; None for what is not known."""
    probabilities = judged.probabilities[good]
    predicted, threshold = decide(
        probabilities, model.classes, model.kind, model.positive, model.method,
        cuts=cuts_of(model.learner, model.decision),
    )  # fmt: skip
    said: dict[str, list[Any]] = {
        f"p.{name}": [_number(p) for p in probabilities[:, k]]
        for k, name in enumerate(model.classes)
    }
    said |= {f"t.{name}": [cut] * len(good) for name, cut in _label_cuts(model).items()}
    said["predicted"] = list(predicted)
    said["threshold"] = [_number(threshold)] * len(good)
    scores = None if judged.features is None else model.ood.score(judged.features[good])
    limit = model.ood.threshold
    if scores is None:
        nothing: list[Any] = [None] * len(good)
        return said | dict.fromkeys(("ood_score", "ood_threshold", "outside"), nothing)
    said["ood_score"] = [float(score) for score in scores]
    said["ood_threshold"] = [limit] * len(good)
    said["outside"] = [bool(score > limit) for score in scores]
    return said


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
