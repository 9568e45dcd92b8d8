"""Settle what a comparison will do, and refuse what cannot work, before any image is read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from texturekit.data.choices import limited
from texturekit.data.expansion import without_patients
from texturekit.data.manifest import Manifest, load_source
from texturekit.data.subgrouping import subgroup_columns, written
from texturekit.data.tasks import Card, apply_card, load_card, load_task, resolve_positive
from texturekit.errors import ManifestError, ParameterError, closest
from texturekit.methods.choosing import Wanted
from texturekit.methods.following import Followed, follow, recipe_notes, shortening, told
from texturekit.methods.learners import Settings
from texturekit.methods.model import Preprocessing, image_size
from texturekit.methods.presets import parse_methods, preset
from texturekit.methods.protocols import checked, with_test
from texturekit.methods.readings import reading_notes
from texturekit.methods.runnable import that_can
from texturekit.records import read_statements
from texturekit.windows import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from texturekit.data.external import External
    from texturekit.methods.grammar import Method
    from texturekit.methods.recipes import Shares
    from texturekit.records import Kind
    from texturekit.tuning import Value


@dataclass(frozen=True)
class Options:
    """The settings of a comparison; see `texturekit.compare`. A recipe gives the ``shares``.

    ``candidate`` holds settings of a single method instead of its defaults; a comparison has none.
    """

    methods: Sequence[str] | str | None = None
    preset: str = "quick"
    recipe: str | None = None
    folds: int | str | Path | None = None
    repeats: int = 1
    seed: int = 0
    labels: Sequence[str] | None = None
    positive: str | None = None
    group: str | None = "group"
    masks: str | Path | None = None
    mask_label: int | None = None
    frames: str | int | None = None
    roi: str = "crop"
    window: str = "auto"
    size: int | None = None
    reference: str | None = None
    weights: str = "auto"
    device: str = "auto"
    jobs: int = 1
    epochs: int | None = None
    limit: int | None = None
    images: bool = True
    allow_leakage: bool = False
    test: Manifest | str | Path | None = None
    leave_out: str | None = None
    seeds: int = 1
    fractions: Sequence[float] = ()
    threshold: str = "fixed"
    calibrate: str = "none"
    tune: int = 0
    permutations: int = 20
    stability: bool = False
    statements: Mapping[str, Any] | None = None
    pairs: str = "declared"
    subgroups: str | Sequence[str] = "auto"
    importance: int = 5
    shares: Shares | None = None
    candidate: Mapping[str, Value] = field(default_factory=dict)


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
    followed : Followed
        The options with what a recipe adds, and how networks are trained.
    failed : dict of str
        Methods of a recipe that cannot be run here, and why.
    shortened : str or None
        How the comparison was shortened.
    asked_task, asked_data, asked_test : str or None
        Where the images came from, as asked for.
    notes : list of str
        What the reader of the result has to know.
    external : External or None
        What is known of the source that is tested on, if that is another.
    subgroups : list of str
        Columns by whose values results are shown.
    """

    options: Options
    card: Card | None
    manifest: Manifest
    methods: list[Method]
    reference: Method
    positive: str | None
    positive_from: str | None
    size: int
    followed: Followed
    failed: dict[Method, str] = field(default_factory=dict)
    shortened: str | None = None
    asked_task: str | None = None
    asked_data: str | None = None
    asked_test: str | None = None
    notes: list[str] = field(default_factory=list)
    external: External | None = None
    subgroups: list[str] = field(default_factory=list)

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
        source = self.external.sources[0] if self.external else self.manifest.source
        return self.card.title if self.card else f"Own data: {Path(source).name}"

    @property
    def preprocessing(self) -> Preprocessing:
        """How every image becomes input."""
        options = self.options
        return Preprocessing(
            self.size, options.roi, options.weights, options.seed, Window.of(options.window).rule
        )

    @property
    def settings(self) -> Settings:
        """What the learners have to know."""
        options = self.options
        return Settings(
            options.seed, options.jobs, options.weights, options.device, self.followed.training,
            tune=options.tune, candidate=options.candidate,
        )  # fmt: skip

    @property
    def wanted(self) -> Wanted:
        """What is chosen inside each training part."""
        return Wanted.read(self.options.threshold, self.options.calibrate, self.manifest.kind)

    @property
    def statements(self) -> dict[str, str]:
        """What the authors say of the study: the card's words, and those of the comparison."""
        card = None if self.card is None else self.card.statements
        both = {**(card or {}), **(self.options.statements or {})}
        return read_statements(both, "this comparison")

    @property
    def config(self) -> dict[str, Any]:
        """The effective configuration, which ``--config`` reads back, and the facts it led to."""
        options = asdict(replace(self.options, shares=None, test=None))
        del options["shares"], options["candidate"]
        options["statements"] = options["statements"] or None
        options["test"] = self.asked_test
        options["leave-out"] = options.pop("leave_out")
        options["subgroups"] = written(options["subgroups"])
        options["fractions"] = list(options["fractions"]) or None
        options["resize"] = options.pop("size")
        options["mask-label"] = options.pop("mask_label")
        options["no-images"] = not options.pop("images")
        options["allow-leakage"] = options.pop("allow_leakage")
        options["group"] = options["group"] or "none"
        options["methods"] = [method.name for method in (*self.methods, *self.failed)]
        named = {"task": self.asked_task, "data": self.asked_data, **options}
        return {
            **{key: str(v) if isinstance(v, Path) else v for key, v in named.items()},
            "facts": {
                "reference": self.reference.name,
                "positive": self.positive,
                "size": self.size,
                "frames": str(self.manifest.frames),
                "mask_label": self.manifest.mask_label,
                "window": self.preprocessing.window,
                "source": self.manifest.source,
                "recipe": told(self.followed),
                "card": None if self.card is None else self.card.model_dump(mode="json"),
            },
        }


