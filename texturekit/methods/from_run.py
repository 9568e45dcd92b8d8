"""A model of the method that a comparison chose: the same settings, all images, its numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.data.card import TASKS
from texturekit.data.copies import linked, without
from texturekit.errors import ManifestError, ParameterError, closest, printable
from texturekit.methods.grammar import parse_method
from texturekit.methods.planning import Options
from texturekit.metrics.cases import read_cases
from texturekit.metrics.leading import leader
from texturekit.metrics.probability import BINS, bin_places
from texturekit.metrics.reliability import reliability
from texturekit.records import ObservedShare, Tested

if TYPE_CHECKING:
    from texturekit.data.duplicates import Duplicates
    from texturekit.data.manifest import Manifest
    from texturekit.methods.model import Model
    from texturekit.methods.planning import Job
    from texturekit.metrics.cases import Cases
    from texturekit.records import MethodResult, Protocol, Results, Study

_DRAWN = ("kfold", "given folds", "leave one out")  # every image was learnt from in some fold
_PLAIN = (
    "recipe", "labels", "roi", "window", "epochs", "limit", "threshold", "calibrate", "tune",
    "frames", "mask-label", "allow-leakage", "seed",
)  # fmt: skip
_PLACES = ("task", "data", "masks", "test", "weights")


@dataclass(frozen=True)
class FromRun:
    """What a finished comparison says of one of its methods.

    Attributes
    ----------
    study : Study
        As `texturekit.read_study` reads it.
    row : MethodResult
        The method's row of the table.
    sha256 : str
        Of the run's ``results.json``.
    base : Path
        The folder that relative paths of the run's settings start from.
    data : Manifest, str, Path or None
        Another source than the run's, to learn from.
    """

    study: Study
    row: MethodResult
    sha256: str
    base: Path
    data: Manifest | str | Path | None = None

    @classmethod
    def of(
        cls,
        study: Study,
        folder: str | Path,
        method: str | None = None,
        data: Manifest | str | Path | None = None,
    ) -> FromRun:
        """Choose a method of a run: by default the one that leads its report.

        Parameters
        ----------
        study : Study
        folder : str or Path
            Where the run is. Relative paths in its settings are looked for from here and now, else
            from the folders above the run, as the comparison was started in one of them.
        method : str, optional
        data : Manifest, str or Path, optional
            Another source than the run's.

        Raises
        ------
        ParameterError
            If no method of the run, or not this one, gave results.
        """
        row = _chosen(study.results, method)
        folder = Path(folder)
        content = (folder / "results.json").read_bytes()
        return cls(study, row, _sha256(content), _base(study.config, folder), data)

    @property
    def task(self) -> str | None:
        """The run's task, with its path made whole where it is a card."""
        return self._place("task")

    @property
    def source(self) -> Manifest | str | Path | None:
        """What is learnt from: the run's own source, else that which was given instead.

        Raises
        ------
        ParameterError
            If the run does not say where its images were.
        """
        if self.data is not None:
            return self.data
        found = self._place("data")
        if found is None and self.task is None:
            raise ParameterError(
                "this comparison was made in Python of images that were read already, so that the "
                "run does not say where they are; name them (--data)."
            )
        return found

    @property
    def test(self) -> str | None:
        """The other source that the run tested on; it is read, for its images to stay out."""
        return None if self.data is not None else self._place("test")

    def options(self, **more: Any) -> Options:
        """Return the settings of the comparison, for this method and all images.

        Parameters
        ----------
        **more
            What does not change what is learnt, or where things are: ``jobs``, ``device``,
            ``weights``, ``masks``. None leaves the run's own.
        """
        config = self.study.config
        known = {k.replace("-", "_"): config[k] for k in _PLAIN if config.get(k) is not None}
        if self.data is not None:
            known.pop("limit", None)  # it shortened the comparison
        group = config.get("group", "group")
        drawn = self.study.results.protocol.type in _DRAWN
        return Options(
            **known,
            methods=[self.row.name],
            group=None if group == "none" else group,
            positive=self.study.results.positive,
            size=self.study.results.data.size or config["facts"]["size"],
            test=self.test,
            folds=config.get("folds") if drawn else None,
            device=more.get("device") or config.get("device") or "auto",
            jobs=more.get("jobs") or config.get("jobs") or 1,
            weights=more.get("weights") or self._weights(),
            masks=more.get("masks") or self._place("masks"),
        )

    def _weights(self) -> str:
        told = self.study.config.get("weights") or "auto"
        return told if told in ("auto", "pretrained", "none") else str(self._place("weights"))

    def _place(self, name: str) -> str | None:
        told = self.study.config.get(name)
        if told is None or (name == "task" and told in TASKS):
            return told
        whole = self.base / str(told)
        return str(whole) if whole.exists() else str(told)

    def used(
        self, job: Job, found: Duplicates | None, *, check: bool = True
    ) -> tuple[Job, Duplicates | None]:
        """Return the job with the images that the comparison used, as it used them.

        Images that it could not read stay out. Where it drew folds every image is learnt from,
        whatever parts the data name, and copies of an image count as one patient where they did;
        else its test part stays out.

        Raises
        ------
        ManifestError
            If the images are others than the comparison's, and no other source was named.
        """
        manifest, results = job.manifest, self.study.results
        known = {skip.path for skip in manifest.skipped}  # left out already, as in the comparison
        lost = {s.path: s.reason for s in results.data.skipped if s.path not in known}
        reasons = {
            row: lost[printable(path)]
            for row, path in enumerate(manifest.paths)
            if printable(path) in lost
        }
        if reasons and self.data is None:
            kept = [row for row in range(len(manifest)) if row not in reasons]
            manifest = without(manifest, reasons)
            found = None if found is None else found.among(kept)
        if check and self.data is None:
            self._check(manifest)
        if sorted(manifest.classes) != sorted(results.classes):
            raise ManifestError(
                f"{manifest.source} has the classes {', '.join(manifest.classes)}, but the "
                f"comparison was of {', '.join(results.classes)}; name a source with these."
            )
        if results.protocol.type not in _DRAWN:
            return replace(job, manifest=manifest), found
        if "split" in manifest.frame:
            manifest = replace(manifest, frame=manifest.frame.drop(columns="split"))
        job = replace(job, options=replace(job.options, shares=None))
        repeats = results.data.duplicates
        if self.data is None and found is not None and repeats is not None:
            level = repeats.kept_together
            manifest = manifest if level == "none" else linked(manifest, found.level(level))
            found = None
        return replace(job, manifest=manifest), found

    def _check(self, manifest: Manifest) -> None:
        data = self.study.results.data
        if manifest.sha256 == data.sha256:
            return
        raise ManifestError(
            f"{manifest.source} is not what the comparison used: {self._differs(manifest)}. Its "
            "numbers are not about these images; compare anew, or name the source (--data) to "
            "train on them nevertheless, which the model then says."
        )

    def _differs(self, manifest: Manifest) -> str:
        results, rows = self.study.results, _test_rows(self.study, self.row)
        ids = dict(zip(map(printable, manifest.ids), range(len(manifest)), strict=True))
        said = []
        if len(manifest) != results.data.used:
            said.append(f"{len(manifest)} images instead of {results.data.used}")
        missing = [name for name in rows["id"] if name not in ids]
        if missing:
            said.append(f"{len(missing)} tested images are not there, the first {missing[0]}")
        elif results.kind != "multilabel":
            pairs = zip(rows["id"], rows["label"], strict=True)
            other = [name for name, label in pairs if manifest.label_name(ids[name]) != label]
            if other:
                said.append(f"{len(other)} images have another class, the first {other[0]}")
        return "; ".join(said) or "files, labels or patients of some images have changed"

    @property
    def tested(self) -> Tested:
        """What the comparison found of the method."""
        results, row = self.study.results, self.row
        of_other = "" if self.data is None else "; of other data than this model learnt from"
        rows = _test_rows(self.study, row)
        return Tested(
            task=results.task,
            run=self.sha256,
            how=_words(results.protocol) + of_other,
            images=len(rows),
            groups=None if results.data.groups is None else int(rows["group"].nunique()),
            metrics=row.metrics,
            per_class={one.name: one.metrics for one in row.per_class},
            observed=_observed(self.study, row),
            synthetic=results.synthetic,
        )

    @property
    def notes(self) -> list[str]:
        """What the reader of the model has to know."""
        results = self.study.results
        notes = [
            f"Method and settings are those of {self.row.name} in the comparison {results.title!r} "
            f"(results.json {self.sha256[:12]})."
        ]
        if self.data is not None:
            notes.append(
                "This model learnt from other data than the comparison: what model.json says of "
                "tests is about models of the comparison's data."
            )
        if (self.study.config.get("tune") or 0) > 0:
            notes.append(
                "Its settings were searched anew on all images with the comparison's budget."
            )
        return notes

    def agreed(self, model: Model) -> Model:
        """Return the model, if its networks started as the comparison's did.

        Raises
        ------
        ParameterError
            If one started from pretrained and the other from random weights.
        """
        own = _weights_of(model)
        told = self.row.weights
        if own and told and ("random" in own) != ("random" in told):
            raise ParameterError(
                f"{self.row.name} used the weights {told!r} in the comparison, but here are "
                f"{own!r}; say where the same weights are (--weights), or compare anew."
            )
        return model


