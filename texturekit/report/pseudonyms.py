"""A study under made-up names: a page of it can travel without the name of a patient or file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from texturekit.data.subgrouping import NOT_STATED
from texturekit.errors import ModelError
from texturekit.records import Results
from texturekit.report.plain import facts, plain
from texturekit.report.scrubbing import FILE, Scrubber, is_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    import pandas as pd

    from texturekit.records import Study

#: Settings that are files or folders, unless they are one of `_WORDS`.
_FILES = ("data", "test", "masks", "folds", "source", "card", "output", "config", "task", "weights")
_WORDS = ("auto", "pretrained", "none")
#: What an environment may tell; anything else is left out.
_FACTS = (
    "texturekit", "python", "packages", "platform", "processor", "cores", "git_commit", "command",
    "finished", "seed", "data_sha256",
)  # fmt: skip
#: Fields that hold sentences, which can name files that are listed nowhere.
_SENTENCES = ("title", "notes", "findings", "statements")


def pseudonymised(study: Study) -> Study:
    """Return a study with made-up names for its images, patients (groups), files and folders.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Study
        ``image 0001``, ``patient 001``, ``source 1``, numbered in the order of the names, in every
        table and text; what stands for what is kept nowhere. Sentences that name a file which is
        listed nowhere are left out. Names of classes, labels, methods, columns and sites, values of
        columns, numbers, dates and pictures stay: pseudonymised is not anonymous.

    Examples
    --------
    >>> study = tk.compare("textures", methods=["majority/dummy", "first_order/logistic"],
    ...                    folds=2, limit=60, size=32, images=False)
    >>> hidden = pseudonymised(study)
    >>> min(hidden.predictions["id"]), hidden.results.pseudonymised
    ('image 0001', True)
    >>> hidden.results.methods == study.results.methods
    True
    """
    if study.results.pseudonymised:
        return study
    names = _Names(study)
    config: dict[str, Any] = plain(study.config, "config")
    return replace(
        study,
        results=_results(study.results, names),
        predictions=names.table(study.predictions),
        refits=None if study.refits is None else names.table(study.refits),
        config={key: _setting(key, value, names) for key, value in config.items()},
        environment=_environment(study.environment, names),
        assets=_assets(study.assets, names),
    )


class _Names:
    """What stands for the images, groups and sources of a study."""

    def __init__(self, study: Study) -> None:
        results, frames = (
            study.results,
            [f for f in (study.predictions, study.refits) if f is not None],
        )
        frames = [frame for frame in frames if not frame.empty]
        pictured = [name for file in _indices(study.assets).values() for name in file]
        images = {str(name) for frame in frames for name in frame["id"]} | set(pictured)
        paths = {
            str(path): str(name)
            for frame in frames
            for name, path in frame[["id", "path"]].drop_duplicates().itertuples(index=False)
        }
        crossing = [] if results.data.duplicates is None else results.data.duplicates.crossing
        images |= {path for one in crossing for path in (one.a, one.b) if path not in paths}
        skipped = {one.path for one in results.data.skipped} - images - paths.keys()
        groups = {str(g) for frame in frames for g in frame["group"].dropna()}
        values = _patients(study)
        groups |= {value for _, value in values}
        taken = {*images, *paths, *skipped, *groups}
        self.images = _numbered("image", images, taken, width=4)
        self.images |= {path: self.images[name] for path, name in paths.items()}
        self.skipped = _numbered("file", skipped, taken, width=4)
        self.groups = _numbered("patient", groups, taken, width=3)
        self.sources = _numbered("source", _sources(study), taken, width=1)
        self.values = {one: self.groups[one[1]] for one in values}
        known = self.groups | self.skipped | self.images | self.sources
        self.texts = Scrubber(known, _public(study, self.values))

    def table(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return predictions under made-up names; the order of rows stays one of the contract."""
        if frame.empty:
            return frame
        fresh = frame.assign(
            id=frame["id"].astype(str).map(self.images),
            path=frame["path"].astype(str).map(self.images),
            group=frame["group"].map(lambda one: self.groups[str(one)], na_action="ignore"),
        )
        return fresh.astype({name: frame[name].dtype for name in ("id", "path", "group")})


def _numbered(
    word: str, names: Iterable[str], taken: Iterable[str], *, width: int
) -> dict[str, str]:
    """Give names numbers in their order; "other" comes first if the study has such names."""
    order = sorted(set(names))
    width = max(width, len(str(len(order))))
    while any(one.casefold().startswith(f"{word} ") for one in taken):
        word = f"other {word}"
    return {name: f"{word} {place:0{width}d}" for place, name in enumerate(order, start=1)}


def _sources(study: Study) -> set[str]:
    """Return the files and folders that the images come from; a drawn sample has none."""
    results, config = study.results, {**study.config, **facts(study.config)}
    told = {results.data.source, *(one.source for one in results.data.sources)}
    told |= {results.protocol.external} if results.protocol.external else set()
    asked = {str(config[key]) for key in ("data", "test", "masks") if config.get(key)}
    asked |= {str(config[key]) for key in _FILES if is_path(str(config.get(key) or ""))}
    if config.get("data") or config.get("test"):
        return told | asked
    return {one for one in told if is_path(one) or "/" in one or "\\" in one} | asked