def settle(task: str | Path | None, data: Manifest | str | Path | None, options: Options) -> Job:
    """Load task and data, read the methods, and check that they go together.

    Raises
    ------
    TexturekitError
        If they do not; the message says what to do.
    """
    if task is None and data is None:
        raise ParameterError("neither task nor data is given; name a task or a data source.")
    options = replace(
        checked(options), statements=read_statements(options.statements, "this comparison")
    )
    manifest = _checked(_load(None if task is None else load_card(task), data, options))
    external = None
    if options.test is not None:
        manifest, external = with_test(manifest, options)
        manifest = _by_id(manifest)
    subgroups = subgroup_columns(manifest, options.subgroups)
    card = manifest.card
    followed = follow(options, card)
    options = followed.options
    named = options.methods
    if named is None:
        named = preset(options.preset, () if card is None else card.backbones)
    methods, failed = that_can(parse_methods(named), manifest, followed)
    positive, origin = _positive(manifest, card, options.positive)
    Wanted.read(options.threshold, options.calibrate, manifest.kind)
    before = len(manifest)
    trains = any(method.classifier == "finetune" for method in methods)
    manifest, notes = _shortened(manifest, options, trains=trains)
    notes = [*recipe_notes(followed, [*methods, *failed], manifest), *notes]
    if external is not None:
        notes = [*external.notes, *notes]
    elif manifest.splits is not None and (options.folds or options.leave_out):
        notes.append("The data name training and test images; folds were asked for instead.")
    notes += reading_notes(methods)
    return Job(
        options=options,
        card=card,
        manifest=manifest,
        methods=methods,
        reference=_reference(methods, options.reference),
        positive=positive,
        positive_from=origin,
        size=options.size or image_size(manifest),
        followed=followed,
        failed=failed,
        shortened=shortening(options, followed, before, len(manifest)),
        asked_task=None if task is None else str(task),
        asked_data=None if data is None or isinstance(data, Manifest) else str(data),
        asked_test=None if isinstance(options.test, Manifest | None) else str(options.test),
        notes=notes,
        external=external,
        subgroups=subgroups,
    )


def _shortened(manifest: Manifest, options: Options, *, trains: bool) -> tuple[Manifest, list[str]]:
    notes = []
    if options.limit is not None and options.limit < len(manifest):
        manifest = limited(manifest, options.limit, seed=options.seed)
        notes.append(f"Shortened: {len(manifest)} images were used (limit {options.limit}).")
    if options.epochs is not None and trains:
        longest = "one epoch" if options.epochs == 1 else f"{options.epochs} epochs"
        notes.append(f"Networks were trained for at most {longest}, as asked.")
    return manifest, notes


def _load(card: Card | None, data: Manifest | str | Path | None, options: Options) -> Manifest:
    if isinstance(data, Manifest):
        return _given(data if card is None else apply_card(data, card), options)
    if card is not None:
        manifest = load_task(
            card, data, labels=options.labels, masks=options.masks, group=options.group,
            frames=options.frames or "one", mask_label=options.mask_label, seed=options.seed,
        )  # fmt: skip
    else:
        manifest = load_source(
            cast("str", data), labels=options.labels, masks=options.masks, group=options.group,
            frames=options.frames or "one", mask_label=options.mask_label,
        )  # fmt: skip
    return _by_id(manifest)


def _given(manifest: Manifest, options: Options) -> Manifest:
    """Return a manifest that was read already; options of reading come too late for it."""
    for name in ("labels", "masks", "mask_label", "frames"):
        if getattr(options, name) is not None:
            raise ParameterError(
                f"{name}={getattr(options, name)!r} is for a source that is still to be read; "
                f"give {name} to read_manifest instead."
            )
    return _by_id(without_patients(manifest) if options.group is None else manifest)


def _by_id(manifest: Manifest) -> Manifest:
    """Return the images in the order of their ids: no number depends on the order of rows."""
    order = sorted(range(len(manifest)), key=manifest.ids.__getitem__)
    return replace(manifest.subset(order), skipped=manifest.skipped)


def _checked(manifest: Manifest) -> Manifest:
    if manifest.labels is None or manifest.kind is None:
        raise ManifestError(
            f"{manifest.source} has no labels; add a label column or one folder a class."
            f"{closest('label', manifest.frame.columns)}"
        )
    for name in manifest.classes:
        if manifest.kind == "multilabel" and "|" in name:
            raise ManifestError(
                f"{manifest.source} has a label {name!r}, but '|' joins the labels of an image in "
                "the results; rename the label."
            )
    if manifest.kind != "multilabel" and len(manifest.classes) < 2:
        raise ManifestError(
            f"{manifest.source} holds one class only, {manifest.classes[0]!r}; "
            f"a comparison needs at least two.{manifest.losses}"
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
