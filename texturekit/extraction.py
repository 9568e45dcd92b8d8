"""From images to the measurement table: texture, embedding and file-fact columns alike."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

import texturekit
from texturekit import events
from texturekit.data.pictures import Pictures
from texturekit.deep.backbones import BACKBONES
from texturekit.errors import ImageError, ParameterError, UnknownNameError
from texturekit.features import FEATURES, SETS, columns, expand, measure
from texturekit.features.grammar import Part, parse_parts
from texturekit.outputs import check_output
from texturekit.table import Table, check_table_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from texturekit.data.manifest import Manifest

PartKind = Literal["texture", "embedding", "facts"]

#: Modes in a fixed order, so that a mode is a number; anything else counts as the last.
_MODES = ("1", "L", "P", "I;16", "RGB", "RGBA", "CMYK", "other")
FACTS: dict[str, tuple[str, ...]] = {
    "geometry": ("width", "height", "mode", "bit_depth"),
    "metadata": ("width", "height", "mode", "bit_depth", "bytes"),
}
_CHUNK = 16
_NET_SIZE = 224


def part_kind(part: Part) -> PartKind:
    """Say what a part of a representation is.

    Raises
    ------
    UnknownNameError
        If no family, set, backbone or baseline has its name, or a parameter is unknown.
    """
    if part.name in SETS or part.name in FEATURES:
        expand([part])
        return "texture"
    if part.name not in BACKBONES and part.name not in FACTS:
        known = [*SETS, *FEATURES, *BACKBONES, *FACTS]
        raise UnknownNameError("feature or backbone", part.name, known)
    if part.parameters:
        raise ParameterError(f"{part.name} takes no parameters, but got {part}; leave them out.")
    return "embedding" if part.name in BACKBONES else "facts"


def part_columns(part: Part) -> tuple[str, ...]:
    """Return the columns that a part gives, without an image."""
    kind = part_kind(part)
    if kind == "texture":
        return columns([part])
    if kind == "facts":
        return tuple(f"{part.name}.{name}" for name in FACTS[part.name])
    return tuple(f"{part.name}.{index:04d}" for index in range(BACKBONES[part.name].width))


@dataclass(frozen=True)
class _Plan:
    """The parts, sorted by who computes them."""

    texture: tuple[Part, ...]
    facts: tuple[Part, ...]
    embedding: tuple[Part, ...]

    @classmethod
    def of(cls, parts: Iterable[Part]) -> _Plan:
        found: dict[PartKind, list[Part]] = {"texture": [], "facts": [], "embedding": []}
        for part in dict.fromkeys(parts):
            found[part_kind(part)].append(part)
        return cls(expand(found["texture"]), tuple(found["facts"]), tuple(found["embedding"]))

    @property
    def columns(self) -> tuple[str, ...]:
        rest = (*self.facts, *self.embedding)
        return (*columns(self.texture), *(name for part in rest for name in part_columns(part)))


def extract(
    manifest: Manifest,
    features: str | Iterable[Part] = "texture",
    *,
    jobs: int = 1,
    size: int | None = None,
    roi: str = "mask",
    weights: str = "auto",
    device: str = "auto",
    seed: int = 0,
    fail_fast: bool = False,
    out: str | Path | None = None,
    overwrite: bool = False,
) -> Table:
    """Measure every image of a manifest.

    Parameters
    ----------
    manifest : Manifest
        The images; see `texturekit.read_manifest`, `texturekit.scan_folder`.
    features : str, default "texture"
        Families, sets and backbones joined by ``+``: ``"glcm(levels=64)+lbp+resnet18"``.
    jobs : int, default 1
        Threads that measure side by side; the values do not depend on it.
    size : int, optional
        Long side in pixels that images are resized to, aspect kept; ``None`` measures texture at
        native resolution and gives nets 224.
    roi : {"mask", "crop", "none"}, default "mask"
        What masks do: measure inside them, measure their box with 10% margin, or nothing.
    weights : str, default "auto"
        ``"auto"``, ``"pretrained"``, ``"none"`` or the path of a weight file, for backbones.
    device : {"auto", "cpu", "cuda"}, default "auto"
    seed : int, default 0
        Seed of random weights.
    fail_fast : bool, default False
        Stop at the first image that cannot be measured.
    out : str or Path, optional
        ``.parquet`` or ``.csv`` file to write.
    overwrite : bool, default False
        Whether ``out`` may be replaced.

    Returns
    -------
    Table
        One row an image; an image that cannot be measured has its reason in ``failures``.

    Raises
    ------
    UnknownNameError, ParameterError
        If ``features`` cannot be understood.
    ImageError
        If no image could be measured, or the first bad one with ``fail_fast``.
    OutputError
        If ``out`` exists or cannot be written.
    """
    if out is not None:
        check_output(check_table_path(out), overwrite=overwrite)
    if jobs < 1:
        raise ParameterError(f"jobs={jobs}, but it takes at least one thread; give 1 or more.")
    plan = _Plan.of(parse_parts(features) if isinstance(features, str) else features)
    pictures = Pictures(manifest, size=size, roi=roi)
    start = time.perf_counter()
    measured, errors = _measure_all(pictures, plan, jobs=jobs, fail_fast=fail_fast)
    seconds = {"texture": time.perf_counter() - start}
    ok = np.flatnonzero([error is None for error in errors])
    if len(ok) == 0:
        raise ImageError(_all_failed(manifest, errors))
    embedded, labels = [], {}
    usable = Pictures(manifest.subset(ok), size=size or _NET_SIZE, roi=roi)
    for part in plan.embedding:
        start = time.perf_counter()
        values, labels[part.name] = _embed(usable, part.name, weights, device, seed)
        embedded.append(values)
        seconds[part.name] = time.perf_counter() - start
    table = Table(
        rows=_rows(manifest, errors),
        columns=plan.columns,
        values=np.hstack([measured[ok], *embedded]),
        metadata=_metadata(manifest, plan, size=size, roi=roi, weights=labels),
        seconds=seconds,
    )
    if out is None:
        return table
    return replace(table, path=table.write(out, overwrite=overwrite))


def _measure_all(
    pictures: Pictures, plan: _Plan, *, jobs: int, fail_fast: bool
) -> tuple[NDArray[np.float64], list[str | None]]:
    """Return (n, d) measurements, NaN where an image failed, and the reasons."""
    from joblib import Parallel, delayed

    total = len(pictures)
    width = len(_Plan(plan.texture, plan.facts, ()).columns)
    values = np.full((total, width), np.nan)
    errors: list[str | None] = [None] * total
    chunks = [range(s, min(s + _CHUNK, total)) for s in range(0, total, _CHUNK)]
    # The kernels release the GIL, so threads share the work without a second start-up.
    run = Parallel(n_jobs=jobs, backend="threading", return_as="generator")
    done = 0
    for chunk in run(delayed(_measure_chunk)(pictures, plan, chunk) for chunk in chunks):
        for index, row, error in chunk:
            errors[index] = error
            if error is None:
                values[index] = row
            elif fail_fast:
                raise ImageError(error)
        done += len(chunk)
        events.progress("measuring images", done, total)
    return values, errors


def _measure_chunk(
    pictures: Pictures, plan: _Plan, chunk: range
) -> list[tuple[int, list[float], str | None]]:
    result: list[tuple[int, list[float], str | None]] = []
    for index in chunk:
        try:
            result.append((index, list(_measure_one(pictures, plan, index)), None))
        except (ImageError, OSError) as error:
            result.append((index, [], str(error)))
    return result


def _measure_one(pictures: Pictures, plan: _Plan, index: int) -> Iterator[float]:
    # Decoded even where only file facts are asked for, so that every method sees the same rows.
    image, mask = pictures.region(index)
    yield from measure(image, plan.texture, mask).values()
    for part in plan.facts:
        facts = pictures.manifest.facts(index)
        mode = facts.mode if facts.mode in _MODES else "other"
        numbers = {**vars(facts), "mode": _MODES.index(mode)}
        yield from (float(numbers[name]) for name in FACTS[part.name])


def _embed(
    pictures: Pictures, backbone: str, weights: str, device: str, seed: int
) -> tuple[NDArray[np.float64], str]:
    """Return (n, width) values, and the label of the weights they come from."""
    from texturekit.deep.embedding import embed

    embedding = embed(pictures, backbone, weights=weights, device=device, seed=seed)
    return embedding.values, embedding.weights.label


def _all_failed(manifest: Manifest, errors: list[str | None]) -> str:
    reasons = [error for error in errors if error] or [s.reason for s in manifest.skipped]
    first = reasons[0] if reasons else "there are no images"
    return (
        f"none of the {manifest.found} images of {manifest.source} can be used; the first: {first}"
    )


def _rows(manifest: Manifest, errors: list[str | None]) -> pd.DataFrame:
    """Return what is known of each image, the rows that the manifest had to skip at the end."""
    frame = manifest.frame
    rows = pd.DataFrame({"id": manifest.ids, "path": manifest.paths}, dtype="str")
    for name, labels in _label_columns(manifest).items():
        rows[name] = labels
    for name in ("group", "split"):
        if name in frame.columns:
            rows[name] = frame[name].to_numpy()
    known = {"id", "path", "label", "group", "split", "mask", *rows.columns}
    for name in frame.columns:
        if name not in known:
            rows[f"meta.{name}"] = frame[name].to_numpy()
    rows["status"] = ["ok" if error is None else "failed" for error in errors]
    rows["error"] = pd.Series(errors, dtype="str")
    lost = [skip for skip in manifest.skipped if skip.kind != "ignored"]
    if not lost:
        return rows
    more = pd.DataFrame({"path": [skip.path for skip in lost]}, dtype="str")
    more["id"] = _free_ids(more["path"], set(manifest.ids))
    more["status"], more["error"] = "failed", [skip.reason for skip in lost]
    return pd.concat([rows, more], ignore_index=True)[list(rows.columns)]


def _label_columns(manifest: Manifest) -> dict[str, Any]:
    if manifest.labels is None:
        return {}
    if manifest.kind == "multilabel":
        return {f"label.{name}": manifest.labels[:, k] for k, name in enumerate(manifest.classes)}
    return {"label": [manifest.classes[code] for code in manifest.labels]}


def _free_ids(paths: Iterable[str], taken: set[str]) -> list[str]:
    result = []
    for path in paths:
        name, count = path, 1
        while name in taken:
            count += 1
            name = f"{path} ({count})"
        taken.add(name)
        result.append(name)
    return result


def _metadata(
    manifest: Manifest, plan: _Plan, *, size: int | None, roi: str, weights: dict[str, str]
) -> dict[str, Any]:
    families = {str(p): {**FEATURES[p.name].defaults, **dict(p.parameters)} for p in plan.texture}
    return {
        "texturekit": texturekit.__version__,
        "families": families,
        "backbones": weights,
        "size": size,
        "roi": roi if "mask" in manifest.frame.columns else "none",
        "source": manifest.source,
        "source_sha256": manifest.sha256,
    }