def _weights_of(model: Model) -> str | None:
    known = [one["label"] for one in model.training.get("weights", {}).values()]
    network = getattr(model.learner, "network", None)
    return network.facts.weights if network is not None else "; ".join(known) or None


def _chosen(results: Results, method: str | None) -> MethodResult:
    done = {row.name: row for row in results.methods if row.status == "ok"}
    if method is None:
        first = leader(results)
        if first is None:
            raise ParameterError("no method of this comparison gave results; compare anew.")
        return first
    name = parse_method(method).name
    failed = next((row for row in results.methods if row.name == name and row.status != "ok"), None)
    listed = ", ".join(done) or "none"
    if failed is not None:
        raise ParameterError(
            f"{name} {failed.status} in this comparison ({failed.reason}); choose one of: {listed}."
        )
    if name not in done:
        raise ParameterError(
            f"{name} is not in this comparison; choose one of: {listed}.{closest(name, done)}"
        )
    return done[name]


def _base(config: dict[str, Any], folder: Path) -> Path:
    """Return the first folder in which the relative paths of some settings lead somewhere."""
    named = config.get("task") in TASKS  # a name, also where a folder is called so
    places = [name for name in _PLACES if not (named and name == "task")]
    told = [str(config[name]) for name in places if config.get(name) is not None]
    paths = [text for text in told if not Path(text).is_absolute()]
    here = Path.cwd()
    for base in (here, *folder.resolve().parents):
        if config.get("data") is not None and str(config["data"]) in paths:
            if (base / str(config["data"])).exists():
                return base
        elif any((base / text).exists() for text in paths):
            return base
    return here


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def _test_rows(study: Study, row: MethodResult) -> Any:
    """Return the test rows of a method in the first repeat."""
    frame = study.predictions
    rows = frame[(frame["method"] == row.name) & (frame["split"] == "test")]
    return rows[rows["repeat"] == rows["repeat"].min()]


