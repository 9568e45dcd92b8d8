"""Settle what a comparison will do, and refuse what cannot work, before any image is read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from texturekit.data.choices import limited
from texturekit.data.manifest import Manifest, load_source
from texturekit.data.splits import default_folds, holdout, kfold, read_folds
from texturekit.data.tasks import Card, apply_card, load_card, load_task, resolve_positive
from texturekit.errors import ManifestError, ParameterError, SplitError
from texturekit.methods.learners import Settings, learner
from texturekit.methods.model import Preprocessing
from texturekit.methods.presets import parse_methods, preset
from texturekit.records import Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from texturekit.data.splits import Fold
    from texturekit.methods.grammar import Method
    from texturekit.records import Kind


@dataclass(frozen=True)
class Options:
    """The settings of a comparison; see `texturekit.compare`."""

    methods: Sequence[str] | str | None = None
    preset: str = "quick"
    folds: int | str | Path | None = None
    repeats: int = 1
    seed: int = 0
    labels: Sequence[str] | None = None
    positive: str | None = None
    group: str | None = "group"
    masks: str | Path | None = None
    roi: str = "crop"
    size: int | None = None
    reference: str | None = None
    weights: str = "auto"
    device: str = "auto"
    jobs: int = 1
    epochs: int | None = None
    limit: int | None = None
    images: bool = True
    allow_leakage: bool = False


@dataclass(frozen=True)
class Job:
    """A comparison that can be run.

    Attributes
    ----------
    options : Options
    card : Card or None
    manifest : Manifest
        The labelled images, in the card's class order.
    methods : list of Method
    reference : Method
        What every other method is tested against.
    positive, positive_from : str or None
        The positive class of two, and who says so.
    size : int
        Long side in pixels that every method works at.
    notes : list of str
        What the reader of the result has to know.
    """

    options: Options
    card: Card | None
    manifest: Manifest
    methods: list[Method]
    reference: Method
    positive: str | None
    positive_from: str | None
    size: int
    notes: list[str] = field(default_factory=list)

    @property
    def kind(self) -> Kind:
        """What the labels are."""
        return cast("Kind", self.manifest.kind)  # `settle` refuses images without labels

    @property
    def task(self) -> str:
        """The task's name, ``"own"`` without a card."""
        return "own" if self.card is None else self.card.name

    @property
    def title(self) -> str:
        """What the report is called."""
        return self.card.title if self.card else f"Own data: {Path(self.manifest.source).name}"

    @property
    def preprocessing(self) -> Preprocessing:
        """How every image becomes input."""
        options = self.options
        return Preprocessing(self.size, options.roi, options.weights, options.seed)

    @property
    def settings(self) -> Settings:
        """What the learners have to know."""
        options = self.options
        return Settings(options.seed, options.jobs, options.weights, options.device, options.epochs)

    @property
    def config(self) -> dict[str, Any]:
        """The effective configuration, ready for YAML."""
        options = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self.options).items()}
        return {
            **options,
            "task": self.task,
            "methods": [method.name for method in self.methods],
            "reference": self.reference.name,
            "positive": self.positive,
            "size": self.size,
            "source": self.manifest.source,
            "card": None if self.card is None else self.card.model_dump(mode="json"),
        }


def settle(task: str | Path | None, data: Manifest | str | Path | None, options: Options) -> Job:
    """Load task and data, read the methods, and check that they go together.

    Raises
    ------
    TexturekitError
        If they do not; the message says what to do.
    """
    if task is None and data is None:
        raise ParameterError(
            "neither task nor data is given; name a task, or say where images are."
        )
    card = None if task is None else load_card(task)
    manifest = _checked(_load(card, data, options))
    methods = parse_methods(
        options.methods or preset(options.preset, card.backbones if card else ())
    )
    for method in methods:
        learner(method, str(manifest.kind), manifest.classes, Settings())
    positive, origin = _positive(manifest, card, options.positive)
    notes = []
    if options.limit is not None and options.limit < len(manifest):
        few = limited(manifest, options.limit, seed=options.seed)
        manifest = replace(few, skipped=manifest.skipped)
        notes.append(f"Shortened: {len(few)} images were used (limit {options.limit}).")
    if options.epochs is not None:
        notes.append(f"Networks were trained for at most {options.epochs} epochs, as asked.")
    return Job(
        options,
        card,
        manifest,
        methods,
        _reference(methods, options.reference),
        positive,
        origin,
        options.size or _size(manifest, card),
        notes,
    )