def _patients(study: Study) -> set[tuple[str | None, str]]:
    """Return the values of the columns, left out or subgroups, that name patients.

    Those columns are meant, half of whose values are all the images of the patient of this name.
    The others count, too: a patient whose images copy another's goes by the other's name.
    """
    results, frame = study.results, study.predictions
    if frame.empty:
        return set()
    rows = frame[(frame["split"] == "test") & (frame["repeat"] == 0)]
    sizes = rows.drop_duplicates("id")["group"].astype(str).value_counts()
    inside = rows.groupby("fold")["group"].unique()
    alone = {str(one[0]) for one in inside if len(one) == 1}
    left = results.protocol.left_out
    values = {(left, one): one in alone for one in results.protocol.left_out_values}
    for one in results.subgroups:
        if not (one.value == NOT_STATED or one.value.startswith("other (")):
            own = one.groups == 1 and sizes.get(one.value) == one.n
            values[one.column, one.value] = own or values.get((one.column, one.value), False)
    found: dict[str | None, list[bool]] = {}
    for (column, _), own in values.items():
        found.setdefault(column, []).append(own)
    meant = {column for column, owns in found.items() if 2 * sum(owns) >= len(owns)}
    return {(column, value) for column, value in values if column in meant}


def _public(study: Study, patients: Collection[tuple[str | None, str]]) -> Iterator[str]:
    """Yield the names that stay, and the words that they are made of."""
    results = study.results
    column, values = results.protocol.left_out, results.protocol.left_out_values
    yield from (*results.classes, results.task, results.kind)
    yield from (one for one in values if (column, one) not in patients)
    yield from (one for one in (column, results.recipe) if one)
    for one in results.subgroups:
        yield from (one.column, *([] if (one.column, one.value) in patients else [one.value]))
    for name in ("labels", "group", "leave-out"):
        asked = study.config.get(name)
        yield from map(str, asked if isinstance(asked, list) else [asked] if asked else [])
    columns = [] if results.stability is None else [c.column for c in results.stability.columns]
    columns += [str(one) for one in study.importance.get("column", [])]
    for name in {*(m.name for m in results.methods), *columns}:
        yield name
        yield from "".join(c if c.isalnum() or c == "_" else " " for c in name).split()
    for method in results.methods:
        yield from method.metrics
        yield from method.family.split()


def _results(results: Results, names: _Names) -> Results:
    found = results.model_dump(mode="json")
    data, texts = found["data"], names.texts
    for one in data["skipped"]:
        one["path"] = names.images.get(one["path"]) or names.skipped[one["path"]]
        one["reason"] = texts.sentence(one["reason"])
    for one in (data["duplicates"] or {}).get("crossing", []):
        one |= {"a": names.images[one["a"]], "b": names.images[one["b"]]}
    for one in (data, *data["sources"]):
        one["source"] = names.sources.get(one["source"], one["source"])
    for one in found["methods"]:
        if one["reason"]:
            one["reason"] = texts.sentence(one["reason"])
        if one["weights"] and is_path(one["weights"]):
            one["weights"] = FILE
    column, left = found["protocol"]["left_out"], found["protocol"]["left_out_values"]
    for one in found["subgroups"]:
        one["value"] = names.values.get((one["column"], one["value"]), one["value"])
    for one in (site for method in found["methods"] for site in method["left_out"]):
        one["value"] = names.values.get((column, one["value"]), one["value"])
    found["protocol"]["left_out_values"] = [names.values.get((column, one), one) for one in left]
    external = found["protocol"]["external"]
    found["protocol"]["external"] = names.sources.get(external, external)
    for name in _SENTENCES:
        found[name] = texts.anything(found[name], strict=True)
    reported = found.pop("reported")  # what others have published is public
    return Results.model_validate(
        texts.anything(found) | {"reported": reported, "pseudonymised": True}
    )


def _setting(name: str, value: Any, names: _Names) -> Any:
    if name == "facts" and isinstance(value, dict):
        return {key: _setting(key, one, names) for key, one in value.items()}
    if name in _FILES and isinstance(value, str):
        if value in names.sources:
            return names.sources[value]
        if value in _WORDS or value.isdigit() or (name in ("task", "card") and not is_path(value)):
            return value
        return FILE
    return names.texts.anything(value, strict=True)


def _environment(environment: Mapping[str, Any], names: _Names) -> dict[str, Any]:
    found = plain(dict(environment), "environment")
    kept = {key: found[key] for key in _FACTS if key in found}
    told = names.texts.anything(
        {key: v for key, v in kept.items() if key != "command"}, strict=True
    )
    if isinstance(kept.get("command"), str):
        told["command"] = names.texts.command(kept["command"])
    return {key: told.get(key) for key in kept}


def _indices(assets: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Return the asset files that map image ids to pictures, by their names."""
    try:
        found = {name: json.loads(assets[name]) for name in assets if name.endswith(".json")}
    except ValueError as error:
        raise ModelError(f"a JSON file among the assets is damaged ({error}).") from error
    return {name: index for name, index in found.items() if isinstance(index, dict)}


def _assets(assets: Mapping[str, bytes], names: _Names) -> dict[str, bytes]:
    """Return pictures with their index under made-up names; they are called by their content."""
    fresh = dict(assets)
    for name, index in _indices(assets).items():
        told = {names.images.get(key, key): names.texts.anything(one) for key, one in index.items()}
        text = json.dumps(told, sort_keys=True, ensure_ascii=False, indent=1)
        fresh[name] = text.encode("utf-8", "backslashreplace")
    return fresh