def _words(protocol: Protocol) -> str:
    """Return how a comparison tested, in words."""
    said = [f"{protocol.type}: {protocol.test}"]
    if protocol.folds > 1:
        said.append(f"{protocol.folds} folds")
    if protocol.repeats > 1:
        said.append(f"{protocol.repeats} repeats")
    said.append(f"patients: {protocol.grouping}")
    return "; ".join(said)


def _observed(study: Study, row: MethodResult) -> dict[str, list[ObservedShare]]:
    """Return how often what was promised came true, class by class, bin by bin."""
    results, rows = study.results, _test_rows(study, row)
    (cases,) = read_cases(
        rows, kind=results.kind, classes=results.classes, positive=results.positive
    )
    found = {name: _bins(cases, k) for k, name in enumerate(results.classes)}
    return {name: bins for name, bins in found.items() if bins}


def _bins(cases: Cases, k: int) -> list[ObservedShare]:
    ends = np.linspace(0, 1, BINS + 1)
    places = np.unique(bin_places(cases.probability[cases.known[:, k], k]))
    return [
        ObservedShare(
            above=float(ends[place]), upto=float(ends[place + 1]), told=one.told, seen=one.seen,
            low=one.low, high=one.high, n=one.n,
        )
        for place, one in zip(places, reliability(cases, k), strict=True)
    ]  # fmt: skip