def make_folds(job: Job, manifest: Manifest) -> tuple[list[Fold], Protocol]:
    """Return the folds of a job on its usable images, and their description.

    Raises
    ------
    SplitError
        If there are too few groups in a class.
    LeakageError
        If given splits share a group and that is not allowed.
    """
    options = job.options
    if options.repeats < 1:
        raise SplitError(f"repeats={options.repeats}, but at least one is needed; give 1 or more.")
    if options.folds is not None and not str(options.folds).isdigit():
        path = Path(options.folds)  # type: ignore[arg-type]  # a number of folds is all digits
        folds = read_folds(path, manifest, allow_leakage=options.allow_leakage)
        kind, test = "given folds", f"the folds of {path.name}"
    elif options.folds is None and manifest.splits is not None and "test" in set(manifest.splits):
        folds = holdout(manifest, allow_leakage=options.allow_leakage)
        kind, test = "holdout", "the images that the data name as test"
    else:
        count = default_folds(manifest) if options.folds is None else int(str(options.folds))
        folds = kfold(manifest, folds=count, repeats=options.repeats, seed=options.seed)
        kind, test = "kfold", "every image once a repeat"
    repeats = len({fold.repeat for fold in folds})
    return folds, Protocol(
        type=kind,  # type: ignore[arg-type]  # one of the three above
        folds=len({(fold.repeat, fold.fold) for fold in folds}) // repeats,
        repeats=repeats,
        seed=options.seed,
        test=test,
        grouping=grouping(manifest, options.group),
    )


def grouping(manifest: Manifest, group: str | None) -> str:
    """Say in words what keeps the images of a patient together."""
    if group is None:
        return "none, as asked: every image counts as its own patient"
    if manifest.groups is None:
        return "unknown: every image counts as its own patient, intervals may be too narrow"
    return f"{manifest.group_count} groups, each on one side of every split"


def _load(card: Card | None, data: Manifest | str | Path | None, options: Options) -> Manifest:
    if isinstance(data, Manifest):
        return data if card is None else apply_card(data, card)
    if card is not None:
        return load_task(
            card, data, labels=options.labels, masks=options.masks, group=options.group,
            seed=options.seed,
        )  # fmt: skip
    assert data is not None
    return load_source(data, labels=options.labels, masks=options.masks, group=options.group)


def _checked(manifest: Manifest) -> Manifest:
    if manifest.labels is None or manifest.kind is None:
        raise ManifestError(
            f"{manifest.source} has no labels; add a label column or one folder a class."
        )
    if manifest.kind != "multilabel" and len(manifest.classes) < 2:
        raise ManifestError(
            f"{manifest.source} holds one class only, {manifest.classes[0]!r}; "
            "a comparison needs at least two."
        )
    return manifest


def _positive(
    manifest: Manifest, card: Card | None, asked: str | None
) -> tuple[str | None, str | None]:
    if manifest.kind == "binary":
        return resolve_positive(manifest.classes, asked=asked, card=card)
    if asked is not None:
        raise ParameterError(
            f"positive={asked!r}, but {manifest.source} is {manifest.kind}; leave it out."
        )
    return None, None


def _size(manifest: Manifest, card: Card | None) -> int:
    """Return the long side for all methods: the sample's own, else the card's."""
    if manifest.synthetic:
        return max(manifest.facts(0).width, manifest.facts(0).height)
    return Preprocessing.size if card is None else card.size


def _reference(methods: list[Method], asked: str | None) -> Method:
    """Return the method asked for, else the texture method with the fewest columns."""
    if asked is not None:
        (method,) = parse_methods([asked])
        if method not in methods:
            raise ParameterError(
                f"reference {method} is not among the methods; "
                f"choose one of {', '.join(map(str, methods))}."
            )
        return method
    texture = [method for method in methods if method.family == "texture"]
    return min(texture or methods[:1], key=lambda m: sum(map(len, m.blocks.values())))
